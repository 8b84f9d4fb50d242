//! Machines for tests: folders that look like `/`.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

/// A machine of `tests/hosts`. Each file there holds a tree: a line `== path` and the text of that file after it.
pub(super) fn machine(name: &str) -> TempDir {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hosts");
    let text = fs::read_to_string(folder.join(name).with_extension("txt")).unwrap();
    let root = tempfile::tempdir().unwrap();
    for file in text.split("== ").skip(1) {
        let (path, content) = file.split_once('\n').unwrap();
        put(&root, path, content);
    }
    root
}

/// Writes one file of a machine anew.
pub(super) fn put(root: &TempDir, path: &str, content: impl AsRef<[u8]>) {
    let path = root.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
