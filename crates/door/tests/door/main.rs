//! The door over real sockets.

#[cfg(test)]
mod serving;
