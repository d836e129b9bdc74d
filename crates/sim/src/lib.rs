//! Many engines on a virtual clock, with faults and invariants.
