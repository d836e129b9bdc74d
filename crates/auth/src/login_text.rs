//! Whether a text may be somebody's login (`docs/protocols/execution.md`, "Texts that are logins").
//!
//! The rule errs toward "is a login": what a careless reader could take for one needs the scope of one. It
//! is a pure function of the text and of the login domains that the node reads in the Directory.

/// What every EIP-4361 text asks, whatever kind of account, without white space.
const REQUEST: &str = "wantsyoutosigninwithyour";
/// Fields that only a login has together, without white space.
const FIELDS: [&str; 3] = ["uri:", "nonce:", "issuedat:"];
/// The address of a session's key.
const DID_KEY: &str = "did:key:";

/// Whether a text is to be taken for a login: it has the form of one in any loose reading, a `did:key:` URI,
/// or one of the network's login domains as a host.
#[must_use]
pub fn is_login_text(text: &[u8], login_domains: &[String]) -> bool {
    let shown = shown(&String::from_utf8_lossy(text));
    let dense: String = shown.chars().filter(|character| *character != ' ').collect();
    dense.contains(REQUEST)
        || FIELDS.iter().all(|field| dense.contains(field))
        || dense.contains(DID_KEY)
        || login_domains.iter().any(|domain| names_host(&shown, &domain.to_lowercase()))
}

/// The text as a person or a careless parser sees it: small letters, one kind of white space, nothing invisible.
fn shown(text: &str) -> String {
    let visible = text.chars().filter(|character| !is_invisible(*character)).map(|character| {
        // Line ends, tabs and every width of space are one; so are the wide forms of ASCII.
        match u32::from(character) {
            _ if character.is_whitespace() || character.is_control() => ' ',
            wide @ 0xff01..=0xff5e => char::from_u32(wide - 0xfee0).unwrap_or(character),
            0x2024 | 0x3002 | 0xff61 => '.',
            0xa789 | 0x2236 | 0xfe55 | 0x02d0 | 0xfe13 => ':',
            0x2800 | 0x3164 | 0xffa0 | 0x115f | 0x1160 => ' ',
            _ => character,
        }
    });
    visible.flat_map(char::to_lowercase).collect()
}

/// Whether a character is not seen: joiners, marks of direction, byte order marks, variation selectors, tags (Unicode:
/// `Default_Ignorable_Code_Point`, but for what takes the room of a space).
#[must_use]
pub fn is_invisible(character: char) -> bool {
    matches!(
        u32::from(character),
        0xad | 0x034f
            | 0x061c
            | 0x17b4..=0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200f
            | 0x202a..=0x202e
            | 0x2060..=0x206f
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xfff0..=0xfffb
            | 0x1bca0..=0x1bca3
            | 0x1d173..=0x1d17a
            | 0xe0000..=0xe0fff
    )
}

/// Whether a text has this host as a whole name, and not as a part of a longer one. A port does not matter.
fn names_host(text: &str, domain: &str) -> bool {
    let host = match domain.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => domain,
    };
    let plain = |character: char| character.is_alphanumeric() || "-_.".contains(character);
    if !host.is_empty() && !host.chars().all(plain) {
        // An address in brackets is found wherever it stands.
        return text.contains(host);
    }
    let host = host.trim_matches('.');
    !host.is_empty() && text.split(|character| !plain(character)).any(|token| token.trim_matches('.') == host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIWE: &str = "app.example wants you to sign in with your Ethereum account:\n\
        0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf\n\n\nURI: https://app.example\nVersion: 1\nChain ID: 1\n\
        Nonce: abcdefgh\nIssued At: 2026-01-01T00:00:00Z";

    fn is_login(text: &str) -> bool {
        is_login_text(text.as_bytes(), &["localhost".to_owned(), "login.example:7470".to_owned()])
    }

    /// The table of `docs/protocols/execution.md`, with what it leaves out.
    #[test]
    fn what_looks_like_a_login_is_one() {
        let fields = "uri : x\nNONCE:\t1\r\nissued  at: now";
        let cases = [
            SIWE.to_owned(),
            SIWE.replace('\n', "\r\n"),
            SIWE.replace('\n', "\r"),
            SIWE.replace('\n', "\u{2028}"),
            format!("\u{feff}{SIWE}"),
            format!("  \n\t{SIWE}"),
            format!("{SIWE}\n\nand more"),
            SIWE.to_uppercase(),
            SIWE.replace(' ', "\u{a0}"),
            SIWE.replace("wants", "wa\u{1d173}nts").replace("Nonce", "No\u{fff0}nce"),
            SIWE.replace(' ', "\u{3000}"),
            SIWE.replace(' ', "  "),
            SIWE.replace("sign in", "sign\u{200b}in"),
            SIWE.replace("wants", "wa\u{200d}nts"),
            SIWE.replace("wants you", "\u{ff57}ants you"),
            SIWE.replace("Ethereum", "Solana"),
            "x wants you to sign in with your Ethereum account:".to_owned(),
            "wants you to\nsign in with your Ethereum account".to_owned(),
            fields.to_owned(),
            fields.lines().rev().collect::<Vec<_>>().join("; "),
            "pay did:key:z6Mk now".to_owned(),
            "DID:Key:z6Mk".to_owned(),
            "did\u{2236}key:z6Mk".to_owned(),
            "did: key:z6Mk".to_owned(),
            "localhost".to_owned(),
            "Sign in to LocalHost.".to_owned(),
            "http://localhost:7470/x".to_owned(),
            "local\u{ad}host".to_owned(),
            "user@login.example/path".to_owned(),
            "login\u{3002}example".to_owned(),
        ];
        for text in cases {
            assert!(is_login(&text), "{text:?}");
        }
        // Bytes that are no text hide nothing.
        assert!(is_login_text(&[b"\xff\xfe", SIWE.as_bytes(), b"\xc3"].concat(), &[]));
        assert!(is_login_text(b"at [::1]:7470", &["[::1]:7470".to_owned()]));
    }

    #[test]
    fn what_only_resembles_a_login_is_none() {
        let cases = [
            "",
            "hello",
            "app.example: 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf logged in at 2026-01-01T00:00:00Z",
            "I want to sign in with my account",
            "URI: x\nNonce: 1",
            "Nonce: 1\nIssued At: now",
            "did:web:example",
            "did:keyring",
            "a candid key: x",
            "localhosts",
            "mylocalhost",
            "localhost-2",
            "localhost.example",
            "www.login.example",
            "login.example.org",
            "loginXexample",
        ];
        for text in cases {
            assert!(!is_login(text), "{text:?}");
        }
        assert!(!is_login_text(b"x", &[String::new(), ":1".to_owned(), ".".to_owned()]));
    }

    proptest! {
        #[test]
        fn nothing_around_a_login_hides_it(before in ".{0,40}", after: Vec<u8>) {
            let text = [before.as_bytes(), b" ", SIWE.as_bytes(), &after].concat();
            prop_assert!(is_login_text(&text, &[]));
        }
    }
}
