//! Why a model file was refused.

use std::io;
use std::path::PathBuf;

/// Why a model file could not be read. The message is one line of fact; [`GraphError::hint`] says what helps.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GraphError {
    /// The file could not be opened or read.
    #[error("cannot read model `{}`", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path names a folder, a device or a pipe.
    #[error("model `{}` is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is larger than protobuf allows.
    #[error("model has {bytes} bytes and at most {limit} are read")]
    FileTooLarge {
        /// The file's size.
        bytes: u64,
        /// The cap.
        limit: u64,
    },
    /// The bytes are not an ONNX protobuf message.
    #[error("not a valid ONNX file: {reason} near byte {offset}")]
    Malformed {
        /// What is wrong.
        reason: String,
        /// Where, from the start of the file.
        offset: u64,
    },
    /// The message decodes and holds no graph.
    #[error("not a valid ONNX file: it holds no graph")]
    NoGraph,
    /// A count, a depth or a length is over a cap.
    #[error("model exceeds a safety limit: {what} over {limit}")]
    Limit {
        /// What is over the cap.
        what: &'static str,
        /// The cap.
        limit: u64,
    },
    /// No operator of the main graph writes a tensor of this name.
    #[error("no operator of the main graph writes `{name}`")]
    NotWritten {
        /// The name that was asked for, control characters escaped.
        name: String,
    },
    /// A tensor contradicts itself: its dims, its type and its bytes do not belong together.
    #[error("tensor `{name}` is invalid: {reason}")]
    Tensor {
        /// The tensor's name, or the node that holds it.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A tensor's external data is refused.
    #[error("external data `{location}` of tensor `{name}` is refused: {reason}")]
    External {
        /// The tensor's name.
        name: String,
        /// The location as the model writes it, control characters escaped.
        location: String,
        /// Why.
        reason: String,
        /// What the system said, where it said something.
        source: Option<io::Error>,
    },
}

impl GraphError {
    /// What the reader can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check that the path exists and may be read",
            Self::NotAFile { .. } => "give the path of an .onnx file",
            Self::FileTooLarge { .. } => "store the weights as external data beside the model",
            Self::Malformed { .. } | Self::NoGraph => {
                "the file may be truncated, a Git LFS pointer or of another format: fetch or export it again"
            }
            Self::Limit { .. } => "no known exporter writes such a model: check where the file comes from",
            Self::NotWritten { .. } => "ask for an output of one of the model's operators",
            Self::Tensor { .. } => "export the model again and check it with `onnx.checker`",
            Self::External { .. } => {
                "put the weights as plain files (no links) in the model's folder and refer to them by a relative path"
            }
        }
    }
}

/// Names from a stranger's file, fit for one line of a terminal: control characters escaped, at most 120 characters.
pub(crate) fn printable(name: &str) -> String {
    let mut shown: String = name
        .chars()
        .take(120)
        .flat_map(|c| {
            let escape = c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            let (plain, escaped) = if escape {
                (None, Some(c.escape_unicode()))
            } else {
                (Some(c), None)
            };
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect();
    if name.chars().nth(120).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn escapes_what_would_move_the_cursor_and_cuts_what_is_long() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(printable("conv1"), "conv1");
        assert_eq!(printable(&"x".repeat(500)).chars().count(), 121);
    }
}
