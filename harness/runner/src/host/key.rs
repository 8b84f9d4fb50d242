//! The machine's id as a keyed hash.

use std::fmt::Write as _;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::root::Root;

/// The key under which the machine's id is hashed. Without it no record tells one machine from another of its kind.
pub const MACHINE_KEY_VARIABLE: &str = "EDGEBENCH_MACHINE_KEY";

/// HMAC-SHA-256 of `/etc/machine-id` under `root` with the user's key, 64 hexadecimal digits; `None` for an empty key or a
/// machine without an id. The id is secret by its own manual (machine-id(5)), which asks for just this.
pub fn machine_key(root: &Path, key: &str) -> Option<String> {
    let root = Root(root);
    let id = root
        .line("etc/machine-id")
        .or_else(|| root.line("var/lib/dbus/machine-id"))?;
    // systemd writes this word before the first start has made an id.
    if key.is_empty() || id == "uninitialized" {
        return None;
    }
    Some(hex(&hmac_sha256(key.as_bytes(), id.as_bytes())))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// RFC 2104.
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    const BLOCK: usize = 64;
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new()
        .chain_update(padded(0x36))
        .chain_update(message)
        .finalize();
    Sha256::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, cases 1, 2 and 6.
    #[test]
    fn the_vectors_of_the_standard() {
        assert_eq!(
            hex(&hmac_sha256(&[0x0b; 20], b"Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            hex(&hmac_sha256(
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First"
            )),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }

    #[test]
    fn a_key_and_an_id_make_it_and_nothing_else() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(machine_key(root.path(), "key"), None, "no id");
        std::fs::create_dir(root.path().join("etc")).unwrap();
        let id = root.path().join("etc/machine-id");
        std::fs::write(&id, "uninitialized\n").unwrap();
        assert_eq!(machine_key(root.path(), "key"), None, "not yet an id");
        std::fs::write(&id, "0123456789abcdef0123456789abcdef\n").unwrap();
        assert_eq!(machine_key(root.path(), ""), None, "no key");
        let one = machine_key(root.path(), "one").unwrap();
        assert_eq!(one.len(), 64);
        assert_ne!(Some(one), machine_key(root.path(), "two"));
    }
}
