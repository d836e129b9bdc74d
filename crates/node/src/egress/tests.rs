//! The guard in front of real sockets.

mod forbidden;
mod sharing;

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;

fn fetch(url: &str) -> Fetch {
    Fetch::get(url)
}

fn egress(loopback_ports: &[u16]) -> Egress {
    let policy = Policy {
        allow_http: true,
        loopback_ports: loopback_ports.iter().copied().collect(),
        hosts: Vec::new(),
    };
    Egress::new(policy, AddressGuard::default(), 4).unwrap()
}

async fn outcome(egress: &Egress, url: &str) -> Result<Fetched, FetchError> {
    egress.fetch(fetch(url), &[]).await
}

/// A server that answers every connection with one text, and says what it was asked.
async fn server(answer: &'static str) -> (SocketAddr, tokio::sync::mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, receiver) = tokio::sync::mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            if asked.send(String::from_utf8(head).unwrap()).await.is_err() {
                return;
            }
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (address, receiver)
}

#[tokio::test]
async fn refuses_every_spelling_of_an_address_that_is_not_public() {
    let egress = egress(&[]);
    let hosts = [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0177.1",
        "127.0.1",
        "0",
        "0.0.0.0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "127.0.0.1.",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "10.1",
        "192.168.1",
        "100.64.1",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[2001:0:7f00:1::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[::ffff:169.254.169.254]",
        "[2001:db8::1]",
    ];
    for host in hosts {
        for scheme in ["http", "https"] {
            let refused = outcome(&egress, &format!("{scheme}://{host}/")).await;
            assert_eq!(refused.map(|_| ()), Err(FetchError::Refused), "{scheme}://{host}/");
        }
    }
}

#[tokio::test]
async fn refuses_what_is_no_plain_request() {
    let egress = egress(&[]);
    for url in [
        "",
        "x",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "data:text/plain,x",
        "javascript:1",
        "ws://example.com/",
        "https://user@example.com/",
        "https://user:word@example.com/",
        "https://:word@example.com/",
        "https://",
        "https:///",
        "https://example.com:0/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://[::1/",
    ] {
        assert_eq!(outcome(&egress, url).await.map(|_| ()), Err(FetchError::Refused), "{url}");
    }
    for method in ["get", "CONNECT", "TRACE", "", "G ET"] {
        let request = Fetch { method: method.to_owned(), ..fetch("https://8.8.8.8/") };
        assert_eq!(egress.fetch(request, &[]).await.map(|_| ()), Err(FetchError::Refused), "{method}");
    }
    for (name, value) in [
        ("host", "x"),
        ("Host", "x"),
        ("connection", "x"),
        ("transfer-encoding", "chunked"),
        ("te", "x"),
        ("upgrade", "x"),
        ("proxy-authorization", "x"),
        ("expect", "100-continue"),
        ("a b", "x"),
        ("a", "x\r\nhost: y"),
        ("", "x"),
    ] {
        let headers = vec![(name.to_owned(), value.to_owned())];
        let request = Fetch { headers, ..fetch("https://8.8.8.8/") };
        assert_eq!(egress.fetch(request, &[]).await.map(|_| ()), Err(FetchError::Refused), "{name}");
    }
}

#[tokio::test]
async fn refuses_ports_of_other_services() {
    let egress = egress(&[]);
    for port in [1, 22, 25, 53, 110, 389, 445, 1023] {
        let refused = outcome(&egress, &format!("http://8.8.8.8:{port}/")).await;
        assert_eq!(refused.map(|_| ()), Err(FetchError::Refused), "{port}");
    }
}

#[tokio::test]
async fn reaches_an_allowed_loopback_port_only() {
    let (address, mut asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-a: b\r\n\r\nhi").await;
    let egress = egress(&[address.port()]);
    let request = Fetch {
        headers: vec![("x-mine".to_owned(), "1".to_owned()), ("accept-encoding".to_owned(), "br".to_owned())],
        ..fetch(&format!("http://127.0.0.1:{}/a%20b?c=d#e", address.port()))
    };
    let fetched = egress.fetch(request, &[]).await.unwrap();
    assert_eq!((fetched.status, fetched.body.as_slice()), (200, &b"hi"[..]));
    assert!(fetched.headers.contains(&("x-a".to_owned(), "b".to_owned())));
    let asked = asked.recv().await.unwrap().to_lowercase();
    assert!(asked.starts_with("get /a%20b?c=d http/1.1\r\n"), "{asked}");
    assert!(asked.contains(&format!("host: 127.0.0.1:{}\r\n", address.port())));
    assert!(asked.contains("x-mine: 1\r\n") && asked.contains("accept-encoding: identity\r\n"));
    // The same port by another address of loopback is not what was allowed.
    let other = outcome(&egress, &format!("http://127.0.0.2:{}/", address.port())).await;
    assert_eq!(other.map(|_| ()), Err(FetchError::Refused));
}

#[tokio::test]
async fn judges_every_redirect() {
    for location in [
        "http://169.254.169.254/latest/meta-data/",
        "https://127.0.0.1/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "http://127.0.0.1:1/",
        "http://a:b@127.0.0.1/",
        "http://[::1]/",
    ] {
        let answer = format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
        let (address, _asked) = server(answer.leak()).await;
        let egress = egress(&[address.port()]);
        let refused = outcome(&egress, &format!("http://127.0.0.1:{}/", address.port())).await;
        assert_eq!(refused.map(|_| ()), Err(FetchError::Refused), "{location}");
    }
}

#[tokio::test]
async fn follows_five_redirects_and_not_six() {
    let (address, mut asked) =
        server("HTTP/1.1 302 Found\r\nlocation: /next\r\ncontent-length: 0\r\n\r\n").await;
    let egress = egress(&[address.port()]);
    let failed = outcome(&egress, &format!("http://127.0.0.1:{}/", address.port())).await;
    assert_eq!(failed.map(|_| ()), Err(FetchError::Failed));
    let mut count = 0;
    while asked.try_recv().is_ok() {
        count += 1;
    }
    assert_eq!(count, limits::FETCH_REDIRECTS_MAX + 1);
}

#[tokio::test]
async fn a_redirect_is_the_answer_or_an_error_where_the_request_says_so() {
    let forbidden = "location: http://169.254.169.254/\r\n";
    for (status, location) in
        [(301, "location: /next\r\n"), (302, forbidden), (303, ""), (307, forbidden), (308, forbidden)]
    {
        let answer = format!("HTTP/1.1 {status} x\r\n{location}content-length: 4\r\n\r\nbody");
        let (address, mut asked) = server(answer.leak()).await;
        let egress = egress(&[address.port()]);
        let url = format!("http://127.0.0.1:{}/", address.port());
        let with = |redirect| egress.fetch(Fetch { redirect, ..fetch(&url) }, &[]);
        let manual = with(Redirect::Manual).await.unwrap();
        assert_eq!((manual.status, manual.body.as_slice(), &manual.url), (status, &b"body"[..], &url));
        let named =
            manual.headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.as_str());
        assert_eq!(named, location.trim_end().strip_prefix("location: "));
        assert_eq!(with(Redirect::Error).await.map(|_| ()), Err(FetchError::Redirected));
        // Neither has asked for the other place.
        assert!(asked.try_recv().is_ok() && asked.try_recv().is_ok() && asked.try_recv().is_err());
    }
    // Where there is no redirect, the words say nothing.
    for answer in ["HTTP/1.1 200 OK\r\nlocation: /next\r\n", "HTTP/1.1 304 x\r\nlocation: /next\r\n"] {
        let (address, _asked) = server(format!("{answer}content-length: 0\r\n\r\n").leak()).await;
        let egress = egress(&[address.port()]);
        let url = format!("http://127.0.0.1:{}/", address.port());
        for redirect in [Redirect::Manual, Redirect::Error, Redirect::Follow] {
            assert!(egress.fetch(Fetch { redirect, ..fetch(&url) }, &[]).await.is_ok(), "{answer}");
        }
    }
}

#[tokio::test]
async fn fails_on_answers_that_are_too_long_packed_or_broken() {
    let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(limits::FETCH_ANSWER_BODY_BYTES_MAX + 1));
    for answer in [
        long.as_str(),
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nx",
        "nonsense\r\n\r\n",
        "",
    ] {
        let (address, _asked) = server(answer.to_owned().leak()).await;
        let egress = egress(&[address.port()]);
        let failed = outcome(&egress, &format!("http://127.0.0.1:{}/", address.port())).await;
        assert_eq!(failed.map(|_| ()), Err(FetchError::Failed), "{:.40}", answer);
    }
}

#[tokio::test]
async fn plain_http_needs_leave() {
    let guarded = Egress::new(Policy::default(), AddressGuard::default(), 4).unwrap();
    let refused = guarded.fetch(fetch("http://8.8.8.8/"), &[]).await;
    assert_eq!(refused.map(|_| ()), Err(FetchError::Refused));
}

#[test]
fn credentials_stay_with_their_origin() {
    let headers = ["authorization", "cookie", "x-a"].map(|name| (name.to_owned(), "1".to_owned())).to_vec();
    let plan = || Plan::new(Fetch { headers: headers.clone(), ..fetch("https://a.example/") }).unwrap();
    let same = plan().redirected(302, "/b").unwrap();
    assert!(same.headers.contains_key("authorization") && same.headers.contains_key("cookie"));
    for location in ["https://b.example/", "https://a.example:8443/"] {
        let other = plan().redirected(307, location).unwrap();
        assert!(!other.headers.contains_key("authorization") && !other.headers.contains_key("cookie"));
        assert!(other.headers.contains_key("x-a"));
    }
    assert!(matches!(plan().redirected(302, "http://a.example/"), Err(FetchError::Refused)));
    let plain = Plan::new(Fetch { headers, ..fetch("http://a.example/") }).unwrap();
    let upgraded = plain.redirected(301, "https://a.example/").unwrap();
    assert!(!upgraded.is_plain() && !upgraded.headers.contains_key("authorization"));
}

#[test]
fn redirected_post_becomes_get_without_body() {
    let post = |status| {
        let fetch = Fetch { method: "POST".to_owned(), body: b"x".to_vec(), ..fetch("https://a.example/") };
        let plan = Plan::new(fetch).unwrap().redirected(status, "/b").unwrap();
        (plan.method.to_string(), plan.body.len())
    };
    assert_eq!(post(303), ("GET".to_owned(), 0));
    assert_eq!(post(302), ("GET".to_owned(), 0));
    assert_eq!(post(307), ("POST".to_owned(), 1));
}
