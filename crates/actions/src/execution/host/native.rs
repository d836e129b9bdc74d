//! Native operations: what would be slow in the guest's interpreter and needs nobody outside the worker.
//!
//! Each takes a few byte strings ("parts"; a number is four bytes, little endian) and gives one, or a coded
//! error that the guest throws. Each is a function of its parts alone, equal on all nodes. Each charges its
//! work before it begins, by a formula of the parts' lengths and its counts, so that fuel stops it like
//! everything else that an action does. The guest's names for all of this are in `guest/js/native.js`.
//!
//! | number | operation | parts | result |
//! |---|---|---|---|
//! | 0 | hash | algorithm, data | digest |
//! | 1 | HMAC | algorithm, key, data | tag |
//! | 2 | PBKDF2 | algorithm, password, salt, iterations, length | key |
//! | 3 | HKDF | algorithm, key material, salt, info, length | key |
//! | 4 | scrypt | password, salt, N, r, p, length | key |
//! | 5 | secp256k1 public key | secret or public key, compressed or not | public key |
//! | 6 | secp256k1 signature | digest, secret | r ‖ s ‖ recovery id |
//! | 7 | secp256k1 verification | digest, r ‖ s, public key | 0 or 1 |
//! | 8 | secp256k1 recovery | digest, r ‖ s, recovery id | public key, 65 bytes |
//! | 9 | secp256k1 ECDH | secret, public key | x of the common point |
//! | 10 | ECDSA verification | curve, digest, r ‖ s, public key | 0 or 1 |
//! | 11 | RSA verification | padding, algorithm, digest, signature, n, e, salt length | 0 or 1 |
//! | 12 | Ed25519 verification | message, signature, public key | 0 or 1 |
//! | 13 | BLS12-381 verification | variant, message, signature, public key, domain | 0 or 1 |
//! | 14 | AES-CBC | encrypt or not, key, iv, data | data |
//! | 15 | AES-CTR | key, counter block, counter bits, data | data |
//! | 16 | AES-GCM | encrypt or not, key, iv, data, associated data, tag length | data |
//! | 17 | URL parser | text, base (optional) | JSON of the members |
//! | 18 | URL setter | address, member, value | JSON of the members |
//! | 19 | secp256k1 addition | two public keys | their sum, 33 bytes |
//! | 20 | policy | JSON list, form | its hash |
//! | 21 | encryption to a root | root, hash of the policy, SHA-256 of the plaintext, random bytes, plaintext | base64 |
//! | 22 | opening | ciphertext in base64, value in digits, SHA-256 of the plaintext, as base64 or not | plaintext |
//! | 23 | header of a container | container, its bytes or base64 | random bytes, policy |
//! | 24 | opening of a container | container as before, value in digits, as base64 or not | plaintext |
//! | 25 | a simulation's plaintext | in base64, as base64 or not | plaintext |

mod aes;
mod bls;
mod ecdsa;
mod hash;
mod kdf;
mod rsa;
mod scrypt;
mod seal;
mod secp256k1;
mod url;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use quorate_wire::ErrorCode;

use crate::limits::LimitHit;

/// What is wrong with an operation's input. The guest throws it; its text is equal on all nodes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    code: &'static str,
    message: Cow<'static, str>,
}

impl Refused {
    /// A part has the wrong length or is not what it should be.
    const fn input(message: &'static str) -> Self {
        Self { code: "compute_input", message: Cow::Borrowed(message) }
    }

    /// A parameter is above its maximum.
    const fn limit(message: &'static str) -> Self {
        Self { code: "compute_limit", message: Cow::Borrowed(message) }
    }

    /// The input is well formed and has no result.
    const fn failed(message: &'static str) -> Self {
        Self { code: "compute_failed", message: Cow::Borrowed(message) }
    }

    /// A code of the network's list, with its own sentence, or with one that says more.
    fn of(code: ErrorCode, message: Option<String>) -> Self {
        Self { code: code.as_str(), message: message.map_or(Cow::Borrowed(code.title()), Cow::Owned) }
    }

    /// As the guest reads it: the code, a space, the text.
    pub(crate) fn text(&self) -> String {
        format!("{} {}", self.code, self.message)
    }
}

type Outcome = Result<Vec<u8>, Refused>;

/// Asks, between the slices of a long operation, whether its execution may still run. An operation does not
/// hand its turn on meanwhile: it may hold much memory, and those that are under way are many.
pub(crate) struct Pulse<'p> {
    look: &'p dyn Fn() -> Option<LimitHit>,
    late: Option<LimitHit>,
}

impl<'p> Pulse<'p> {
    pub(crate) const fn new(look: &'p dyn Fn() -> Option<LimitHit>) -> Self {
        Self { look, late: None }
    }

    /// Stops the operation if its execution may not go on. The guest never sees this error: it ends.
    fn beat(&mut self) -> Result<(), Refused> {
        self.late = (self.look)();
        if self.late.is_some() { Err(Refused::failed("it was stopped")) } else { Ok(()) }
    }

    /// Hands out data in slices.
    fn slices(&mut self, data: &[u8], mut take: impl FnMut(&[u8])) -> Result<(), Refused> {
        for slice in data.chunks(SLICE_BYTES) {
            take(slice);
            self.beat()?;
        }
        Ok(())
    }

    /// Why the operation was stopped, if it was.
    pub(crate) fn late(self) -> Option<LimitHit> {
        self.late
    }
}

/// An operation that is ready to run.
pub(crate) struct Job<'a> {
    /// What it costs, in units of fuel.
    pub(crate) fuel: u64,
    fuel_max: u64,
    run: Box<dyn FnOnce(&mut Pulse<'_>) -> Outcome + 'a>,
}

impl<'a> Job<'a> {
    /// An operation that runs to its end once it has begun.
    fn new(fuel: u64, run: impl FnOnce() -> Outcome + 'a) -> Self {
        Self { fuel, fuel_max: WHOLE_FUEL_MAX, run: Box::new(move |_| run()) }
    }

    /// An operation in slices.
    fn sliced(fuel: u64, run: impl FnOnce(&mut Pulse<'_>) -> Outcome + 'a) -> Self {
        Self { fuel, fuel_max: OPERATION_FUEL_MAX, run: Box::new(run) }
    }

    /// Runs it. The caller has charged its fuel.
    pub(crate) fn run(self, pulse: &mut Pulse<'_>) -> Outcome {
        (self.run)(pulse)
    }
}

/// The number of the plain hash, which a tool may watch.
pub(crate) const HASH: i32 = 0;
/// Most parts of an operation.
pub(crate) const PARTS_MAX: usize = 7;
/// What any operation costs: crossing over and back, and memory for the result.
const BASE: u64 = 2_000;
/// Most that one operation may cost: about half a second. It is stopped between two slices.
const OPERATION_FUEL_MAX: u64 = 2_000_000_000;
/// Most that an operation may cost which nothing stops once it has begun: a few tens of milliseconds.
const WHOLE_FUEL_MAX: u64 = 300_000_000;
/// Bytes that are worked on between two looks at whether to go on: a quarter of a millisecond.
const SLICE_BYTES: usize = 64 * 1024;
/// What a byte costs that is hashed or enciphered: four units a nanosecond, four nanoseconds without help
/// of the processor.
const PER_BYTE: u64 = 16;

/// What it costs to look at parts that are then refused.
pub(crate) fn refusal_price(parts: &[&[u8]]) -> u64 {
    parts.iter().fold(BASE, |sum, part| sum + PER_BYTE / 8 * part.len() as u64)
}

/// Reads an operation and its parts. What costs too much or is malformed is refused here, before any work.
pub(crate) fn prepare<'a>(op: i32, parts: &[&'a [u8]]) -> Result<Job<'a>, Refused> {
    let parts = Parts(parts);
    let job = match op {
        HASH => hash::hash(parts),
        1 => hash::hmac(parts),
        2 => kdf::pbkdf2(parts),
        3 => kdf::hkdf(parts),
        4 => kdf::scrypt_key(parts),
        5 => secp256k1::public_key(parts),
        6 => secp256k1::sign(parts),
        7 => secp256k1::verify(parts),
        8 => secp256k1::recover(parts),
        9 => secp256k1::ecdh(parts),
        10 => ecdsa::verify(parts),
        11 => rsa::verify(parts),
        12 => ecdsa::verify_ed25519(parts),
        13 => bls::verify(parts),
        14 => aes::cbc(parts),
        15 => aes::ctr(parts),
        16 => aes::gcm(parts),
        17 => url::parse(parts),
        18 => url::set(parts),
        19 => secp256k1::add(parts),
        20 => seal::policy(parts),
        21 => seal::encrypt(parts),
        22 => seal::open(parts),
        23 => seal::header(parts),
        24 => seal::open_container(parts),
        25 => seal::shown(parts),
        _ => Err(Refused::input("no such operation")),
    }?;
    if job.fuel > job.fuel_max {
        return Err(Refused::limit(if job.fuel_max == WHOLE_FUEL_MAX {
            "this operation may cost 300,000,000 units of work; this would cost more"
        } else {
            "one operation may cost 2,000,000,000 units of work; this would cost more"
        }));
    }
    Ok(job)
}

/// The parts of one operation.
#[derive(Clone, Copy)]
struct Parts<'p, 'a>(&'p [&'a [u8]]);

impl<'a> Parts<'_, 'a> {
    fn exactly<const N: usize>(self) -> Result<[&'a [u8]; N], Refused> {
        <[&'a [u8]; N]>::try_from(self.0)
            .map_err(|_| Refused::input("the operation takes another number of parts"))
    }
}

/// A number among the parts.
fn number(part: &[u8]) -> Result<u32, Refused> {
    <[u8; 4]>::try_from(part).map(u32::from_le_bytes).map_err(|_| Refused::input("a part must be a number"))
}

/// A yes or no among the parts.
fn flag(part: &[u8]) -> Result<bool, Refused> {
    match number(part)? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Refused::input("a flag is 0 or 1")),
    }
}

fn fixed<const N: usize>(part: &[u8], wrong: &'static str) -> Result<[u8; N], Refused> {
    <[u8; N]>::try_from(part).map_err(|_| Refused::input(wrong))
}

/// What a job over these bytes costs beside `own`.
fn cost(own: u64, hashed: &[&[u8]]) -> u64 {
    hashed.iter().fold(BASE + own, |sum, part| sum + PER_BYTE * part.len() as u64)
}

/// The result of a verification.
fn verdict(valid: bool) -> Outcome {
    Ok(vec![u8::from(valid)])
}
