//! External data: only plain files inside the model's folder.
#![cfg(unix)]

use std::fs;
use std::path::Path;

use edgebench_graph::{Graph, GraphError, read};

const MODEL: &[u8] = include_bytes!("fixtures/external.onnx");
const DATA: &[u8] = include_bytes!("fixtures/external.bin");

/// The fixture with other text of the same length in place of its location, offset or length.
fn replaced(from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = MODEL.to_vec();
    let place = bytes
        .windows(from.len())
        .position(|window| window == from.as_bytes())
        .expect("fixtures and temporary files are at hand");
    bytes[place..place + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

fn read_in(folder: &Path, model: &[u8]) -> Result<Graph, GraphError> {
    let path = folder.join("model.onnx");
    fs::write(&path, model).expect("fixtures and temporary files are at hand");
    read(&path)
}

fn refusal(folder: &Path, model: &[u8]) -> String {
    match read_in(folder, model) {
        Err(GraphError::External { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plain_file_beside_the_model_is_read_and_listed() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("external.bin"), DATA).unwrap();
    let graph = read_in(folder.path(), MODEL).unwrap();
    assert_eq!((graph.parameters, graph.zero_parameters), (6, 3));
    assert_eq!(graph.external.len(), 1);
    let file = &graph.external[0];
    assert_eq!(
        (file.location.as_str(), file.bytes, file.tensors),
        ("external.bin", 28, 1)
    );
    assert_eq!(file.path, folder.path().join("external.bin"));
}

#[test]
fn files_below_the_folder_are_read() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("data/w12.bin"), DATA).unwrap();
    let graph = read_in(folder.path(), &replaced("external.bin", "data/w12.bin")).unwrap();
    assert_eq!(graph.external[0].location, "data/w12.bin");
}

#[test]
fn locations_that_leave_the_folder_are_refused() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("model");
    fs::create_dir(&folder).unwrap();
    fs::create_dir(folder.join("a")).unwrap();
    fs::write(outer.path().join("rnal.bin"), DATA).unwrap();
    assert!(refusal(&folder, &replaced("external.bin", "../ernal.bin")).contains("leaves"));
    assert!(refusal(&folder, &replaced("external.bin", "a/../../.bin")).contains("leaves"));
    assert!(refusal(&folder, &replaced("external.bin", "/xternal.bin")).contains("absolute"));
    assert!(refusal(&folder, &replaced("external.bin", "exter\\al.bin")).contains("backslash"));
}

#[test]
fn links_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (data, named) = (folder.path().join("data.bin"), folder.path().join("external.bin"));
    fs::write(&data, DATA).unwrap();
    std::os::unix::fs::symlink(&data, &named).unwrap();
    assert!(refusal(folder.path(), MODEL).contains("symbolic link"));
    fs::remove_file(&named).unwrap();
    fs::hard_link(&data, &named).unwrap();
    assert!(refusal(folder.path(), MODEL).contains("hard-linked"));
    fs::create_dir(folder.path().join("real")).unwrap();
    fs::write(folder.path().join("real/w12.bin"), DATA).unwrap();
    std::os::unix::fs::symlink(folder.path().join("real"), folder.path().join("data")).unwrap();
    assert!(refusal(folder.path(), &replaced("external.bin", "data/w12.bin")).contains("passes through"));
}

#[test]
fn what_is_no_regular_file_is_refused_without_blocking() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refusal(folder.path(), MODEL).contains("cannot be opened"));
    let named = folder.path().join("external.bin");
    fs::create_dir(&named).unwrap();
    assert!(refusal(folder.path(), MODEL).contains("not a regular file"));
    fs::remove_dir(&named).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, &named, rustix::fs::Mode::RUSR).unwrap();
    assert!(refusal(folder.path(), MODEL).contains("not a regular file"));
    assert!(matches!(read(&named), Err(GraphError::NotAFile { .. })));
    assert!(matches!(
        read(&folder.path().join("absent")),
        Err(GraphError::Io { .. })
    ));
}

#[test]
fn ranges_stay_in_the_file_and_fit_the_tensor() {
    let folder = tempfile::tempdir().unwrap();
    let named = folder.path().join("external.bin");
    fs::write(&named, &DATA[..27]).unwrap();
    assert!(refusal(folder.path(), MODEL).contains("pass the end"));
    fs::write(&named, DATA).unwrap();
    // The entry is `offset`, then its value in a field of length 1.
    assert!(refusal(folder.path(), &replaced("offset\u{12}\u{1}4", "offset\u{12}\u{1}5")).contains("pass the end"));
    assert!(refusal(folder.path(), &replaced("offset\u{12}\u{1}4", "offset\u{12}\u{1}-")).contains("integer"));
    assert!(refusal(folder.path(), &replaced("length\u{12}\u{2}24", "length\u{12}\u{2}20")).contains("has 24"));
    assert!(refusal(folder.path(), &replaced("length\u{12}\u{2}24", "lengzz\u{12}\u{2}24")).contains("unknown key"));
}
