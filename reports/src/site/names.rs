//! File names for what records name: safe on any file system, and no two the same.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// The part of a name that people read: lower-case letters and digits, joined by `-`.
const READABLE: usize = 40;

/// A file name without ending, for a thing that these parts name: what can be read of them, and their hash, by which
/// things that read the same stay apart. It holds no path, is no reserved name, and starts with a letter or a digit.
pub(crate) fn file_name(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        // With its length, so that no two lists of parts are the same text.
        hash.update(part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    named(&parts.join("-"), hash)
}

/// A file name without ending, for a text that has a name of its own.
pub(crate) fn file_name_of(name: &str, text: &[u8]) -> String {
    named(name, Sha256::new_with_prefix(text))
}

fn named(name: &str, hash: Sha256) -> String {
    let mut out = slug(name);
    if !out.is_empty() {
        out.push('-');
    }
    for byte in hash.finalize().iter().take(8) {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Lower-case letters and digits of the text, joined by `-`. Two texts may come to the same.
pub(crate) fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ if !out.ends_with('-') && !out.is_empty() => out.push('-'),
            _ => {}
        }
        if out.len() == READABLE {
            break;
        }
    }
    out.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_files_of_one_folder() {
        for text in [
            "../../etc/passwd",
            "C:\\x",
            "CON",
            "a/b",
            "",
            ".",
            "..",
            "\0",
            "é",
            &"x".repeat(300),
        ] {
            let name = file_name(&[text]);
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{name}"
            );
            assert!(name.starts_with(|c: char| c.is_ascii_alphanumeric()), "{name}");
            assert!((16..60).contains(&name.len()), "{name}");
        }
    }

    #[test]
    fn things_that_read_the_same_stay_apart() {
        assert_ne!(file_name(&["a b"]), file_name(&["a-b"]));
        assert_ne!(file_name(&["a/b", "c"]), file_name(&["a", "b/c"]));
        assert_eq!(file_name(&["a b"]), file_name(&["a b"]));
    }
}
