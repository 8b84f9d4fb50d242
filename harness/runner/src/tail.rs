//! The end of what a worker writes to its standard error.

use std::io::Read;
use std::process::ChildStderr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// A runtime that logs without end must not fill the runner's memory, nor its record.
const KEPT_BYTES: usize = 64 << 10;

/// The last 64 KiB of a stream, filled by a thread of its own so that a full pipe never stops the worker.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tail {
    bytes: Arc<Mutex<Vec<u8>>>,
}

impl Tail {
    /// Follows a stream until its end.
    pub(crate) fn follow(mut stream: ChildStderr) -> Self {
        let tail = Self::default();
        let filled = tail.clone();
        thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = stream.read(&mut chunk) {
                filled.push(&chunk[..read]);
            }
        });
        tail
    }

    fn push(&self, new: &[u8]) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        bytes.extend_from_slice(new);
        if bytes.len() > 2 * KEPT_BYTES {
            let surplus = bytes.len() - KEPT_BYTES;
            bytes.drain(..surplus);
        }
    }

    /// What is kept, as text; what is no UTF-8 is replaced.
    pub(crate) fn text(&self) -> String {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let start = bytes.len().saturating_sub(KEPT_BYTES);
        String::from_utf8_lossy(&bytes[start..]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_and_the_size_is_bounded() {
        let tail = Tail::default();
        for _ in 0..1000 {
            tail.push(&[b'x'; 1000]);
        }
        tail.push(b"the end");
        let text = tail.text();
        assert!(text.ends_with("the end"));
        assert_eq!(text.len(), KEPT_BYTES);
    }
}
