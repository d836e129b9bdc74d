//! Assertions whose client data, or whose relying party, are others than they must be.

use quorate_auth::passkey::PasskeyError::{
    self, Challenge, ClientDataForm, ClientDataTooLong, CrossOrigin, Origin, RpId, RpIdHash, Signature, Type,
};
use sha2::{Digest as _, Sha256};

use super::{CLIENT_DATA, Forged, Parts, after, before};
use crate::tokens::changed;

const CHALLENGE_TEXT: &str = "xcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcXFxcU";

pub(super) fn change(parts: &mut Parts, from: &str, to: &str) {
    parts.client_data = changed(CLIENT_DATA, from, to).into();
}

pub(super) fn forged() -> Vec<Forged> {
    [texts(), ceremonies(), challenges(), origins(), relying_parties()].into_iter().flatten().collect()
}

/// A signed assertion with one change in its client data.
fn with(name: &'static str, error: PasskeyError, from: &str, to: &str) -> Forged {
    (name, error, before("p256-1", |parts| change(parts, from, to)))
}

fn texts() -> Vec<Forged> {
    let form =
        |name, text: Vec<u8>| (name, ClientDataForm, before("p256-1", |parts| parts.client_data = text));
    let added = |what: &str| changed(CLIENT_DATA, r#""type""#, &format!("{what},\"type\"")).into_bytes();
    let long = format!("\"x\":\"{}\",\"type\"", "x".repeat(2_048));
    let mut not_utf8 = added(r#""x":"?""#);
    not_utf8[6] = 0xff;
    vec![
        form("client data empty", Vec::new()),
        form("client data a list", format!("[{CLIENT_DATA}]").into()),
        form("client data with a byte order mark", format!("\u{feff}{CLIENT_DATA}").into()),
        form("client data not UTF-8", not_utf8),
        form("client data with half a surrogate", added(r#""x":"\ud800""#)),
        form("client data with something behind", format!("{CLIENT_DATA}{{}}").into()),
        form("client data with a zero byte behind", format!("{CLIENT_DATA}\0").into()),
        form("client data with type twice", added(r#""type":"webauthn.create""#)),
        form("client data with type twice, once with an escape", added(r#""\u0074ype":"webauthn.create""#)),
        form("client data with an unknown member twice", added(r#""x":1,"x":1"#)),
        form("client data with a member twice, deep inside", added(r#""x":[{"y":1,"y":1}]"#)),
        form("client data with challenge twice", added(&format!("\"challenge\":\"{CHALLENGE_TEXT}\""))),
        form("client data with origin twice", added(r#""origin":"https://evil.example""#)),
        form("client data nested too deeply", added(&format!("\"x\":{}{}", "[".repeat(70), "]".repeat(70)))),
        with("client data longer than 2048 bytes", ClientDataTooLong, r#""type""#, &long),
        (
            "client data with a space more than signed",
            Signature,
            after("p256-1", |parts| {
                parts.client_data.push(b' ');
            }),
        ),
        (
            "client data of another assertion",
            Signature,
            after("p256-1", |parts| {
                change(parts, "login.example.com", "other.example.com");
            }),
        ),
    ]
}

fn ceremonies() -> Vec<Forged> {
    let kind = |name, value| with(name, Type, r#""webauthn.get""#, value);
    let cross = |name, value| with(name, CrossOrigin, r#""crossOrigin":false"#, value);
    vec![
        kind("type of a registration", r#""webauthn.create""#),
        kind("type of a payment", r#""payment.get""#),
        kind("type of the older standard", r#""navigator.id.getAssertion""#),
        kind("type in capital letters", r#""WEBAUTHN.GET""#),
        kind("type with a space", r#""webauthn.get ""#),
        kind("type null", "null"),
        with("type missing", Type, r#""type":"webauthn.get","#, ""),
        cross("crossOrigin true", r#""crossOrigin":true"#),
        cross("crossOrigin null", r#""crossOrigin":null"#),
        cross("crossOrigin a text", r#""crossOrigin":"false""#),
        cross("crossOrigin zero", r#""crossOrigin":0"#),
        cross("topOrigin of another page", r#""crossOrigin":false,"topOrigin":"https://evil.example""#),
        cross("topOrigin of the same page", r#""crossOrigin":false,"topOrigin":"https://login.example.com""#),
        cross("topOrigin null", r#""crossOrigin":false,"topOrigin":null"#),
    ]
}

fn challenges() -> Vec<Forged> {
    let challenge = |name, value: &str| with(name, Challenge, CHALLENGE_TEXT, value);
    let zeros = "A".repeat(43);
    vec![
        challenge("challenge of another login", &zeros),
        challenge("challenge with padding", &format!("{CHALLENGE_TEXT}=")),
        challenge("challenge with unused bits set", &format!("{}V", &CHALLENGE_TEXT[..42])),
        challenge("challenge one byte short", &CHALLENGE_TEXT[..42]),
        challenge("challenge with a byte more", &format!("{CHALLENGE_TEXT}AA")),
        challenge("challenge in hexadecimal digits", &"c5".repeat(32)),
        challenge("challenge empty", ""),
        with("challenge null", Challenge, &format!("\"{CHALLENGE_TEXT}\""), "null"),
        with("challenge missing", Challenge, &format!("\"challenge\":\"{CHALLENGE_TEXT}\","), ""),
    ]
}

fn origins() -> Vec<Forged> {
    let origin = |name, value| with(name, Origin, "https://login.example.com", value);
    vec![
        origin("origin of another domain", "https://evil.example"),
        origin("origin that ends as the relying party", "https://evilexample.com"),
        origin("origin that begins as the relying party", "https://example.com.evil.example"),
        origin("origin of the parent domain", "https://com"),
        origin("origin by plain http", "http://login.example.com"),
        origin("origin of another scheme", "ftp://login.example.com"),
        origin("origin of an application", "android:apk-key-hash:AAAA"),
        origin("origin in capital letters", "https://LOGIN.example.com"),
        origin("origin with a slash", "https://login.example.com/"),
        origin("origin with the scheme's own port", "https://login.example.com:443"),
        origin("origin with port zero", "https://login.example.com:0"),
        origin("origin with a port of no number", "https://login.example.com:x"),
        origin("origin with a user", "https://evil.example@login.example.com"),
        origin("origin with a fragment", "https://evil.example#.example.com"),
        origin("origin with a backslash", r"https://evil.example\\.example.com"),
        origin("origin with a dot at its end", "https://login.example.com."),
        origin("origin with an empty label", "https://.example.com"),
        origin("origin not ASCII", "https://lögin.example.com"),
        origin("origin of localhost", "http://localhost"),
        origin("origin null as a text", "null"),
        origin("origin empty", ""),
        with("origin null", Origin, r#""https://login.example.com""#, "null"),
        with("origin missing", Origin, r#""origin":"https://login.example.com","#, ""),
    ]
}

fn relying_parties() -> Vec<Forged> {
    let rp_id = |name, error, rp_id: &str| {
        let parts = before("p256-1", |parts| {
            rp_id.clone_into(&mut parts.rp_id);
            parts.authenticator_data[..32].copy_from_slice(&Sha256::digest(rp_id));
        });
        (name, error, parts)
    };
    vec![
        rp_id("relying party in capital letters", RpId, "Example.com"),
        rp_id("relying party with a port", RpId, "example.com:443"),
        rp_id("relying party with a dot at its end", RpId, "example.com."),
        rp_id("relying party with a scheme", RpId, "https://example.com"),
        rp_id("relying party an IPv4 address", RpId, "127.0.0.1"),
        rp_id("relying party an IPv6 address", RpId, "[::1]"),
        rp_id("relying party of one label", RpId, "com"),
        rp_id("relying party not ASCII", RpId, "bücher.example"),
        rp_id("relying party empty", RpId, ""),
        rp_id("relying party of 254 bytes", RpId, &format!("{}.example.com", "a.".repeat(121))),
        rp_id("relying party below the origin", Origin, "a.login.example.com"),
        rp_id("another relying party", Origin, "example.org"),
        (
            "hash of another relying party",
            RpIdHash,
            before("p256-1", |parts| {
                parts.authenticator_data[..32].copy_from_slice(&Sha256::digest("example.org"));
            }),
        ),
        (
            "hash of the origin",
            RpIdHash,
            before("p256-1", |parts| {
                parts.authenticator_data[..32].copy_from_slice(&Sha256::digest("login.example.com"));
            }),
        ),
        ("hash all zero", RpIdHash, before("p256-1", |parts| parts.authenticator_data[..32].fill(0))),
    ]
}
