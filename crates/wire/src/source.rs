//! Whom an address stands for, where shares are counted by address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{LoginId, NodeIndex};

/// A range of addresses that may all be one caller's.
///
/// Of the newer addresses everybody has a whole /64, customers of most providers a /56, and whoever asks for it a /48.
/// Of the older ones an address is dear, but a /24 is for rent. So a caller counts in each of these at once, and a wide
/// one may hold more, as others may be in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    base: IpAddr,
    bits: u8,
}

/// Length of the prefix, and of how many shares of the narrowest a network may have as much.
const NEWER: &[(u8, u32)] = &[(64, 1), (56, 4), (48, 16)];
const OLDER: &[(u8, u32)] = &[(32, 1), (24, 8)];

impl Network {
    /// The networks of an address, the narrowest first.
    pub fn all_of(address: IpAddr) -> impl Iterator<Item = Network> {
        let address = address.to_canonical();
        levels(address).iter().map(move |&(bits, _)| {
            let base = match address {
                IpAddr::V4(old) => Ipv4Addr::from_bits(old.to_bits() & (!0 << (32 - bits))).into(),
                IpAddr::V6(new) => Ipv6Addr::from_bits(new.to_bits() & (!0 << (128 - bits))).into(),
            };
            Network { base, bits }
        })
    }

    /// How much more than the narrowest one a network of this width may have.
    #[must_use]
    pub fn multiple(&self) -> u32 {
        let level = levels(self.base).iter().find(|(bits, _)| *bits == self.bits);
        level.map_or(1, |(_, multiple)| *multiple)
    }
}

/// In whose share something counts: an execution with its children, a connection, a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Payer {
    /// Who is behind the caller's session.
    Login(LoginId),
    /// Where the caller is. Whoever makes ever new logins is still there.
    Source(Network),
    /// The peer that passed the request on, if no caller asked this node for it.
    Peer(NodeIndex),
}

impl Payer {
    /// An address, and the networks around it.
    #[must_use]
    pub fn of_source(source: IpAddr) -> Vec<Self> {
        Network::all_of(source).map(Self::Source).collect()
    }

    /// How many shares this one may have.
    #[must_use]
    pub fn multiple(&self) -> u32 {
        match self {
            Self::Source(network) => network.multiple(),
            Self::Login(_) | Self::Peer(_) => 1,
        }
    }
}

fn levels(address: IpAddr) -> &'static [(u8, u32)] {
    if address.is_ipv4() { OLDER } else { NEWER }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_share_the_networks_that_they_are_both_in() {
        let shared = |a: &str, b: &str| {
            let of = |address: &str| Network::all_of(address.parse().unwrap()).collect::<Vec<_>>();
            let (a, b) = (of(a), of(b));
            a.iter().filter(|network| b.contains(network)).map(|network| network.bits).collect::<Vec<_>>()
        };
        assert_eq!(shared("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"), [64, 56, 48]);
        assert_eq!(shared("2001:db8:1:2::1", "2001:db8:1:3::1"), [56, 48]);
        assert_eq!(shared("2001:db8:1:2::1", "2001:db8:1:102::1"), [48]);
        assert!(shared("2001:db8:1::1", "2001:db8:2::1").is_empty());
        assert_eq!(shared("::ffff:192.0.2.1", "192.0.2.1"), [32, 24]);
        assert_eq!(shared("192.0.2.1", "192.0.2.2"), [24]);
        assert!(shared("192.0.2.1", "192.0.3.1").is_empty());
        let multiples = |address: &str| {
            Network::all_of(address.parse().unwrap()).map(|network| network.multiple()).collect::<Vec<_>>()
        };
        assert_eq!((multiples("::1"), multiples("127.0.0.1")), (vec![1, 4, 16], vec![1, 8]));
    }
}
