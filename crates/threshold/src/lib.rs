//! Threshold ECDSA and distributed key generation as pure rounds: bytes in, bytes out.
