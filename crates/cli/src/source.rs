//! An action as a person names it: a file with its source, or its CID.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use quorate_client::ActionSource;
use quorate_wire::{ActionCid, limits::CODE_BYTES_MAX};

/// A file of this name comes first; without one the text is a CID.
pub(crate) fn named(text: &str) -> Result<ActionSource> {
    let path = Path::new(text);
    if path.exists() {
        return Ok(ActionSource::Code(code(path)?));
    }
    match text.parse::<ActionCid>() {
        Ok(cid) => Ok(ActionSource::Cid(cid)),
        Err(error) => bail!("{text} is neither a file nor the CID of an action: {error}"),
    }
}

/// The source in a file. What no node would run has no name either.
pub(crate) fn code(path: &Path) -> Result<String> {
    let reading = || format!("reading {}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(reading)?;
    file.take(CODE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).with_context(reading)?;
    let shown = path.display();
    ensure!(
        bytes.len() <= CODE_BYTES_MAX,
        "{shown} is longer than {CODE_BYTES_MAX} bytes, and no action may be"
    );
    String::from_utf8(bytes).with_context(|| format!("{shown} is not UTF-8 text, and an action is"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_never_run_is_refused_and_a_file_comes_before_a_cid() {
        let folder = std::env::temp_dir().join(format!("quorate-source-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let cid = ActionCid::of_code(b"1;").to_string();
        let path = |name: &str| folder.join(name);
        std::fs::write(path(&cid), "2;").unwrap();
        std::fs::write(path("latin1.js"), b"'\xe9';").unwrap();
        std::fs::write(path("full.js"), vec![b' '; CODE_BYTES_MAX]).unwrap();
        std::fs::write(path("long.js"), vec![b' '; CODE_BYTES_MAX + 1]).unwrap();
        assert_eq!(named(path(&cid).to_str().unwrap()).unwrap(), ActionSource::Code("2;".to_owned()));
        assert_eq!(named(&cid).unwrap(), ActionSource::Cid(cid.parse().unwrap()));
        assert!(code(&path("full.js")).is_ok());
        let error = |name: &str| format!("{:#}", code(&path(name)).unwrap_err());
        assert!(error("latin1.js").contains("not UTF-8") && error("long.js").contains("longer than"));
        // The CID of raw blocks: the parser knows what is wrong with it.
        let raw = named("bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e").unwrap_err();
        assert!(raw.to_string().contains("raw blocks"), "{raw}");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
