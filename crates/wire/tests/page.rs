//! `docs/http.md` has the members of every document, and no others.

#[path = "page/fields.rs"]
mod fields;

use std::collections::BTreeSet;

use fields::fields;
use quorate_wire::*;

const PAGE: &str = include_str!("../../../docs/http.md");

/// The tables of members, in the page's order: what they stand under, and all members of the type.
fn tables() -> Vec<(&'static str, Vec<&'static str>)> {
    // Most members of a statement stand in the rules by which it is checked.
    let closer = ["guest", "wildcard", "refusals", "collected", "single_node", "opened", "draws"];
    vec![
        ("The network", fields::<NetworkFile>()),
        ("What operators approve", fields::<FoundingTerms>()),
        ("The request", fields::<Submission>()),
        ("The request", fields::<ExecutionRequest>()),
        ("The reply", fields::<ExecutionReply>()),
        ("The receipt", closer.to_vec()),
        ("Shares of what opens a ciphertext", fields::<DecryptionRequest>()),
        ("Signing out", fields::<RevocationRequest>()),
        ("A node's view", fields::<NetworkView>()),
        ("A node's view", fields::<NodeView>()),
        ("A node's word on a block", fields::<Signed<BlockWord>>()),
        ("Roots before the chain has them", fields::<FoundingView>()),
        ("A key", fields::<PkpView>()),
    ]
}

/// What stands in sentences and examples of a section.
fn sentences() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        ("The network", fields::<ChainParameters>()),
        ("The network", fields::<Contracts>()),
        ("The network", fields::<ContractRecord>()),
        ("The network", fields::<FoundingNode>()),
        ("The network", fields::<ActionLimits>()),
        ("What operators approve", fields::<PlannedContract>()),
        ("What operators approve", fields::<FoundingValue>()),
        ("What operators approve", fields::<Approval>()),
        ("Endpoints", fields::<NodeEndpoint>()),
        ("Endpoints", fields::<EndpointWord>()),
        ("The request", fields::<BlockRef>()),
        ("The request", fields::<CodeRequest>()),
        ("The request", fields::<CodeSubmission>()),
        ("The request", fields::<CodeStored>()),
        ("The reply", fields::<SignatureView>()),
        ("The receipt", fields::<Receipt>()),
        ("The receipt", fields::<FaultNotice>()),
        ("The receipt", fields::<WrongPartial>()),
        ("Binary form", fields::<Statement>()),
        ("Binary form", fields::<Intent>()),
        ("Binary form", fields::<Refusal>()),
        ("Binary form", fields::<Collected>()),
        ("Binary form", fields::<SingleNode>()),
        ("Binary form", fields::<Opened>()),
        ("Binary form", fields::<Claim>()),
        ("Shares of what opens a ciphertext", fields::<DecryptionSubmission>()),
        ("Shares of what opens a ciphertext", fields::<DecryptionReply>()),
        ("Signing out", fields::<RevocationReply>()),
        ("A node's view", fields::<HeadView>()),
        ("A node's view", fields::<NodeFault>()),
        ("A node's word on a block", fields::<BlockWord>()),
        ("A key", fields::<GrantView>()),
        ("Other addresses", vec!["decrypt_polynomial"]),
    ]
}

/// The sections of the page: heading and text.
fn sections() -> Vec<(&'static str, &'static str)> {
    let parts = PAGE.split("\n#").skip(1).filter_map(|part| part.trim_start_matches('#').split_once('\n'));
    parts.map(|(heading, text)| (heading.trim(), text)).collect()
}

#[test]
fn tables_have_the_members_of_the_types_and_no_others() {
    let mut found = Vec::new();
    for (heading, text) in sections() {
        // Another table says how members are written in binary form.
        let tables = text.split("| member").skip(1).filter(|table| !table.starts_with(" | bytes |"));
        for table in tables {
            let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
            let cells = rows.filter_map(|row| row.split('|').nth(1));
            let members = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
            found.push((heading, members.collect::<Vec<_>>()));
        }
    }
    let expected = tables();
    let headings =
        |tables: &[(&'static str, Vec<&str>)]| tables.iter().map(|(heading, _)| *heading).collect::<Vec<_>>();
    assert_eq!(headings(&found), headings(&expected), "the tables of members of docs/http.md");
    for ((heading, members), (_, expected)) in found.into_iter().zip(expected) {
        let unique: BTreeSet<&str> = members.iter().copied().collect();
        assert_eq!(unique.len(), members.len(), "{heading}: a member twice in {members:?}");
        assert_eq!(unique, expected.into_iter().collect(), "{heading}: docs/http.md, and the type");
    }
}

#[test]
fn sentences_name_the_members_of_the_other_types() {
    let sections = sections();
    for (heading, members) in sentences() {
        let text = sections
            .iter()
            .find(|(found, _)| *found == heading)
            .unwrap_or_else(|| panic!("no {heading:?}"))
            .1;
        let words: BTreeSet<&str> =
            text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
        for member in members {
            assert!(words.contains(member), "docs/http.md, under {heading:?}: nothing of {member}");
        }
    }
}
