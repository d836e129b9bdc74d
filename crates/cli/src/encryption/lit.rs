//! The form of Lit's clients: a JSON document with a ciphertext, the hash of its plaintext, and conditions.

use quorate_encryption::{Ciphertext, MESSAGE_BYTES_MAX};
use quorate_wire::{Digest, ErrorCode, Identity, Problem};
use serde::{Deserialize, Serialize};

use super::ciphertext;
use super::policy::{Lists, Stated, read};
use crate::failure::Failure;

/// The longest document: the longest ciphertext in base64, and the longest policy.
pub(super) const DOCUMENT_BYTES_MAX: usize = MESSAGE_BYTES_MAX / 3 * 4 + (256 << 10);

/// A document, as it is written.
#[derive(Debug, Serialize)]
pub(super) struct Document {
    #[serde(flatten)]
    body: Body,
    #[serde(flatten)]
    lists: Lists,
}

/// A document but for its conditions. Members that other programs add are of no meaning here.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    ciphertext: String,
    data_to_encrypt_hash: String,
}

/// A document whose parts were checked.
#[derive(Debug)]
pub(super) struct Encrypted {
    /// What is encrypted.
    pub(super) ciphertext: Ciphertext,
    /// SHA-256 of the plaintext, as the document says.
    pub(super) data: Digest,
    /// Under what.
    pub(super) stated: Stated,
}

impl Document {
    /// A document of these parts.
    pub(super) fn new(ciphertext: &Ciphertext, data: &Digest, stated: &Stated) -> Self {
        let body = Body { ciphertext: ciphertext.to_base64(), data_to_encrypt_hash: hex::encode(data.0) };
        Document { body, lists: Lists::of(stated) }
    }
}

impl Encrypted {
    /// Reads a document.
    ///
    /// # Errors
    /// `ciphertext_invalid`, or the policy's code.
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let invalid = |detail: String| Failure::from(Problem::new(ErrorCode::CiphertextInvalid, detail));
        let body: Body = serde_json::from_str(text).map_err(|error| {
            invalid(format!("this is no document with ciphertext, dataToEncryptHash and conditions: {error}"))
        })?;
        let hash = &body.data_to_encrypt_hash;
        let digits = hash.strip_prefix("0x").unwrap_or(hash);
        let data = hex::decode(digits).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let data =
            data.ok_or_else(|| invalid("dataToEncryptHash is not 64 hexadecimal digits".to_owned()))?;
        let ciphertext = Ciphertext::from_base64(&body.ciphertext).map_err(ciphertext)?;
        Ok(Encrypted { ciphertext, data: Digest(data), stated: read(text)? })
    }

    /// What it is under.
    pub(super) fn identity(&self) -> Identity {
        Identity::Lit { policy: self.stated.policy.hash(), data: self.data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_as_it_was_written() {
        let secret = blst::min_pk::SecretKey::key_gen(&[7; 32], &[]).unwrap();
        let root = quorate_encryption::RootKey::from_bytes(&secret.sk_to_pk().compress()).unwrap();
        let list = r#"[{"conditionType":"evmBasic","contractAddress":"","standardContractType":"","chain":"quorate","method":"","parameters":[":userAddress"],"returnValueTest":{"comparator":"=","value":"0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"}}]"#;
        let stated = Stated::parse(list, quorate_wire::PolicyForm::Unified).unwrap();
        let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
        let made = quorate_encryption::encrypt(&root, b"identity", b"x", &mut entropy).unwrap();
        let document = Document::new(&made, &Digest([5; 32]), &stated);
        let text = serde_json::to_string(&document).unwrap();
        let read = Encrypted::parse(&text).unwrap();
        assert_eq!((&read.ciphertext, read.data), (&made, Digest([5; 32])));
        assert_eq!(read.identity().policy(), stated.policy.hash());
        let more = text.replacen('{', "{\"chain\":\"ethereum\",", 1);
        assert_eq!(Encrypted::parse(&more).unwrap().ciphertext, made);
    }

    #[test]
    fn what_is_no_document_has_a_code() {
        for bad in [
            "",
            "[]",
            "{}",
            r#"{"ciphertext":"AA==","dataToEncryptHash":"00"}"#,
            &format!(r#"{{"ciphertext":"AA==","dataToEncryptHash":"{}"}}"#, "00".repeat(32)),
            &format!(
                r#"{{"ciphertext":"AA==","ciphertext":"AA==","dataToEncryptHash":"{}"}}"#,
                "00".repeat(32)
            ),
        ] {
            let Err(Failure::Network(problem)) = Encrypted::parse(bad) else { panic!("{bad}") };
            assert_eq!(problem.code, ErrorCode::CiphertextInvalid, "{bad}");
        }
    }
}
