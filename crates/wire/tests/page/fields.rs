//! The members that a type has in JSON, by what its reader asks for.

use std::fmt;

use serde::{Deserialize, Deserializer, de, forward_to_deserialize_any};

/// The names of a type's members.
///
/// # Panics
/// If the type is no struct with derived reading.
pub(crate) fn fields<T: for<'de> Deserialize<'de>>() -> Vec<&'static str> {
    let mut found = None;
    assert!(T::deserialize(Asked(&mut found)).is_err(), "nothing is read");
    found.expect("a struct asks for its members").to_vec()
}

struct Asked<'a>(&'a mut Option<&'static [&'static str]>);

#[derive(Debug)]
struct Nothing;

impl fmt::Display for Nothing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing to read")
    }
}

impl std::error::Error for Nothing {}

impl de::Error for Nothing {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Nothing
    }
}

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Nothing;

    fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, Nothing> {
        Err(Nothing)
    }

    fn deserialize_struct<V: de::Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Nothing> {
        *self.0 = Some(fields);
        Err(Nothing)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}
