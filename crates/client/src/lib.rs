//! The Rust SDK: sessions, requests, verification, receipts.
