//! Values that are the same in every run: what a type is made of, from the hash of a name and a counter.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

/// Bytes that follow from a name.
pub(crate) struct Source {
    name: String,
    counter: u64,
    left: Vec<u8>,
}

impl Source {
    pub(crate) fn of(name: &str) -> Self {
        Source { name: name.to_owned(), counter: 0, left: Vec::new() }
    }

    /// A value, of the type that is wanted.
    pub(crate) fn take<T: Sample>(&mut self) -> T {
        T::sample(self)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        if self.left.is_empty() {
            let block = Sha256::new().chain_update(&self.name).chain_update(self.counter.to_be_bytes());
            self.left = block.finalize().to_vec();
            self.counter += 1;
        }
        self.left.pop().unwrap_or_default()
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }

    /// A number below a small bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(u16::from_be_bytes(self.bytes())) % bound
    }
}

/// What can be made from a source.
pub(crate) trait Sample {
    fn sample(from: &mut Source) -> Self;
}

/// A choice of ours, each variant of which is looked at by itself.
pub(crate) trait Choice: Sized {
    const VARIANTS: &'static [&'static str];

    /// A value of the variant at this place of the list.
    fn variant(at: usize, from: &mut Source) -> Self;
}

/// Structs, by all of their fields: one that is missing here does not compile.
macro_rules! records {
    ($($name:ident { $($field:ident),* $(,)? })*) => {$(
        impl $crate::source::Sample for $name {
            fn sample(from: &mut $crate::source::Source) -> Self {
                $name { $($field: from.take()),* }
            }
        }
    )*};
}

/// Enums, by all of their variants: one that is missing here does not compile.
macro_rules! choices {
    ($($name:ident {
        $($variant:ident $(($($place:ident),*))? $({ $($field:ident),* })?),* $(,)?
    })*) => {$(
        impl $crate::source::Choice for $name {
            const VARIANTS: &'static [&'static str] = &[$(stringify!($variant)),*];

            fn variant(at: usize, from: &mut $crate::source::Source) -> Self {
                let makers: &[fn(&mut $crate::source::Source) -> Self] = &[$(|from| {
                    let _ = from.byte();
                    $name::$variant
                        $(( $({ let $place = from.take(); $place }),* ))?
                        $({ $($field: from.take()),* })?
                }),*];
                makers[at](from)
            }
        }

        impl $crate::source::Sample for $name {
            fn sample(from: &mut $crate::source::Source) -> Self {
                use $crate::source::Choice as _;
                let at = from.below(Self::VARIANTS.len());
                let made = Self::variant(at, from);
                match &made {
                    $($name::$variant { .. } => made,)*
                }
            }
        }
    )*};
}

macro_rules! numbers {
    ($($number:ident)*) => {$(
        impl Sample for $number {
            /// Now and then one at an end of the range.
            fn sample(from: &mut Source) -> Self {
                match from.byte() {
                    0..8 => 0,
                    8..16 => $number::MAX,
                    16..64 => from.byte().into(),
                    _ => $number::from_be_bytes(from.bytes()),
                }
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64);

impl Sample for bool {
    fn sample(from: &mut Source) -> Self {
        from.byte() % 2 == 1
    }
}

impl Sample for String {
    fn sample(from: &mut Source) -> Self {
        const TEXTS: [&str; 6] =
            ["", "a", "https://node.example:1/x", "two\nlines, \"quoted\" \\", "Ünïcødé 🔑", "0x00"];
        format!("{}{}", TEXTS[from.below(TEXTS.len())], from.below(1_000))
    }
}

impl<const N: usize> Sample for [u8; N] {
    fn sample(from: &mut Source) -> Self {
        from.bytes()
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(from: &mut Source) -> Self {
        (0..from.below(4)).map(|_| from.take()).collect()
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(from: &mut Source) -> Self {
        from.take::<bool>().then(|| from.take())
    }
}

impl<T: Sample, E: Sample> Sample for Result<T, E> {
    fn sample(from: &mut Source) -> Self {
        if from.take() { Ok(from.take()) } else { Err(from.take()) }
    }
}

impl<T: Sample> Sample for Box<T> {
    fn sample(from: &mut Source) -> Self {
        Box::new(from.take())
    }
}

impl<A: Sample, B: Sample> Sample for (A, B) {
    fn sample(from: &mut Source) -> Self {
        (from.take(), from.take())
    }
}

impl<K: Sample + Ord, V: Sample> Sample for BTreeMap<K, V> {
    fn sample(from: &mut Source) -> Self {
        from.take::<Vec<(K, V)>>().into_iter().collect()
    }
}

/// JSON as its writer wrote it.
impl Sample for Box<RawValue> {
    fn sample(from: &mut Source) -> Self {
        const TEXTS: [&str; 3] = ["{}", r#"{ "b":1,"a" : [null,1.50,"\u0041"] }"#, "[]"];
        RawValue::from_string(TEXTS[from.below(TEXTS.len())].to_owned()).expect("JSON")
    }
}
