//! CBOR (RFC 8949) of definite lengths, each written in its shortest form: what authenticators write.

/// Reads items one after the other. `None` is an item of another form or kind.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

/// The kinds of items that authenticators write; tags are none of them.
const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const SIMPLE: u8 = 7;

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes }
    }

    /// Whether everything has been read.
    pub(super) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The number of members of a map, whose names and values follow.
    pub(super) fn map(&mut self) -> Option<u64> {
        self.kind(MAP)
    }

    /// An integer, if it fits.
    pub(super) fn integer(&mut self) -> Option<i64> {
        let (kind, value) = self.head()?;
        let value = i64::try_from(value).ok()?;
        match kind {
            UNSIGNED => Some(value),
            NEGATIVE => Some(-1 - value),
            _ => None,
        }
    }

    /// A string of bytes.
    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.kind(BYTES)?;
        self.take(length)
    }

    /// A text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        let length = self.kind(TEXT)?;
        str::from_utf8(self.take(length)?).ok()
    }

    /// Passes over one item, in which arrays and maps are nested so deep at most.
    pub(super) fn skip(&mut self, depth: u32) -> Option<()> {
        if let Some(initial) = self.rest.first()
            && initial >> 5 == SIMPLE
        {
            // False, true and null; floating-point numbers of 2, 4 and 8 bytes.
            let length = match initial & 31 {
                20..=22 => 1,
                25 => 3,
                26 => 5,
                27 => 9,
                _ => return None,
            };
            return self.take(length).map(drop);
        }
        let (kind, value) = self.head()?;
        let items = match kind {
            UNSIGNED | NEGATIVE => 0,
            BYTES => return self.take(value).map(drop),
            TEXT => return str::from_utf8(self.take(value)?).ok().map(drop),
            ARRAY => value,
            MAP => value.checked_mul(2)?,
            _ => return None,
        };
        for _ in 0..items {
            self.skip(depth.checked_sub(1)?)?;
        }
        Some(())
    }

    fn kind(&mut self, expected: u8) -> Option<u64> {
        let (kind, value) = self.head()?;
        (kind == expected).then_some(value)
    }

    /// The kind of an item, and the number that stands with it.
    fn head(&mut self) -> Option<(u8, u64)> {
        let initial = *self.take(1)?.first()?;
        let (length, least) = match initial & 31 {
            value @ 0..24 => return Some((initial >> 5, value.into())),
            24 => (1, 24),
            25 => (2, 1 << 8),
            26 => (4, 1 << 16),
            27 => (8, 1 << 32),
            _ => return None,
        };
        let value = self.take(length)?.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        (value >= least).then_some((initial >> 5, value))
    }

    fn take(&mut self, length: u64) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(bytes: &[u8]) -> bool {
        let mut reader = Reader::new(bytes);
        reader.skip(3).is_some() && reader.is_at_end()
    }

    #[test]
    fn items_have_their_shortest_form() {
        for good in ["00", "17", "1818", "190100", "1a00010000", "1b0000000100000000", "20", "390100"] {
            assert!(whole(&hex::decode(good).unwrap()), "{good}");
        }
        for bad in ["", "1817", "1900ff", "1a0000ffff", "1b00000000ffffffff", "19", "1c", "1f", "c000", "ff"]
        {
            assert!(!whole(&hex::decode(bad).unwrap()), "{bad}");
        }
    }

    #[test]
    fn lengths_are_definite_and_nesting_is_bounded() {
        for good in ["4101", "6161", "80", "a0", "818100", "a16161a1616200", "f4", "f5", "f6", "f90000"] {
            assert!(whole(&hex::decode(good).unwrap()), "{good}");
        }
        for bad in
            ["41", "61ff", "5fff", "9fff", "bfff", "a161", "81818180", "8181818100", "f7", "f820", "f0"]
        {
            let expected = bad == "81818180";
            assert_eq!(whole(&hex::decode(bad).unwrap()), expected, "{bad}");
        }
        assert!(!whole(&hex::decode("9bffffffffffffffff00").unwrap()));
        assert!(!whole(&hex::decode("bbffffffffffffffff00").unwrap()));
    }

    #[test]
    fn integers_beyond_their_type_are_none() {
        let integer = |text: &str| Reader::new(&hex::decode(text).unwrap()).integer();
        assert_eq!(integer("390100"), Some(-257));
        assert_eq!(integer("3b7fffffffffffffff"), Some(i64::MIN));
        assert_eq!(integer("1bffffffffffffffff"), None);
        assert_eq!(integer("40"), None);
    }
}
