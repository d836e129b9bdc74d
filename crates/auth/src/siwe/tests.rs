use super::*;
use proptest::prelude::*;

const TEXT: &str = "\
app.example:8080 wants you to sign in with your Ethereum account:
0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed

Let this session sign.

URI: did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK
Version: 1
Chain ID: 1
Nonce: 0123456789abcdef
Issued At: 2026-01-01T00:00:00.000Z
Expiration Time: 2026-01-02T00:00:00.000Z
Not Before: 2026-01-01T00:00:01.000Z
Request ID: abc-1
Resources:
- quorate:key/*/action/*
- https://example.com/a?b=%20";

fn line_of(text: &str) -> Option<usize> {
    match SiweMessage::parse(text) {
        Ok(_) => None,
        Err(SiweError::Line { line, .. }) => Some(line),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_full_text_reads_and_writes_back() {
    let message = SiweMessage::parse(TEXT).unwrap();
    assert_eq!(message.domain, "app.example:8080");
    assert_eq!(message.statement.as_deref(), Some("Let this session sign."));
    assert_eq!(message.expires_ms - message.issued_at_ms, 86_400_000);
    assert_eq!(message.not_before_ms, Some(message.issued_at_ms + 1_000));
    assert_eq!(message.request_id.as_deref(), Some("abc-1"));
    assert_eq!(message.resources.len(), 2);
    assert_eq!(message.render().unwrap(), TEXT);
}

#[test]
fn a_text_without_statement_has_two_empty_lines() {
    let text = TEXT.replace("Let this session sign.\n", "");
    let message = SiweMessage::parse(&text).unwrap();
    assert_eq!(message.statement, None);
    assert_eq!(message.render().unwrap(), text);
    assert_eq!(line_of(&TEXT.replace("Let this session sign.\n\n", "")), Some(5));
    assert_eq!(line_of(&TEXT.replace("Let this session sign.\n", "\n")), Some(5));
}

#[test]
fn refuses_every_line_that_is_not_as_the_standard_writes_it() {
    let bad = |from: &str, to: &str| {
        let text = TEXT.replacen(from, to, 1);
        assert_ne!(text, TEXT, "{from}");
        line_of(&text)
    };
    assert_eq!(bad("app.example:8080", ""), Some(1));
    assert_eq!(bad("app.example:8080", "://app.example"), Some(1));
    assert_eq!(bad("app.example:8080", "7s://app.example"), Some(1));
    assert_eq!(bad("app.example:8080", "https://http://app.example"), Some(1));
    assert_eq!(bad("app.example:8080", "user@app.example"), Some(1));
    assert_eq!(bad("wants you", "wants  you"), Some(1));
    assert_eq!(bad("0x5aAeb", "0x5aaeb"), Some(2));
    assert_eq!(bad("0x5aAeb", "5aAeb"), Some(2));
    assert_eq!(bad("this session", "this\tsession"), Some(4));
    assert_eq!(bad("sign.\n", "sign.\nMore.\n"), Some(5));
    assert_eq!(bad("URI: did:key:", "URI: "), Some(6));
    assert_eq!(bad("URI: ", "URI:  "), Some(6));
    assert_eq!(bad("URI: ", "uri: "), Some(6));
    assert_eq!(bad("Version: 1", "Version: 2"), Some(7));
    assert_eq!(bad("Version: 1\n", ""), Some(7));
    assert_eq!(bad("Chain ID: 1", "Chain ID: 01"), Some(8));
    assert_eq!(bad("Chain ID: 1", "Chain ID: +1"), Some(8));
    assert_eq!(bad("Chain ID: 1", "Chain ID: 18446744073709551616"), Some(8));
    assert_eq!(bad("Nonce: 0123456789abcdef", "Nonce: 0123456"), Some(9));
    assert_eq!(bad("Nonce: 0", "Nonce: -"), Some(9));
    assert_eq!(bad("Issued At: 2026", "Issued At: 26"), Some(10));
    assert_eq!(bad("Expiration Time: 2026-01-02T00:00:00.000Z\n", ""), Some(11));
    assert_eq!(bad("Not Before: 2026", "Not Before: x"), Some(12));
    assert_eq!(bad("Request ID: abc-1", "Request ID: a/b"), Some(13));
    assert_eq!(bad("Resources:\n", "Resources: \n"), Some(14));
    assert_eq!(bad("- quorate", "quorate"), Some(15));
    assert_eq!(bad("- quorate", "-quorate"), Some(15));
    // Members in another order, or twice, are lines where the text should have ended.
    assert_eq!(bad("Request ID: abc-1", "Not Before: 2026-01-01T00:00:01.000Z"), Some(13));
}

#[test]
fn an_origin_may_name_its_scheme_and_a_list_may_be_empty() {
    let text = TEXT.replacen("app.example:8080", "https://app.example:8080", 1);
    let message = SiweMessage::parse(&text).unwrap();
    assert_eq!((message.scheme.as_deref(), message.domain.as_str()), (Some("https"), "app.example:8080"));
    assert_eq!(message.render().unwrap(), text);
    let (head, _) = TEXT.split_once("\n- ").unwrap();
    assert_eq!(SiweMessage::parse(head).unwrap().resources, Vec::<String>::new());
    assert_eq!(line_of(&format!("{head}\n")), Some(15), "a line that names nothing");
}

#[test]
fn refuses_carriage_returns_and_trailing_text() {
    assert_eq!(line_of(&TEXT.replace('\n', "\r\n")), Some(1));
    assert_eq!(line_of(&format!("{TEXT}\n")), Some(17));
    assert_eq!(line_of(&format!("{TEXT}\nmore")), Some(17));
    assert_eq!(line_of(&format!("{TEXT} ")), Some(16));
    assert_eq!(line_of(&format!("\n{TEXT}")), Some(1));
    let (head, _) = TEXT.split_once("\n- ").unwrap();
    let many = format!("{head}{}", "\n- a:b".repeat(CAPABILITIES_MAX));
    assert!(SiweMessage::parse(&many).is_ok());
    assert_eq!(line_of(&format!("{many}\n- a:b")), Some(15 + CAPABILITIES_MAX));
    assert_eq!(SiweMessage::parse(&"a".repeat(LOGIN_MESSAGE_BYTES_MAX + 1)), Err(SiweError::TooLong));
}

#[test]
fn refuses_to_write_fields_that_would_read_otherwise() {
    let good = SiweMessage::parse(TEXT).unwrap();
    let mut forged = good.clone();
    forged.statement = Some("Hello.\n\nURI: did:key:z6Mk".to_owned());
    assert!(forged.render().is_err());
    let mut forged = good.clone();
    forged.statement = Some(String::new());
    assert!(forged.render().is_err());
    let mut forged = good.clone();
    forged.expires_ms = TIME_MS_MAX + 1;
    assert_eq!(forged.render(), Err(SiweError::Fields));
    let mut forged = good;
    forged.resources[0].push_str("\n- quorate:key/*/action/*");
    assert_eq!(forged.render(), Err(SiweError::Fields));
}

fn message() -> impl Strategy<Value = SiweMessage> {
    let uri = "[a-z][a-z0-9+.-]{0,6}:[A-Za-z0-9:/?#@!$&'()*+,;=._~%-]{0,60}";
    let time = 0..=TIME_MS_MAX;
    let names = ("[a-z0-9.-]{1,30}(:[0-9]{1,5})?", any::<[u8; 20]>(), uri, any::<u64>(), "[A-Za-z0-9]{8,64}");
    let times = (time.clone(), time.clone(), proptest::option::of(time));
    let options = (
        proptest::option::of("[A-Za-z0-9 .,:/'()-]{1,80}"),
        proptest::option::of("[A-Za-z0-9:@!$&'()*+,;=._~%-]{0,30}"),
        proptest::collection::vec(uri, 0..5),
    );
    (names, times, options).prop_map(|(names, times, options)| SiweMessage {
        scheme: None,
        domain: names.0,
        address: Address(names.1),
        statement: options.0,
        uri: names.2,
        chain_id: names.3,
        nonce: names.4,
        issued_at_ms: times.0,
        expires_ms: times.1,
        not_before_ms: times.2,
        request_id: options.1,
        resources: options.2,
    })
}

proptest! {
    #[test]
    fn messages_read_back(message in message()) {
        let text = message.render().unwrap();
        prop_assert_eq!(SiweMessage::parse(&text), Ok(message));
    }

    /// One byte changed: the text is refused, or it says something else.
    #[test]
    fn a_changed_text_never_reads_as_the_same_message(
        message in message(), place in any::<proptest::sample::Index>(), byte in 0x20u8..0x7f,
    ) {
        let text = message.render().unwrap();
        let mut bytes = text.clone().into_bytes();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let changed = String::from_utf8(bytes).unwrap();
        if changed != text && let Ok(other) = SiweMessage::parse(&changed) {
            prop_assert_ne!(other, message);
        }
    }

    #[test]
    fn no_text_panics(text in "(?s).{0,300}") {
        let _ = SiweMessage::parse(&text);
    }

    /// Lines of a true text, left out, doubled or in another order.
    #[test]
    fn shuffled_lines_never_panic(places in proptest::collection::vec(0usize..17, 0..25)) {
        let lines: Vec<&str> = TEXT.split('\n').collect();
        let text: Vec<&str> = places.iter().filter_map(|&place| lines.get(place).copied()).collect();
        if let Ok(message) = SiweMessage::parse(&text.join("\n")) {
            prop_assert_eq!(message.render().unwrap(), text.join("\n"));
        }
    }
}
