//! The shell of a Quorate node: sockets, disk, clock, entropy, workers.
