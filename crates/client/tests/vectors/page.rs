//! The vectors that the page shows: blocks whose first line is three backquotes, `vector` and a name.

use serde_json::Value;

const OPEN: &str = "```vector ";
const CLOSE: &str = "\n```";

/// The names of the blocks; each stands once on the page.
const NAMES: &[&str] = &[
    "base64url",
    "transcript",
    "cid",
    "network",
    "founding",
    "session",
    "capabilities",
    "nonce",
    "message",
    "login",
    "request",
    "code_request",
    "params",
    "statement",
    "error_codes",
    "share_request",
    "share",
    "revocation",
    "key",
];

/// The page, with the vectors that are right in its blocks.
pub(crate) fn with_vectors(page: &str, vectors: &Value) -> String {
    let mut parts = page.split(OPEN);
    let mut out = parts.next().unwrap_or_default().to_owned();
    let mut seen = Vec::new();
    for part in parts {
        let (name, rest) = part.split_once('\n').expect("a block has a name");
        let end = format!("\n{rest}").find(CLOSE).expect("a block ends");
        seen.push(name);
        out.push_str(&format!("{OPEN}{name}\n{}{}", block(name, vectors), &rest[end..]));
    }
    assert_eq!(seen, NAMES, "the blocks of the page");
    out
}

fn block(name: &str, vectors: &Value) -> String {
    let at = |path: &str| text(vectors.pointer(path).unwrap_or_else(|| panic!("no {path}")));
    let rows = |rows: &[(&str, &str)]| -> String {
        let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or_default();
        rows.iter().map(|(label, path)| format!("{label:width$}  {}\n", at(path))).collect()
    };
    match name {
        "transcript" => rows(&[
            ("domain", "/transcripts/1/domain"),
            ("fields, hexadecimal", "/transcripts/1/fields"),
            ("hash", "/transcripts/1/hash"),
        ]),
        "base64url" => rows(&[("bytes, hexadecimal", "/base64url/2/bytes"), ("text", "/base64url/2/text")]),
        "cid" => {
            let of = |place: usize| {
                let (text, cid) = (at(&format!("/cids/{place}/text")), at(&format!("/cids/{place}/cid")));
                let times = at(&format!("/cids/{place}/times"));
                format!("{times:>8} times {:26}  {cid}\n", format!("{text:?}"))
            };
            [0, 1, 3, 4, 5, 6].map(of).concat()
        }
        "session" => {
            rows(&[("secret", "/login/session_secret"), ("session", "/login/session"), ("did", "/login/did")])
        }
        "capabilities" => rows(&[
            ("first", "/login/capabilities/0"),
            ("second", "/login/capabilities/1"),
            ("hash", "/login/capabilities_hash"),
        ]),
        "nonce" => rows(&[
            ("network id", "/login/network"),
            ("domain", "/login/domain"),
            ("expires_ms", "/login/expires_ms"),
            ("rz", "/login/login/rz"),
            ("nonce", "/login/nonce"),
        ]),
        "message" => at("/login/login/message") + "\n",
        "login" => rows(&[
            ("wallet's secret", "/login/wallet_secret"),
            ("address", "/login/address"),
            ("digest", "/login/digest"),
            ("signature", "/login/login/signature"),
            ("login hash", "/login/hash"),
        ]),
        "request" => rows(&[
            ("signed bytes", "/request/bytes"),
            ("request id", "/request/id"),
            ("digest", "/request/signed"),
            ("sig", "/request/body/sig"),
        ]),
        "code_request" => rows(&[
            ("signed bytes", "/code_request/bytes"),
            ("id", "/code_request/id"),
            ("sig", "/code_request/sig"),
        ]),
        "network" => rows(&[
            ("first, version 4 without allow_hosts", "/networks/0/id"),
            ("second, with it", "/networks/1/id"),
            ("third, version 5", "/networks/2/id"),
        ]),
        "founding" => rows(&[
            ("endpoint's places, node 2", "/founding/endpoint_places"),
            ("digest", "/founding/endpoint_signed"),
            ("signature", "/networks/2/file/endpoints/1/word/signature"),
            ("digest of its approval", "/founding/approval_signed"),
            ("signature", "/networks/2/file/approvals/1/word/signature"),
            ("salt of the founding", "/founding/salt"),
            ("digest of the vote", "/founding/vote_digest"),
            ("vote", "/networks/2/file/approvals/1/vote"),
        ]),
        "params" => rows(&[
            ("params", "/request/params"),
            ("hash", "/request/params_hash"),
            ("response", "/replies/0/reply/response"),
            ("hash", "/replies/0/reply/receipt/statements/0/body/response"),
        ]),
        "statement" => rows(&[
            ("bytes", "/replies/0/statement_bytes"),
            ("digest for node 1", "/replies/0/signed_by_first"),
            ("signature of node 1", "/replies/0/reply/receipt/statements/0/signature"),
        ]),
        "share_request" => rows(&[
            ("policy", "/opening/policy"),
            ("policy hash", "/opening/policy_hash"),
            ("capability", "/opening/login/capabilities/0"),
            ("one-time secret", "/opening/reader_secret"),
            ("signed bytes", "/opening/bytes"),
            ("request id", "/opening/id"),
            ("digest", "/opening/signed"),
            ("sig", "/opening/body/sig"),
        ]),
        "share" => rows(&[
            ("share", "/opening/share"),
            ("sender's secret", "/opening/sender_secret"),
            ("context", "/opening/context"),
            ("sealed", "/opening/reply/sealed"),
            ("statement bytes", "/opening/statement_bytes"),
            ("digest for node 1", "/opening/statement_signed"),
            ("signature of node 1", "/opening/reply/statement/signature"),
        ]),
        "revocation" => rows(&[
            ("signed bytes", "/signing_out/bytes"),
            ("id", "/signing_out/id"),
            ("digest", "/signing_out/signed"),
            ("sig", "/signing_out/body/sig"),
            ("statement bytes", "/signing_out/statement_bytes"),
            ("digest for node 1", "/signing_out/statement_signed"),
            ("signature of node 1", "/signing_out/reply/held/0/signature"),
        ]),
        "key" => rows(&[
            ("public key", "/keys/0/public_key"),
            ("65 bytes", "/keys/0/uncompressed"),
            ("token id", "/keys/0/token_id"),
            ("address", "/keys/0/address"),
        ]),
        "error_codes" => {
            let codes = vectors["error_codes"].as_object().expect("an object");
            let mut codes: Vec<(u64, &String)> =
                codes.iter().map(|(name, number)| (number.as_u64().unwrap_or_default(), name)).collect();
            codes.sort_unstable();
            let mut lines = vec![String::new()];
            for (number, name) in codes {
                let item = format!("{number} {name}, ");
                if lines.last().is_some_and(|line| line.len() + item.len() > 120) {
                    lines.push(String::new());
                }
                lines.last_mut().expect("a line").push_str(&item);
            }
            lines
                .iter()
                .map(|line| format!("{}\n", line.trim_end()))
                .collect::<String>()
                .trim_end_matches(",\n")
                .to_owned()
                + "\n"
        }
        other => panic!("no vector {other}"),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
