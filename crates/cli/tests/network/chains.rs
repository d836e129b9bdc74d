//! Chains of other people: read on a real server of another make, and on servers that fail in every way.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{DIGEST, Folder, Network, http};

/// A contract without a compiler. It returns the number in its first slot, which its creation sets to 1234; the first
/// byte of a call's data chooses otherwise: 1 reverts, 2 returns 640 KiB of zeros, 3 never ends.
const CONTRACT: &str = concat!(
    "0x6104d260005560386012600039603860",
    "00f3",
    "60003560f81c",
    "806001146026",
    "57",
    "80600214602c",
    "57",
    "806003146034",
    "57",
    "60005460005260206000f3",
    "5b60006000fd",
    "5b620a00006000f3",
    "5b603456",
);

/// Does what it is told, and says of each thing what came of it or with which code it was refused.
const READS: &str = r#"
const txn = (chainId, to, data) => ethers.utils.serializeTransaction({ to, data, gasLimit: 5_000_000, chainId });
const steps = {
  call: ({ chain, to, data, chainId }) => Lit.Actions.callContract({ chain, txn: txn(chainId, to, data) }),
  nonce: ({ chain, address }) => Lit.Actions.getLatestNonce({ chain, address }),
  url: ({ chain }) => Lit.Actions.getRpcUrl({ chain }),
  provider: async ({ chain, to }) => {
    const provider = new ethers.providers.JsonRpcProvider(await Lit.Actions.getRpcUrl({ chain }));
    const contract = new ethers.Contract(to, ['function value() view returns (uint256)'], provider);
    const [{ chainId }, value] = [await provider.getNetwork(), await contract.value()];
    return `${chainId} ${value}`;
  },
  providerCall: async ({ chain, to, data }) => {
    const provider = new ethers.providers.StaticJsonRpcProvider(await Lit.Actions.getRpcUrl({ chain }));
    return provider.call({ to, data });
  },
};
async function main({ publicKey, toSign, list }) {
  const said = [];
  for (const [name, step] of list) {
    try { said.push(await steps[name](step)); } catch (error) { said.push(String(error.code)); }
  }
  if (toSign) await Lit.Actions.signEcdsa({ toSign, publicKey, sigName: 'signature' });
  return said;
}"#;

/// A chain of its own: anvil, as npm has it.
struct Anvil {
    process: Child,
    _output: BufReader<ChildStdout>,
    address: String,
}

impl Anvil {
    fn start() -> Anvil {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/anvil");
        let program = folder.join("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");
        assert!(program.exists(), "anvil is missing, run: npm ci --prefix crates/cli/tests/anvil");
        let mut process = Command::new(program)
            .args(["--host", "127.0.0.1", "--port", "0", "--chain-id", "31337"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "anvil has ended");
            if let Some(address) = line.strip_prefix("Listening on ") {
                break address.trim().to_owned();
            }
        };
        Anvil { process, _output: output, address }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn ask(&self, method: &str, params: &Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
        let (status, answer) = http(&self.address, "POST /", body.as_bytes());
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!((status, answer["error"].clone()), (200, Value::Null), "{method}: {answer}");
        answer["result"].clone()
    }

    /// Puts the contract on the chain; returns where it is, and the account that did so, which has then sent one
    /// transaction.
    fn deploy(&self) -> (String, String) {
        let account = self.ask("eth_accounts", &json!([]))[0].as_str().unwrap().to_owned();
        let sent = self
            .ask("eth_sendTransaction", &json!([{ "from": account, "data": CONTRACT, "gas": "0x100000" }]));
        let begun = Instant::now();
        loop {
            let receipt = self.ask("eth_getTransactionReceipt", &json!([sent]));
            if let Some(address) = receipt["contractAddress"].as_str() {
                return (address.to_owned(), account);
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "the contract is not on the chain");
        }
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// How a server fails.
#[derive(Clone, Copy)]
enum Failing {
    /// Takes connections and says nothing.
    Silent,
    /// Says what is no answer.
    Garbage,
    /// Never comes to an end.
    Endless,
}

/// A server that fails. It ends with the process.
fn failing(how: Failing) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || drop(fail(stream, how)));
        }
    });
    address
}

fn fail(mut stream: TcpStream, how: Failing) -> std::io::Result<()> {
    let mut asked = [0; 4096];
    let _ = stream.read(&mut asked)?;
    match how {
        // Until the other side has had enough.
        Failing::Silent => while stream.read(&mut asked)? > 0 {},
        Failing::Garbage => {
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<html>no!")?;
        }
        Failing::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\n\r\n{{\"result\":\"0x")?;
            loop {
                stream.write_all(&[b'0'; 4096])?;
            }
        }
    }
    Ok(())
}

/// An address where nobody listens.
fn nobody() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

impl Folder {
    /// Sets the chains of a node, from its next start on, and lets actions reach this port.
    fn configure_chains(&self, number: usize, chains: &[(&str, String)], anvil: &Anvil) {
        let path = self.path.join(format!("state/node-{number}/node.toml"));
        let mut config: toml::Table = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let entry = |rpc: &String| {
            let mut chain = toml::Table::new();
            chain.insert("rpc".to_owned(), rpc.clone().into());
            chain.insert("chain_id".to_owned(), 31_337.into());
            chain.insert("public_url".to_owned(), anvil.url().into());
            toml::Value::from(chain)
        };
        let chains: toml::Table = chains.iter().map(|(name, rpc)| ((*name).to_owned(), entry(rpc))).collect();
        config.insert("chains".to_owned(), chains.into());
        let port: i64 = anvil.address.rsplit_once(':').unwrap().1.parse().unwrap();
        config["egress"].as_table_mut().unwrap().insert("allow_loopback_ports".to_owned(), vec![port].into());
        fs::write(&path, toml::to_string(&config).unwrap()).unwrap();
    }
}

/// Runs the action, and returns what each step came to.
fn read(network: &Network, list: &Value) -> Vec<String> {
    let file = network.action(READS);
    let params = json!({ "list": list }).to_string();
    let reply = network.quorate(&["action", "run", &file, "--params", &params]).ok();
    serde_json::from_str(reply["reply"]["response"].as_str().unwrap_or_else(|| panic!("{reply:#}"))).unwrap()
}

/// As providers of chains give it to their customers: a part of the address.
const OPERATORS_KEY: &str = "v2/a-key-of-the-operator";

#[test]
fn actions_read_a_foreign_chain_and_each_of_its_failures_has_its_code() {
    let folder = Folder::new("chains");
    let anvil = Anvil::start();
    let (contract, account) = anvil.deploy();
    Network::start(&folder, &[]).stop();
    let [silent, garbage, endless] = [Failing::Silent, Failing::Garbage, Failing::Endless]
        .map(|how| format!("http://{}/{OPERATORS_KEY}", failing(how)));
    for number in 1..=3 {
        // Of the last chain one node alone has no working server.
        let partly = if number == 3 { format!("http://{}", nobody()) } else { anvil.url() };
        let chains = [
            ("local", anvil.url()),
            ("down", format!("http://{}", nobody())),
            ("silent", silent.clone()),
            ("garbage", garbage.clone()),
            ("endless", endless.clone()),
            ("partly", partly),
        ];
        folder.configure_chains(number, &chains, &anvil);
    }
    let network = Network::start(&folder, &[]);
    let call = |chain: &str, data: &str| json!(["call", { "chain": chain, "to": contract, "data": data, "chainId": 31_337 }]);
    let said = read(
        &network,
        &json!([
            call("local", "0x"),
            call("local", "0x01"),
            call("local", "0x03"),
            call("local", "0x02"),
            ["nonce", { "chain": "local", "address": account }],
            ["nonce", { "chain": "local", "address": contract }],
            ["url", { "chain": "local" }],
            ["provider", { "chain": "local", "to": contract }],
            ["providerCall", { "chain": "local", "to": contract, "data": "0x01" }],
            call("elsewhere", "0x"),
            ["nonce", { "chain": "elsewhere", "address": account }],
            ["url", { "chain": "elsewhere" }],
            ["url", { "chain": "quorate" }],
        ]),
    );
    let value = format!("0x{:064x}", 1234);
    let expected = [
        value.as_str(),
        "call_reverted",
        // Out of gas, and an answer of more than a mebibyte.
        "rpc_failed",
        "rpc_failed",
        "0x1",
        "0x1",
        &anvil.url(),
        "31337 1234",
        // ethers v5 gives what a revert carries, here nothing.
        "0x",
        "chain_unknown",
        "chain_unknown",
        "chain_unknown",
        "chain_unknown",
    ];
    assert_eq!(said, expected);

    // The registry's own chain, which each node has replayed: the tokens' name, and the owner of none.
    let file = fs::read(network.state().join("network.json")).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    let own = |data: &str| {
        let tokens = &file["contracts"]["pkp_nft"]["address"];
        json!(["call", { "chain": "quorate", "to": tokens, "data": data, "chainId": file["chain"]["id"] }])
    };
    let owner_of_none = format!("0x6352211e{:064x}", 0);
    let account_of_none = json!(["nonce", { "chain": "quorate", "address": account }]);
    let said = read(&network, &json!([own("0x06fdde03"), own(&owner_of_none), account_of_none]));
    assert!(said[0].len() > 128, "{said:?}");
    assert_eq!(said[1..], ["call_reverted", "0x0"]);

    for chain in ["down", "garbage", "endless", "silent"] {
        let begun = Instant::now();
        let said =
            read(&network, &json!([call(chain, "0x"), ["url", { "chain": chain }], call("local", "0x")]));
        assert_eq!(said, ["rpc_failed", &anvil.url(), &value], "{chain}");
        // Five seconds for one question, and the time that the action itself takes.
        assert!(begun.elapsed() < Duration::from_secs(9), "{chain}: {:?}", begun.elapsed());
    }

    // A key that signs by what a contract says; the node that cannot read it is not needed.
    let key = network.key_for(&[READS]);
    let params = json!({ "list": [call("partly", "0x")] }).to_string();
    let ran = network.run(READS, &key, &["--node", "1", "--params", &params]).ok();
    assert_eq!(ran["reply"]["response"], json!([value]).to_string());
    assert_eq!(ran["reply"]["signatures"]["signature"]["digest"], DIGEST);

    // What the servers said, and the keys in their addresses, are in no log.
    let logs = network.stop();
    assert!(!logs.contains("<html>") && !logs.contains(OPERATORS_KEY), "{logs}");
}
