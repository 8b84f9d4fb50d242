//! File names for what records name: safe on any file system, and no two the same.

use sha2::{Digest as _, Sha256};

/// The part of a name that people read: lower-case letters and digits, joined by `-`.
const READABLE: usize = 40;

/// A file name without ending: what can be read of the text, and a part of its hash, by which two texts that read the
/// same stay apart. It holds no path, is no reserved name, and starts with a letter or a digit.
pub(crate) fn file_name(text: &str) -> String {
    let readable = slug(text, READABLE);
    let hash = short_hash(text.as_bytes());
    if readable.is_empty() {
        hash
    } else {
        format!("{readable}-{hash}")
    }
}

/// Eight hexadecimal digits of the SHA-256.
pub(crate) fn short_hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

/// Lower-case letters and digits of the text, joined by `-`, at most `longest` characters.
pub(crate) fn slug(text: &str, longest: usize) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ if !out.ends_with('-') && !out.is_empty() => out.push('-'),
            _ => {}
        }
        if out.len() == longest {
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
            let name = file_name(text);
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
                "{name}"
            );
            assert!(name.starts_with(|c: char| c.is_ascii_alphanumeric()), "{name}");
            assert!((8..60).contains(&name.len()), "{name}");
        }
    }

    #[test]
    fn texts_that_read_the_same_stay_apart() {
        assert_ne!(file_name("a b"), file_name("a-b"));
        assert_eq!(file_name("a b"), file_name("a b"));
    }
}
