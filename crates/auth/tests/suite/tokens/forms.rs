//! Tokens that are not written as tokens are.

use quorate_auth::oidc::TokenError::{self, ClaimsForm, Encoding, HeaderForm, Parts, Signature, TooLong};

use super::{CLAIMS, Forged, HEADER, changed, encode, forged, good, signed};
use crate::keys::TestKey;

pub(super) fn forged_tokens() -> Vec<Forged> {
    let good = good();
    let parts: Vec<&str> = good.split('.').collect();
    let [header, claims, signature] = parts[..] else { panic!("three parts") };
    let mut rows = vec![
        forged("empty", Parts, String::new()),
        forged("without its signature", Parts, format!("{header}.{claims}")),
        forged("four parts", Parts, format!("{good}.")),
        forged("five parts, as an encrypted token has", Parts, format!("{header}.a.{good}")),
        forged("in JSON serialisation", Parts, format!("{{\"payload\":\"{claims}\"}}")),
        forged("empty header", HeaderForm, format!(".{claims}.{signature}")),
        forged("detached claims", ClaimsForm, format!("{header}..{signature}")),
        forged("empty signature", Signature, format!("{header}.{claims}.")),
        forged("longer than 8192 bytes", TooLong, {
            let long = changed(CLAIMS, "a@b.example", &"a".repeat(6_000));
            signed(HEADER, long, "p256-1")
        }),
        forged("padding behind the signature", Encoding, format!("{good}==")),
        forged("padding behind the header", Encoding, format!("{header}=.{claims}.{signature}")),
        forged("space in front", Encoding, format!(" {good}")),
        forged("line break at the end", Encoding, format!("{good}\n")),
        forged("line break inside", Encoding, format!("{header}\n.{claims}.{signature}")),
        forged("zero byte at the end", Encoding, format!("{good}\0")),
        forged("letter that is not ASCII", Encoding, format!("{good}é")),
        forged("length that no bytes have", Encoding, format!("{good}AAA")),
        forged("standard alphabet", Encoding, other_alphabet()),
        forged("unused bits set in the signature", Encoding, with_unused_bit(&good)),
        forged("prefix of an HTTP header", Encoding, format!("Bearer {good}")),
    ];
    rows.extend(texts("header", HEADER, HeaderForm, |header| signed(header, CLAIMS, "p256-1")));
    rows.extend(texts("claims", CLAIMS, ClaimsForm, |claims| signed(HEADER, claims, "p256-1")));
    rows
}

/// Texts that are not one object of strict JSON.
fn texts(part: &'static str, good: &str, error: TokenError, sign: impl Fn(Vec<u8>) -> String) -> Vec<Forged> {
    let inner = good.strip_prefix('{').unwrap();
    let deep = format!("{{\"x\":{}{},{inner}", "[".repeat(70), "]".repeat(70));
    let texts: [(&str, Vec<u8>); 11] = [
        ("is an array", format!("[{good}]").into()),
        ("is a text", b"\"x\"".to_vec()),
        ("has a byte order mark", [b"\xef\xbb\xbf", good.as_bytes()].concat()),
        ("is not UTF-8", [b"{\"x\":\"\xff\",", inner.as_bytes()].concat()),
        ("has half a surrogate", format!("{{\"x\":\"\\ud800\",{inner}").into()),
        ("has something behind it", format!("{good}x").into()),
        ("is there twice", format!("{good}{good}").into()),
        ("has a comment", format!("{{/**/{inner}").into()),
        ("has a comma too many", format!("{},}}", good.strip_suffix('}').unwrap()).into()),
        ("is nested too deeply", deep.into()),
        ("has a member twice, deep inside", format!("{{\"x\":[{{\"a\":1,\"a\":1}}],{inner}").into()),
    ];
    let name = |what| &*Box::leak(format!("{part} {what}").into_boxed_str());
    texts.into_iter().map(|(what, text)| forged(name(what), error, sign(text))).collect()
}

/// A token whose signature has a letter of base64url in it, written with base64's.
fn other_alphabet() -> String {
    let with_letter = (0..64).map(|place| {
        let claims = changed(CLAIMS, "user-1", &format!("user-{place}"));
        signed(HEADER, claims, "p256-1")
    });
    let token = with_letter.into_iter().find(|token| token.contains(['-', '_'])).unwrap();
    token.replace('-', "+").replace('_', "/")
}

/// 64 bytes leave four bits of the last letter unused.
fn with_unused_bit(good: &str) -> String {
    let (rest, last) = good.split_at(good.len() - 1);
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    let place = alphabet.iter().position(|letter| last.starts_with(*letter)).unwrap();
    assert_eq!(encode(TestKey::named("p256-1").sign(b"x")).len() % 4, 2);
    format!("{rest}{}", alphabet[place + 1])
}
