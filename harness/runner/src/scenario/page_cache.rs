//! Files dropped from the page cache, as far as the system does it.

use std::path::{Path, PathBuf};

/// A model's file and the files that it names.
pub(super) fn model_files(model: &Path) -> Vec<PathBuf> {
    let mut files = vec![model.to_owned()];
    if let Ok(graph) = edgebench_graph::read(model) {
        files.extend(graph.external.into_iter().map(|file| file.path));
    }
    files
}

/// Drops a file from the page cache, and looks whether it is gone.
///
/// # Errors
/// Why it is not: one line that names the file without its folder.
#[cfg(target_os = "linux")]
pub(super) fn drop_file(path: &Path) -> Result<(), String> {
    use std::fs::File;

    use rustix::fs::{Advice, fadvise};

    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let failed = |error: std::io::Error| format!("`{name}` cannot be dropped from the page cache: {error}");
    let file = File::open(path).map_err(failed)?;
    // Pages that are not on the disk yet cannot be dropped. A file that cannot be synced has none of ours.
    let _ = file.sync_all();
    fadvise(&file, 0, None, Advice::DontNeed).map_err(|error| failed(error.into()))?;
    match resident_pages(&file).map_err(failed)? {
        0 => Ok(()),
        pages => Err(format!(
            "{pages} pages of `{name}` stay in the page cache: a process has mapped it, or its file system keeps it in memory"
        )),
    }
}

/// How many pages of a file are in memory.
#[cfg(target_os = "linux")]
fn resident_pages(file: &std::fs::File) -> std::io::Result<usize> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if length == 0 {
        return Ok(0);
    }
    // SAFETY: the map is never read; `mincore` looks at the kernel's tables alone, so that a file that shrinks meanwhile
    // does no harm.
    let map = unsafe { memmap2::Mmap::map(file) }?;
    let mut states = vec![0u8; length.div_ceil(page_bytes())];
    // SAFETY: the map begins at a page and is `length` bytes long, and there is a byte for each of its pages.
    let result = unsafe { libc::mincore(map.as_ptr().cast_mut().cast(), length, states.as_mut_ptr().cast()) };
    if result != 0 {
        return Err(std::io::Error::last_os_error());
    }
    Ok(states.iter().filter(|&&state| state & 1 == 1).count())
}

/// The size of a page, in bytes.
#[cfg(target_os = "linux")]
fn page_bytes() -> usize {
    // SAFETY: it only reads a value of the system.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(bytes).ok().filter(|&bytes| bytes > 0).unwrap_or(4096)
}

/// Only Linux says what is in its page cache.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub(super) fn drop_file(_: &Path) -> Result<(), String> {
    Err("this system does not say whether a file is in its page cache".to_owned())
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn a_file_that_was_read_is_in_the_cache_and_dropped_it_is_not() {
        // Not in the folder for temporary files, which may lie in memory and cannot be dropped then.
        let folder = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let path = folder.path().join("pages");
        fs::write(&path, vec![7u8; 1 << 20]).unwrap();
        fs::read(&path).unwrap();
        let pages = || resident_pages(&File::open(&path).unwrap()).unwrap();
        assert_eq!(pages(), (1 << 20) / page_bytes());
        match drop_file(&path) {
            Ok(()) => assert_eq!(pages(), 0),
            // A file system in memory, as some containers have: it says so, and nothing is claimed.
            Err(why) => assert!(why.contains("stay in the page cache"), "{why}"),
        }
    }

    #[test]
    fn a_file_that_is_not_there_cannot_be_dropped() {
        let why = drop_file(Path::new("/no/such/file")).unwrap_err();
        assert!(why.starts_with("`file` cannot be dropped"), "{why}");
    }
}
