//! The chain, its clients and its followers over real sockets.

#[cfg(test)]
mod anvil;
#[cfg(test)]
mod asking;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod following;
#[cfg(test)]
mod liar;
#[cfg(test)]
mod network;
#[cfg(test)]
mod persistence;
#[cfg(test)]
mod rpc;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod waiting;
#[cfg(test)]
mod wallets;
