//! Opens a file below a folder without following a link, on Unix.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, statat};

use super::Refusal;

impl From<rustix::io::Errno> for Refusal {
    fn from(errno: rustix::io::Errno) -> Self {
        match errno {
            rustix::io::Errno::LOOP => Self::Rule("it is a symbolic link"),
            other => Self::Io(other.into()),
        }
    }
}

/// Opens the file, one component at a time, so that no component can be a link even if it is exchanged meanwhile.
/// Returns it with its size in bytes.
pub(super) fn open(folder: &Path, components: &[&str]) -> Result<(File, u64), Refusal> {
    let Some((name, parents)) = components.split_last() else {
        return Err(Refusal::Rule("its location names no file"));
    };
    let through = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = openat(CWD, folder, through, Mode::empty())?;
    for parent in parents {
        let found = statat(&at, *parent, AtFlags::SYMLINK_NOFOLLOW)?;
        if kind(&found) == FileType::Symlink {
            return Err(Refusal::Rule("its location passes through a symbolic link"));
        }
        at = openat(&at, *parent, through | OFlags::NOFOLLOW, Mode::empty())?;
    }
    // Opening a device or a pipe can act or block, so the kind is looked at first; afterwards what counts is the
    // descriptor, which nobody can exchange.
    check(&statat(&at, *name, AtFlags::SYMLINK_NOFOLLOW)?)?;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(&at, *name, flags, Mode::empty())?;
    let stat = fstat(&file)?;
    check(&stat)?;
    Ok((File::from(file), u64::try_from(stat.st_size).unwrap_or(0)))
}

pub(super) fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    file.read_exact_at(buffer, offset)
}

fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

fn check(stat: &Stat) -> Result<(), Refusal> {
    match kind(stat) {
        FileType::Symlink => Err(Refusal::Rule("it is a symbolic link")),
        FileType::RegularFile if stat.st_nlink > 1 => Err(Refusal::Rule("it is hard-linked to another name")),
        FileType::RegularFile => Ok(()),
        _ => Err(Refusal::Rule("it is not a regular file")),
    }
}
