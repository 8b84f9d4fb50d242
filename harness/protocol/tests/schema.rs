//! The published schema is that of the types.
//!
//! `UPDATE_GOLDEN=1 cargo test -p edgebench-protocol` writes it anew after a change that was meant.

use std::fs;
use std::path::Path;

use edgebench_protocol::protocol_schema;

#[test]
fn the_published_schema_is_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schemas/protocol.json");
    let text = serde_json::to_string_pretty(&protocol_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(
        fs::read_to_string(path).unwrap(),
        text,
        "run the tests once with UPDATE_GOLDEN=1"
    );
}
