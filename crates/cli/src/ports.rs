//! Ports of the development network: the wanted ones, or the next free ones.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use anyhow::{Result, bail};

/// How far from the wanted port a free one is looked for.
const SEARCHED: u16 = 200;

/// Hands out ports that were free a moment ago, none of them twice.
#[derive(Debug, Default)]
pub(crate) struct Ports {
    given: BTreeSet<u16>,
}

/// What the port is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// HTTP.
    Tcp,
    /// QUIC.
    Udp,
}

impl Ports {
    /// A free port on the loopback address: `wanted` or the next above it; any if `wanted` is 0.
    pub(crate) fn take(&mut self, transport: Transport, wanted: u16) -> Result<SocketAddr> {
        let last = if wanted == 0 { 0 } else { wanted.saturating_add(SEARCHED) };
        // Port 0 is tried more than once: the system may offer one that was handed out already.
        let tries = (wanted..=last).chain(std::iter::repeat_n(0, if wanted == 0 { 50 } else { 0 }));
        for port in tries {
            match bind(transport, port) {
                Some(port) if self.given.insert(port) => {
                    return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
                }
                _ => {}
            }
        }
        bail!("no free port between {wanted} and {last} on 127.0.0.1")
    }
}

/// Binds and lets go again. The process that gets the port may find it taken meanwhile; it is then
/// reported as dead, which is rare enough on a developer's machine.
fn bind(transport: Transport, port: u16) -> Option<u16> {
    let address = (Ipv4Addr::LOCALHOST, port);
    let bound = match transport {
        Transport::Tcp => TcpListener::bind(address).and_then(|socket| socket.local_addr()),
        Transport::Udp => UdpSocket::bind(address).and_then(|socket| socket.local_addr()),
    };
    bound.ok().map(|address| address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        if port > u16::MAX - 2 {
            return;
        }
        let given = Ports::default().take(Transport::Tcp, port).unwrap();
        assert_ne!(given.port(), port);
    }

    #[test]
    fn no_port_is_given_twice() {
        let mut ports = Ports::default();
        let first = ports.take(Transport::Udp, 0).unwrap();
        let second = ports.take(Transport::Udp, first.port()).unwrap();
        assert_ne!(first, second);
    }
}
