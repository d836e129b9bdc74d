//! Objects of strict JSON.

use quorate_wire::check_strict;
use serde_json::{Map, Value};

/// Reads one object of which no member, at any depth, is there twice. `None` for every other text.
pub(crate) fn read_object(text: &[u8]) -> Option<Map<String, Value>> {
    check_strict(text).ok()?;
    match serde_json::from_slice(text) {
        Ok(Value::Object(members)) => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_object_of_utf8_without_mark_is_read() {
        assert!(read_object(br#" {"a":{"b":1}} "#).is_some());
        let bad: [&[u8]; 9] = [
            b"",
            b"[]",
            b"\"{}\"",
            b"\xef\xbb\xbf{}",
            b"{}{}",
            b"{\"a\":\"\xff\"}",
            br#"{"a":"\ud800"}"#,
            br#"{"a":{"b":1,"b":1}}"#,
            br#"{"a":1,}"#,
        ];
        for text in bad {
            assert_eq!(read_object(text), None, "{text:?}");
        }
    }
}
