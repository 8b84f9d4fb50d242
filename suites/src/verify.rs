//! Hashes: a file is what the manifest was written for.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::SuiteError;
use crate::suite::{Suite, Task, Variant};

/// The SHA-256 of a file in lower-case hexadecimal, and its size in bytes.
///
/// # Errors
/// When the file cannot be read.
pub fn sha256_file(path: &Path) -> io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut size = 0;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok((hexadecimal(&hash.finalize()), size)),
            Ok(read) => {
                hash.update(&buffer[..read]);
                size += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

pub(crate) fn sha256_bytes(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

fn check(path: &Path, expected: Option<&str>) -> Result<(), SuiteError> {
    let (found, _) = sha256_file(path).map_err(|source| SuiteError::read(path, source))?;
    match expected {
        Some(expected) if found != expected => Err(SuiteError::Hash {
            path: path.to_owned(),
            expected: expected.to_owned(),
            found,
        }),
        _ => Ok(()),
    }
}

/// Checks that a variant's model, and its golden outputs if it has some, can be read and are what the manifest says.
///
/// # Errors
/// [`SuiteError::Io`] or [`SuiteError::Hash`] for the first file that is not.
pub fn verify_variant(variant: &Variant) -> Result<(), SuiteError> {
    check(&variant.path, variant.sha256.as_deref())?;
    variant
        .golden
        .as_ref()
        .map_or(Ok(()), |golden| check(&golden.path, Some(&golden.sha256)))
}

/// Checks that a task's data, if it has some, can be read and is what the manifest says.
///
/// # Errors
/// [`SuiteError::Io`] or [`SuiteError::Hash`] when it is not.
pub fn verify_data(task: &Task) -> Result<(), SuiteError> {
    task.data
        .as_ref()
        .map_or(Ok(()), |data| check(&data.path, Some(&data.sha256)))
}

impl Suite {
    /// Checks every file.
    ///
    /// # Errors
    /// One error for each task's data and each variant that is not what the manifest says.
    pub fn verify(&self) -> Result<(), Vec<SuiteError>> {
        let data = self.tasks.iter().map(verify_data);
        let variants = self.tasks.iter().flat_map(|task| &task.variants).map(verify_variant);
        let errors: Vec<SuiteError> = data.chain(variants).filter_map(Result::err).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_hash() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        // FIPS 180-2, appendix B.1.
        let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256_file(&path).unwrap(), (hash.to_owned(), 3));
        assert_eq!(sha256_bytes(b"abc"), hash);
        assert!(check(&path, Some(hash)).is_ok());
        let error = check(&path, Some("00")).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("`{}` has sha256 {hash}, and the manifest says 00", path.display())
        );
        let absent = check(&folder.path().join("no"), None).unwrap_err();
        assert!(absent.to_string().starts_with("cannot read"), "{absent}");
        assert!(absent.hint().unwrap().contains("exists"));
    }
}
