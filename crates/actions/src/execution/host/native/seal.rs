//! Encryption to the network and its opening. What opens comes from t nodes; that this happens here keeps plaintexts
//! within the worker of the action that they are for.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use quorate_encryption::{Ciphertext, ContainerError, Header, MAGIC, RootKey, open_bytes};
use quorate_policy::Policy;
use quorate_wire::{Digest, ErrorCode, Identity, PolicyForm, ValuePoint};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{Job, Outcome, PER_BYTE, Parts, Refused, cost, fixed, flag, number};

/// A pairing, the check's multiplication, and decoding of both points.
const OPEN: u64 = 8_000_000;
const ENCRYPT: u64 = 12_000_000;
/// Largest ciphertext or container that is opened, in bytes.
const SEALED_BYTES_MAX: usize = 1 << 20;

fn refused(code: ErrorCode) -> Refused {
    Refused::of(code, None)
}

fn text(part: &[u8]) -> Result<&str, Refused> {
    std::str::from_utf8(part).map_err(|_| Refused::input("a part must be a text"))
}

fn from_base64(part: &[u8], code: ErrorCode) -> Result<Zeroizing<Vec<u8>>, Refused> {
    if part.len() > SEALED_BYTES_MAX.div_ceil(3) * 4 {
        return Err(refused(code));
    }
    STANDARD.decode(part).map(Zeroizing::new).map_err(|_| refused(code))
}

/// A container as bytes, or as these in base64: no text in base64 begins as a container does.
fn container_of(part: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refused> {
    if !part.starts_with(&MAGIC) {
        return from_base64(part, ErrorCode::ContainerInvalid);
    }
    if part.len() > SEALED_BYTES_MAX {
        return Err(refused(ErrorCode::ContainerInvalid));
    }
    Ok(Zeroizing::new(part.to_vec()))
}

/// The hash of a policy that is evaluated whole.
pub(super) fn policy<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [list, form] = parts.exactly()?;
    let (list, form) = (text(list)?, number(form)?);
    Ok(Job::new(cost(0, &[list.as_bytes(); 8]), move || {
        let form = match form {
            0 => PolicyForm::Unified,
            1 => PolicyForm::EvmBasic,
            2 => PolicyForm::EvmContract,
            3 => PolicyForm::SolRpc,
            _ => return Err(Refused::input("there is no such form of a policy")),
        };
        let policy = Policy::parse(list, form).and_then(|policy| policy.check_supported().map(|()| policy));
        match policy {
            Ok(policy) => Ok(policy.hash().0.to_vec()),
            Err(error) => {
                Err(Refused::of(error.code, Some(format!("policy{}: {}", error.path, error.detail))))
            }
        }
    }))
}

/// Lit's ciphertext. The random bytes are the same on all nodes, and known to nobody before they all came here.
pub(super) fn encrypt<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [root, policy, data, random, message] = parts.exactly()?;
    let root: [u8; 48] = fixed(root, "a root has 48 bytes")?;
    let policy = Digest(fixed(policy, "a hash has 32 bytes")?);
    let data = Digest(fixed(data, "a hash has 32 bytes")?);
    let random: [u8; 32] = fixed(random, "32 random bytes are needed")?;
    Ok(Job::new(cost(ENCRYPT, &[message, message]), move || {
        let root = RootKey::from_bytes(&root).map_err(|_| Refused::input("this is no root"))?;
        let identity = Identity::Lit { policy, data };
        let seed = Sha256::new()
            .chain_update("quorate/encrypt-in-action/v1")
            .chain_update(random)
            .chain_update(policy.0)
            .chain_update(data.0);
        let mut rng = ChaCha20Rng::from_seed(seed.finalize().into());
        let ciphertext = quorate_encryption::encrypt(&root, &identity.bytes(), message, &mut rng)
            .map_err(|_| Refused::limit("a plaintext is at most as long as the format allows"))?;
        Ok(STANDARD.encode(ciphertext.to_bytes()).into_bytes())
    }))
}

/// A plaintext as the action gets it: as text, or as base64 of any bytes.
fn given(plaintext: &[u8], as_base64: bool) -> Outcome {
    if as_base64 {
        return Ok(STANDARD.encode(plaintext).into_bytes());
    }
    match std::str::from_utf8(plaintext) {
        Ok(_) => Ok(plaintext.to_vec()),
        Err(_) => Err(refused(ErrorCode::PlaintextNotText)),
    }
}

fn value(part: &[u8]) -> Result<[u8; 96], Refused> {
    let quoted = serde_json::Value::from(text(part)?);
    let point: ValuePoint = serde_json::from_value(quoted).map_err(|_| Refused::input("this is no value"))?;
    Ok(point.0)
}

/// Opens Lit's ciphertext.
pub(super) fn open<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [ciphertext, value_digits, data, as_base64] = parts.exactly()?;
    let data: [u8; 32] = fixed(data, "a hash has 32 bytes")?;
    let as_base64 = flag(as_base64)?;
    Ok(Job::new(cost(OPEN, &[ciphertext; 3]), move || {
        let bytes = from_base64(ciphertext, ErrorCode::CiphertextInvalid)?;
        let ciphertext = Ciphertext::parse(&bytes).map_err(|_| refused(ErrorCode::CiphertextInvalid))?;
        // Without a value only the form is checked, before anybody is asked.
        if value_digits.is_empty() {
            return Ok(Vec::new());
        }
        let plaintext =
            ciphertext.open(&value(value_digits)?).map_err(|_| refused(ErrorCode::CiphertextInvalid))?;
        let hash: [u8; 32] = Sha256::digest(plaintext.as_slice()).into();
        if hash != data {
            return Err(refused(ErrorCode::CiphertextInvalid));
        }
        given(&plaintext, as_base64)
    }))
}

fn of_container(error: &ContainerError) -> Refused {
    refused(match error {
        ContainerError::Version(_) => ErrorCode::ContainerVersion,
        _ => ErrorCode::ContainerInvalid,
    })
}

/// What of a container nodes have to know: its random bytes, then its policy's text.
pub(super) fn header<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [container] = parts.exactly()?;
    Ok(Job::new(cost(OPEN, &[container; 2]), move || {
        let bytes = container_of(container)?;
        let header = Header::read(&mut bytes.as_slice()).map_err(|error| of_container(&error))?;
        Ok([header.salt().as_slice(), header.policy().as_bytes()].concat())
    }))
}

/// Opens a container.
pub(super) fn open_container<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [container, value_digits, as_base64] = parts.exactly()?;
    let as_base64 = flag(as_base64)?;
    Ok(Job::new(cost(2 * OPEN, &[container; 3]), move || {
        let bytes = container_of(container)?;
        let plaintext = open_bytes(&bytes, &value(value_digits)?).map_err(|error| of_container(&error))?;
        given(&plaintext, as_base64)
    }))
}

/// What a simulation gives in the place of a value.
pub(super) fn shown<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [plaintext, as_base64] = parts.exactly()?;
    let as_base64 = flag(as_base64)?;
    Ok(Job::new(PER_BYTE * plaintext.len() as u64, move || {
        given(&from_base64(plaintext, ErrorCode::CiphertextInvalid)?, as_base64)
    }))
}
