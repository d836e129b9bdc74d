//! BLS12-381 signatures, both ways round, as the IETF draft has them: keys and signatures are compressed
//! points, checked for their group.

use blst::{BLST_ERROR, min_pk, min_sig};

use super::{Job, Parts, Refused, cost, number, verdict};

const VERIFY: u64 = 10_000_000;
/// RFC 9380 hashes longer domains first, which nobody who signs does.
const DOMAIN_BYTES_MAX: usize = 255;

pub(super) fn verify<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [variant, message, signature, key, domain] = parts.exactly()?;
    if domain.len() > DOMAIN_BYTES_MAX {
        return Err(Refused::input("a domain has at most 255 bytes"));
    }
    let fuel = cost(VERIFY, &[message]);
    match number(variant)? {
        1 => Ok(Job::new(fuel, move || {
            let (Ok(key), Ok(signature)) =
                (min_pk::PublicKey::uncompress(key), min_pk::Signature::uncompress(signature))
            else {
                return verdict(false);
            };
            verdict(signature.verify(true, message, domain, &[], &key, true) == BLST_ERROR::BLST_SUCCESS)
        })),
        2 => Ok(Job::new(fuel, move || {
            let (Ok(key), Ok(signature)) =
                (min_sig::PublicKey::uncompress(key), min_sig::Signature::uncompress(signature))
            else {
                return verdict(false);
            };
            verdict(signature.verify(true, message, domain, &[], &key, true) == BLST_ERROR::BLST_SUCCESS)
        })),
        _ => Err(Refused::input("no such kind of BLS signature")),
    }
}
