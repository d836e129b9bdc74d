//! Tokens whose header wants something.

use quorate_auth::oidc::TokenError::{
    self, Algorithm as BadAlgorithm, AlgorithmOfIssuer, AlgorithmOfKey, Extension, HeaderForm, KeyAmbiguous,
    KeyUnknown, Kid, Type,
};
use quorate_wire::TokenAlgorithm;
use sha2::{Digest as _, Sha256};

use super::{CLAIMS, Forged, HEADER, changed, forged, header_of, signed, signed_by};
use crate::keys::TestKey;

pub(super) fn forged_tokens() -> Vec<Forged> {
    [algorithms(), members(), names()].into_iter().flatten().collect()
}

/// A signed token with one change in its header.
fn with(name: &'static str, error: TokenError, from: &str, to: &str) -> Forged {
    forged(name, error, signed(changed(HEADER, from, to), CLAIMS, "p256-1"))
}

fn algorithms() -> Vec<Forged> {
    let named = |name, algorithm| with(name, BadAlgorithm, r#""ES256""#, algorithm);
    let unsigned = |algorithm: &str| {
        let header = changed(HEADER, r#""ES256""#, algorithm);
        signed_by(header, CLAIMS, |_| Vec::new())
    };
    let mut rows = vec![
        forged("alg none without a signature", BadAlgorithm, unsigned(r#""none""#)),
        forged("alg None without a signature", BadAlgorithm, unsigned(r#""None""#)),
        forged("alg nOnE without a signature", BadAlgorithm, unsigned(r#""nOnE""#)),
        forged("alg empty without a signature", BadAlgorithm, unsigned(r#""""#)),
        named("alg none with a signature", r#""none""#),
        named("alg HS384", r#""HS384""#),
        named("alg HS512", r#""HS512""#),
        named("alg RS384", r#""RS384""#),
        named("alg RS512", r#""RS512""#),
        named("alg PS256", r#""PS256""#),
        named("alg ES384", r#""ES384""#),
        named("alg ES256K", r#""ES256K""#),
        named("alg Ed25519", r#""Ed25519""#),
        named("alg RSA-OAEP, of encryption", r#""RSA-OAEP""#),
        named("alg in small letters", r#""es256""#),
        named("alg with a space", r#""ES256 ""#),
        named("alg null", "null"),
        named("alg a number", "-7"),
        named("alg a list", r#"["ES256"]"#),
        with("alg missing", BadAlgorithm, r#""alg":"ES256","#, ""),
        with("alg in capital letters as a member", BadAlgorithm, r#""alg""#, r#""ALG""#),
        with("alg twice", HeaderForm, r#""ES256""#, r#""ES256","alg":"none""#),
        with("alg twice, once with an escape", HeaderForm, r#""ES256""#, r#""ES256","\u0061lg":"none""#),
        forged("HS256 with the RSA modulus as secret", BadAlgorithm, {
            let secret = TestKey::named("rsa-1").rsa().modulus.to_bytes_be();
            signed_by(header_of("HS256", "rsa-1"), CLAIMS, |message| hmac(&secret, message))
        }),
        forged("HS256 with the JWK as secret", BadAlgorithm, {
            let secret = TestKey::named("rsa-1").jwk("rsa-1").to_string();
            signed_by(header_of("HS256", "rsa-1"), CLAIMS, |message| hmac(secret.as_bytes(), message))
        }),
        forged("RS256 with a key of P-256", AlgorithmOfKey, {
            signed(header_of("RS256", "p256-1"), CLAIMS, "p256-1")
        }),
        forged(
            "ES256 with a key of RSA",
            AlgorithmOfKey,
            signed(header_of("ES256", "rsa-1"), CLAIMS, "rsa-1"),
        ),
        forged("EdDSA with a key of P-256", AlgorithmOfKey, {
            signed(header_of("EdDSA", "p256-1"), CLAIMS, "p256-1")
        }),
        forged("ES256 with a key of Ed25519", AlgorithmOfKey, {
            signed(header_of("ES256", "ed25519-1"), CLAIMS, "ed25519-1")
        }),
    ];
    let good = super::good();
    rows.push(Forged {
        algorithms: &[TokenAlgorithm::Rs256, TokenAlgorithm::EdDsa],
        ..forged("algorithm that the issuer does not have", AlgorithmOfIssuer, good)
    });
    rows
}

fn members() -> Vec<Forged> {
    let added = |name, error, member: &str| with(name, error, r#""typ""#, &format!("{member},\"typ\""));
    vec![
        added("crit with a known name", Extension, r#""crit":["exp"],"exp":1"#),
        added("crit with an unknown name", Extension, r#""crit":["x"],"x":true"#),
        added("crit empty", Extension, r#""crit":[]"#),
        added("crit null", Extension, r#""crit":null"#),
        added("b64 false", Extension, r#""b64":false"#),
        added("b64 true", Extension, r#""b64":true"#),
        added("b64 false and crit", Extension, r#""b64":false,"crit":["b64"]"#),
        added("zip", Extension, r#""zip":"DEF""#),
        with("typ of an access token", Type, "JWT", "at+jwt"),
        with("typ of a logout token", Type, "JWT", "logout+jwt"),
        with("typ of a security event", Type, "JWT", "secevent+jwt"),
        with("typ of a proof of possession", Type, "JWT", "dpop+jwt"),
        with("typ JOSE", Type, "JWT", "JOSE"),
        with("typ null", Type, r#""JWT""#, "null"),
        with("typ a number", Type, r#""JWT""#, "1"),
        with("typ empty", Type, "JWT", ""),
    ]
}

fn names() -> Vec<Forged> {
    let named = |name, kid: &str| with(name, KeyUnknown, r#""p256-1""#, kid);
    let without = |algorithm| changed(&header_of(algorithm, "x"), r#","kid":"x""#, "");
    vec![
        with("kid of 257 bytes", Kid, "p256-1", &"k".repeat(257)),
        with("kid a number", Kid, r#""p256-1""#, "1"),
        with("kid null", Kid, r#""p256-1""#, "null"),
        with("kid a list", Kid, r#""p256-1""#, r#"["p256-1"]"#),
        named("kid of no key", r#""p256-9""#),
        named("kid empty", r#""""#),
        named("kid a path", r#""../../../dev/null""#),
        named("kid a path to the key", r#""./p256-1""#),
        named("kid an address", r#""https://evil.example/jwks.json#p256-1""#),
        named("kid with a query of a database", r#""x' UNION SELECT 'secret""#),
        named("kid with a zero byte", r#""p256-1\u0000""#),
        named("kid in capital letters", r#""P256-1""#),
        named("kid with a space", r#""p256-1 ""#),
        forged("without kid, and two keys for it", KeyAmbiguous, signed(without("RS256"), CLAIMS, "rsa-1")),
        Forged {
            without: &["ed25519-1"],
            ..forged(
                "without kid, and no key for it",
                KeyUnknown,
                signed(without("EdDSA"), CLAIMS, "ed25519-1"),
            )
        },
        Forged {
            without: &["p256-1"],
            ..forged("key that the issuer has withdrawn", KeyUnknown, super::good())
        },
    ]
}

/// HMAC-SHA-256 (RFC 2104).
pub(super) fn hmac(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let secret = if secret.len() > 64 { Sha256::digest(secret).to_vec() } else { secret.to_vec() };
    let pad = |with: u8| -> Vec<u8> {
        (0..64).map(|place| secret.get(place).copied().unwrap_or_default() ^ with).collect()
    };
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}
