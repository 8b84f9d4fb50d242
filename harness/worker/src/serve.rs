//! The worker's main function.

use std::fs::File;
use std::io::{self, BufReader};
use std::process::ExitCode;

use edgebench_api::{Backend, ErrorKind};
use edgebench_protocol::{
    Answer, AnswerLine, CodecError, Environment, Hello, Load, Request, RequestLine, Turned, VERSION, WorkerError,
    WorkerHello, read_line, write_line,
};

use crate::evaluate::evaluate;
use crate::failure::{backend_error, guarded};
use crate::load::load;
use crate::memory::MemoryMeter;
use crate::model::{MAX_SAMPLES, Model};
use crate::peaks::peaks;
use crate::profile::profile;
use crate::queries::{Fleet, Source, queries, stream};
use crate::stdio::{self, Pipes};

/// Serves the protocol on standard input and output until `bye` or until the other side closes the pipe. Nothing else
/// in the process may read or write them: they are moved aside at once, and whatever is printed goes to standard
/// error.
///
/// On Linux the process is killed when the *thread* that started it ends, so a runner starts its workers from a thread
/// that outlives them.
///
/// Returns 0 after `bye` and after a closed pipe, and 1 when the pipe fails or a line does not end.
pub fn serve(backends: &[&'static dyn Backend], name: &str, version: &str) -> ExitCode {
    stdio::die_with_parent();
    let pipes = match stdio::take() {
        Ok(pipes) => pipes,
        Err(error) => {
            eprintln!("error: the worker's pipes cannot be set up: {error}");
            return ExitCode::FAILURE;
        }
    };
    let worker = Worker {
        backends,
        hello: WorkerHello {
            protocol: VERSION,
            worker: name.to_owned(),
            version: version.to_owned(),
            backends: backends.iter().map(|backend| backend.name().to_owned()).collect(),
        },
        greeted: false,
        meter: MemoryMeter::new(),
        model: None,
        source: None,
        fleet: Fleet::default(),
    };
    match worker.answer_all(pipes) {
        Ok(()) | Err(CodecError::Closed) => ExitCode::SUCCESS,
        Err(CodecError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

struct Worker<'a> {
    backends: &'a [&'static dyn Backend],
    hello: WorkerHello,
    greeted: bool,
    meter: MemoryMeter,
    model: Option<Model>,
    /// What further sessions are loaded from.
    source: Option<Source>,
    fleet: Fleet,
}

impl Worker<'_> {
    fn answer_all(mut self, pipes: Pipes) -> Result<(), CodecError> {
        let mut reader = BufReader::new(pipes.requests);
        let mut writer: File = pipes.answers;
        loop {
            let line: serde_json::Value = match read_line(&mut reader) {
                Ok(line) => line,
                Err(CodecError::Malformed { line, source }) => {
                    let mut error = WorkerError::protocol(format!("not a message: {line}"));
                    error.causes.push(source.to_string());
                    write_line(
                        &mut writer,
                        &AnswerLine {
                            id: 0,
                            answer: Answer::Error(error),
                        },
                    )?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            let id = line.get("id").and_then(serde_json::Value::as_u64).unwrap_or(0);
            let (answer, last) = match serde_json::from_value::<RequestLine>(line) {
                Ok(line) => {
                    let last = line.request == Request::Bye;
                    (self.answer(line.request).unwrap_or_else(Answer::Error), last)
                }
                Err(error) => {
                    let mut answer = WorkerError::protocol("not a request of this protocol");
                    answer.causes.push(error.to_string());
                    (Answer::Error(answer), false)
                }
            };
            write_line(&mut writer, &AnswerLine { id, answer })?;
            if last {
                return Ok(());
            }
        }
    }

    fn answer(&mut self, request: Request) -> Result<Answer, WorkerError> {
        if !self.greeted && !matches!(request, Request::Hello(_) | Request::Bye) {
            return Err(WorkerError::protocol("the first request is `hello`"));
        }
        match request {
            Request::Hello(hello) => self.greet(&hello),
            Request::Probe { backend } => {
                let backend = self.backend(&backend)?;
                guarded(ErrorKind::Unavailable, || backend.probe().map_err(backend_error)).map(Answer::Probe)
            }
            Request::Environment { backend, settings } => {
                let backend = self.backend(&backend)?;
                guarded(ErrorKind::Load, || Ok(backend.environment(&settings))).map(|variables| {
                    Answer::Environment(Environment {
                        variables: variables.into_iter().collect(),
                    })
                })
            }
            Request::Load(request) => self.load(&request),
            Request::WarmUp(request) => self
                .with_model(|model, meter| model.warm_up(&request, meter).map_err(backend_error))
                .map(Answer::WarmedUp),
            Request::Measure(request) => {
                if request.max_samples == 0 || request.min_samples > request.max_samples {
                    return Err(WorkerError::protocol(
                        "the samples asked for are none, or more than allowed",
                    ));
                }
                self.with_model(|model, meter| model.measure(&request, meter).map_err(backend_error))
                    .map(Answer::Measured)
            }
            Request::Turn(request) => {
                let count = usize::try_from(request.samples).unwrap_or(usize::MAX);
                if count == 0 || count > MAX_SAMPLES {
                    return Err(WorkerError::protocol(format!("a turn has 1 to {MAX_SAMPLES} samples")));
                }
                self.with_model(|model, _| model.turn(count, request.repeat).map_err(backend_error))
                    .map(|samples_ns| {
                        Answer::Turned(Turned {
                            samples_ns,
                            repeated: request.repeat,
                        })
                    })
            }
            Request::Queries(request) => {
                let source = self.source.clone();
                let source = source.ok_or_else(|| WorkerError::protocol("no model is loaded"))?;
                let mut fleet = std::mem::take(&mut self.fleet);
                // A panic takes the other sessions with it as well.
                let (fleet, queried) = self.with_model(|model, _| {
                    let queried = queries(model, &mut fleet, &source, &request)?;
                    Ok((fleet, queried))
                })?;
                self.fleet = fleet;
                Ok(Answer::Queried(queried))
            }
            Request::Stream(request) => self
                .with_model(|model, _| stream(model, &request))
                .map(Answer::Streamed),
            Request::Profile(request) => {
                let source = self.source.clone();
                let source = source.ok_or_else(|| WorkerError::protocol("no model is loaded"))?;
                self.with_model(|model, _| profile(model, &source, &request))
                    .map(|profiled| Answer::Profiled(Box::new(profiled)))
            }
            Request::Peaks(request) => peaks(&request).map(Answer::Peaks),
            Request::Evaluate(request) => self
                .with_model(|model, _| evaluate(model, &request))
                .map(Answer::Evaluated),
            Request::Bye => Ok(Answer::Bye {}),
        }
    }

    fn greet(&mut self, hello: &Hello) -> Result<Answer, WorkerError> {
        if hello.protocol != VERSION {
            let mut error = WorkerError::protocol(format!(
                "this worker speaks version {VERSION} of the protocol, and was asked for version {}",
                hello.protocol
            ));
            error.hint = Some("use a runner and a worker of the same release".to_owned());
            return Err(error);
        }
        self.greeted = true;
        Ok(Answer::Hello(self.hello.clone()))
    }

    fn load(&mut self, request: &Load) -> Result<Answer, WorkerError> {
        if self.model.is_some() {
            return Err(WorkerError::protocol(
                "a model is loaded already; one worker runs one cell",
            ));
        }
        let backend = self.backend(&request.backend)?;
        let meter = &mut self.meter;
        let (model, loaded) = guarded(ErrorKind::Load, || load(backend, request, meter))?;
        self.model = Some(model);
        self.source = Some(Source {
            backend,
            request: request.clone(),
        });
        Ok(Answer::Loaded(Box::new(loaded)))
    }

    /// Runs work on the loaded model. A panic takes the model with it: its state is anyone's guess.
    fn with_model<T>(
        &mut self,
        work: impl FnOnce(&mut Model, &mut MemoryMeter) -> Result<T, WorkerError>,
    ) -> Result<T, WorkerError> {
        let Self { model: slot, meter, .. } = self;
        let mut model = slot.take().ok_or_else(|| WorkerError::protocol("no model is loaded"))?;
        let (model, result) = guarded(ErrorKind::Run, move || {
            let result = work(&mut model, meter);
            Ok((model, result))
        })?;
        *slot = Some(model);
        result
    }

    fn backend(&self, name: &str) -> Result<&'static dyn Backend, WorkerError> {
        self.backends
            .iter()
            .copied()
            .find(|backend| backend.name() == name)
            .ok_or_else(|| {
                let mut error = WorkerError::protocol(format!("this worker has no backend `{name}`"));
                error.hint = Some(format!("it has: {}", self.hello.backends.join(", ")));
                error
            })
    }
}
