//! Marks in a node's data folder that keep the node from starting there, written whole or not at all.

use std::{fs, io, path::Path};

use quorate_engine::NewerStart;
use quorate_wire::NetworkFile;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{MovingError, beside, now_unix_s, publish::Unfinished, read_bounded, write_new};
use crate::brain::Halted;

/// What a node leaves that stopped because a newer copy of it runs.
const HALTED: &str = "halted";
/// A mark is far shorter.
const MARK_BYTES_MAX: usize = 16 << 10;

/// The text of a mark of a halt. Further members are for people.
#[derive(Debug, Serialize, Deserialize)]
struct HaltMark {
    /// A sentence for the operator.
    reason: String,
    /// The number of the later start.
    start: u64,
}

/// Says in the data folder that the node is gone, durably: no store opens beside it.
pub(super) fn leave_moved(mark: &Path, out: &Path) -> Result<(), MovingError> {
    leave(mark, &json!({ "exported_unix_s": now_unix_s(), "file": out }))
}

/// Says in the data folder, durably, that a newer copy of the node runs: this one does not start again by itself. A mark
/// that is there already stays.
pub(crate) fn leave_halted(
    folder: &Path,
    reason: &str,
    newer: &NewerStart,
    network: &NetworkFile,
) -> Result<(), MovingError> {
    let text = json!({
        "reason": reason, "start": newer.number, "own_start": newer.own,
        "told_by": network.named(newer.told_by), "unix_s": now_unix_s(),
    });
    match leave(&folder.join(HALTED), &text) {
        Err(MovingError::FileThere(_)) => Ok(()),
        left => left,
    }
}

/// Refuses a start in a folder where a newer copy of the node has stopped an earlier one. Nobody is asked: a start that asks
/// could stop the copy that lives.
pub(crate) fn check_not_halted(folder: &Path) -> Result<(), Halted> {
    let path = folder.join(HALTED);
    if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    Err(Halted { reason: sentence(&path) })
}

fn sentence(path: &Path) -> String {
    let read = read_bounded(path, MARK_BYTES_MAX).ok().flatten();
    let mark: Option<HaltMark> = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let path = path.display();
    match mark {
        // What is in the file is the node's own, but somebody may have written over it.
        Some(HaltMark { reason, start }) => format!(
            "this node stopped here before and does not start again ({path}: {:?}): if this copy is the one that is to go on, \
             export it, and import it with --after {start}",
            reason.chars().take(1_000).collect::<String>()
        ),
        None => format!(
            "this node stopped here before because a newer copy of it ran, and does not start again: the mark {path} cannot be \
             read"
        ),
    }
}

fn leave(mark: &Path, text: &serde_json::Value) -> Result<(), MovingError> {
    let new = Unfinished::at(beside(mark, "marking")?);
    // A process of this number that was killed here may have left one: the folder has no other process in it.
    let _ = fs::remove_file(new.path());
    write_new(new.path(), format!("{text}\n").as_bytes(), 0o600)?;
    new.publish(mark)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestFolder;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_halt_is_remembered_with_all_that_an_operator_needs() {
        let folder = TestFolder::new();
        let (network, _) = crate::testing::founded(7);
        check_not_halted(folder.path()).unwrap();
        let newer =
            NewerStart { number: (2 << 32) + 5, own: 7, told_by: quorate_wire::NodeIndex::new(2).unwrap() };
        leave_halted(folder.path(), "another copy of this node", &newer, &network).unwrap();
        // The first reason stays.
        leave_halted(folder.path(), "a second reason", &newer, &network).unwrap();
        let path = folder.path().join(HALTED);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mark: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert_eq!((&mark["start"], &mark["own_start"]), (&json!((2_u64 << 32) + 5), &json!(7)));
        assert_eq!(mark["told_by"], "node 2 (Operator 2)");
        assert!(mark["unix_s"].as_u64().unwrap() > 0);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
        let said = check_not_halted(folder.path()).unwrap_err().reason;
        assert!(said.contains("another copy of this node") && said.contains("--after 8589934597"), "{said}");
        // Whatever is there, the node does not start.
        for text in [&b""[..], b"{}", b"\xff", &vec![b'x'; MARK_BYTES_MAX + 1]] {
            fs::write(&path, text).unwrap();
            assert!(check_not_halted(folder.path()).unwrap_err().reason.contains("cannot be read"));
        }
        fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/nowhere", &path).unwrap();
        check_not_halted(folder.path()).unwrap_err();
    }
}
