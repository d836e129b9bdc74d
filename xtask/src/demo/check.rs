//! Independent checks of a signature: libsecp256k1, and the chain's own `ecrecover`.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
use secp256k1::{Message, PublicKey};
use serde_json::{Value, json};

/// The precompiled contract that recovers an address from a signature.
const ECRECOVER: &str = "0x0000000000000000000000000000000000000001";
/// A chain on this machine answers far sooner.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: u64 = 1 << 20;

/// A signature as the network gave it.
pub(super) struct Signature {
    digest: [u8; 32],
    r_and_s: [u8; 64],
    recovery_id: u8,
}

impl Signature {
    /// Reads the reply's form: `r ‖ s` and recovery id.
    pub(super) fn read(value: &Value, digest: [u8; 32]) -> Result<Self> {
        let digits = value["signature"].as_str().context("the reply has no signature")?;
        let mut r_and_s = [0u8; 64];
        ::hex::decode_to_slice(digits.trim_start_matches("0x"), &mut r_and_s)
            .context("r and s are 64 bytes")?;
        let recovery_id = value["recovery_id"].as_u64().context("the signature has a recovery id")?;
        Ok(Self { digest, r_and_s, recovery_id: u8::try_from(recovery_id)? })
    }

    /// r, s and v for people.
    pub(super) fn shown(&self) -> String {
        let (r, s) = self.r_and_s.split_at(32);
        format!("   r      {}\n   s      {}\n   v      {}", hex(r), hex(s), self.v())
    }

    fn v(&self) -> u8 {
        27 + self.recovery_id
    }

    /// Checks it under the key with libsecp256k1, which also refuses an s in the upper half, and recovers the key.
    pub(super) fn verify(&self, key: &str) -> Result<()> {
        let key = PublicKey::from_slice(&::hex::decode(key.trim_start_matches("0x"))?)?;
        let message = Message::from_digest(self.digest);
        let id = RecoveryId::try_from(i32::from(self.recovery_id))?;
        let signature = RecoverableSignature::from_compact(&self.r_and_s, id)?;
        secp256k1::ecdsa::verify(&signature.to_standard(), message, &key)
            .context("libsecp256k1 refuses it")?;
        let recovered = signature.recover(message)?;
        ensure!(recovered == key, "the recovery id recovers another key");
        Ok(())
    }

    /// Asks the chain whose signature it is.
    pub(super) fn recover_on_chain(&self, rpc: &str) -> Result<String> {
        let mut input = self.digest.to_vec();
        input.extend([0u8; 31]);
        input.push(self.v());
        input.extend(self.r_and_s);
        let call = json!({ "to": ECRECOVER, "data": hex(&input) });
        let answer = call_chain(rpc, "eth_call", &json!([call, "latest"]))?;
        let word = answer.as_str().context("ecrecover answers with a word")?.trim_start_matches("0x");
        ensure!(word.len() == 64, "ecrecover recovers nothing");
        Ok(format!("0x{}", &word[24..]))
    }
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    format!("0x{}", ::hex::encode(bytes))
}

/// One JSON-RPC call over a connection of its own. The chain is on this machine and speaks plain HTTP.
fn call_chain(rpc: &str, method: &str, params: &Value) -> Result<Value> {
    let address = rpc.strip_prefix("http://").context("the chain speaks http")?.trim_end_matches('/');
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("connecting to the chain at {rpc}"))?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    write!(
        stream,
        "POST / HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer).context("reading the chain's answer")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the chain's answer has no body")?;
    let answer: Value = serde_json::from_str(body).with_context(|| format!("the chain answered: {head}"))?;
    match answer.get("result") {
        Some(result) => Ok(result.clone()),
        None => bail!("the chain refused {method}: {}", answer["error"]),
    }
}
