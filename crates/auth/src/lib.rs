//! Who is calling, and what the caller's session may do.
