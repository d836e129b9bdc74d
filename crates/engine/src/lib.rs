//! What one Quorate node decides: inputs in, effects out, no clock and no sockets.
