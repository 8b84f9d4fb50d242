//! A root folder whose files can be made to fail in ways that a test cannot bring about otherwise.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::{fs, io};

use edgebench_meters::files::{Files, HostFiles};
use edgebench_meters::{Places, ReadError, Reading, Source};
use edgebench_record::AbsentSource;

#[derive(Debug)]
pub(crate) struct Tree {
    root: tempfile::TempDir,
    faults: Arc<Faults>,
}

/// Permissions say nothing to a test that runs as root, so that refusals come from here.
#[derive(Debug, Default)]
struct Faults(Mutex<BTreeMap<PathBuf, io::ErrorKind>>);

impl Faults {
    fn at(&self, path: &Path) -> io::Result<()> {
        match self.0.lock().unwrap().get(path) {
            Some(kind) => Err((*kind).into()),
            None => Ok(()),
        }
    }
}

impl Files for Faults {
    fn text(&self, path: &Path) -> io::Result<String> {
        self.at(path)?;
        HostFiles.text(path)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.at(folder)?;
        HostFiles.names(folder)
    }
}

impl Tree {
    /// A root with these files, each ended by a line feed as a kernel does.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self {
            root: tempfile::tempdir().unwrap(),
            faults: Arc::default(),
        };
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    }

    pub(crate) fn empty(&self, path: &str) {
        fs::write(self.path(path), "").unwrap();
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).unwrap();
    }

    /// From now on a file or a folder fails so.
    pub(crate) fn fail(&self, path: &str, kind: io::ErrorKind) {
        self.faults.0.lock().unwrap().insert(self.path(path), kind);
    }

    pub(crate) fn deny(&self, path: &str) {
        self.fail(path, io::ErrorKind::PermissionDenied);
    }

    pub(crate) fn places(&self) -> Places {
        Places {
            root: self.root.path().to_owned(),
            files: self.faults.clone(),
            vcgencmd: self.path("vcgencmd"),
            virtual_machine: None,
        }
    }
}

/// Something done to a tree, and what an error has to say afterwards.
pub(crate) type Fault = (&'static str, fn(&Tree), &'static str);

/// Each fault, found when the source is opened, is a reason not to have it.
pub(crate) fn absent_for<S: std::fmt::Debug>(
    good: fn() -> Tree,
    open: fn(&Places) -> Result<S, AbsentSource>,
    faults: &[Fault],
) {
    for (name, fault, says) in faults {
        let tree = good();
        fault(&tree);
        let absent = open(&tree.places()).expect_err(name);
        assert!(absent.reason.contains(says), "{name}: {absent:?}");
    }
}

/// Each fault that comes up after the source was opened and read once is an error, and never a reading of 0 or of anything.
pub(crate) fn errors_for<S: Source>(
    good: fn() -> Tree,
    open: fn(&Places) -> Result<S, AbsentSource>,
    faults: &[Fault],
) {
    for (name, fault, says) in faults {
        let tree = good();
        let mut source = open(&tree.places()).unwrap_or_else(|absent| panic!("{name}: {absent:?}"));
        source.read().unwrap();
        fault(&tree);
        let error = source.read().expect_err(name);
        assert!(error.what.contains(says), "{name}: {error:?}");
    }
}

#[track_caller]
pub(crate) fn joules(source: &mut impl Source) -> f64 {
    match source.read() {
        Ok(Reading::Joules(joules)) => joules,
        other => panic!("no energy: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn watts(reading: Result<Reading, ReadError>) -> f64 {
    match reading {
        Ok(Reading::Watts(watts)) => watts,
        other => panic!("no power: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn close(value: f64, expected: f64) {
    assert!(
        (value - expected).abs() <= 1e-9 * expected.abs(),
        "{value}, not {expected}"
    );
}
