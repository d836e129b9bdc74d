//! Lagrange's weights at 0, as small whole numbers over one denominator.
//!
//! The weight of i is the product of j / (j − i) over the others. Indices are small, so the weights are
//! fractions with small numbers (below 2^64 in every committee that was tried): only the sum is
//! multiplied by a long number, and by none at all if the denominator is 1. Everything here is public.

use crate::PartyIndex;

/// `weight_i = ±number_i · factor`.
pub(super) struct Weights {
    negative: Vec<bool>,
    /// Little-endian, of equal length.
    numbers: Vec<u8>,
    bytes: usize,
    factor: Option<blstrs::Scalar>,
}

impl Weights {
    /// The weights of distinct members, at least one. `None` if a number were longer than 128 bits.
    pub(super) fn of(parties: &[PartyIndex]) -> Option<Self> {
        let mut fractions = Vec::with_capacity(parties.len());
        let mut denominator: u128 = 1;
        for party in parties {
            let (mut above, mut below, mut negative) = (1u128, 1u128, false);
            for other in parties.iter().filter(|other| *other != party) {
                above = above.checked_mul(u128::from(other.get()))?;
                below = below.checked_mul(u128::from(other.get().abs_diff(party.get())))?;
                negative ^= other < party;
                let common = common_divisor(above, below);
                (above, below) = (above / common, below / common);
            }
            denominator = (denominator / common_divisor(denominator, below)).checked_mul(below)?;
            fractions.push((above, below, negative));
        }
        let numbers = fractions
            .iter()
            .map(|(above, below, _)| above.checked_mul(denominator / below))
            .collect::<Option<Vec<u128>>>()?;
        let longest = numbers.iter().max().map_or(0, |number| 128 - number.leading_zeros());
        let bytes = usize::try_from(longest.div_ceil(8)).ok()?;
        Some(Self {
            negative: fractions.iter().map(|(_, _, negative)| *negative).collect(),
            numbers: numbers.iter().flat_map(|number| number.to_le_bytes().into_iter().take(bytes)).collect(),
            bytes,
            factor: (denominator != 1).then(|| inverse(&scalar(denominator))),
        })
    }

    pub(super) fn negative(&self) -> impl Iterator<Item = bool> {
        self.negative.iter().copied()
    }

    pub(super) fn numbers(&self) -> &[u8] {
        &self.numbers
    }

    pub(super) fn bits(&self) -> usize {
        self.bytes * 8
    }

    pub(super) fn factor(&self) -> Option<blstrs::Scalar> {
        self.factor
    }
}

fn common_divisor(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

fn scalar(number: u128) -> blstrs::Scalar {
    let [low, high] = [number, number >> 64].map(|part| {
        #[expect(clippy::cast_possible_truncation, reason = "the low half is meant")]
        let part = part as u64;
        blstrs::Scalar::from(part)
    });
    let half = blstrs::Scalar::from(1 << 32);
    high * half * half + low
}

/// 1 / x as x^(order − 2).
fn inverse(number: &blstrs::Scalar) -> blstrs::Scalar {
    // −2 modulo the order is the order − 2.
    let exponent = (-blstrs::Scalar::from(2)).to_bytes_be();
    exponent.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).fold(
        blstrs::Scalar::from(1),
        |power, bit| {
            let square = power * power;
            if bit == 1 { square * number } else { square }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parties(indices: &[u8]) -> Vec<PartyIndex> {
        indices.iter().map(|index| PartyIndex::new(*index).unwrap()).collect()
    }

    /// The weights as numbers modulo the order.
    fn values(weights: &Weights) -> Vec<blstrs::Scalar> {
        let factor = weights.factor.unwrap_or_else(|| scalar(1));
        let numbers = weights.numbers.chunks_exact(weights.bytes).map(|number| {
            let mut bytes = [0; 16];
            bytes[..number.len()].copy_from_slice(number);
            scalar(u128::from_le_bytes(bytes)) * factor
        });
        numbers
            .zip(weights.negative())
            .map(|(number, negative)| if negative { -number } else { number })
            .collect()
    }

    /// The weights by the formula, modulo the order.
    fn expected(parties: &[PartyIndex]) -> Vec<blstrs::Scalar> {
        let number = |party: &PartyIndex| scalar(u128::from(party.get()));
        let weight = |party: &PartyIndex| {
            let others = parties.iter().filter(|other| *other != party);
            others.fold(scalar(1), |weight, other| {
                weight * number(other) * inverse(&(number(other) - number(party)))
            })
        };
        parties.iter().map(weight).collect()
    }

    fn fit(indices: &[u8]) {
        let weights = Weights::of(&parties(indices)).unwrap();
        assert!(values(&weights) == expected(&parties(indices)), "{indices:?}");
        // A polynomial of degree 0 has its value everywhere: the weights add up to 1.
        assert!(values(&weights).into_iter().fold(scalar(0), |sum, weight| sum + weight) == scalar(1));
        assert!(weights.bytes <= 8, "{indices:?}");
    }

    #[test]
    fn the_weights_are_those_of_the_formula() {
        // Every pair and triple, and every run of members with every step.
        for a in 1..=32u8 {
            for b in a + 1..=32 {
                fit(&[a, b]);
                (b + 1..=32).step_by(5).for_each(|c| fit(&[a, b, c]));
            }
            for step in 1..=4 {
                for size in 1..=12 {
                    let run: Vec<u8> =
                        (0..size).map(|at| a + at * step).filter(|index| *index <= 32).collect();
                    fit(&run);
                }
            }
        }
        fit(&(1..=32).collect::<Vec<u8>>());
        // The longest numbers that a search among random committees found.
        fit(&[1, 2, 4, 5, 8, 9, 11, 13, 14, 16, 17, 20, 23, 25, 27, 29, 31, 32]);
    }

    #[test]
    fn the_weights_of_the_first_two_are_two_and_minus_one() {
        let weights = Weights::of(&parties(&[1, 2])).unwrap();
        assert!(values(&weights) == [scalar(2), -scalar(1)]);
        assert_eq!((weights.numbers(), weights.bits(), weights.factor().is_none()), (&[2, 1][..], 8, true));
    }

    #[test]
    fn inverts() {
        for number in [1, 2, 3, 1 << 70, u128::MAX] {
            assert!(scalar(number) * inverse(&scalar(number)) == scalar(1), "{number}");
        }
    }
}
