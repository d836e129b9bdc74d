//! Writes a snapshot: page by page from a chain that runs, or from the folder of one that does not.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io::{BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use alloy_primitives::{B256, Bytes};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;
use revm::primitives::KECCAK_EMPTY;
use serde_json::json;

use super::{
    Page, Part, SNAPSHOT_BYTES_MAX, SnapshotError, load, page,
    pages::PAGE_CODES_MAX,
    rows::{Row, write_head},
};
use crate::{
    chain::{
        genesis::Genesis,
        head::{BlockId, HeadStatement},
        ledger::{Ledger, genesis_hash},
        sequencer,
    },
    rpc_client::{CallBounds, RpcCallError, RpcClient},
};

const BOUNDS: CallBounds =
    CallBounds { deadline: Duration::from_secs(30), answer_bytes_max: 4 * 1024 * 1024 };
/// How often a page is asked for that the chain had no time for.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

/// A snapshot that was written.
#[derive(Clone, Copy, Debug)]
pub struct Collected {
    /// Names the chain.
    pub genesis: B256,
    /// The block after which the state is.
    pub block: BlockId,
    /// The root of the state, computed from all of it.
    pub state_root: B256,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Writes a snapshot of a chain that runs, after its newest block. The file is there only if it verifies.
///
/// # Errors
/// If the chain does not answer, goes on so fast that its older state is forgotten meanwhile, or gives what does not verify.
pub async fn collect(rpc: &RpcClient, out: &Path) -> Result<Collected, SnapshotError> {
    let source = Source::Rpc(rpc);
    let genesis: Genesis = parsed(source.ask("quorate_genesis", json!([])).await?)?;
    if !genesis.is_valid() {
        return Err(SnapshotError::Refused("its block 0 is of another release".to_owned()));
    }
    let head: HeadStatement = parsed(source.ask("quorate_head", json!([])).await?)?;
    write(&source, &genesis, head.latest, out).await
}

/// Writes a snapshot of a chain that does not run, from its folder. The file is there only if it verifies.
///
/// # Errors
/// If the chain runs, its folder is damaged, or the disk fails.
pub async fn of_folder(
    genesis: Genesis,
    key: &SigningKey,
    folder: &Path,
    out: &Path,
) -> Result<Collected, SnapshotError> {
    let opened = sequencer::open_to_read(genesis.clone(), key, folder);
    let (ledger, _locked) = opened.map_err(|error| SnapshotError::Refused(error.to_string()))?;
    let head = BlockId { number: ledger.head(), hash: ledger.head_meta().hash };
    write(&Source::Ledger(&ledger), &genesis, head, out).await
}

/// As [`of_folder`], of a chain that is open here.
#[cfg(test)]
pub(crate) async fn of_ledger(ledger: &Ledger, block: u64, out: &Path) -> Result<Collected, SnapshotError> {
    let hash = ledger.meta(block).unwrap_or_default().map(|meta| meta.hash).unwrap_or_default();
    write(&Source::Ledger(ledger), ledger.genesis(), BlockId { number: block, hash }, out).await
}

async fn write(
    source: &Source<'_>,
    genesis: &Genesis,
    block: BlockId,
    out: &Path,
) -> Result<Collected, SnapshotError> {
    let genesis_hash = genesis_hash(genesis);
    let mut writing = Writing::begin(out, genesis_hash, block)?;
    let mut cursor = Some(1_u64.to_be_bytes().to_vec()).filter(|_| block.number > 0);
    while let Some(from) = cursor {
        let page = source.page(block.number, Part::Headers, &from).await?;
        writing.put(&page.rows)?;
        cursor = page.next;
    }
    let mut codes = BTreeSet::new();
    let mut cursor = Some(Vec::new());
    while let Some(behind) = cursor {
        let page = source.page(block.number, Part::State, &behind).await?;
        let mut rest = page.rows.as_slice();
        while !rest.is_empty() {
            if let Row::Account(_, account) = Row::read(&mut rest)? {
                codes.insert(account.code_hash);
            }
        }
        writing.put(&page.rows)?;
        cursor = page.next;
    }
    codes.remove(&KECCAK_EMPTY);
    let codes: Vec<B256> = codes.into_iter().collect();
    for hashes in codes.chunks(PAGE_CODES_MAX) {
        let hashes: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
        writing.put(&source.page(block.number, Part::Codes, &hashes).await?.rows)?;
    }
    let mut end = Vec::new();
    Row::End.write(&mut end);
    writing.put(&end)?;
    let bytes = writing.bytes;
    let file = writing.end()?;
    let (found, _) = load(&file.0, genesis, Some(block), None)?;
    file.keep(out)?;
    Ok(Collected { genesis: genesis_hash, block, state_root: found.meta.state_root, bytes })
}

/// Where pages come from.
enum Source<'a> {
    Rpc(&'a RpcClient),
    Ledger(&'a Ledger),
}

impl Source<'_> {
    async fn page(&self, block: u64, part: Part, cursor: &[u8]) -> Result<Page, SnapshotError> {
        let page = match self {
            Self::Ledger(ledger) => page(ledger, block, part, cursor)
                .map_err(|error| SnapshotError::Refused(error.to_string()))?
                .ok_or(SnapshotError::Damaged("a page does not follow"))?,
            Self::Rpc(_) => {
                let params = json!([block, part.name(), Bytes::copy_from_slice(cursor)]);
                let answer = self.ask("quorate_snapshot", params).await?;
                let rows = answer.get("rows").and_then(serde_json::Value::as_str);
                let rows = rows.and_then(|rows| STANDARD.decode(rows).ok());
                let next: Option<Bytes> = parsed(answer.get("next").cloned().unwrap_or_default())?;
                Page {
                    rows: rows.ok_or(SnapshotError::Damaged("a page has another form"))?,
                    next: next.map(Vec::from),
                }
            }
        };
        if page.rows.is_empty() && page.next.is_some() {
            return Err(SnapshotError::Damaged("a page has no rows"));
        }
        Ok(page)
    }

    /// Asks again where the chain had no time.
    async fn ask(&self, method: &str, params: serde_json::Value) -> Result<serde_json::Value, SnapshotError> {
        let Self::Rpc(rpc) = self else { return Ok(serde_json::Value::Null) };
        let mut tries = 0;
        loop {
            match rpc.call(method, params.clone(), BOUNDS).await {
                Ok(answer) => return Ok(answer),
                Err(RpcCallError::Refused { code: -32005, .. } | RpcCallError::BadAnswer)
                    if tries < TRIES =>
                {
                    tries += 1;
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return Err(SnapshotError::Refused(error.to_string())),
            }
        }
    }
}

fn parsed<T: serde::de::DeserializeOwned>(answer: serde_json::Value) -> Result<T, SnapshotError> {
    serde_json::from_value(answer)
        .map_err(|_| SnapshotError::Refused("an answer has another form".to_owned()))
}

/// A file that is removed unless it is kept.
struct Unfinished(PathBuf);

impl Unfinished {
    fn keep(self, out: &Path) -> Result<(), SnapshotError> {
        fs::rename(&self.0, out).map_err(|error| SnapshotError::file(&error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Where it was kept it is not there any more.
        let _ = fs::remove_file(&self.0);
    }
}

struct Writing {
    path: Unfinished,
    file: BufWriter<File>,
    bytes: u64,
}

impl Writing {
    fn begin(out: &Path, genesis: B256, block: BlockId) -> Result<Self, SnapshotError> {
        let mut path = out.as_os_str().to_owned();
        path.push(".new");
        let path = PathBuf::from(path);
        let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path);
        let file = file.map_err(|error| SnapshotError::file(&error))?;
        let mut writing =
            Self { path: Unfinished(path), file: BufWriter::with_capacity(1 << 20, file), bytes: 0 };
        let mut head = Vec::new();
        write_head(&mut head, genesis, block).map_err(|error| SnapshotError::file(&error))?;
        writing.put(&head)?;
        Ok(writing)
    }

    fn put(&mut self, rows: &[u8]) -> Result<(), SnapshotError> {
        self.bytes = self.bytes.saturating_add(rows.len() as u64);
        if self.bytes > SNAPSHOT_BYTES_MAX {
            return Err(SnapshotError::TooLong);
        }
        self.file.write_all(rows).map_err(|error| SnapshotError::file(&error))
    }

    fn end(mut self) -> Result<Unfinished, SnapshotError> {
        self.file.flush().map_err(|error| SnapshotError::file(&error))?;
        self.file.get_ref().sync_all().map_err(|error| SnapshotError::file(&error))?;
        Ok(self.path)
    }
}
