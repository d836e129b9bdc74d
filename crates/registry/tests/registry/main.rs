//! The chain, its clients and its followers over real sockets.

#[cfg(test)]
mod anvil;
#[cfg(test)]
mod asking;
#[cfg(test)]
mod attacks;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod crashes;
#[cfg(test)]
mod creations;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod doors;
#[cfg(test)]
mod following;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod liar;
#[cfg(test)]
mod network;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod persistence;
#[cfg(test)]
mod planning;
#[cfg(test)]
mod process;
#[cfg(test)]
mod proxy;
#[cfg(test)]
mod rpc;
#[cfg(test)]
mod snapshots;
#[cfg(test)]
mod sockets;
#[cfg(test)]
mod waiting;
#[cfg(test)]
mod wallets;
