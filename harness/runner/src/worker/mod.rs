//! One live worker process.

pub(crate) mod cgroup;
mod command;
mod confine;
mod process;
mod start;

use std::collections::BTreeMap;
use std::io::{self, BufReader};
use std::process::{Child, ChildStdin, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use edgebench_api::Bytes;
use edgebench_protocol::{
    Answer, AnswerLine, CodecError, Hello, Request, RequestLine, VERSION, WorkerHello, read_line, write_line,
};

use crate::WorkerFailure;
use crate::limit::KILLED_AT;
use crate::tail::Tail;
use cgroup::Group;
use confine::confined;

pub use command::WorkerCommand;
pub(crate) use confine::allowed;
pub(crate) use start::Start;

/// How often an interrupt is looked for while a worker is busy. Rarely, since looking costs the worker's processor.
const INTERRUPT_POLL: Duration = Duration::from_millis(200);

/// How long a worker that closed its pipe, or was told `bye`, may take to end.
const END_WAIT: Duration = Duration::from_secs(5);

/// One live worker process. Whatever happens, it and all that it started are gone when this value is.
///
/// On Linux a worker is killed when the thread that started it ends, so the thread that calls [`Worker::spawn`] must
/// outlive it.
#[derive(Debug)]
pub struct Worker<'a> {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<Result<AnswerLine, CodecError>>,
    stderr: Tail,
    next_id: u64,
    interrupt: &'a AtomicBool,
    oom_kills: Option<u64>,
    ended: Option<ExitStatus>,
    /// Behind the process, so that it is empty when it is removed.
    group: Option<Group>,
    limit: Option<Bytes>,
}

impl<'a> Worker<'a> {
    /// Starts a worker in a process group of its own. `environment` is added to the command's own.
    ///
    /// # Errors
    /// [`WorkerFailure::Spawn`] when the program cannot be started.
    pub fn spawn(
        command: &WorkerCommand,
        environment: &BTreeMap<String, String>,
        interrupt: &'a AtomicBool,
    ) -> Result<Self, WorkerFailure> {
        Self::spawn_on(&[], command, environment, interrupt)
    }

    /// The same, confined to some processors; to none in particular where none is named. The threads that wait for its
    /// answers are not confined.
    ///
    /// # Errors
    /// As [`Worker::spawn`], and where the system refuses the processors.
    pub fn spawn_on(
        cpus: &[usize],
        command: &WorkerCommand,
        environment: &BTreeMap<String, String>,
        interrupt: &'a AtomicBool,
    ) -> Result<Self, WorkerFailure> {
        let oom_kills = process::oom_kills();
        let spawn_error = |source| WorkerFailure::Spawn {
            program: command.first(),
            source,
        };
        let (started, freed) = confined(cpus, || command.start(environment)).map_err(spawn_error)?;
        let mut child = started.map_err(spawn_error)?;
        if let Err(source) = freed {
            process::kill_group(&mut child);
            return Err(spawn_error(source));
        }
        let (Some(requests), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            process::kill_group(&mut child);
            return Err(spawn_error(io::Error::other("its pipes are missing")));
        };
        let (sender, answers) = mpsc::sync_channel(1);
        thread::spawn(move || {
            let mut reader = BufReader::new(stdout);
            loop {
                let line = read_line::<AnswerLine>(&mut reader);
                let last = line.is_err();
                if sender.send(line).is_err() || last {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            requests,
            answers,
            stderr: Tail::follow(stderr),
            next_id: 1,
            interrupt,
            oom_kills,
            ended: None,
            group: None,
            limit: None,
        })
    }

    /// Moves the worker into a control group that holds it to a limit, if one is given, for as long as it lives.
    fn charge(&mut self, group: Group, limit: Option<Bytes>) -> io::Result<()> {
        group.admit(self.id())?;
        self.group = Some(group);
        self.limit = limit;
        Ok(())
    }

    /// The most that was charged to its control group at once, where it has one and the kernel tells.
    pub(crate) fn charged_peak(&self) -> Option<Bytes> {
        self.group.as_ref()?.peak()
    }

    /// The handshake.
    ///
    /// # Errors
    /// [`WorkerFailure::Version`] with both versions when they differ, otherwise as [`Worker::request`].
    pub fn hello(&mut self, deadline: Duration) -> Result<WorkerHello, WorkerFailure> {
        match self.request(Request::Hello(Hello { protocol: VERSION }), deadline)? {
            Answer::Hello(hello) if hello.protocol == VERSION => Ok(hello),
            Answer::Hello(hello) => Err(WorkerFailure::Version {
                worker: hello.worker,
                found: hello.protocol,
            }),
            other => Err(WorkerFailure::unexpected("hello", &other)),
        }
    }

    /// Asks one thing and waits for the answer.
    ///
    /// # Errors
    /// [`WorkerFailure::Answered`] leaves the worker usable; after any other the process is gone.
    pub fn request(&mut self, request: Request, deadline: Duration) -> Result<Answer, WorkerFailure> {
        let result = self.exchange(request, deadline);
        match (result, self.limit) {
            (Err(WorkerFailure::Interrupted), _) => Err(WorkerFailure::Interrupted),
            // Whichever of the worker's processes it was, and whatever the worker made of it.
            (_, Some(limit)) if self.group.as_ref().and_then(Group::kills).unwrap_or(0) > 0 => {
                self.kill();
                Err(WorkerFailure::OutOfMemory(format!("{KILLED_AT} {limit}")))
            }
            (result, _) => result,
        }
    }

    fn exchange(&mut self, request: Request, deadline: Duration) -> Result<Answer, WorkerFailure> {
        let id = self.next_id;
        self.next_id += 1;
        match write_line(&mut self.requests, &RequestLine { id, request }) {
            Ok(()) => {}
            // The pipe breaks when the worker is gone; how it went says more.
            Err(_) => return Err(self.post_mortem()),
        }
        let line = match self.receive(deadline)? {
            Ok(line) => line,
            Err(CodecError::Closed | CodecError::Io(_)) => return Err(self.post_mortem()),
            Err(error) => return Err(self.broken(error.to_string())),
        };
        match line {
            AnswerLine {
                answer: Answer::Error(error),
                ..
            } => Err(WorkerFailure::Answered(Box::new(error))),
            AnswerLine { id: found, answer } if found == id => Ok(answer),
            AnswerLine { id: found, .. } => Err(self.broken(format!("answer {found} came to request {id}"))),
        }
    }

    /// Tells the worker to end and waits until it has.
    ///
    /// # Errors
    /// As [`Worker::request`]. What was measured stands all the same.
    pub fn bye(mut self, deadline: Duration) -> Result<(), WorkerFailure> {
        match self.request(Request::Bye, deadline)? {
            Answer::Bye {} => {
                self.wait(END_WAIT);
                Ok(())
            }
            other => Err(WorkerFailure::unexpected("bye", &other)),
        }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Stops the worker and all that it started, so that no thread of it spins or runs until [`Worker::resume`].
    ///
    /// # Errors
    /// What the system said. Always an error where processes cannot be stopped.
    pub fn pause(&self) -> io::Result<()> {
        process::pause_group(&self.child)
    }

    /// Lets a stopped worker go on.
    ///
    /// # Errors
    /// What the system said.
    pub fn resume(&self) -> io::Result<()> {
        process::resume_group(&self.child)
    }

    /// The end of what it wrote to standard error.
    pub fn stderr_tail(&self) -> String {
        self.stderr.text()
    }

    fn receive(&mut self, deadline: Duration) -> Result<Result<AnswerLine, CodecError>, WorkerFailure> {
        let start = Instant::now();
        loop {
            if self.interrupt.load(Ordering::Relaxed) {
                self.kill();
                return Err(WorkerFailure::Interrupted);
            }
            let left = deadline.saturating_sub(start.elapsed());
            match self.answers.recv_timeout(left.min(INTERRUPT_POLL)) {
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) if start.elapsed() < deadline => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.kill();
                    return Err(WorkerFailure::TimedOut(deadline));
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(Err(CodecError::Closed)),
            }
        }
    }

    /// A worker that does not speak the protocol is not asked again.
    fn broken(&mut self, message: String) -> WorkerFailure {
        self.kill();
        WorkerFailure::Protocol(message)
    }

    /// Why a worker that closed its pipe is gone.
    fn post_mortem(&mut self) -> WorkerFailure {
        let Some(status) = self.wait(END_WAIT) else {
            return self.broken("the worker closed its pipe and lives on".to_owned());
        };
        match process::signal(status) {
            Some(signal) => process::classify(signal, self.oom_kills, &self.stderr.text()),
            None => WorkerFailure::Exited(status.code()),
        }
    }

    fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        let mut pause = Duration::from_millis(1);
        while self.ended.is_none() {
            if process::has_ended(&self.child) {
                // What it left behind is found by its group, which is surely its own until it is waited for.
                process::kill_group(&mut self.child);
            }
            self.ended = self.child.try_wait().ok().flatten();
            if self.ended.is_none() {
                if start.elapsed() >= limit {
                    return None;
                }
                thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(50));
            }
        }
        self.ended
    }

    fn kill(&mut self) {
        // The group outlives a leader that has ended where the worker left processes behind.
        process::kill_group(&mut self.child);
        if self.ended.is_none() {
            self.ended = self.child.wait().ok();
        }
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.kill();
        }
    }
}
