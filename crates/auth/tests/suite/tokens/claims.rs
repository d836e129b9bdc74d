//! Tokens whose claims are others than they must be.

use quorate_auth::oidc::TokenError::Audience;
use quorate_auth::oidc::TokenError::{
    self, AuthTime, AuthorizedParty, ClaimsForm, Context, Expires, IssuedAt, Issuer, Nonce, NotBefore,
    Subject,
};

use super::{CLAIMS, Forged, HEADER, NONCE, changed, forged, signed};

pub(super) fn forged_tokens() -> Vec<Forged> {
    [issuers(), audiences(), subjects(), nonces(), times(), contexts()].into_iter().flatten().collect()
}

/// A signed token with one change in its claims.
fn with(name: &'static str, error: TokenError, from: &str, to: &str) -> Forged {
    forged(name, error, signed(HEADER, changed(CLAIMS, from, to), "p256-1"))
}

fn issuers() -> Vec<Forged> {
    let iss = |name, value: &str| with(name, Issuer, r#""https://issuer.example""#, value);
    vec![
        with("iss missing", Issuer, r#""iss":"https://issuer.example","#, ""),
        iss("iss another issuer", r#""https://other.example""#),
        iss("iss with a slash at its end", r#""https://issuer.example/""#),
        iss("iss by plain http", r#""http://issuer.example""#),
        iss("iss in capital letters", r#""https://ISSUER.example""#),
        iss("iss that begins as the issuer", r#""https://issuer.example.evil.example""#),
        iss("iss with a port", r#""https://issuer.example:443""#),
        iss("iss with a space", r#"" https://issuer.example""#),
        iss("iss empty", r#""""#),
        iss("iss null", "null"),
        iss("iss a list", r#"["https://issuer.example"]"#),
        iss("iss an object", r#"{"https://issuer.example":1}"#),
        with("iss twice", ClaimsForm, r#""aud""#, r#""iss":"https://issuer.example","aud""#),
    ]
}

fn audiences() -> Vec<Forged> {
    let aud = |name, error, value: &str| with(name, error, r#""client-1""#, value);
    let long = format!("\"{}\"", "c".repeat(256));
    let many: Vec<String> = (0..17).map(|number| format!("\"c{number}\"")).collect();
    vec![
        with("aud missing", Audience, r#""aud":"client-1","#, ""),
        aud("aud empty", Audience, r#""""#),
        aud("aud null", Audience, "null"),
        aud("aud a number", Audience, "1"),
        aud("aud an object", Audience, r#"{"client-1":1}"#),
        aud("aud an empty list", Audience, "[]"),
        aud("aud a list with a number", Audience, r#"["client-1",1]"#),
        aud("aud a list in a list", Audience, r#"[["client-1"]]"#),
        aud("aud two clients without azp", Audience, r#"["client-1","client-2"]"#),
        aud("aud one client twice", Audience, r#"["client-1","client-1"]"#),
        aud("aud one client twice with azp", Audience, r#"["client-1","client-1"],"azp":"client-1""#),
        aud("aud 17 clients with azp", Audience, &format!("[{}],\"azp\":\"c0\"", many.join(","))),
        aud("aud of 256 bytes", Audience, &long),
        aud("aud with a control character", Audience, r#""client-1\n""#),
        aud("aud not ASCII", Audience, r#""clïent""#),
        aud("aud twice", ClaimsForm, r#""client-1","aud":"client-2""#),
        aud("aud twice, once with an escape", ClaimsForm, r#""client-1","\u0061ud":"client-2""#),
        aud("azp another client", AuthorizedParty, r#""client-1","azp":"client-2""#),
        aud("azp none of two audiences", AuthorizedParty, r#"["client-1","client-2"],"azp":"client-3""#),
        aud("azp null", AuthorizedParty, r#""client-1","azp":null"#),
        aud("azp a list", AuthorizedParty, r#""client-1","azp":["client-1"]"#),
        aud("azp empty", AuthorizedParty, r#""client-1","azp":"""#),
    ]
}

fn subjects() -> Vec<Forged> {
    let sub = |name, value: &str| with(name, Subject, r#""user-1""#, value);
    vec![
        with("sub missing", Subject, r#""sub":"user-1","#, ""),
        sub("sub empty", r#""""#),
        sub("sub null", "null"),
        sub("sub a number", "1"),
        sub("sub a list", r#"["user-1"]"#),
        sub("sub of 256 bytes", &format!("\"{}\"", "u".repeat(256))),
        sub("sub not ASCII", r#""üser""#),
        sub("sub not ASCII, with an escape", r#""us\u0435r-1""#),
        sub("sub with a zero byte", r#""user-1\u0000""#),
        with("sub twice", ClaimsForm, r#""user-1""#, r#""user-1","sub":"user-2""#),
    ]
}

fn nonces() -> Vec<Forged> {
    let nonce = |name, value: &str| with(name, Nonce, &format!("\"{NONCE}\""), value);
    vec![
        with("nonce missing", Nonce, &format!(",\"nonce\":\"{NONCE}\""), ""),
        nonce("nonce of another session key", &format!("\"{}\"", "00".repeat(32))),
        nonce("nonce in capital letters", &format!("\"{}\"", NONCE.to_uppercase())),
        nonce("nonce with 0x", &format!("\"0x{NONCE}\"")),
        nonce("nonce the first half", &format!("\"{}\"", &NONCE[..32])),
        nonce("nonce with a space", &format!("\"{NONCE} \"")),
        nonce("nonce empty", r#""""#),
        nonce("nonce null", "null"),
        nonce("nonce a list", &format!("[\"{NONCE}\"]")),
        nonce("nonce a number", "6"),
        with("nonce in another member", Nonce, r#""nonce""#, r#""Nonce""#),
        nonce("nonce twice", &format!("\"{NONCE}\",\"nonce\":\"x\"")).because(ClaimsForm),
    ]
}

impl Forged {
    fn because(self, error: TokenError) -> Forged {
        Forged { error, ..self }
    }
}

fn times() -> Vec<Forged> {
    let iat = |name, value: &str| with(name, IssuedAt, "1700000000", value);
    let exp = |name, value: &str| with(name, Expires, "1700003600", value);
    let nbf = |name, value: &str| with(name, NotBefore, "1699999990", value);
    let auth_time = |name, value: &str| with(name, AuthTime, "1699999000", value);
    vec![
        with("iat missing", IssuedAt, r#""iat":1700000000,"#, ""),
        iat("iat a text", r#""1700000000""#),
        iat("iat with a fraction", "1700000000.5"),
        iat("iat with a fraction of zero", "1700000000.0"),
        iat("iat with an exponent", "17e8"),
        iat("iat negative", "-1"),
        iat("iat zero", "0"),
        iat("iat null", "null"),
        iat("iat true", "true"),
        iat("iat after the year 9999", "253402300800"),
        iat("iat of 65 bits", "36893488147419103232"),
        iat("iat too large for any number", "1e999").because(ClaimsForm),
        iat("iat with a leading zero", "01700000000").because(ClaimsForm),
        iat("iat not a number", "NaN").because(ClaimsForm),
        iat("iat after exp", "1700003601").because(Expires),
        with("exp missing", Expires, r#""exp":1700003600,"#, ""),
        exp("exp equal to iat", "1700000000"),
        exp("exp a text", r#""1700003600""#),
        exp("exp with a fraction", "1700003600.9"),
        exp("exp null", "null"),
        exp("exp negative", "-1700003600"),
        exp("exp in milliseconds", "1700003600000000"),
        exp("exp twice", "1700003600,\"exp\":1800000000").because(ClaimsForm),
        nbf("nbf a text", r#""1699999990""#),
        nbf("nbf with a fraction", "1699999990.5"),
        nbf("nbf null", "null"),
        nbf("nbf equal to exp", "1700003600"),
        auth_time("auth_time a text", r#""1699999000""#),
        auth_time("auth_time with a fraction", "1699999000.5"),
        auth_time("auth_time null", "null"),
        auth_time("auth_time negative", "-1"),
    ]
}

fn contexts() -> Vec<Forged> {
    let amr = |name, value: &str| with(name, Context, r#"["pwd","otp"]"#, value);
    let acr = |name, value: &str| with(name, Context, r#""acr":"2""#, value);
    vec![
        amr("amr a text", r#""pwd""#),
        amr("amr with a number", r#"["pwd",1]"#),
        amr("amr with one method twice", r#"["pwd","pwd"]"#),
        amr("amr null", "null"),
        acr("acr a number", r#""acr":2"#),
        acr("acr empty", r#""acr":"""#),
        acr("acr null", r#""acr":null"#),
    ]
}
