//! Every type that crosses a process of Quorate: encoding, versions, limits, error codes.
