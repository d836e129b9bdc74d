//! The corpora in the tree. `UPDATE_VECTORS=1` writes them anew.

use serde_json::Value;

/// Compares what a test made with the corpus in the tree.
pub(crate) fn check(name: &str, found: &Value) {
    let file = format!("{}/tests/corpus/{name}.json", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_VECTORS").is_some() {
        std::fs::write(&file, format!("{found:#}\n")).unwrap();
    }
    let expected: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert!(*found == expected, "{name}.json differs; UPDATE_VECTORS=1 writes it anew");
}
