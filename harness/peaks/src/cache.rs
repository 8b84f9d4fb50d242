//! The caches that the system names.

use std::fs;
use std::path::Path;

/// Where Linux names the caches of the first processor.
pub(crate) const SYSTEM: &str = "/sys/devices/system/cpu/cpu0/cache";

/// A cache for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cache {
    /// 1 is nearest.
    pub(crate) level: u32,
    /// Its size.
    pub(crate) bytes: u64,
    /// So many processors, as the system counts them, share it.
    pub(crate) shared_by: usize,
}

/// The caches for data that `folder` describes, the nearest first. None where it does not exist.
pub(crate) fn caches(folder: &Path) -> Vec<Cache> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut caches: Vec<Cache> = entries.filter_map(|entry| cache(&entry.path())).collect();
    caches.sort_by_key(|cache| (cache.level, cache.bytes));
    caches.dedup_by_key(|cache| cache.level);
    caches
}

fn cache(folder: &Path) -> Option<Cache> {
    let field = |name: &str| {
        fs::read_to_string(folder.join(name))
            .ok()
            .map(|text| text.trim().to_owned())
    };
    if field("type")? == "Instruction" {
        return None;
    }
    Some(Cache {
        level: field("level")?.parse().ok()?,
        bytes: size(&field("size")?).filter(|bytes| *bytes > 0)?,
        shared_by: field("shared_cpu_list").as_deref().and_then(members).unwrap_or(1),
    })
}

/// `48K` or `32M` in bytes.
fn size(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(['K', 'M', 'G']);
    let factor = match text.get(digits.len()..)? {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// How many `0-3,8-11` are.
fn members(processors: &str) -> Option<usize> {
    processors.split(',').try_fold(0_usize, |count, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        count.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(root: &Path, name: &str, fields: [(&str, &str); 4]) {
        let folder = root.join(name);
        fs::create_dir(&folder).unwrap();
        for (field, value) in fields {
            fs::write(folder.join(field), format!("{value}\n")).unwrap();
        }
    }

    #[test]
    fn caches_for_data_are_read_nearest_first() {
        let root = tempfile::tempdir().unwrap();
        let fields = |level, kind, size, shared| {
            [
                ("level", level),
                ("type", kind),
                ("size", size),
                ("shared_cpu_list", shared),
            ]
        };
        index(root.path(), "index3", fields("3", "Unified", "491520K", "0-1,64-65"));
        index(root.path(), "index0", fields("1", "Data", "48K", "0,64"));
        index(root.path(), "index1", fields("1", "Instruction", "64K", "0,64"));
        index(root.path(), "index2", fields("2", "Unified", "2M", "0,64"));
        index(root.path(), "index4", fields("4", "Unified", "broken", "0"));
        let cache = |level, bytes, shared_by| Cache {
            level,
            bytes,
            shared_by,
        };
        assert_eq!(
            caches(root.path()),
            [cache(1, 48 << 10, 2), cache(2, 2 << 20, 2), cache(3, 480 << 20, 4)]
        );
        assert_eq!(caches(&root.path().join("missing")), []);
    }

    #[test]
    fn sizes_and_lists_may_be_anything() {
        assert_eq!(size("512"), Some(512));
        for broken in [
            "",
            "K",
            "1T",
            "-1K",
            "99999999999999999999K",
            "18446744073709551615G",
            "1KK",
        ] {
            assert_eq!(size(broken), None, "{broken}");
        }
        assert_eq!(members("3"), Some(1));
        for broken in ["", "3-1", "a", "0-18446744073709551615", "1,,2"] {
            assert_eq!(members(broken), None, "{broken}");
        }
    }
}
