//! Changes of a good text, which the fuzzer writes down in bytes.

/// The bytes themselves if the first one is odd; else `good`, changed as the groups of four bytes say.
pub fn edited(good: &[u8], script: &[u8]) -> Vec<u8> {
    let Some((mode, rest)) = script.split_first() else { return Vec::new() };
    if mode % 2 == 1 {
        return rest.to_vec();
    }
    let mut bytes = good.to_vec();
    for edit in rest.as_chunks::<4>().0 {
        let [what, high, low, with] = *edit;
        if bytes.is_empty() {
            break;
        }
        let at = usize::from(u16::from_be_bytes([high, low])) % bytes.len();
        match what % 6 {
            0 => bytes[at] ^= 1 << (with % 8),
            1 => bytes[at] = with,
            2 => bytes.truncate(at),
            3 => bytes.insert(at, with),
            4 => drop(bytes.remove(at)),
            // A stretch from elsewhere in the good text.
            _ => {
                let from = usize::from(with) * 2 % good.len();
                let length = good.len().min(from + 32).saturating_sub(from).min(bytes.len() - at);
                bytes[at..at + length].copy_from_slice(&good[from..from + length]);
            }
        }
    }
    bytes
}
