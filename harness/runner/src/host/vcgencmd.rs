//! The firmware of a Raspberry Pi.

use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use super::root::Root;

/// The firmware answers within milliseconds; a hung one must not hang a run.
const LOOKS: u32 = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// The bits of `vcgencmd get_throttled`. Absent where the command is not there, fails, hangs or says something else.
pub(super) fn throttled(root: Root<'_>) -> Option<u32> {
    let path = ["usr/bin/vcgencmd", "opt/vc/bin/vcgencmd"]
        .iter()
        .find(|path| root.exists(path))?;
    let mut child = Command::new(root.path(path))
        .arg("get_throttled")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    for _ in 0..LOOKS {
        if child.try_wait().ok()?.is_some() {
            let output = child.wait_with_output().ok()?;
            return bits(
                std::str::from_utf8(&output.stdout)
                    .ok()
                    .filter(|_| output.status.success())?,
            );
        }
        sleep(BETWEEN_LOOKS);
    }
    // A child that has just ended cannot be killed, and need not be.
    let _ = child.kill();
    let _ = child.wait();
    None
}

/// `throttled=0x50005`.
fn bits(line: &str) -> Option<u32> {
    u32::from_str_radix(line.trim().strip_prefix("throttled=0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_hexadecimal() {
        assert_eq!(bits("throttled=0x50005\n"), Some(0x50005));
        assert_eq!(bits("throttled=0x0\n"), Some(0));
        for wrong in [
            "",
            "throttled=",
            "throttled=0x",
            "throttled=50005",
            "error=1",
            "throttled=0x100000000",
        ] {
            assert_eq!(bits(wrong), None, "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_command_is_asked_and_one_that_fails_or_hangs_is_unknown() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let root = Root(folder.path());
        assert_eq!(throttled(root), None, "no command");
        let command = folder.path().join("usr/bin/vcgencmd");
        std::fs::create_dir_all(command.parent().unwrap()).unwrap();
        for (script, expected) in [
            ("#!/bin/sh\necho throttled=0x20002\n", Some(0x20002)),
            ("#!/bin/sh\necho throttled=0x20002; exit 1\n", None),
            ("#!/bin/sh\necho VCHI initialization failed\n", None),
            ("#!/bin/sh\nexec sleep 60\n", None),
        ] {
            // A new file each time: one that is being run cannot be written.
            let _ = std::fs::remove_file(&command);
            std::fs::write(&command, script).unwrap();
            std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o755)).unwrap();
            // Another test's child may hold the file open for writing until it starts its program.
            let tries = if expected.is_some() { 20 } else { 1 };
            let found = (0..tries).find_map(|_| {
                sleep(BETWEEN_LOOKS);
                throttled(root)
            });
            assert_eq!(found, expected, "{script}");
        }
    }
}
