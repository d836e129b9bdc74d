//! `quorate decrypt`: asks the nodes for what opens a file, and opens it.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use quorate_client::{Client, ClientOptions, Login, LoginBuilder, Opening, OpeningValue, Said};
use quorate_encryption::{Header, RootKey, VALUE_LEN};
use quorate_wire::{
    Capability, CapabilityPolicy, ErrorCode, Identity, NetworkFile, NodeIndex, PolicyForm, Problem,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::encrypt::{CONTAINER, DOCUMENT};
use super::lit::{DOCUMENT_BYTES_MAX, Encrypted};
use super::policy::Stated;
use super::progress::{Progress, size};
use super::target::{Kind, Target};
use super::{Source, container, is_document, source, text, unopened};
use crate::action::{now_ms, refused};
use crate::args::encryption::DecryptArgs;
use crate::failure::Failure;
use crate::keys;
use crate::output::{Output, printable};

/// What a wallet is told that it allows.
const STATEMENT: &str =
    "Allow this session to have what is encrypted under the policies listed below opened.";

/// Runs `quorate decrypt`; the result says whether it opened, or would open.
pub(crate) async fn run(args: &DecryptArgs, output: Output) -> Result<bool, Failure> {
    let target = match args.explain {
        true => None,
        false => Some(Target::of(&args.written, &args.file, shorter)?),
    };
    output.leave_standard_output_to(target.as_ref().is_some_and(Target::is_standard))?;
    let (mut from, length) = source(&args.file)?;
    let sealed = tokio::task::block_in_place(|| Sealed::read(&mut from, &args.file))?;
    let (path, network) = args.access.place.network_path()?;
    let wallet = args.access.wallet()?;
    let client = Client::new(network, ClientOptions::default()).map_err(refused)?;
    let root = keys::certified(&path, &client, output).await?.decrypt;
    let root = RootKey::from_bytes(&root).context("the network's certified decryption key is no key")?;
    if let Sealed::Container(header, _) = &sealed {
        header.expect(client.network_file().id(), &root).map_err(container)?;
    }
    let stated = sealed.stated();
    stated.policy.check_supported().map_err(Problem::from)?;
    let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
    let login = log_in(client.network_file(), &args.access.login_domain, &wallet, stated)?;
    let opening = Opening { policy: stated.list.clone(), form: stated.form, identity: sealed.identity() };
    let Some(target) = target else {
        let nodes = client.explain_opening(&login, &opening, &mut entropy).await.map_err(refused)?;
        return Ok(explain(&nodes, client.network_file(), stated, output));
    };
    let OpeningValue { value, nodes } =
        client.opening_value(&login, &opening, &mut entropy).await.map_err(refused)?;
    let value = Zeroizing::new(value);
    let shown = target.shown();
    let taken = target.is_standard();
    let bytes = tokio::task::block_in_place(|| sealed.open(&value, &mut from, length, target))?;
    let wrong: Vec<NodeIndex> =
        nodes.iter().filter(|(_, said)| matches!(said, Said::Lied(_))).map(|(node, _)| *node).collect();
    for node in &wrong {
        output.progress(&format!(
            "node {node} gave a wrong share; it has signed it, and others took its place"
        ));
    }
    let value = json!({
        "out": shown, "bytes": bytes, "policy": opening.identity.policy(), "wrong_shares": wrong,
    });
    output.result_beside(taken, &value, format!("opened {} to {shown}", size(bytes)));
    Ok(true)
}

/// What is to be opened.
#[derive(Debug)]
enum Sealed {
    /// A container whose header was read; its payload comes.
    Container(Box<Header>, Stated),
    /// A whole document in Lit's form.
    Lit(Box<Encrypted>),
}

impl Sealed {
    fn read(from: &mut Source, path: &Path) -> Result<Self, Failure> {
        if is_document(from)? {
            let text = text(from, DOCUMENT_BYTES_MAX, &path.display().to_string())?;
            return Ok(Sealed::Lit(Box::new(Encrypted::parse(&text)?)));
        }
        let header = Header::read(from).map_err(container)?;
        let stated = Stated::parse(header.policy(), PolicyForm::Unified)?;
        Ok(Sealed::Container(Box::new(header), stated))
    }

    fn stated(&self) -> &Stated {
        match self {
            Sealed::Container(_, stated) => stated,
            Sealed::Lit(encrypted) => &encrypted.stated,
        }
    }

    fn identity(&self) -> Identity {
        match self {
            Sealed::Container(header, stated) => header.identity(stated.policy.hash()),
            Sealed::Lit(encrypted) => encrypted.identity(),
        }
    }

    /// Opens it; says how many bytes it was. What is under the final name is whole and as it was encrypted.
    fn open(
        &self,
        value: &[u8; VALUE_LEN],
        from: &mut Source,
        length: Option<u64>,
        target: Target,
    ) -> Result<u64, Failure> {
        match self {
            Sealed::Container(header, _) => {
                let key = header.open(value).map_err(|error| container(error.into()))?;
                let mut to = target.begin(Kind::Plaintext)?;
                let mut progress = Progress::new("opening", length);
                let bytes = key.decrypt(from, &mut to, |done| progress.at(done)).map_err(container)?;
                drop(progress);
                to.finish()?;
                Ok(bytes)
            }
            Sealed::Lit(encrypted) => {
                let plaintext = encrypted.ciphertext.open(value).map_err(unopened)?;
                if <[u8; 32]>::from(Sha256::digest(&*plaintext)) != encrypted.data.0 {
                    let detail = "dataToEncryptHash is not the hash of what was encrypted";
                    return Err(Problem::new(ErrorCode::CiphertextInvalid, detail).into());
                }
                let mut to = target.begin(Kind::Plaintext)?;
                to.write_all(&plaintext).context("writing")?;
                to.finish()?;
                Ok(u64::try_from(plaintext.len()).context("a bound")?)
            }
        }
    }
}

/// A session that may have what is under this policy opened, and nothing else.
fn log_in(
    network: &NetworkFile,
    domain: &str,
    wallet: &quorate_client::Wallet,
    stated: &Stated,
) -> Result<Login, Failure> {
    let policy = CapabilityPolicy::Named(stated.policy.hash());
    let builder =
        LoginBuilder::new(network, domain).statement(STATEMENT).allow(Capability::Decrypt { policy });
    let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
    Ok(builder.sign_in(wallet, now_ms()?, &mut entropy).map_err(anyhow::Error::from)?)
}

/// Tells what each node said; whether enough of them gave their shares.
fn explain(
    nodes: &BTreeMap<NodeIndex, Said>,
    network: &NetworkFile,
    stated: &Stated,
    output: Output,
) -> bool {
    let gave = nodes.values().filter(|said| matches!(said, Said::Gave(..))).count();
    let opens = gave >= usize::from(network.threshold);
    let value = json!({
        "opens": opens, "threshold": network.threshold, "policy": stated.policy.hash(),
        "nodes": nodes.iter().map(|(node, said)| document(*node, said)).collect::<Vec<_>>(),
    });
    output.result(&value, || {
        let mut lines = vec![stated.words()];
        lines.extend(nodes.iter().map(|(node, said)| format!("node {node:<4} {}", words(said))));
        let verdict = if opens { "it opens" } else { "it does not open" };
        lines.push(format!(
            "{verdict}: {gave} of {} nodes say yes, {} are needed",
            nodes.len(),
            network.threshold
        ));
        lines.join("\n")
    });
    opens
}

fn document(node: NodeIndex, said: &Said) -> Value {
    match said {
        Said::Gave(latest, finalized) => {
            json!({ "node": node, "said": "gave", "latest": latest, "finalized": finalized })
        }
        Said::Lied(statement) => json!({ "node": node, "said": "wrong_share", "statement": statement }),
        Said::Refused(problem) => {
            json!({ "node": node, "said": "refused", "code": problem.code, "detail": problem.detail })
        }
        Said::Silent(why) => json!({ "node": node, "said": "silent", "detail": why }),
    }
}

fn words(said: &Said) -> String {
    match said {
        Said::Gave(latest, finalized) => {
            format!("yes, at block {} and at the finalized block {}", latest.number, finalized.number)
        }
        Said::Lied(_) => "a wrong share, which it has signed".to_owned(),
        Said::Refused(problem) => format!("no ({}): {}", problem.code, printable(&problem.detail)),
        Said::Silent(why) => format!("nothing: {}", printable(why)),
    }
}

/// The name without what `quorate encrypt` has put behind it.
fn shorter(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let name = name.strip_suffix(CONTAINER).or_else(|| name.strip_suffix(DOCUMENT))?;
    (!name.is_empty()).then(|| path.with_file_name(name))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{BufReader, Read};

    use quorate_encryption::{DST, Recipient, seal_bytes};
    use quorate_policy::Policy;
    use quorate_wire::NetworkId;

    use super::*;
    use crate::args::Written;

    const LIST: &str = r#"[{"conditionType":"evmBasic","contractAddress":"","standardContractType":"","chain":"quorate","method":"","parameters":[":userAddress"],"returnValueTest":{"comparator":"=","value":"0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"}}]"#;

    /// A container of these bytes, and what opens it.
    fn made(plaintext: &[u8]) -> (Vec<u8>, [u8; VALUE_LEN]) {
        let secret = blst::min_pk::SecretKey::key_gen(&[7; 32], &[]).unwrap();
        let root = RootKey::from_bytes(&secret.sk_to_pk().compress()).unwrap();
        let policy_hash = Policy::parse(LIST, PolicyForm::Unified).unwrap().hash();
        let recipient = Recipient { network: NetworkId([1; 32]), root, policy: LIST, policy_hash };
        let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
        let container = seal_bytes(&recipient, &mut entropy, plaintext).unwrap();
        let header = Header::read(&mut container.as_slice()).unwrap();
        let value = secret.sign(&header.identity(policy_hash).bytes(), DST, &[]).compress();
        (container, value)
    }

    /// Opens bytes into a folder.
    fn open(bytes: Vec<u8>, value: &[u8; VALUE_LEN], out: &Path) -> Result<u64, Failure> {
        let mut from = BufReader::new(Box::new(std::io::Cursor::new(bytes)) as Box<dyn Read>);
        let written = Written { out: Some(out.to_owned()), force: false };
        let target = Target::of(&written, Path::new("-"), |_| None).unwrap();
        Sealed::read(&mut from, Path::new("-"))?.open(value, &mut from, None, target)
    }

    #[test]
    fn a_file_that_was_changed_or_cut_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let plaintext = vec![0x5a; 2 * quorate_encryption::CHUNK_BYTES + 100];
        let (container, value) = made(&plaintext);
        assert_eq!(open(container.clone(), &value, &out).unwrap(), plaintext.len() as u64);
        assert_eq!(fs::read(&out).unwrap(), plaintext);
        fs::remove_file(&out).unwrap();
        let refused = |bytes: Vec<u8>, what: &str| {
            match open(bytes, &value, &out) {
                Err(Failure::Network(problem)) => drop(problem),
                other => panic!("{what}: {other:?}"),
            }
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{what}");
        };
        // Each byte of the header and its key, and some of each chunk.
        let header = container.len() - plaintext.len() - 3 * 16;
        for at in (0..header).chain((header..container.len()).step_by(9_973)).chain([container.len() - 1]) {
            let mut changed = container.clone();
            changed[at] ^= 1;
            refused(changed, &format!("byte {at}"));
        }
        for length in (0..container.len()).step_by(1_009).chain([header, container.len() - 1]) {
            refused(container[..length].to_vec(), &format!("cut at {length}"));
        }
        refused([container.clone(), vec![0]].concat(), "a byte more");
        let mut other = value;
        other[0] ^= 0x20;
        assert!(open(container, &other, &out).is_err() && !out.exists());
    }

    #[test]
    fn a_documents_hash_must_be_that_of_what_opens() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let secret = blst::min_pk::SecretKey::key_gen(&[7; 32], &[]).unwrap();
        let root = RootKey::from_bytes(&secret.sk_to_pk().compress()).unwrap();
        let stated = || Stated::parse(LIST, PolicyForm::Unified).unwrap();
        let document = |data: [u8; 32]| {
            let identity = Identity::Lit { policy: stated().policy.hash(), data: quorate_wire::Digest(data) };
            let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
            let made =
                quorate_encryption::encrypt(&root, &identity.bytes(), b"secret", &mut entropy).unwrap();
            let hash = quorate_wire::Digest(data);
            let text = serde_json::to_string(&super::super::lit::Document::new(&made, &hash, &stated()));
            (text.unwrap().into_bytes(), secret.sign(&identity.bytes(), DST, &[]).compress())
        };
        let (text, value) = document([9; 32]);
        let Err(Failure::Network(problem)) = open(text, &value, &out) else {
            panic!("another plaintext's hash")
        };
        assert_eq!(problem.code, ErrorCode::CiphertextInvalid);
        assert!(!out.exists());
        let (text, value) = document(Sha256::digest(b"secret").into());
        assert_eq!(open(text, &value, &out).unwrap(), 6);
        assert_eq!(fs::read(&out).unwrap(), b"secret");
    }

    #[test]
    fn names_lose_what_was_put_behind_them() {
        let name = |path: &str| shorter(Path::new(path));
        assert_eq!(name("a/b.txt.quorate"), Some(PathBuf::from("a/b.txt")));
        assert_eq!(name("key.lit.json"), Some(PathBuf::from("key")));
        for none in ["b.txt", ".quorate", "-", "a/.."] {
            assert_eq!(name(none), None, "{none}");
        }
    }
}
