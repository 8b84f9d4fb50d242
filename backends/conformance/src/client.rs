//! The runner's side of the protocol, as far as the checks need it.

use std::io::{BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use edgebench_api::ErrorKind;
use edgebench_protocol::{
    Answer, AnswerLine, CodecError, Hello, Request, RequestLine, VERSION, WorkerError, WorkerHello, read_line,
    write_line,
};

use crate::report::{Checked, failed};

/// How long a worker may take to end.
pub(crate) const END: Duration = Duration::from_secs(5);

/// How often an ending process is looked at.
const POLL: Duration = Duration::from_millis(5);

/// A worker process. Dropping it kills it.
pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    answers: Receiver<Result<AnswerLine, CodecError>>,
    deadline: Duration,
    last_id: u64,
}

impl Client {
    /// Starts a worker. Its standard error is the command's.
    pub(crate) fn start(mut command: Command, deadline: Duration) -> Checked<Self> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command
            .spawn()
            .map_err(|error| failed(format!("the worker did not start: {error}")))?;
        let stdin = child.stdin.take();
        let stdout = child
            .stdout
            .take()
            .ok_or_else(|| failed("the worker has no standard output"))?;
        let (sender, answers) = mpsc::channel();
        thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            loop {
                let line = read_line(&mut reader);
                let more = line.is_ok();
                if sender.send(line).is_err() || !more {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            stdin,
            answers,
            deadline,
            last_id: 0,
        })
    }

    /// Sends a request and waits for its answer.
    pub(crate) fn ask(&mut self, request: Request) -> Checked<Answer> {
        let deadline = self.deadline;
        self.ask_within(request, deadline)?
            .ok_or_else(|| failed(format!("no answer within {} s", deadline.as_secs_f64())))
    }

    /// Sends a request and waits so long for its answer; `None` where none came.
    pub(crate) fn ask_within(&mut self, request: Request, wait: Duration) -> Checked<Option<Answer>> {
        self.send(request)?;
        match self.answers.recv_timeout(wait) {
            Ok(Ok(answer)) if answer.id == self.last_id => Ok(Some(answer.answer)),
            Ok(Ok(answer)) => Err(failed(format!(
                "request {} was answered with number {}",
                self.last_id, answer.id
            ))),
            Ok(Err(error)) => Err(failed(chain(&error))),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(failed("the worker closed the pipe")),
        }
    }

    fn send(&mut self, request: Request) -> Checked {
        self.last_id += 1;
        let line = RequestLine {
            id: self.last_id,
            request,
        };
        let stdin = self
            .stdin
            .as_mut()
            .ok_or_else(|| failed("the pipe to the worker is closed"))?;
        write_line(stdin, &line).map_err(|error| failed(format!("the worker does not read: {}", chain(&error))))
    }

    /// Sends a request in which the process ends, and waits until its pipe is closed without an answer.
    pub(crate) fn ends_in(&mut self, request: Request) -> Checked<ExitStatus> {
        self.send(request)?;
        let deadline = self.deadline;
        self.pipe_closes(deadline)?;
        self.wait(END)
    }

    /// Sends a request that must be refused.
    pub(crate) fn refused(&mut self, request: Request) -> Checked<WorkerError> {
        match self.ask(request)? {
            Answer::Error(error) => Ok(error),
            other => Err(failed(format!("it was answered by {}", name(&other)))),
        }
    }

    /// Sends a request that must be refused with one of these kinds.
    pub(crate) fn refused_as(&mut self, request: Request, kinds: &[ErrorKind]) -> Checked<WorkerError> {
        let error = self.refused(request)?;
        if kinds.contains(&error.kind) {
            Ok(error)
        } else {
            Err(failed(format!(
                "the error is of kind {:?} and not {kinds:?}: {}",
                error.kind, error.message
            )))
        }
    }

    /// Sends bytes that are no request, and takes whatever answer comes.
    pub(crate) fn garble(&mut self, bytes: &[u8]) -> Checked<Answer> {
        let stdin = self
            .stdin
            .as_mut()
            .ok_or_else(|| failed("the pipe to the worker is closed"))?;
        stdin
            .write_all(bytes)
            .and_then(|()| stdin.flush())
            .map_err(|error| failed(format!("the worker does not read: {error}")))?;
        match self.answers.recv_timeout(self.deadline) {
            Ok(Ok(answer)) => Ok(answer.answer),
            Ok(Err(error)) => Err(failed(chain(&error))),
            Err(_) => Err(failed("there was no answer")),
        }
    }

    /// Shakes hands.
    pub(crate) fn hello(&mut self) -> Checked<WorkerHello> {
        match self.ask(Request::Hello(Hello { protocol: VERSION }))? {
            Answer::Hello(hello) => Ok(hello),
            other => Err(unexpected(&other)),
        }
    }

    /// Closes the worker's standard input.
    pub(crate) fn close(&mut self) {
        self.stdin = None;
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self, limit: Duration) -> Checked<ExitStatus> {
        let begin = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if begin.elapsed() < limit => thread::sleep(POLL),
                Ok(None) => {
                    return Err(failed(format!(
                        "the process had not ended after {} s",
                        limit.as_secs_f64()
                    )));
                }
                Err(error) => return Err(failed(error.to_string())),
            }
        }
    }

    /// Waits until the pipe is closed by the other side. An answer before that is a failure.
    fn pipe_closes(&mut self, limit: Duration) -> Checked {
        match self.answers.recv_timeout(limit) {
            Ok(Ok(answer)) => Err(failed(format!("it was answered by {}", name(&answer.answer)))),
            // An answer may have been cut off in the middle.
            Ok(Err(CodecError::Closed | CodecError::TooLong(_) | CodecError::Io(_)))
            | Err(RecvTimeoutError::Disconnected) => Ok(()),
            Ok(Err(error)) => Err(failed(chain(&error))),
            Err(RecvTimeoutError::Timeout) => Err(failed(format!(
                "the pipe was still open after {} s: another process holds it",
                limit.as_secs_f64()
            ))),
        }
    }

    /// Kills the process while a request is being worked on, and waits until its pipe is closed.
    pub(crate) fn kill_at_work(&mut self) -> Checked {
        self.kill()?;
        self.pipe_closes(END)
    }

    /// Ends the process whatever it does.
    fn kill(&mut self) -> Checked<ExitStatus> {
        self.child
            .kill()
            .and_then(|()| self.child.wait())
            .map_err(|error| failed(error.to_string()))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.kill();
    }
}

/// For an answer that belongs to another request.
pub(crate) fn unexpected(answer: &Answer) -> crate::report::Stop {
    match answer {
        Answer::Error(error) => {
            let parts: Vec<&str> = std::iter::once(&error.message)
                .chain(&error.causes)
                .map(String::as_str)
                .collect();
            failed(format!("{:?} error: {}", error.kind, parts.join(": ")))
        }
        other => failed(format!("it was answered by {}", name(other))),
    }
}

fn name(answer: &Answer) -> &'static str {
    match answer {
        Answer::Hello(_) => "`hello`",
        Answer::Probe(_) => "`probe`",
        Answer::Environment(_) => "`environment`",
        Answer::Loaded(_) => "`loaded`",
        Answer::WarmedUp(_) => "`warmed_up`",
        Answer::Measured(_) => "`measured`",
        Answer::Turned(_) => "`turned`",
        Answer::Queried(_) => "`queried`",
        Answer::Streamed(_) => "`streamed`",
        Answer::Profiled(_) => "`profiled`",
        Answer::Peaks(_) => "`peaks`",
        Answer::Evaluated(_) => "`evaluated`",
        Answer::Bye {} => "`bye`",
        Answer::Error(_) => "an error",
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
