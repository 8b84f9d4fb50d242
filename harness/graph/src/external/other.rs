//! External data where links cannot be ruled out: refused.

use std::fs::File;
use std::io;
use std::path::Path;

use super::Refusal;

pub(super) fn open(_folder: &Path, _components: &[&str]) -> Result<(File, u64), Refusal> {
    Err(Refusal::Rule("links cannot be ruled out on this system"))
}

pub(super) fn read_exact_at(_file: &File, _buffer: &mut [u8], _offset: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
