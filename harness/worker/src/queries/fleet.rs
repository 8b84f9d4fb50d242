//! Further sessions, each on a thread of its own.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier, OnceLock};
use std::thread;
use std::time::Instant;

use edgebench_api::{Backend, BackendError, ErrorKind, LoadRequest, Session, Slot};
use edgebench_protocol::{Load, WorkerError};

use super::clock::Monotonic;
use super::drive::{Board, Served, drive};
use crate::failure::{backend_error, guarded, worker_error};
use crate::inputs::in_order_of;
use crate::model::prepare;
use crate::ring::Ring;

/// What a session is loaded from.
#[derive(Clone)]
pub(crate) struct Source {
    /// The adapter.
    pub(crate) backend: &'static dyn Backend,
    /// The request that the worker's own session was loaded for.
    pub(crate) request: Load,
}

/// One load, for all sessions that serve it.
#[derive(Debug)]
pub(crate) struct Job {
    board: Board,
    inferences: u64,
    /// All sessions begin together.
    ready: Barrier,
    begin: OnceLock<Instant>,
}

impl Job {
    /// A load for so many sessions.
    pub(crate) fn new(board: Board, inferences: u64, sessions: usize) -> Self {
        Self {
            board,
            inferences,
            ready: Barrier::new(sessions),
            begin: OnceLock::new(),
        }
    }

    /// What came of it.
    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    /// Serves the load with a session, from when all sessions are ready.
    pub(crate) fn serve(&self, session: &mut dyn Session, slots: &[Slot]) -> Result<Served, WorkerError> {
        self.ready.wait();
        let begin = *self.begin.get_or_init(Instant::now);
        let mut next = 0;
        let result = guarded(ErrorKind::Run, || {
            let query = || -> Result<(), BackendError> {
                for _ in 0..self.inferences {
                    let slot = slots
                        .get(next)
                        .ok_or_else(|| BackendError::run("no inputs are prepared"))?;
                    session.run(*slot)?;
                    next = if next + 1 == slots.len() { 0 } else { next + 1 };
                }
                Ok(())
            };
            drive(&Monotonic { begin }, &self.board, query).map_err(backend_error)
        });
        if result.is_err() {
            // A panic does not pass the loop's own end.
            self.board.stop();
        }
        result
    }
}

/// Threads with a session each, that wait for loads. They end when this is dropped.
#[derive(Default)]
pub(crate) struct Fleet {
    members: Vec<Member>,
}

struct Member {
    jobs: Sender<Arc<Job>>,
    done: Receiver<Result<Served, WorkerError>>,
}

impl Fleet {
    /// Loads sessions until there are so many.
    ///
    /// # Errors
    /// What loading one gives.
    pub(crate) fn grow(&mut self, sessions: usize, source: &Source) -> Result<(), WorkerError> {
        while self.members.len() < sessions {
            self.members.push(Member::start(source.clone())?);
        }
        Ok(())
    }

    /// Gives a load to so many of the sessions.
    pub(crate) fn begin(&self, job: &Arc<Job>, sessions: usize) {
        for member in self.members.iter().take(sessions) {
            // A thread that is gone says so when it is asked what it did.
            let _ = member.jobs.send(Arc::clone(job));
        }
    }

    /// Waits until so many of the sessions are through.
    pub(crate) fn end(&mut self, sessions: usize) -> Vec<Result<Served, WorkerError>> {
        let members = self.members.iter().take(sessions);
        let results: Vec<_> = members
            .map(|member| member.done.recv().unwrap_or_else(|_| Err(gone())))
            .collect();
        if results.iter().any(Result::is_err) {
            // What a failed session is good for is anyone's guess.
            self.members.clear();
        }
        results
    }
}

impl Member {
    fn start(source: Source) -> Result<Self, WorkerError> {
        let (jobs, requests) = channel::<Arc<Job>>();
        let (answers, done) = channel();
        let (loaded, is_loaded) = channel();
        let started = thread::Builder::new().name("session".to_owned()).spawn(move || {
            let session = guarded(ErrorKind::Load, || load(&source));
            let (mut session, slots) = match session {
                Ok(session) => session,
                Err(error) => {
                    let _ = loaded.send(Err(error));
                    return;
                }
            };
            // Who asked may be gone, and then so is the work.
            let _ = loaded.send(Ok(()));
            while let Ok(job) = requests.recv() {
                let result = job.serve(session.as_mut(), &slots);
                drop(job);
                if answers.send(result).is_err() {
                    return;
                }
            }
        });
        started.map_err(|error| worker_error(ErrorKind::Load, &error))?;
        is_loaded.recv().unwrap_or_else(|_| Err(gone()))?;
        Ok(Self { jobs, done })
    }
}

/// Loads a session with its slots, as the worker's own is.
fn load(source: &Source) -> Result<(Box<dyn Session>, Vec<Slot>), WorkerError> {
    let request = LoadRequest {
        model: &source.request.model,
        shapes: &source.request.shapes,
        settings: &source.request.settings,
    };
    let mut session = source.backend.load(&request).map_err(backend_error)?;
    let batches = Ring::new(&source.request).read();
    let batches = batches.map_err(|error| worker_error(ErrorKind::Run, &error))?;
    let mut slots = Vec::with_capacity(batches.len());
    for batch in batches {
        let batch = in_order_of(&session.spec().inputs, batch).map_err(|error| worker_error(ErrorKind::Run, &error))?;
        slots.push(prepare(session.as_mut(), &batch).map_err(backend_error)?);
    }
    Ok((session, slots))
}

fn gone() -> WorkerError {
    WorkerError {
        kind: ErrorKind::Run,
        message: "a session's thread is gone".to_owned(),
        causes: Vec::new(),
        operator: None,
        hint: None,
    }
}
