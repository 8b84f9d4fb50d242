//! Dependencies between the workspace's crates point down. An edge that is not in this table fails.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Crate, and what of the workspace it may depend on. Folders under `backends` may depend on `edgebench-api` alone,
/// the conformance suite on the protocol as well; the command may depend on everything.
const ALLOWED: &[(&str, &[&str])] = &[
    ("edgebench-api", &[]),
    ("edgebench-stats", &[]),
    ("edgebench-graph", &[]),
    ("edgebench-protocol", &["edgebench-api", "edgebench-stats"]),
    // A record keeps memory readings as the protocol defines them.
    (
        "edgebench-record",
        &["edgebench-api", "edgebench-stats", "edgebench-protocol"],
    ),
    ("edgebench-history", &["edgebench-record", "edgebench-stats"]),
    (
        "edgebench-meters",
        &["edgebench-api", "edgebench-stats", "edgebench-record"],
    ),
    ("edgebench-suites", &["edgebench-api", "edgebench-stats"]),
    ("edgebench-peaks", &["edgebench-api"]),
    (
        "edgebench-worker",
        &["edgebench-protocol", "edgebench-peaks", "edgebench-api"],
    ),
    (
        "edgebench-runner",
        &[
            "edgebench-protocol",
            "edgebench-record",
            "edgebench-suites",
            "edgebench-graph",
            "edgebench-meters",
            "edgebench-stats",
            "edgebench-api",
        ],
    ),
    (
        "edgebench-reports",
        &[
            "edgebench-record",
            "edgebench-graph",
            "edgebench-stats",
            "edgebench-api",
        ],
    ),
    ("edgebench-conformance", &["edgebench-api", "edgebench-protocol"]),
    ("xtask", &["edgebench-stats"]),
];

const COMMAND: &str = "edgebench";

#[test]
fn every_edge_is_in_the_table() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let allowed: BTreeMap<&str, &[&str]> = ALLOWED.iter().copied().collect();
    let mut wrong = Vec::new();
    let mut edges = 0;
    for package in &metadata.packages {
        let name = package.name.as_str();
        if name == COMMAND {
            continue;
        }
        // Below the root, since the clone itself may lie in a folder of that name.
        let folder = package.manifest_path.strip_prefix(&metadata.workspace_root).unwrap();
        let backend = folder.starts_with("backends");
        let may: &[&str] = match allowed.get(name) {
            Some(may) => may,
            None if backend => &["edgebench-api"],
            None => {
                wrong.push(format!("`{name}` is not in the table"));
                continue;
            }
        };
        // A crate's tests may hold it to what it is never linked with, such as a backend to the conformance suite.
        let built = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development);
        for dependency in built.filter(|dependency| ours.contains(dependency.name.as_str())) {
            edges += 1;
            if !may.contains(&dependency.name.as_str()) {
                wrong.push(format!("`{name}` may not depend on `{}`", dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Metadata that names no edge would let everything pass.
    assert!(edges >= 15, "only {edges} edges were seen");
}

#[test]
fn the_table_names_no_crate_that_is_gone() {
    let metadata = MetadataCommand::new().no_deps().exec().unwrap();
    let ours: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    for (name, may) in ALLOWED {
        for name in std::iter::once(name).chain(*may) {
            assert!(ours.contains(name), "`{name}` is in the table and not in the workspace");
        }
    }
}
