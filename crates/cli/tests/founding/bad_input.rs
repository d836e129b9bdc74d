//! What is no card, no proposal and no approval: one sentence each, and nothing is written.

use std::fs;

use serde_json::Value;

use crate::operators::Ceremony;

#[test]
fn files_that_are_none_are_refused_in_a_sentence() {
    let ceremony = Ceremony::new("bad-files", 3);
    let [first, second, _] = &ceremony.operators[..] else { panic!("three operators") };
    let card = fs::read_to_string(second.file("card.json")).unwrap();
    let cards = |third: &str| {
        let path = ceremony.path("third.json");
        fs::write(&path, third).unwrap();
        let out = ceremony.path("bad-proposal.json");
        let [a, third, out] = [first.file("card.json"), path, out].map(|path| path.display().to_string());
        let words =
            ["network", "propose", "--name", "x", "--chain", &ceremony.rpc, "--login-domain", "localhost"];
        first.quorate(&[&words[..], &["--out", &out, &a, &third]].concat())
    };
    cards(&card).ok();
    fs::remove_file(ceremony.path("bad-proposal.json")).unwrap();
    let mut other: Value = serde_json::from_str(&card).unwrap();
    other["endpoint"]["http"] = "http://192.0.2.1".into();
    let own = fs::read_to_string(first.file("card.json")).unwrap();
    let bad = [
        ("cut", card[..card.len() / 2].to_owned()),
        ("doubled", format!("{card}{card}")),
        ("10 MB", " ".repeat(10 << 20)),
        ("empty", String::new()),
        ("unknown member", card.replacen('{', "{\"x\": 1,", 1)),
        ("changed address", other.to_string()),
        ("the same card twice", own),
    ];
    for (what, text) in &bad {
        let said = cards(text).sentence();
        assert!(!ceremony.path("bad-proposal.json").exists(), "{what}: {said}");
    }
}

#[test]
fn proposals_that_cannot_be_are_refused_in_a_sentence() {
    let ceremony = Ceremony::new("bad-proposals", 3);
    let hash = ceremony.propose(&[]);
    let second = &ceremony.operators[1];
    let path = ceremony.path("changed.json");
    let proposal: Value = serde_json::from_slice(&fs::read(ceremony.path("proposal.json")).unwrap()).unwrap();
    let text = serde_json::to_string(&proposal).unwrap();
    let approve = |text: &str| {
        fs::write(&path, text).unwrap();
        second.quorate(&["network", "approve", &path.display().to_string(), "--hash", &hash])
    };
    let with = |change: fn(&mut Value)| {
        let mut changed = proposal.clone();
        change(&mut changed);
        changed.to_string()
    };
    let cases = [
        ("a name with a space more", with(|file| file["name"] = "four ".into())),
        ("t of 1", with(|file| file["threshold"] = 1.into())),
        ("t above n", with(|file| file["threshold"] = 4.into())),
        (
            "33 members",
            with(|file| {
                let node = file["nodes"][0].clone();
                file["nodes"] = vec![node; 33].into();
            }),
        ),
        (
            "two members with one key",
            with(|file| file["nodes"][2]["statement_key"] = file["nodes"][1]["statement_key"].clone()),
        ),
        ("another guest", with(|file| file["founding"]["guest"] = format!("0x{}", "ab".repeat(32)).into())),
        ("another operator for this node", with(|file| file["founding"]["operators"][1] = "Mallory".into())),
        (
            "not this node",
            with(|file| file["nodes"][1]["chain_address"] = format!("0x{}", "ab".repeat(20)).into()),
        ),
        (
            "a contract of other code",
            with(|file| {
                file["founding"]["contracts"][7]["creation"] = format!("0x{}", "ab".repeat(32)).into()
            }),
        ),
        ("cut", text[..text.len() / 2].to_owned()),
        ("doubled", format!("{text}{text}")),
        ("10 MB", "x".repeat(10 << 20)),
        ("unknown member", text.replacen('{', "{\"x\":1,", 1)),
    ];
    for (what, text) in &cases {
        let said = approve(text).sentence();
        assert!(!second.file("approval.json").exists(), "{what}: {said}");
        assert!(!second.file("approved.json").exists(), "{what}: {said}");
    }
    // Without a hash and without a terminal nobody was asked.
    let said = second
        .quorate(&["network", "approve", &ceremony.path("proposal.json").display().to_string()])
        .sentence();
    assert!(said.contains("--hash"), "{said}");
    approve(&text).ok();
}

#[test]
fn approvals_that_are_none_are_refused_in_a_sentence() {
    let ceremony = Ceremony::new("bad-approvals", 3);
    let hash = ceremony.propose(&[]);
    ceremony.approve(&hash);
    let second = &ceremony.operators[1];
    let whole = fs::read_to_string(second.file("approval.json")).unwrap();
    let third = fs::read_to_string(ceremony.operators[2].file("approval.json")).unwrap();
    let other = whole.replace("\"node\": 2", "\"node\": 3");
    let stranger = whole.replace("\"node\": 2", "\"node\": 9");
    for (what, text) in [
        ("cut", &whole[..whole.len() / 2]),
        ("10 MB", " ".repeat(10 << 20).as_str()),
        ("of another node", &other),
        ("of no node", &stranger),
        ("unknown member", &whole.replacen('{', "{\"x\": 1,", 1)),
        ("two in one", &format!("{whole}{third}")),
    ] {
        fs::write(second.file("approval.json"), text).unwrap();
        let said = ceremony.assemble(&[0, 1, 2]).sentence();
        assert!(!ceremony.operators[0].home.join("network.json").exists(), "{what}: {said}");
    }
    fs::write(second.file("approval.json"), whole).unwrap();
    ceremony.assemble(&[0, 1, 2]).ok();
}
