//! Tensors whose bytes lie in another file beside the model.
//!
//! A model names these files itself, so a hostile one could name any file of the machine. The rules are those of the
//! ONNX project's security notes: a relative location without `..`, opened one component at a time without following
//! a link, a regular file with no second name, and a range that lies within it.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use other as system;
#[cfg(unix)]
use unix as system;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{GraphError, printable};
use crate::proto::{StringStringEntryProto, TensorProto};

/// Files that one model may refer to.
pub const MAX_EXTERNAL_FILES: u64 = 4096;
/// The largest external file that is read, in bytes.
pub const MAX_EXTERNAL_BYTES: u64 = 256 << 30;
/// How often tensors may share the bytes of an external file (tied weights), which bounds what is read.
const MAX_SHARING: u64 = 4;
/// A multiple of every element size and of every power of two up to 2¹⁸, so that no element straddles two chunks.
const CHUNK_BYTES: u64 = 3 << 18;

/// A file beside the model that holds bytes of its tensors. Its content belongs to the model's identity: hash it too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExternalFile {
    /// The location as the model writes it: relative to the model's folder, checked.
    pub location: String,
    /// The model's folder and the location joined.
    pub path: PathBuf,
    /// The file's size in bytes.
    pub bytes: u64,
    /// How many of the model's tensors lie in it.
    pub tensors: u64,
}

/// The external files met so far.
pub(crate) struct Externals<'a> {
    folder: &'a Path,
    files: BTreeMap<String, (ExternalFile, u64)>,
}

/// A checked range of an external file, opened.
pub(crate) struct Range {
    file: File,
    offset: u64,
    length: u64,
}

impl<'a> Externals<'a> {
    pub(crate) fn new(folder: &'a Path) -> Self {
        Self {
            folder,
            files: BTreeMap::new(),
        }
    }

    pub(crate) fn into_files(self) -> Vec<ExternalFile> {
        self.files.into_values().map(|(file, _)| file).collect()
    }

    /// Opens the range that a tensor refers to, which must hold exactly `needed` bytes.
    pub(crate) fn open(&mut self, tensor: &TensorProto, name: &str, needed: u64) -> Result<Range, GraphError> {
        let entries = Entries::read(&tensor.external_data);
        let location = entries.as_ref().map_or_else(|_| "", |entries| entries.location);
        let refuse = |reason: String, source: Option<io::Error>| GraphError::External {
            name: printable(name),
            location: printable(location),
            reason,
            source,
        };
        let entries = match &entries {
            Ok(entries) => entries,
            Err(reason) => return Err(refuse(reason.clone(), None)),
        };
        let components = components(location).map_err(|reason| refuse(reason.to_owned(), None))?;
        let (file, bytes) = system::open(self.folder, &components).map_err(|refusal| match refusal {
            Refusal::Rule(reason) => refuse(reason.to_owned(), None),
            Refusal::Io(source) => refuse("it cannot be opened".to_owned(), Some(source)),
        })?;
        let length = entries.length.unwrap_or(needed);
        if length != needed {
            return Err(refuse(
                format!("its length is {length} bytes and the tensor has {needed}"),
                None,
            ));
        }
        let offset = entries.offset;
        if offset.checked_add(length).is_none_or(|end| end > bytes) {
            return Err(refuse(
                format!("{length} bytes from {offset} pass the end of the file, which has {bytes}"),
                None,
            ));
        }
        if bytes > MAX_EXTERNAL_BYTES {
            return Err(refuse(
                format!("it has {bytes} bytes and at most {MAX_EXTERNAL_BYTES} are read"),
                None,
            ));
        }
        let key = components.join("/");
        if !self.files.contains_key(&key) && self.files.len() as u64 >= MAX_EXTERNAL_FILES {
            return Err(GraphError::Limit {
                what: "external files",
                limit: MAX_EXTERNAL_FILES,
            });
        }
        let (known, referenced) = self.files.entry(key).or_insert_with_key(|key| {
            let file = ExternalFile {
                location: key.clone(),
                path: self.folder.join(key),
                bytes,
                tensors: 0,
            };
            (file, 0)
        });
        known.tensors += 1;
        *referenced = referenced.saturating_add(length);
        if *referenced > bytes.saturating_mul(MAX_SHARING) {
            return Err(refuse(format!("more than {MAX_SHARING} tensors share its bytes"), None));
        }
        Ok(Range { file, offset, length })
    }
}

impl Range {
    /// Hands the range's bytes to `visit`, chunk by chunk; no element straddles two chunks.
    pub(crate) fn visit(&self, mut visit: impl FnMut(&[u8])) -> io::Result<()> {
        let mut chunk = vec![0; self.length.min(CHUNK_BYTES) as usize];
        let mut done = 0;
        while done < self.length {
            let part = &mut chunk[..(self.length - done).min(CHUNK_BYTES) as usize];
            system::read_exact_at(&self.file, part, self.offset + done)?;
            visit(part);
            done += part.len() as u64;
        }
        Ok(())
    }
}

/// Why the system's part of the check refuses a file.
enum Refusal {
    Rule(&'static str),
    Io(io::Error),
}

struct Entries<'a> {
    location: &'a str,
    offset: u64,
    length: Option<u64>,
}

impl<'a> Entries<'a> {
    fn read(entries: &'a [StringStringEntryProto]) -> Result<Self, String> {
        let (mut location, mut offset, mut length) = (None, None, None);
        for entry in entries {
            let number = || {
                entry
                    .value
                    .parse::<u64>()
                    .map_err(|_| format!("its {} is not a non-negative integer", entry.key))
            };
            let twice = match entry.key.as_str() {
                "location" => location.replace(entry.value.as_str()).is_some(),
                "offset" => offset.replace(number()?).is_some(),
                "length" => length.replace(number()?).is_some(),
                "checksum" => false,
                "basepath" if entry.value.is_empty() => false,
                "basepath" => return Err("it sets a base path, which could lead elsewhere".to_owned()),
                other => return Err(format!("it has the unknown key `{}`", printable(other))),
            };
            if twice {
                return Err(format!("its {} is given twice", entry.key));
            }
        }
        Ok(Self {
            location: location.ok_or("it has no location")?,
            offset: offset.unwrap_or(0),
            length,
        })
    }
}

/// The plain components of a location that stays in the model's folder.
fn components(location: &str) -> Result<Vec<&str>, &'static str> {
    if location.contains('\0') || location.contains('\\') {
        return Err("its location holds a NUL or a backslash");
    }
    if location.starts_with('/') || location.as_bytes().get(1) == Some(&b':') {
        return Err("its location is absolute");
    }
    let parts: Vec<_> = location
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    if parts.contains(&"..") {
        return Err("its location leaves the model's folder");
    }
    if parts.is_empty() || location.ends_with('/') {
        return Err("its location names no file");
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn locations_stay_in_the_folder() {
        for bad in [
            "",
            ".",
            "/etc/passwd",
            "..",
            "a/../../b",
            "a/..",
            "a\\b",
            "C:x",
            "a\0b",
            "a/",
            "./",
        ] {
            assert!(components(bad).is_err(), "{bad:?}");
        }
        assert_eq!(components("w.bin"), Ok(vec!["w.bin"]));
        assert_eq!(components("./data//w.bin"), Ok(vec!["data", "w.bin"]));
        assert_eq!(components("..w"), Ok(vec!["..w"]));
    }
}
