//! Ids that no other picture of a page has.

use sha2::{Digest as _, Sha256};

use super::slug;

/// The id of the picture of this kind about these texts: readable, and apart from that of other texts which come to the
/// same letters and digits.
pub(crate) fn id(kind: &str, about: &[&str]) -> String {
    let mut digest = Sha256::new();
    for text in about {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text.as_bytes());
    }
    let digest = digest.finalize();
    let mark = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    match slug(&about.join(" ")).as_str() {
        "" => format!("{kind}-{mark:08x}"),
        words => format!("{kind}-{words}-{mark:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_alike_have_ids_of_their_own() {
        let of = |about: &[&str]| id("scaling", about);
        assert!(of(&["Fashion", "int8"]).starts_with("scaling-fashion-int8-"));
        assert_ne!(of(&["a b"]), of(&["a-b"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
        assert_eq!(of(&["a b"]), of(&["a b"]));
        let hostile = of(&["\"><script>", "\u{202e}"]);
        assert!(
            hostile
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'),
            "{hostile}"
        );
    }
}
