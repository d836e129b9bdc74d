//! Strict JSON: one value, no member twice, bounded depth.

use std::collections::BTreeSet;

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor},
};

/// Why a text is not strict JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JsonError(pub String);

/// Deepest nesting that is accepted.
const DEPTH_MAX: u32 = 64;

/// Checks that `text` is exactly one JSON value, in which no object has a member twice.
///
/// Readers differ in which of two equal members they believe; a text that is signed and then read by
/// several programs must leave them no choice.
///
/// # Errors
/// [`JsonError`] with the place of the fault.
pub fn check_strict(text: &[u8]) -> Result<(), JsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    Checked { depth: 0 }.deserialize(&mut deserializer).map_err(|error| JsonError(error.to_string()))?;
    deserializer.end().map_err(|error| JsonError(error.to_string()))
}

/// Reads a value from strict JSON. A text that is none of the type ends at its first wrong member, before names
/// are remembered: a stranger's megabytes of members cost nothing.
///
/// # Errors
/// [`JsonError`] with the place of the fault.
pub(crate) fn read_strict<'de, T: Deserialize<'de>>(text: &'de [u8]) -> Result<T, JsonError> {
    let value = serde_json::from_slice(text).map_err(|error| JsonError(error.to_string()))?;
    check_strict(text)?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Checked {
    depth: u32,
}

impl Checked {
    fn inner<E: serde::de::Error>(self) -> Result<Checked, E> {
        if self.depth >= DEPTH_MAX {
            Err(E::custom("nested too deeply"))
        } else {
            Ok(Checked { depth: self.depth + 1 })
        }
    }
}

impl<'de> DeserializeSeed<'de> for Checked {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while sequence.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            map.next_value_seed(inner)?;
            if names.contains(&name) {
                return Err(A::Error::custom(format_args!("member {name:?} appears twice")));
            }
            names.insert(name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_text_ends_at_its_first_wrong_member_and_duplicates_in_raw_parts_are_found() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Typed {
            #[expect(dead_code, reason = "only read")]
            a: Box<serde_json::value::RawValue>,
        }
        let reason = |text: &str| read_strict::<Typed>(text.as_bytes()).unwrap_err().0;
        assert!(read_strict::<Typed>(br#"{"a":{"b":1}}"#).is_ok());
        assert!(reason(r#"{"x":1,"y":1,"y":2}"#).contains("unknown field `x`"));
        assert!(reason(r#"{"a":1,"a":2}"#).contains("duplicate field `a`"));
        assert!(reason(r#"{"a":{"b":1,"b":2}}"#).contains("\"b\" appears twice"));
        assert!(read_strict::<Typed>(br#"{"a":1} {}"#).is_err());
    }

    #[test]
    fn refuses_duplicates_at_any_depth_and_trailing_text() {
        assert!(check_strict(br#"{"a":[1,2.5,{"b":null}],"c":"d"}"#).is_ok());
        assert!(check_strict(br#"{"a":1,"a":2}"#).is_err());
        assert!(check_strict(br#"[{"x":{"a":1,"\u0061":2}}]"#).is_err());
        assert!(check_strict(b"{} {}").is_err());
        assert!(check_strict(&[b'['; 100]).is_err());
        let deep = [vec![b'['; 65], vec![b']'; 65]].concat();
        assert!(check_strict(&deep).is_err());
    }
}
