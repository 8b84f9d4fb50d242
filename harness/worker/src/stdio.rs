//! Moves the protocol's pipes to where a runtime cannot reach them.
//!
//! Runtimes print to standard output, at load and in the middle of an inference, from any language and any thread.
//! After [`take`], file descriptor 1 is standard error and file descriptor 0 is empty; the protocol goes over private
//! descriptors, which are closed in whatever a runtime executes.

use std::fs::File;
use std::io;

/// The protocol's two ends.
#[derive(Debug)]
pub(crate) struct Pipes {
    /// Where requests come from.
    pub(crate) requests: File,
    /// Where answers go.
    pub(crate) answers: File,
}

/// Takes standard input and output for the protocol alone. Must come first in the process.
///
/// # Errors
/// The system's own, when a descriptor cannot be duplicated.
#[cfg(unix)]
pub(crate) fn take() -> io::Result<Pipes> {
    // Above the three that have names, so that a closed standard error is never filled by a pipe of ours.
    const FIRST_PRIVATE: i32 = 3;
    let requests = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdin(), FIRST_PRIVATE)?;
    let answers = rustix::io::fcntl_dupfd_cloexec(rustix::stdio::stdout(), FIRST_PRIVATE)?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    rustix::stdio::dup2_stdout(rustix::stdio::stderr())?;
    Ok(Pipes {
        requests: requests.into(),
        answers: answers.into(),
    })
}

/// Takes standard input and output for the protocol, without a guard against a runtime that prints.
///
/// # Errors
/// The system's own, when a handle cannot be duplicated.
#[cfg(windows)]
pub(crate) fn take() -> io::Result<Pipes> {
    use std::os::windows::io::AsHandle;
    Ok(Pipes {
        requests: io::stdin().as_handle().try_clone_to_owned()?.into(),
        answers: io::stdout().as_handle().try_clone_to_owned()?.into(),
    })
}

/// Asks the system to kill this process when the thread that started it ends, so that a hanging inference does not
/// outlive its runner. Elsewhere than on Linux the closed pipe is the only sign.
pub(crate) fn die_with_parent() {
    #[cfg(target_os = "linux")]
    {
        // An error leaves the closed pipe as the sign, which is what other systems have.
        let _ = rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL));
    }
}
