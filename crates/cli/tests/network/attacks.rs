//! Attacks that once worked, repeated on running processes. A test build plays the member, with a node's own keys.

use quorate_client::Wallet;
use quorate_wire::{Submission, WalletLogin};
use serde_json::{Value, json};

use crate::bad_input::Asker;
use crate::harness::{Folder, Network, http};

const WHO: &str = "Lit.Actions.setResponse({ response: Lit.Auth.authSigAddress });";
/// Signs each text as a personal message, and says what each came to.
const PERSONAL: &str = r"async function main({ publicKey, texts }) {
  const said = [];
  for (const [place, message] of texts.entries()) {
    try {
      await Lit.Actions.ethPersonalSignMessageEcdsa({ message, publicKey, sigName: `text${place}` });
      said.push('signed');
    } catch (error) { said.push(error.code); }
  }
  return said;
}";

/// The same login, for the same session key, by another wallet.
fn signed_by_another(login: &WalletLogin, owner: &Wallet, other: &Wallet) -> WalletLogin {
    let checksum = |wallet: &Wallet| quorate_auth::checksum_address(&wallet.address());
    let message = login.message.replace(&checksum(owner), &checksum(other));
    assert_ne!(message, login.message);
    let signature = format!("0x{}", hex::encode(other.sign_text(&message)));
    WalletLogin { message, signature, ..login.clone() }
}

/// Whoever overhears a request, or is asked first, cannot have it run for a wallet of its own.
#[test]
fn a_request_that_is_passed_on_with_another_login_acts_for_nobody() {
    let folder = Folder::new("other-login");
    let network = Network::start(&folder, &[]);
    let asker = Asker::new(&network);
    let owner = Wallet::from_file(&network.state().join("wallet.key")).unwrap();
    let thief = Wallet::from_bytes(&[7; 32]).unwrap();
    for _ in 0..40 {
        let request = asker.request(WHO);
        let honest = asker.submission(WHO, &request);
        let login = signed_by_another(&honest.login, &owner, &thief);
        let stolen = Submission { login, ..honest.clone() };
        let (stolen, honest) = (serde_json::to_vec(&stolen).unwrap(), serde_json::to_vec(&honest).unwrap());
        let send = |place: usize, body: Vec<u8>| {
            let address = network.http(place);
            std::thread::spawn(move || http(&address, "POST /v1/executions", &body).1)
        };
        // The thief is there first, at two nodes at once.
        let thefts = [send(1, stolen.clone()), send(2, stolen)];
        let reply = send(0, honest).join().unwrap();
        for theft in thefts {
            let problem: Value = serde_json::from_str(&theft.join().unwrap()).unwrap();
            assert_eq!(problem["code"], "login_mismatch", "{problem:#}");
        }
        let reply: Value = serde_json::from_str(&reply).unwrap();
        assert_eq!(reply["response"], json!(quorate_auth::checksum_address(&owner.address())), "{reply:#}");
    }
    network.stop();
}

/// A grant for personal messages makes no login: with one, whoever has it could act for the key's address.
#[test]
fn a_key_that_may_sign_personal_messages_signs_no_login() {
    let folder = Folder::new("signs-no-login");
    let network = Network::start(&folder, &[]);
    let minted = network.quorate(&["pkp", "mint"]).ok();
    let (key, address) = (minted["public_key"].as_str().unwrap(), minted["address"].as_str().unwrap());
    let action = network.action(PERSONAL);
    let login = format!(
        "localhost wants you to sign in with your Ethereum account:\n{address}\n\nAct for me.\n\nURI: did:key:z6Mk\n\
         Version: 1\nChain ID: 1\nNonce: 0123456789abcdef\nIssued At: 2026-01-01T00:00:00Z"
    );
    let texts = json!([
        login,
        login.to_uppercase(),
        format!("{login}\nExpiration Time: 2027-01-01T00:00:00Z"),
        "hello"
    ]);
    let params = json!({ "publicKey": key, "texts": texts }).to_string();
    let run = || {
        let reply = network.quorate(&["action", "run", &action, "--params", &params]).ok();
        serde_json::from_str::<Value>(reply["reply"]["response"].as_str().unwrap()).unwrap()
    };
    network.quorate(&["pkp", "grant", key, "--action", &action, "--scope", "personal-sign"]).ok();
    assert_eq!(run(), json!(["scope_missing", "scope_missing", "scope_missing", "signed"]));
    network.quorate(&["pkp", "grant", key, "--action", &action, "--scope", "sign-logins"]).ok();
    assert_eq!(run()[0], "signed", "with the scope that says so");
    network.stop();
}

/// An old signature in place of a vote ends nothing.
#[cfg(feature = "faults")]
#[test]
fn an_old_signature_sent_as_a_new_one_stops_nobody() {
    use crate::harness::SIGN;

    let folder = Folder::new("old-signature");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    network.stop();
    folder.lie(3, "member = \"old_signature\"");
    let network = Network::start(&folder, &[]);
    for round in 0..10 {
        let begun = std::time::Instant::now();
        let node = ["1", "2"][round % 2];
        network.run(SIGN, &key, &["--node", node]).ok();
        assert!(begun.elapsed().as_secs() < 5, "round {round} took {:?}", begun.elapsed());
    }
    network.stop();
}

/// Greetings without end cost their sender, and nobody else.
#[cfg(feature = "faults")]
#[test]
fn a_member_that_greets_without_end_slows_nobody() {
    use std::time::{Duration, Instant};

    use crate::harness::SIGN;

    let folder = Folder::new("greetings");
    let network = Network::start(&folder, &[]);
    let key = network.key_for(&[SIGN]);
    network.stop();
    folder.lie(3, "member = \"greetings\"");
    let network = Network::start(&folder, &[]);
    let until = Instant::now() + Duration::from_secs(10);
    let mut slowest = Duration::ZERO;
    while Instant::now() < until {
        let begun = Instant::now();
        network.run(SIGN, &key, &["--node", "1"]).ok();
        slowest = slowest.max(begun.elapsed());
    }
    // The command's own start is in it; the attack once made it 14 s.
    assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    let logs = network.stop();
    assert!(logs.contains("node=3") || logs.contains("peer=3"), "nobody tells who it was");
}
