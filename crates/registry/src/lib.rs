//! The contracts on a chain, read as a view at a block; the embedded chain.
