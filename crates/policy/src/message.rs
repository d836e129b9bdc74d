//! What can be signed, which digest it has, and which names there can be.

use quorate_auth::{eip191, is_login_text};
use quorate_wire::{ActionCid, Digest, ErrorCode, MessageKind, action_signature_digest, limits};

/// Order of secp256k1: a digest that is 0 modulo it is refused.
const CURVE_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba,
    0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
];

/// What an action wants to be signed. All but a digest is hashed by each node itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// Bytes that the action says are a digest.
    Digest(&'a [u8]),
    /// A text, to be signed under the prefix of EIP-191.
    Personal(&'a str),
    /// Bytes, for the action's own key only.
    Bytes(&'a [u8]),
}

/// With which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningKey<'a> {
    /// One of the registry. Texts that are logins at these domains are a kind of their own.
    Registered {
        /// The login domains of the network.
        login_domains: &'a [String],
    },
    /// The running action's own: that it runs is the right to it.
    Own(&'a ActionCid),
}

/// What of a message is signed, and from what it was made. An action's own key signs only what it is
/// told to be a message of that action; a key of the registry never signs one of those.
///
/// # Errors
/// `digest_length` or `digest_invalid`.
pub fn digest(key: SigningKey<'_>, message: Message<'_>) -> Result<(MessageKind, Digest), ErrorCode> {
    let login_domains = match key {
        SigningKey::Own(action) => {
            let bytes = match message {
                Message::Digest(bytes) | Message::Bytes(bytes) => bytes,
                Message::Personal(text) => text.as_bytes(),
            };
            return Ok((MessageKind::Action, action_signature_digest(action, bytes)));
        }
        SigningKey::Registered { login_domains } => login_domains,
    };
    match message {
        Message::Digest(bytes) => {
            let digest = <[u8; 32]>::try_from(bytes).map_err(|_| ErrorCode::DigestLength)?;
            if digest == [0; 32] || digest == CURVE_ORDER {
                return Err(ErrorCode::DigestInvalid);
            }
            Ok((MessageKind::Digest, Digest(digest)))
        }
        Message::Personal(text) => {
            // A login made by a key acts for the key's address elsewhere: it has a scope of its own.
            let login = is_login_text(text.as_bytes(), login_domains);
            let kind = if login { MessageKind::Login } else { MessageKind::Personal };
            Ok((kind, Digest(eip191::hash(text.as_bytes()))))
        }
        Message::Bytes(_) => Err(ErrorCode::DigestLength),
    }
}

/// Whether a signature can have this name.
///
/// # Errors
/// `signature_name_invalid`.
pub fn check_signature_name(name: &str) -> Result<(), ErrorCode> {
    let fits = (1..=limits::SIGNATURE_NAME_BYTES_MAX).contains(&name.len());
    if fits { Ok(()) } else { Err(ErrorCode::SignatureNameInvalid) }
}

/// Whether a key can be claimed under this id.
///
/// # Errors
/// `claim_invalid`.
pub fn check_claim_id(key_id: &str) -> Result<(), ErrorCode> {
    let fits = (1..=limits::CLAIM_KEY_ID_BYTES_MAX).contains(&key_id.len());
    if fits && !key_id.chars().any(char::is_control) { Ok(()) } else { Err(ErrorCode::ClaimInvalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_the_registry_signs_digests_and_texts_and_no_message_of_an_action() {
        let domains = ["app.example".to_owned()];
        let of = |message| digest(SigningKey::Registered { login_domains: &domains }, message);
        assert_eq!(of(Message::Digest(&[7; 32])), Ok((MessageKind::Digest, Digest([7; 32]))));
        assert_eq!(of(Message::Digest(&[7; 31])), Err(ErrorCode::DigestLength));
        assert_eq!(of(Message::Digest(&[0; 32])), Err(ErrorCode::DigestInvalid));
        assert_eq!(of(Message::Digest(&CURVE_ORDER)), Err(ErrorCode::DigestInvalid));
        assert_eq!(of(Message::Bytes(&[7; 32])), Err(ErrorCode::DigestLength));
        let kind = |text| of(Message::Personal(text)).map(|(kind, _)| kind);
        assert_eq!(kind("hello"), Ok(MessageKind::Personal));
        assert_eq!(kind("log me in at app.example"), Ok(MessageKind::Login));
        let (_, hashed) = of(Message::Personal("hello")).unwrap();
        assert_eq!(hashed.0, eip191::hash(b"hello"));
    }

    #[test]
    fn an_actions_own_key_signs_only_messages_of_that_action() {
        let (one, other) = (ActionCid::of_code(b"1"), ActionCid::of_code(b"2"));
        let of = |action| digest(SigningKey::Own(action), Message::Digest(&[7; 32])).unwrap();
        assert_eq!(of(&one).0, MessageKind::Action);
        assert_eq!(of(&one).1, action_signature_digest(&one, &[7; 32]));
        assert!(of(&one).1 != of(&other).1 && of(&one).1 != Digest([7; 32]));
    }

    #[test]
    fn names_have_bounds() {
        for (name, good) in [("", false), ("a", true)] {
            assert_eq!(check_signature_name(name).is_ok(), good);
            assert_eq!(check_claim_id(name).is_ok(), good);
        }
        let long = "a".repeat(limits::SIGNATURE_NAME_BYTES_MAX + 1);
        assert_eq!(check_signature_name(&long), Err(ErrorCode::SignatureNameInvalid));
        assert!(check_signature_name(&long[1..]).is_ok());
        assert_eq!(check_claim_id("a\nb"), Err(ErrorCode::ClaimInvalid));
    }
}
