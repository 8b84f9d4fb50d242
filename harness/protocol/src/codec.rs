//! One JSON object per line.

use std::io::{self, BufRead, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A longer line is refused: about four million samples fit.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// Why a line could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// The pipe failed.
    #[error("the pipe failed")]
    Io(#[from] io::Error),
    /// The other side is gone.
    #[error("the other side closed the pipe")]
    Closed,
    /// The line is longer than 64 MiB or was cut off.
    #[error("a line of {0} bytes that does not end")]
    TooLong(usize),
    /// The line is no message of this protocol.
    #[error("not a message: {line}")]
    Malformed {
        /// The start of the line.
        line: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// Reads one message.
///
/// # Errors
/// [`CodecError::Closed`] at the end of the stream, otherwise what is wrong with the line.
pub fn read_line<T: DeserializeOwned>(reader: &mut impl BufRead) -> Result<T, CodecError> {
    let mut line = Vec::new();
    let mut limited = io::Read::take(&mut *reader, MAX_LINE_BYTES);
    limited.read_until(b'\n', &mut line)?;
    match line.last() {
        None => return Err(CodecError::Closed),
        Some(b'\n') => {}
        Some(_) => return Err(CodecError::TooLong(line.len())),
    }
    serde_json::from_slice(&line).map_err(|source| CodecError::Malformed {
        line: String::from_utf8_lossy(&line[..line.len().min(200)])
            .trim_end()
            .to_owned(),
        source,
    })
}

/// Writes one message and flushes it.
///
/// # Errors
/// [`CodecError::Io`] when the pipe is broken.
pub fn write_line<T: Serialize>(writer: &mut impl Write, message: &T) -> Result<(), CodecError> {
    let mut line = serde_json::to_vec(message).map_err(io::Error::from)?;
    line.push(b'\n');
    writer.write_all(&line)?;
    writer.flush()?;
    Ok(())
}
