//! Small files under a root: `/`, or a folder that looks like it.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// No file of `/proc` and `/sys` that is read here comes near it; one that does is something else.
const LONGEST: u64 = 4 << 20;

/// A folder that looks like `/`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root<'a>(pub(super) &'a Path);

impl Root<'_> {
    /// A file's bytes. Absent where it is not there, may not be read, vanishes, or is longer than any such file.
    pub(super) fn bytes(self, path: &str) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let file = File::open(self.0.join(path)).ok()?;
        file.take(LONGEST + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= LONGEST).then_some(bytes)
    }

    /// A file's text. Absent where it is not UTF-8 as well.
    pub(super) fn text(self, path: &str) -> Option<String> {
        String::from_utf8(self.bytes(path)?).ok()
    }

    /// A file's text without white space and zeros around it. Absent where nothing is left.
    pub(super) fn line(self, path: &str) -> Option<String> {
        let text = self.text(path)?;
        let line = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!line.is_empty()).then(|| line.to_owned())
    }

    /// A file that holds one number. Absent where it holds anything else.
    pub(super) fn number<T: FromStr>(self, path: &str) -> Option<T> {
        self.line(path)?.parse().ok()
    }

    pub(super) fn exists(self, path: &str) -> bool {
        self.0.join(path).exists()
    }

    pub(super) fn path(self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// The names in a folder, sorted; those that end in digits by number.
    pub(super) fn names(self, folder: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(folder)).into_iter().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        names.sort_by_cached_key(|name| {
            let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
            (stem.to_owned(), name[stem.len()..].parse::<u64>().ok(), name.clone())
        });
        names
    }

    /// The numbers of the logical processors that are online, ascending. Those whose folder says that they are not are
    /// left out.
    pub(super) fn cpus(self) -> Vec<u32> {
        let names = self.names("sys/devices/system/cpu");
        let numbers = names.iter().filter_map(|name| name.strip_prefix("cpu")?.parse().ok());
        // The first processor often has no such file, since it cannot be turned off.
        numbers
            .filter(|number| self.number::<u8>(&format!("sys/devices/system/cpu/cpu{number}/online")) != Some(0))
            .collect()
    }
}

/// The value of the first `name : value` line that has one.
pub(super) fn field(text: &str, name: &str) -> Option<String> {
    fields(text, name).next().map(str::to_owned)
}

/// The values of all `name : value` lines that have one.
pub(super) fn fields<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| {
        let (key, value) = line.split_once(':')?;
        let value = value.trim();
        (key.trim() == name && !value.is_empty()).then_some(value)
    })
}

/// A line of `/proc/meminfo`, in bytes.
pub(super) fn meminfo(text: &str, name: &str) -> Option<u64> {
    let kib: u64 = field(text, name)?.strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// A number of kilohertz or a capacity that is above 0 and no driver's word for “unknown”: 100 GHz is none of a processor.
pub(super) fn positive(number: u64) -> Option<u64> {
    (1..=100_000_000).contains(&number).then_some(number)
}

/// Different values with commas between, sorted.
pub(super) fn distinct(values: impl Iterator<Item = String>) -> Option<String> {
    let values: std::collections::BTreeSet<String> = values.collect();
    (!values.is_empty()).then(|| values.into_iter().collect::<Vec<String>>().join(", "))
}
