//! Processes that a meter starts.

use std::io::{self, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// No output of a command that is read at once is longer.
const LONGEST: u64 = 64 * 1024;

/// Kills a child and all of its group, and waits for it.
pub(crate) fn end(child: &mut Child) {
    kill_group(child);
    let _ = child.wait();
}

/// A terminal's interrupt then does not reach the child, and a kill reaches all that it started.
pub(crate) fn in_own_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// What a command prints, given `limit` to end.
///
/// # Errors
/// It cannot be started, takes too long, fails, or prints more than 64 KiB or what is no UTF-8.
pub(crate) fn output(program: &Path, arguments: &[&str], limit: Duration) -> io::Result<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    in_own_group(&mut command);
    let mut child = command.spawn()?;
    let stdout = child.stdout.take();
    // On a thread, so that a command that neither prints nor ends does not hold up who asks.
    let reader = thread::spawn(move || {
        let mut text = String::new();
        stdout.map_or(Ok(0), |stdout| stdout.take(LONGEST + 1).read_to_string(&mut text))?;
        Ok::<_, io::Error>(text)
    });
    let deadline = Instant::now() + limit;
    while !reader.is_finished() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
    if !reader.is_finished() {
        end(&mut child);
        return Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("no answer in {limit:?}"),
        ));
    }
    let text = match reader
        .join()
        .unwrap_or_else(|_| Err(io::Error::other("its reader failed")))
    {
        Ok(text) if text.len() as u64 <= LONGEST => text,
        Ok(_) => {
            end(&mut child);
            return Err(io::Error::other("it prints more than 64 KiB"));
        }
        Err(error) => {
            end(&mut child);
            return Err(error);
        }
    };
    // Its output has ended; what is left of it has nothing to say.
    while Instant::now() < deadline {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(text),
            Some(status) => return Err(io::Error::other(format!("it ended with {status}"))),
            None => thread::sleep(Duration::from_millis(1)),
        }
    }
    end(&mut child);
    Err(io::Error::new(
        io::ErrorKind::TimedOut,
        format!("it did not end in {limit:?}"),
    ))
}

#[cfg(unix)]
fn kill_group(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};

    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // It may be gone already, which is what is wanted.
    if group.is_none_or(|group| kill_process_group(group, Signal::KILL).is_err()) {
        let _ = child.kill();
    }
}

#[cfg(not(unix))]
fn kill_group(child: &mut Child) {
    // It may be gone already, which is what is wanted.
    let _ = child.kill();
}
