//! Forbidden places, in every spelling that we could think of: asked for directly, by a redirect, and by a name
//! that stands for them. None is reached.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use super::*;
use crate::egress::resolve::Names;

/// Addresses that nothing may connect to, one or more of each range.
const ADDRESSES: &[&str] = &[
    "0.0.0.0",
    "0.0.0.1",
    "0.255.255.255",
    "10.0.0.0",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.0.0.2",
    "127.0.0.53",
    "127.1.2.3",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.253",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.255.255",
    "172.16.0.1",
    "172.17.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.0.170",
    "192.0.0.192",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.254",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::127.0.0.1",
    "::10.0.0.1",
    "::169.254.169.254",
    "::ffff:0.0.0.0",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:192.168.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "::ffff:0:169.254.169.254",
    "64:ff9b::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::127.0.0.1",
    "100::1",
    "100:0:0:1::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2002:a9fe:a9fe::1",
    "2002:c0a8:1::1",
    "2607:f8b0::5efe:10.0.0.1",
    "2607:f8b0::200:5efe:127.0.0.1",
    "2620:4f:8000::1",
    "3ffe::1",
    "3fff::1",
    "5f00::1",
    "4000::1",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "febf::1",
    "fec0::1",
    "ff02::1",
    "ff05::2",
    "ffff::1",
];

/// Other spellings of such places, and addresses that are none: what comes after `http://`.
const SPELLINGS: &[&str] = &[
    // Fewer parts, other bases, one number.
    "127.1",
    "127.0.1",
    "127.000.000.001",
    "0",
    "00",
    "0x0",
    "0.0",
    "2130706433",
    "2130706434",
    "017700000001",
    "0x7f000001",
    "0X7F000001",
    "0x7F.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "0177.1",
    "0x7f.0.1",
    "127.0x0.0.01",
    "127.65535",
    "127.0.257",
    "10.1",
    "10.0.1",
    "0x0a.1",
    "012.1",
    "167772161",
    "0xa000001",
    "172.1048577",
    "0xac100001",
    "192.168.1",
    "192.11010049",
    "0xc0a80001",
    "0300.0250.0.1",
    "3232235521",
    "100.64.1",
    "169.254.43518",
    "169.16689662",
    "2852039166",
    "0xa9fea9fe",
    "0xA9.0xFE.0xA9.0xFE",
    "0251.0376.0251.0376",
    "0251.254.0xa9.254",
    "025177524776",
    "4294967295",
    "0xffffffff",
    "037777777777",
    // No address at all, or one too many.
    "256.0.0.1",
    "127.0.0.256",
    "127.0.0.0.1",
    "4294967296",
    "0x100000000",
    "1.2.3.4.5",
    "127..1",
    "08.1",
    // Dots at the end, case, characters that mean the same.
    "127.0.0.1.",
    "127.1.",
    "2130706433.",
    "0x7f.1.",
    "169.254.169.254.",
    "localhost",
    "LOCALHOST",
    "LocalHost.",
    "localhost.",
    "a.localhost",
    "a.b.localhost.",
    "ｌｏｃａｌｈｏｓｔ",
    "ⓛocalhost",
    "①②⑦.0.0.1",
    "１２７.0.0.1",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "１６９.254.１６９.254",
    "①⑥⑨.②⑤④.①⑥⑨.②⑤④",
    "¹27.0.0.1",
    "₁27.0.0.1",
    "12\u{00ad}7.0.0.1",
    "127.0.0.1\u{200b}",
    "\u{2060}127.0.0.1",
    "0ｘ7f.1",
    // Percent encodings.
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "%6c%6f%63%61%6c%68%6f%73%74",
    "localhost%2e",
    "127.0.0.1%00",
    "127.0.0.1%2f",
    "127.0.0.1%00.example.com",
    "%30",
    "0%782130706433",
    "%5b::1%5d",
    "%2531%2532%2537.0.0.1",
    // IPv6 in its forms, zones, and what is none.
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0.0.0.1]",
    "[::0:1]",
    "[::ffff:7f00:1]",
    "[::FFFF:127.0.0.1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::ffff:a9fe:a9fe]",
    "[::ffff:0:a9fe:a9fe]",
    "[::7f00:1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:0001::]",
    "[2001:0000:7f00:0001::]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[fe80::1%25]",
    "[::1%25lo]",
    "[::1%1]",
    "[::1.]",
    "[::1",
    "::1",
    "[127.0.0.1]",
    "[::ffff:127.1]",
    "[::ffff:0x7f.0.0.1]",
    "[:::1]",
    "[1::2::3]",
    "[v1.1]",
    "[]",
    // Who is asked is hidden behind something else.
    "example.com@127.0.0.1",
    "example.com:80@127.0.0.1",
    "127.0.0.1@127.0.0.1",
    "@127.0.0.1",
    ":@127.0.0.1",
    "a:b@[::1]",
    "example.com%40127.0.0.1",
    "127.0.0.1#@example.com",
    "127.0.0.1?@example.com",
    "127.0.0.1\\@example.com",
    "127.0.0.1\\.example.com",
    "127.0.0.1/@example.com",
    "127.0.0.1\t",
    "127.0\n.0.1",
    "\t127.0.0.1",
    "/127.0.0.1",
    "//127.0.0.1",
    "\\127.0.0.1",
    "\\/\\127.0.0.1",
    // Ports.
    "127.0.0.1:80",
    "127.0.0.1:00080",
    "127.0.0.1:443",
    "127.0.0.1:8545",
    "127.0.0.1:65535",
    "127.0.0.1:65536",
    "127.0.0.1:-1",
    "127.0.0.1:+80",
    "127.0.0.1:0x50",
    "127.0.0.1:",
    "[::1]:8545",
    "169.254.169.254:80",
    "8.8.8.8:22",
    "8.8.8.8:25",
    "8.8.8.8:0",
    "8.8.8.8:53",
];

/// All forms, as what comes after `http://`.
fn forms() -> Vec<String> {
    let bare = ADDRESSES.iter().map(|text| match text.parse::<IpAddr>().unwrap() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    });
    let forms: BTreeSet<String> = bare.chain(SPELLINGS.iter().map(|&text| text.to_owned())).collect();
    forms.into_iter().collect()
}

/// A guard whose names come from a table.
fn with_names(names: &[(&str, &[&str])], loopback_ports: &[u16]) -> Egress {
    let table: BTreeMap<String, Vec<IpAddr>> = names
        .iter()
        .map(|(name, found)| ((*name).to_owned(), found.iter().map(|text| text.parse().unwrap()).collect()))
        .collect();
    Egress { resolver: Resolver::of(Names::Table(table, AtomicUsize::new(0))), ..egress(loopback_ports) }
}

async fn ending(egress: &Egress, url: &str) -> Result<String, FetchError> {
    outcome(egress, url).await.map(|answer| answer.url)
}

/// All of the URLs that were not refused, and what came of them.
async fn not_refused(egress: &Egress, urls: impl Iterator<Item = String>) -> Vec<String> {
    let mut wrong = Vec::new();
    for url in urls {
        let ending = ending(egress, &url).await;
        if ending != Err(FetchError::Refused) {
            wrong.push(format!("{url:?}: {ending:?}"));
        }
    }
    wrong
}

async fn refused(egress: &Egress, url: &str) {
    assert_eq!(ending(egress, url).await, Err(FetchError::Refused), "{url:?}");
}

#[tokio::test]
async fn no_forbidden_form_is_reached_directly() {
    let forms = forms();
    assert!(forms.len() >= 200, "{}", forms.len());
    // A name that a spelling might be taken for must not make it fail for another reason.
    let egress = with_names(&[("example.com", &["93.184.215.14"])], &[]);
    let urls = forms.iter().flat_map(|form| ["http", "https"].map(|scheme| format!("{scheme}://{form}/")));
    assert_eq!(not_refused(&egress, urls).await, [""; 0]);
}

#[tokio::test]
async fn no_forbidden_form_is_reached_by_a_redirect() {
    let forms: Vec<String> =
        forms().into_iter().filter(|form| form.is_ascii() && !form.contains('\n')).collect();
    assert!(forms.len() >= 200, "{}", forms.len());
    let locations: Vec<String> = forms.iter().map(|form| format!("http://{form}/")).collect();
    let relative: Vec<String> = forms.iter().map(|form| format!("//{form}/")).collect();
    let (port, asked) = redirector([locations, relative].concat()).await;
    let egress = with_names(&[("example.com", &["93.184.215.14"])], &[port]);
    let urls = (0..2 * forms.len()).map(|number| format!("http://127.0.0.1:{port}/{number}"));
    let wrong = not_refused(&egress, urls).await;
    assert!(wrong.is_empty(), "{wrong:?} of {forms:?}");
    assert_eq!(asked.load(Ordering::Relaxed), 2 * forms.len(), "each redirect was read, and none followed");
}

/// Sends whoever asks for `/N` to the N-th place.
async fn redirector(places: Vec<String>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(char::from(byte)),
                    Err(_) => break,
                }
            }
            counted.fetch_add(1, Ordering::Relaxed);
            let number = head.split(['/', ' ']).nth(2).and_then(|text| text.parse::<usize>().ok());
            let place = number.and_then(|number| places.get(number)).map_or("", String::as_str);
            let answer = format!("HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (port, asked)
}

#[tokio::test]
async fn no_name_leads_to_a_forbidden_address() {
    for address in ADDRESSES {
        let names: &[(&str, &[&str])] = &[
            ("only.example", &[address]),
            ("first.example", &[address, "93.184.215.14"]),
            ("last.example", &["93.184.215.14", "2606:4700::1111", address]),
        ];
        let egress = with_names(names, &[]);
        for (name, _) in names {
            refused(&egress, &format!("https://{name}/")).await;
            refused(&egress, &format!("https://{}./", name.to_uppercase())).await;
        }
    }
}

#[tokio::test]
async fn no_node_of_the_network_is_reached() {
    let egress =
        with_names(&[("node.example", &["93.184.215.20"]), ("six.example", &["2606:4700::77"])], &[]);
    egress.set_nodes(
        BTreeSet::new(),
        ["93.184.215.20", "2606:4700::77"].iter().map(|text| text.parse().unwrap()).collect(),
    );
    for host in [
        "93.184.215.20",
        "1572394772",
        "0x5db8d714",
        "93.12113684",
        "[::ffff:93.184.215.20]",
        "[2606:4700::77]",
        "[2606:4700:0:0:0:0:0:77]",
        "node.example",
        "six.example",
    ] {
        refused(&egress, &format!("https://{host}/")).await;
    }
}

#[tokio::test]
async fn a_name_with_more_addresses_than_are_checked_is_refused() {
    let many: Vec<String> = (0..65).map(|last| format!("93.184.215.{last}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    // The table stands for a resolver; the bound is the same.
    refused(&with_names(&[("many.example", &many)], &[]), "https://many.example/").await;
}

#[tokio::test]
async fn a_name_is_asked_for_once_and_the_checked_address_is_used() {
    let (address, mut asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
    let egress = with_names(&[("service.example", &["127.0.0.1"])], &[address.port()]);
    let answer = outcome(&egress, &format!("http://service.example:{}/", address.port())).await.unwrap();
    assert_eq!(answer.body, b"hi");
    let head = asked.recv().await.unwrap().to_lowercase();
    assert!(head.contains(&format!("host: service.example:{}\r\n", address.port())), "{head}");
    let Names::Table(_, count) = egress.resolver.names() else { panic!("a table") };
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn only_listed_hosts_are_asked_for_also_by_redirects() {
    let (port, _) = redirector(vec!["http://other.example/".to_owned()]).await;
    let mut egress =
        with_names(&[("good.example", &["127.0.0.1"]), ("other.example", &["127.0.0.1"])], &[port]);
    let list = |hosts: &[&str]| {
        HostList::new(&hosts.iter().map(|&host| host.to_owned()).collect::<Vec<_>>()).unwrap()
    };
    // Two lists, as of the operator and of the network: a host has to be in both.
    egress.policy.hosts = vec![list(&["good.example", "other.example"]), list(&["127.0.0.1", "*.example"])];
    egress.policy.hosts.push(list(&["good.example", "127.0.0.1"]));
    refused(&egress, &format!("http://other.example:{port}/1")).await;
    refused(&egress, &format!("http://127.0.0.1:{port}/1")).await;
    let Names::Table(_, count) = egress.resolver.names() else { panic!("a table") };
    assert_eq!(count.load(Ordering::Relaxed), 0, "a host that is not listed is not even resolved");
    // The listed one answers, and sends to one that is not listed.
    refused(&egress, &format!("http://good.example:{port}/0")).await;
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

/// A server that writes a head and then lets its readers wait, a byte at a time.
async fn trickle(head: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                if stream.write_all(head.as_bytes()).await.is_err() {
                    return;
                }
                while stream.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn a_server_that_takes_its_time_is_left() {
    for head in ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n"] {
        let port = trickle(head).await;
        let egress = Egress { total: Duration::from_millis(200), ..egress(&[port]) };
        let failed = outcome(&egress, &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(failed.map(|_| ()), Err(FetchError::Failed), "{head:?}");
    }
}

#[tokio::test]
async fn names_that_lead_to_no_public_address_are_all_alike() {
    let egress =
        with_names(&[("database.internal", &["10.0.0.7"]), ("mixed.example", &["8.8.8.8", "::1"])], &[]);
    for host in ["database.internal", "unknown.internal", "mixed.example", "localhost", "127.0.0.1"] {
        for url in [format!("https://{host}/"), format!("http://{host}:8080/")] {
            let refused = outcome(&egress, &url).await;
            assert_eq!(refused.map(|_| ()), Err(FetchError::Refused), "{url}");
        }
    }
}
