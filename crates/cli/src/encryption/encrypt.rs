//! `quorate encrypt`: to a policy under the network's certified key, without asking anybody who keeps that key.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use quorate_client::{Client, ClientOptions};
use quorate_encryption::{MESSAGE_BYTES_MAX, Recipient, RootKey};
use quorate_wire::{Digest, ErrorCode, Identity, NetworkId, PolicyForm, Problem};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::lit::Document;
use super::policy::Stated;
use super::progress::{Progress, size};
use super::target::{Kind, Target};
use super::{Source, container, source};
use crate::action::refused;
use crate::args::encryption::EncryptArgs;
use crate::failure::Failure;
use crate::keys;
use crate::output::Output;

/// What a container's name ends with.
pub(super) const CONTAINER: &str = ".quorate";
/// What the name of a document in Lit's form ends with.
pub(super) const DOCUMENT: &str = ".lit.json";

/// Runs `quorate encrypt`.
pub(crate) async fn run(args: &EncryptArgs, output: Output) -> Result<(), Failure> {
    let ending = if args.lit { DOCUMENT } else { CONTAINER };
    let target = Target::of(&args.written, &args.file, |path| longer(path, ending))?;
    output.leave_standard_output_to(target.is_standard())?;
    let (path, network) = args.place.network_path()?;
    let client = Client::new(network, ClientOptions::default()).map_err(refused)?;
    let stated = args.recipient.policy(&client).await?;
    stated.policy.check_supported().map_err(Problem::from)?;
    if !args.lit && stated.form != PolicyForm::Unified {
        let detail = "a container's policy is a list in the unified form; --lit takes the others";
        return Err(Problem::new(ErrorCode::PolicyInvalid, detail).into());
    }
    let (from, length) = source(&args.file)?;
    let root = keys::certified(&path, &client, output).await?.decrypt;
    let root = RootKey::from_bytes(&root).context("the network's certified decryption key is no key")?;
    let hash = stated.policy.hash();
    output.progress(&format!("who can open it (policy {hash}):\n{}", indented(&stated.words())));
    let network = client.network_file().id();
    let work = Work { network, root, stated: &stated, from, length, target };
    let (written, bytes) = tokio::task::block_in_place(|| match args.lit {
        true => work.document(output),
        false => work.container(),
    })?;
    let value = json!({ "out": written, "bytes": bytes, "policy": hash, "network": network });
    let told = format!("encrypted {} to {written}", size(bytes));
    output.result_beside(written == "standard output", &value, told);
    Ok(())
}

/// What is encrypted, to whom, and where it goes.
struct Work<'a> {
    network: NetworkId,
    root: RootKey,
    stated: &'a Stated,
    from: Source,
    length: Option<u64>,
    target: Target,
}

impl Work<'_> {
    /// Writes a container; says where, and of how many bytes.
    fn container(mut self) -> Result<(String, u64), Failure> {
        let recipient = Recipient {
            network: self.network,
            root: self.root,
            policy: self.stated.list.get(),
            policy_hash: self.stated.policy.hash(),
        };
        let shown = self.target.shown();
        let mut to = self.target.begin(Kind::Public)?;
        let mut progress = Progress::new("encrypting", self.length);
        let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
        let at = |done| progress.at(done);
        let bytes = quorate_encryption::seal(&recipient, &mut entropy, &mut self.from, &mut to, at)
            .map_err(container)?;
        to.finish()?;
        Ok((shown, bytes))
    }

    /// Writes a document in Lit's form; says where, and of how many bytes.
    fn document(mut self, output: Output) -> Result<(String, u64), Failure> {
        let most = u64::try_from(MESSAGE_BYTES_MAX).context("a bound")?;
        let capacity = self.length.map_or(0, |length| length.min(most));
        let mut plaintext =
            Zeroizing::new(Vec::with_capacity(usize::try_from(capacity).context("a bound")? + 1));
        self.from.by_ref().take(most + 1).read_to_end(&mut plaintext).context("reading failed")?;
        if plaintext.len() > MESSAGE_BYTES_MAX {
            let detail = "what is encrypted with --lit has at most 16 MiB; a container has no such bound";
            return Err(Failure::Local(anyhow::anyhow!(detail)));
        }
        output.progress(
            "note: dataToEncryptHash is the SHA-256 of the plaintext, for everybody to read: it gives a short or guessable \
             secret away",
        );
        let data = Digest(Sha256::digest(&*plaintext).into());
        let identity = Identity::Lit { policy: self.stated.policy.hash(), data };
        let mut entropy = rand_core::UnwrapErr(getrandom::SysRng);
        let ciphertext = quorate_encryption::encrypt(&self.root, &identity.bytes(), &plaintext, &mut entropy)
            .context("encrypting")?;
        let document =
            serde_json::to_string(&Document::new(&ciphertext, &data, self.stated)).context("writing")?;
        let shown = self.target.shown();
        let mut to = self.target.begin(Kind::Public)?;
        writeln!(to, "{document}").context("writing")?;
        to.finish()?;
        Ok((shown, u64::try_from(plaintext.len()).context("a bound")?))
    }
}

/// The name of what is encrypted with an ending behind it.
fn longer(path: &Path, ending: &str) -> Option<PathBuf> {
    let mut name = path.file_name()?.to_owned();
    name.push(ending);
    Some(path.with_file_name(name))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

impl Output {
    /// Refuses to print a document where the result itself goes.
    pub(super) fn leave_standard_output_to(self, result: bool) -> Result<(), Failure> {
        ensure_one(result && self.is_json()).map_err(Failure::Local)
    }

    /// Says what was done: as results are, or on standard error if the result has standard output.
    pub(super) fn result_beside(self, taken: bool, value: &serde_json::Value, told: String) {
        if taken {
            self.progress(&told);
        } else {
            self.result(value, || told);
        }
    }
}

fn ensure_one(both: bool) -> anyhow::Result<()> {
    ensure!(!both, "--json has standard output, and the result cannot go there as well: -o OUT names a file");
    Ok(())
}
