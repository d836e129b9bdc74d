//! Keys of issuers on disk, so that a start without an issuer goes on with what it showed before.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use quorate_auth::HeldKeys;
use quorate_wire::IssuerRule;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::config::make_private_folder;

/// Longest file: a document and eight older ones, with every character escaped.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// The folder.
pub(super) struct Folder(PathBuf);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// The rule by which they were fetched: under another one they count for nothing.
    rule: IssuerRule,
    seen_unix_ms: u64,
    current: String,
    older: Vec<(String, u64)>,
}

impl Folder {
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        make_private_folder(folder)?;
        Ok(Folder(folder.to_owned()))
    }

    fn path(&self, issuer: &str, end: &str) -> PathBuf {
        self.0.join(format!("{}.{end}", hex::encode(Sha256::digest(issuer))))
    }

    /// Keeps the keys of an issuer, all of them or as before.
    pub(super) fn write(&self, rule: &IssuerRule, keys: &HeldKeys, seen_unix_ms: u64) -> io::Result<()> {
        let (current, older) = keys.documents();
        let issuer = &rule.issuer;
        let kept = Kept { rule: rule.clone(), seen_unix_ms, current: current.to_owned(), older };
        let unfinished = self.path(issuer, "unfinished");
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(&serde_json::to_vec(&kept)?)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.path(issuer, "json"))?;
        File::open(&self.0)?.sync_all()
    }

    /// What was kept of an issuer, and when it was seen. A file that is damaged is none.
    pub(super) fn read(&self, rule: &IssuerRule) -> Option<(HeldKeys, u64)> {
        let mut text = Vec::new();
        File::open(self.path(&rule.issuer, "json")).ok()?.take(FILE_BYTES_MAX).read_to_end(&mut text).ok()?;
        let kept: Kept = serde_json::from_slice(&text).ok().filter(|kept: &Kept| kept.rule == *rule)?;
        let keys = HeldKeys::restore(&kept.current, &kept.older).ok()?;
        Some((keys, kept.seen_unix_ms))
    }
}
