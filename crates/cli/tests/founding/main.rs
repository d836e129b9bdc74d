//! Operators who trust each other with nothing found a network: real processes, each with a folder of its own; on a test
//! network each is a user on a host of its own.

#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod ceremony;
#[cfg(test)]
mod hosts;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod page;
#[cfg(test)]
mod tampered;
#[cfg(test)]
mod testnet;
