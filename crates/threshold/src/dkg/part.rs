//! One root's part in a ceremony: its polynomial, and what the dealers revealed for it.

use std::collections::BTreeMap;

use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::DkgInput;
use super::package::Package;
use crate::group::{self, Element, Group, SCALAR_LEN};
use crate::purpose::Root;
use crate::{Bug, Check, Failure, Fault, Misuse, PartyIndex, Purpose, RootShare, transcript};

const NO_PACKAGE: Bug = Bug("a dealer without a package");

/// What the rounds need of a part, whichever root it is for.
pub trait Part {
    /// 2.1: the own package.
    fn reveal(&self) -> Vec<u8>;
    /// Length of a package.
    fn reveal_len(&self) -> usize;
    /// 2.2: a dealer's package decodes.
    fn take(&mut self, dealer: PartyIndex, bytes: &[u8]) -> Result<(), Failure>;
    /// 2.4: and proves possession.
    fn proves_possession(&self, dealer: PartyIndex) -> Result<(), Failure>;
    /// 4.1: the value for a member.
    fn deal(&self, peer: PartyIndex) -> Zeroizing<[u8; SCALAR_LEN]>;
    /// 4.2: a dealt value lies on its dealer's public polynomial, and is added up.
    fn add(&mut self, dealer: PartyIndex, bytes: &[u8]) -> Result<(), Failure>;
    /// 4.3: the commitments of all dealers are added up.
    fn sum(&mut self) -> Result<(), Check>;
    /// Spoils the own proof.
    #[cfg(test)]
    fn spoil_proof(&mut self);
    /// Puts another package in place of the own one, if the bytes are one in this group.
    #[cfg(test)]
    fn replace(&mut self, bytes: &[u8]) -> bool;
}

/// The part of one root.
pub struct RootPart<R: Root> {
    input: DkgInput,
    context: [u8; 32],
    polynomial: Zeroizing<Vec<Scalar<R>>>,
    package: Package<R::Group>,
    packages: BTreeMap<PartyIndex, Package<R::Group>>,
    /// The own value, to which those of the others are added.
    share: Box<Zeroizing<Scalar<R>>>,
    coefficients: Vec<Element<R::Group>>,
}

type Scalar<R> = <<R as Root>::Group as Group>::Scalar;

/// Every hash about one root covers this: the ceremony's own context and the purpose.
fn context_of(ceremony: &[u8; 32], purpose: Purpose) -> [u8; 32] {
    transcript::hash("quorate/dkg/v2/purpose", &[ceremony, purpose.name().as_bytes()])
}

impl<R: Root> RootPart<R> {
    /// 1.1: the polynomial, its commitments and the proof of possession.
    pub(super) fn make(
        input: DkgInput,
        ceremony: &[u8; 32],
        rng: &mut dyn CryptoRng,
    ) -> Result<Self, Misuse> {
        let context = context_of(ceremony, R::PURPOSE);
        let degrees = 0..input.params.threshold();
        let polynomial: Zeroizing<Vec<_>> =
            Zeroizing::new(degrees.map(|_| group::scalar_random::<R::Group>(rng)).collect());
        // No random coefficient is ever zero, so a zero shows a dead source of entropy.
        let package = Package::make(&context, input.me, &polynomial, rng).ok_or(Misuse::Entropy)?;
        let share = Box::new(Zeroizing::new(group::evaluate::<R::Group>(&polynomial, input.me.get())));
        let packages = BTreeMap::from([(input.me, package.clone())]);
        Ok(Self { input, context, polynomial, package, packages, share, coefficients: Vec::new() })
    }

    /// 4.3: the sums are the result.
    pub(super) fn finish(self) -> Result<RootShare<R>, Bug> {
        RootShare::new(self.input, self.share, self.coefficients)
            .map_err(|_| Bug("checked shares do not fit the public polynomial"))
    }
}

impl<R: Root> Part for RootPart<R> {
    fn reveal(&self) -> Vec<u8> {
        self.package.encode()
    }

    fn reveal_len(&self) -> usize {
        Package::<R::Group>::encoded_len(self.input.params)
    }

    fn take(&mut self, dealer: PartyIndex, bytes: &[u8]) -> Result<(), Failure> {
        let package =
            Package::decode(self.input.params, bytes).ok_or_else(|| Fault::of(dealer, Check::Encoding))?;
        self.packages.insert(dealer, package);
        Ok(())
    }

    fn proves_possession(&self, dealer: PartyIndex) -> Result<(), Failure> {
        let package = self.packages.get(&dealer).ok_or(NO_PACKAGE)?;
        if package.proves_possession(&self.context, dealer) {
            Ok(())
        } else {
            Err(Fault::of(dealer, Check::ProofOfPossession).into())
        }
    }

    fn deal(&self, peer: PartyIndex) -> Zeroizing<[u8; SCALAR_LEN]> {
        let value = Zeroizing::new(group::evaluate::<R::Group>(&self.polynomial, peer.get()));
        Zeroizing::new(R::Group::scalar_to_bytes(&value))
    }

    fn add(&mut self, dealer: PartyIndex, bytes: &[u8]) -> Result<(), Failure> {
        let part = group::scalar_from_bytes::<R::Group>(bytes)
            .map(Zeroizing::new)
            .ok_or_else(|| Fault::of(dealer, Check::Encoding))?;
        let package = self.packages.get(&dealer).ok_or(NO_PACKAGE)?;
        if R::Group::generate(&part) != package.public_value_at(self.input.me.get()) {
            // The complaint: this names the dealer, and the member will not confirm.
            return Err(Fault::of(dealer, Check::DealtShare).into());
        }
        **self.share = R::Group::add(&self.share, &part);
        Ok(())
    }

    fn sum(&mut self) -> Result<(), Check> {
        let mut sums = vec![R::Group::identity(); usize::from(self.input.params.threshold())];
        for package in self.packages.values() {
            for (sum, coefficient) in sums.iter_mut().zip(package.coefficients()) {
                *sum = R::Group::sum(sum, coefficient.point());
            }
        }
        self.coefficients =
            sums.into_iter().map(Element::of).collect::<Option<_>>().ok_or(Check::TrivialKey)?;
        Ok(())
    }

    #[cfg(test)]
    fn spoil_proof(&mut self) {
        self.package.spoil_proof();
    }

    #[cfg(test)]
    fn replace(&mut self, bytes: &[u8]) -> bool {
        let Some(package) = Package::decode(self.input.params, bytes) else { return false };
        self.package = package;
        true
    }
}
