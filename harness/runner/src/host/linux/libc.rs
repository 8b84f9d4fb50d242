//! The C library that this process has loaded.

use super::super::root::Root;

/// Name and, of glibc, version. The file that is mapped into this process states it in its own words: the one loaded may
/// be another than the one that a command of the system would name.
pub(super) fn name(root: Root<'_>) -> Option<String> {
    let name = if cfg!(target_env = "gnu") {
        "glibc"
    } else if cfg!(target_env = "musl") {
        "musl"
    } else {
        return None;
    };
    let version = mapped(root).and_then(|library| version(&library));
    Some(version.map_or_else(|| name.to_owned(), |version| format!("{name} {version}")))
}

/// The bytes of the first mapped file that is called as glibc's is.
fn mapped(root: Root<'_>) -> Option<Vec<u8>> {
    let maps = root.text("proc/self/maps")?;
    let path = maps.lines().find_map(|line| {
        let path = &line[line.find('/')?..];
        let file = path.rsplit('/').next()?;
        (file == "libc.so.6" || file.starts_with("libc-2.")).then_some(path)
    })?;
    root.bytes(path.trim_start_matches('/'))
}

/// `GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.`
fn version(library: &[u8]) -> Option<String> {
    let banner = find(library, b"GNU C Library ")?;
    let banner = &banner[..banner.len().min(200)];
    let version: String = find(banner, b" version ")?
        .iter()
        .map(|&byte| char::from(byte))
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let version = version.trim_end_matches('.');
    (!version.is_empty()).then(|| version.to_owned())
}

/// What follows the first occurrence.
fn find<'a>(bytes: &'a [u8], pattern: &[u8]) -> Option<&'a [u8]> {
    let at = bytes.windows(pattern.len()).position(|window| window == pattern)?;
    Some(&bytes[at + pattern.len()..])
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_banner_tells_the_version() {
        let banner = b"\0\x7fGNU C Library (Debian GLIBC 2.36-9+deb12u14) stable release version 2.36.\nCopyright";
        assert_eq!(version(banner).as_deref(), Some("2.36"));
        assert_eq!(version(b"GNU C Library stable release version ."), None);
        assert_eq!(version(b"GNU C Libr"), None);
    }

    #[cfg(target_env = "gnu")]
    #[test]
    fn the_library_of_this_process_tells_its_version() {
        let name = name(Root(Path::new("/"))).unwrap();
        assert!(name.starts_with("glibc 2."), "{name}");
    }
}
