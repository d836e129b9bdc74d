//! Unsigned LEB128 in its shortest form, of lengths.

/// The longest form of a length within our bounds, in bytes.
const LEN_MAX: usize = 5;

/// Writes `number` behind `out`.
pub(crate) fn write(out: &mut Vec<u8>, number: usize) {
    let mut rest = number;
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or_default();
        rest >>= 7;
        if rest == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// The number of bytes that [`write`] writes.
pub(crate) fn length(number: usize) -> usize {
    let bits = usize::BITS - number.leading_zeros();
    bits.div_ceil(7).max(1).try_into().unwrap_or(usize::MAX)
}

/// Reads a number in its shortest form, and what is behind it.
pub(crate) fn read(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0_usize;
    for (at, byte) in bytes.iter().take(LEN_MAX).enumerate() {
        let part = usize::from(byte & 0x7f).checked_shl(u32::try_from(7 * at).ok()?)?;
        number = number.checked_add(part)?;
        if byte & 0x80 == 0 {
            // A last byte of zero adds nothing: the form was not the shortest.
            let shortest = at == 0 || *byte != 0;
            return shortest.then_some((number, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for number in [0, 1, 127, 128, 200, 16_383, 16_384, 70_000, 1 << 24, (1 << 31) - 1] {
            let mut bytes = Vec::new();
            write(&mut bytes, number);
            assert_eq!(bytes.len(), length(number), "{number}");
            bytes.push(9);
            assert_eq!(read(&bytes), Some((number, &[9][..])));
        }
    }

    #[test]
    fn refuses_other_forms() {
        for bytes in [&[][..], &[0x80], &[0x80, 0], &[0xff, 0], &[1 | 0x80, 0x80, 0], &[0x80; 9], &[0xff; 9]]
        {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
    }
}
