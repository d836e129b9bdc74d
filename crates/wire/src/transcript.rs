//! Domain-separated hashing: the one way in which anything of ours is hashed to be signed or named.

use sha2::{Digest as _, Sha256};

/// A SHA-256 transcript whose domain and fields are length-prefixed, so that no two different lists
/// of fields give the same bytes.
///
/// Layout: `be_u32(len domain) ‖ domain ‖ (be_u32(len field) ‖ field)*`.
///
/// ```
/// use quorate_wire::Transcript;
/// let a = Transcript::new("example/v1").field(b"ab").field(b"c").finish();
/// let b = Transcript::new("example/v1").field(b"a").field(b"bc").finish();
/// assert_ne!(a, b);
/// ```
#[must_use]
pub struct Transcript(Sha256);

impl Transcript {
    /// Starts a transcript for one purpose, such as `"quorate/intent/v1"`.
    pub fn new(domain: &str) -> Self {
        Transcript(Sha256::new()).field(domain.as_bytes())
    }

    /// Adds one variable-length field.
    ///
    /// # Panics
    /// If the field is longer than 4 GiB, which no frame of ours can carry.
    pub fn field(mut self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).expect("fields are far below 4 GiB");
        self.0.update(length.to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// Adds one number, big-endian.
    pub fn number(self, value: u64) -> Self {
        self.field(&value.to_be_bytes())
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}
