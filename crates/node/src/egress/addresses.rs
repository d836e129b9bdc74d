//! Which numeric addresses actions may reach.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    sync::{PoisonError, RwLock},
};

/// IPv4 blocks that are not the public internet, from the IANA special-purpose registry, and cloud metadata services
/// that live at public addresses.
const DENIED_V4: &[(Ipv4Addr, u8)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),        // "this network"
    (Ipv4Addr::new(10, 0, 0, 0), 8),       // private
    (Ipv4Addr::new(100, 64, 0, 0), 10),    // carrier-grade NAT; metadata of one cloud is in it
    (Ipv4Addr::new(127, 0, 0, 0), 8),      // loopback
    (Ipv4Addr::new(168, 63, 129, 16), 32), // metadata service of a cloud, at a public address
    (Ipv4Addr::new(169, 254, 0, 0), 16),   // link-local; metadata of most clouds
    (Ipv4Addr::new(172, 16, 0, 0), 12),    // private
    (Ipv4Addr::new(192, 0, 0, 0), 24),     // protocol assignments
    (Ipv4Addr::new(192, 0, 2, 0), 24),     // documentation
    (Ipv4Addr::new(192, 31, 196, 0), 24),  // AS112
    (Ipv4Addr::new(192, 52, 193, 0), 24),  // multicast tunnelling
    (Ipv4Addr::new(192, 88, 99, 0), 24),   // 6to4 relays
    (Ipv4Addr::new(192, 168, 0, 0), 16),   // private
    (Ipv4Addr::new(192, 175, 48, 0), 24),  // AS112
    (Ipv4Addr::new(198, 18, 0, 0), 15),    // benchmarks
    (Ipv4Addr::new(198, 51, 100, 0), 24),  // documentation
    (Ipv4Addr::new(203, 0, 113, 0), 24),   // documentation
    (Ipv4Addr::new(224, 0, 0, 0), 4),      // multicast
    (Ipv4Addr::new(240, 0, 0, 0), 4),      // reserved, broadcast
];

/// The one IPv6 block that is the public internet: global unicast. Loopback, unspecified, unique local, link-local,
/// site-local, multicast, NAT64 and the mapped, compatible and translated forms of IPv4 are all outside.
const PUBLIC_V6: (Ipv6Addr, u8) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What is not public inside it.
const DENIED_V6: &[(Ipv6Addr, u8)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocol assignments: Teredo, ORCHID, benchmarks
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4: carries an IPv4 address
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48), // AS112
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16), // the former 6bone
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation
];

/// A block of addresses: its first address and the length of its prefix.
pub(crate) type Block = (IpAddr, u8);

/// Judges addresses.
#[derive(Debug, Default)]
pub(crate) struct AddressGuard {
    denied: Vec<Block>,
    nodes: RwLock<Nodes>,
}

/// Where this network's nodes are.
#[derive(Debug, Default)]
struct Nodes {
    names: BTreeSet<String>,
    /// `None` until the names were looked up, or where nobody looks them up.
    addresses: Option<BTreeSet<IpAddr>>,
}

impl AddressGuard {
    /// A guard that denies these blocks beside what is never public.
    pub(crate) fn new(denied: Vec<Block>) -> Self {
        AddressGuard { denied, ..Self::default() }
    }

    /// Denies the nodes of the network, too: by their names, and by the addresses that are to be set. Nothing is
    /// allowed before that.
    pub(crate) fn without_nodes(self, names: BTreeSet<String>) -> Self {
        AddressGuard { nodes: RwLock::new(Nodes { names, addresses: None }), ..self }
    }

    /// Sets names and addresses of this network's nodes, which actions must not reach.
    pub(crate) fn set_nodes(&self, names: BTreeSet<String>, addresses: BTreeSet<IpAddr>) {
        let nodes = Nodes { names, addresses: Some(addresses) };
        *self.nodes.write().unwrap_or_else(PoisonError::into_inner) = nodes;
    }

    /// Whether an action may connect to this address, which a host has.
    pub(crate) fn allows(&self, host: &str, address: IpAddr) -> bool {
        is_public(address)
            && !self.denied.iter().any(|&block| contains(block, address))
            && !self.may_be_node(host.strip_suffix('.').unwrap_or(host), address)
            && !is_own(address)
    }

    fn may_be_node(&self, host: &str, address: IpAddr) -> bool {
        let Nodes { names, addresses } = &*self.nodes.read().unwrap_or_else(PoisonError::into_inner);
        let known = |addresses: &BTreeSet<IpAddr>| addresses.contains(&address.to_canonical());
        names.contains(host) || addresses.as_ref().map_or(!names.is_empty(), known)
    }
}

/// Whether the address belongs to the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !DENIED_V4.iter().any(|&(first, length)| contains((first.into(), length), address.into()))
        }
        IpAddr::V6(address) => {
            let (first, length) = PUBLIC_V6;
            contains((first.into(), length), address.into())
                && !DENIED_V6.iter().any(|&(first, length)| contains((first.into(), length), address.into()))
                && !carries_isatap(address)
        }
    }
}

/// ISATAP hides an IPv4 address in the lower half of an address with any prefix (RFC 5214).
fn carries_isatap(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    segments[4] & !0x0300 == 0 && segments[5] == 0x5efe
}

/// The two addresses that an allow-listed loopback port may have: no other form of loopback is.
pub(super) fn is_plain_loopback(address: IpAddr) -> bool {
    address == IpAddr::V4(Ipv4Addr::LOCALHOST) || address == IpAddr::V6(Ipv6Addr::LOCALHOST)
}

/// Whether the address is one of this machine's own. The system is asked for the source address of a packet
/// to it (none is sent): only an own address is its own source. If it cannot be asked, the address may be one.
fn is_own(address: IpAddr) -> bool {
    let any: IpAddr = match address {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    own_address_of(UdpSocket::bind(SocketAddr::new(any, 0)), address)
}

fn own_address_of(socket: io::Result<UdpSocket>, address: IpAddr) -> bool {
    let socket = match socket {
        Ok(socket) => socket,
        // A machine without this kind of addresses has none of its own.
        Err(error) => return !has_no_such_addresses(&error),
    };
    // What cannot be reached at all is reached by no action either.
    socket.connect(SocketAddr::new(address, 9)).is_ok()
        && socket.local_addr().map_or(true, |local| local.ip() == address)
}

fn has_no_such_addresses(error: &io::Error) -> bool {
    /// `EAFNOSUPPORT` of Linux, which has no kind in the standard library.
    const NO_SUCH_FAMILY: i32 = 97;
    error.kind() == io::ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(NO_SUCH_FAMILY)
}

fn contains((first, length): Block, address: IpAddr) -> bool {
    match (first, address) {
        (IpAddr::V4(first), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            (first.to_bits() ^ address.to_bits()) & mask == 0
        }
        (IpAddr::V6(first), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            (first.to_bits() ^ address.to_bits()) & mask == 0
        }
        _ => false,
    }
}

/// Reads `address` or `address/prefix length`.
pub(crate) fn parse_block(text: &str) -> Option<Block> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse().ok()?)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(most);
    (length <= most).then_some((address, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_every_address_that_is_not_public() {
        let denied = [
            // Unspecified and "this network".
            "0.0.0.0",
            "0.0.0.1",
            "0.255.255.255",
            // Loopback.
            "127.0.0.1",
            "127.0.0.2",
            "127.1.2.3",
            "127.255.255.255",
            // Private.
            "10.0.0.0",
            "10.0.0.1",
            "10.255.255.255",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "192.168.255.254",
            // Carrier-grade.
            "100.64.0.1",
            "100.127.255.255",
            "100.100.100.200",
            // Link-local, metadata.
            "169.254.0.1",
            "169.254.169.254",
            "169.254.170.2",
            "169.254.255.255",
            "168.63.129.16",
            "192.0.0.192",
            // Documentation, benchmarks, special.
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "198.18.0.1",
            "198.19.255.255",
            "192.88.99.1",
            "192.0.0.1",
            "192.31.196.1",
            "192.52.193.1",
            "192.175.48.1",
            // Multicast, reserved, broadcast.
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "254.1.2.3",
            "255.255.255.255",
            // IPv6: unspecified, loopback, compatible, mapped, translated.
            "::",
            "::1",
            "::7f00:1",
            "::127.0.0.1",
            "::10.0.0.1",
            "::8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:8.8.8.8",
            "::ffff:0:127.0.0.1",
            // NAT64, also the local-use prefix.
            "64:ff9b::127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::8.8.8.8",
            "64:ff9b:1::1",
            // 6to4, Teredo, ORCHID, benchmarks.
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:808:808::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:10::1",
            "2001:20::1",
            "2001:2::1",
            // Unique local, link-local, site-local, metadata.
            "fc00::1",
            "fd00::1",
            "fd00:ec2::254",
            "fe80::1",
            "febf::1",
            "fec0::1",
            // Documentation, discard, segment routing, multicast, reserved.
            "2001:db8::1",
            "3fff::1",
            "3fff:fff::1",
            "100::1",
            "5f00::1",
            "ff02::1",
            "ff0e::1",
            "4000::1",
            "3ffe::1",
            // ISATAP under a public prefix.
            "2607:f8b0::5efe:10.0.0.1",
            "2607:f8b0::200:5efe:a00:1",
        ];
        assert!(denied.len() >= 60, "{}", denied.len());
        for text in denied {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn allows_neighbours_of_denied_blocks() {
        let allowed = [
            "1.0.0.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "168.63.129.15",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "203.0.112.255",
            "223.255.255.255",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450::1",
            "2003::1",
            "3ffd::1",
        ];
        for text in allowed {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn refuses_nodes_and_what_the_operator_denies() {
        let guard = AddressGuard::new(vec![
            parse_block("93.184.216.0/24").unwrap(),
            parse_block("2606:2800::/32").unwrap(),
        ]);
        guard.set_nodes(BTreeSet::new(), ["8.8.4.4".parse().unwrap()].into());
        for text in ["93.184.216.34", "2606:2800::1", "8.8.4.4"] {
            assert!(!guard.allows(text, text.parse().unwrap()), "{text}");
        }
        assert!(guard.allows("a.example", "93.184.217.1".parse().unwrap()));
    }

    #[test]
    fn refuses_nodes_by_name_and_all_until_their_addresses_are_known() {
        let names = BTreeSet::from(["node.example".to_owned()]);
        let guard = AddressGuard::default().without_nodes(names.clone());
        let address = "93.184.217.1".parse().unwrap();
        assert!(!guard.allows("a.example", address), "any address may be a node's");
        guard.set_nodes(names, BTreeSet::new());
        assert!(guard.allows("a.example", address));
        // Its name was not found when the nodes' were looked up, and is now.
        assert!(!guard.allows("node.example", address) && !guard.allows("node.example.", address));
    }

    #[test]
    fn knows_own_addresses_without_a_list() {
        assert!(is_own("127.0.0.1".parse().unwrap()));
        assert!(!is_own("8.8.8.8".parse().unwrap()));
        let of = |error| own_address_of(Err(io::Error::from_raw_os_error(error)), "8.8.8.8".parse().unwrap());
        assert!(of(24), "without a descriptor it cannot be told, and is refused");
        assert!(!of(97), "a machine without IPv6 has no IPv6 address");
    }

    #[test]
    fn reads_blocks_strictly() {
        assert_eq!(parse_block("10.0.0.0/8"), Some(("10.0.0.0".parse().unwrap(), 8)));
        assert_eq!(parse_block("::1"), Some(("::1".parse().unwrap(), 128)));
        for text in ["", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0/8", "x", "10.0.0.0/-1"] {
            assert_eq!(parse_block(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn refuses_any_ipv4_address_carried_in_ipv6(bits: u32, rest: u64) {
            let (high, low) = (u128::from(bits >> 16), u128::from(bits & 0xffff));
            let rest = u128::from(rest);
            let carriers = [
                u128::from(bits),                                    // compatible
                0xffff_0000_0000 | u128::from(bits),                 // mapped
                0xffff_0000_0000_0000 | u128::from(bits),            // translated
                (0x0064_ff9b << 96) | u128::from(bits),              // NAT64
                (0x2002 << 112) | (high << 96) | (low << 80) | rest, // 6to4
                (0x2001 << 112) | (u128::from(bits) << 64) | rest,   // Teredo, by its server
                (0x2607_f8b0 << 96) | (0x5efe << 32) | u128::from(bits), // ISATAP
            ];
            for carrier in carriers {
                proptest::prop_assert!(!is_public(Ipv6Addr::from_bits(carrier).into()), "{carrier:x}");
            }
        }

        #[test]
        fn blocks_hold_exactly_what_shares_their_prefix(first: u32, other: u32, length in 0u8..=32) {
            let (a, b) = (Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(other));
            let shared = u8::try_from((first ^ other).leading_zeros()).unwrap();
            proptest::prop_assert_eq!(contains((a.into(), length), b.into()), shared >= length);
        }
    }
}
