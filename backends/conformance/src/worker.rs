//! A worker through the protocol.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use edgebench_api::{ErrorKind, Settings};
use edgebench_protocol::{Answer, Hello, Load, Loaded, Request, VERSION};
use tempfile::TempDir;

use crate::client::{Client, END, unexpected};
use crate::fixture::Fixture;
use crate::report::{Checked, Report, failed, must};
use crate::told::{names_are_told, reads_model, spec_is, threads_are};
use crate::{faults, values};

/// What to check a worker with.
#[derive(Debug, Clone)]
pub struct WorkerCheck {
    /// The backend to load with; the first that the worker offers when absent.
    pub backend: Option<String>,
    /// The model with its known answers.
    pub fixture: Fixture,
    /// How long an answer may take.
    pub deadline: Duration,
}

impl Default for WorkerCheck {
    /// The first backend, the ONNX fixture, and 30 s for an answer.
    fn default() -> Self {
        Self {
            backend: None,
            fixture: Fixture::DENSE_RELU,
            deadline: Duration::from_secs(30),
        }
    }
}

/// Checks a worker in any language. The command is asked for anew for each process, of which there are some eighty; its
/// standard error is left as it is. Every process is gone at the end.
pub fn check_worker(command: &mut impl FnMut() -> Command, options: &WorkerCheck) -> Report {
    let mut report = Report::default();
    let mut subject = match Subject::new(command, options) {
        Ok(subject) => subject,
        Err(stop) => {
            report.run("the worker says hello", || Err(stop));
            return report;
        }
    };
    report.run("the worker says hello", || subject.hello());
    report.run("another version of the protocol is refused", || subject.other_version());
    report.run("a line that is no request is answered by an error", || {
        subject.garbled()
    });
    report.run("an unknown backend is an error", || subject.unknown_backend());
    report.run("measuring before loading is an error", || subject.not_loaded());
    report.run("the probe names a version and a device", || subject.probe());
    report.run("the spec is the model's", || subject.spec());
    report.run("threads in effect are those asked for", || subject.threads());
    report.run("an unknown option is an invalid setting", || subject.unknown_option());
    report.run("an unknown device is refused", || subject.unknown_device());
    values::check(&mut report, &mut subject);
    faults::check(&mut report, &mut subject);
    report.run("`bye` ends the process with 0", || subject.bye());
    report.run("a closed pipe ends the process", || subject.closed());
    report.run("a closed pipe ends the process with a model loaded", || {
        subject.closed_while_loaded()
    });
    report
}

/// The worker, the backend chosen, and the files.
pub(crate) struct Subject<'a> {
    command: &'a mut dyn FnMut() -> Command,
    options: &'a WorkerCheck,
    backend: String,
    folder: TempDir,
}

impl<'a> Subject<'a> {
    fn new(command: &'a mut dyn FnMut() -> Command, options: &'a WorkerCheck) -> Checked<Self> {
        let folder = TempDir::new().map_err(|error| failed(error.to_string()))?;
        let hello = Client::start(command(), options.deadline)?.hello()?;
        let backend = match &options.backend {
            Some(name) => name.clone(),
            None => hello
                .backends
                .first()
                .cloned()
                .ok_or_else(|| failed("the worker offers no backend"))?,
        };
        let subject = Self {
            command,
            options,
            backend,
            folder,
        };
        subject.write(subject.fixture().file_name, subject.fixture().model)?;
        subject.write("inputs.safetensors", subject.fixture().inputs)?;
        Ok(subject)
    }

    pub(crate) fn fixture(&self) -> &'a Fixture {
        &self.options.fixture
    }

    /// A path in the folder of this check.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Checked<PathBuf> {
        let path = self.path(name);
        std::fs::write(&path, bytes).map_err(|error| failed(error.to_string()))?;
        Ok(path)
    }

    /// A worker that has said hello.
    pub(crate) fn start(&mut self) -> Checked<Client> {
        let mut client = Client::start((self.command)(), self.options.deadline)?;
        client.hello()?;
        Ok(client)
    }

    /// A worker that has said hello, started with the environment that the backend wants for these settings.
    pub(crate) fn start_for(&mut self, settings: &Settings) -> Checked<Client> {
        let request = Request::Environment {
            backend: self.backend.clone(),
            settings: settings.clone(),
        };
        let variables = match self.start()?.ask(request)? {
            Answer::Environment(environment) => environment.variables,
            other => return Err(unexpected(&other)),
        };
        let mut command = (self.command)();
        command.envs(variables);
        let mut client = Client::start(command, self.options.deadline)?;
        client.hello()?;
        Ok(client)
    }

    /// A request to load the fixture.
    pub(crate) fn load_request(&self, settings: &Settings) -> Checked<Load> {
        Ok(Load {
            backend: self.backend.clone(),
            model: self.path(self.fixture().file_name),
            shapes: self.fixture().shapes(settings.batch)?,
            settings: settings.clone(),
            inputs: self.path("inputs.safetensors"),
            ring: 3,
        })
    }

    /// A worker with the fixture loaded.
    pub(crate) fn loaded(&mut self, settings: &Settings) -> Checked<(Client, Loaded)> {
        let mut client = self.start_for(settings)?;
        match client.ask(Request::Load(self.load_request(settings)?))? {
            Answer::Loaded(loaded) => Ok((client, *loaded)),
            other => Err(unexpected(&other)),
        }
    }

    /// A worker with the fixture loaded that really reads it.
    pub(crate) fn loaded_real(&mut self, settings: &Settings) -> Checked<(Client, Loaded)> {
        let (client, loaded) = self.loaded(settings)?;
        reads_model(&loaded.spec.effective)?;
        Ok((client, loaded))
    }

    fn hello(&mut self) -> Checked {
        let hello = Client::start((self.command)(), self.options.deadline)?.hello()?;
        must(hello.protocol == VERSION, || {
            format!("it speaks version {}, not {VERSION}", hello.protocol)
        })?;
        must(!hello.worker.is_empty() && !hello.version.is_empty(), || {
            format!("{hello:?}")
        })?;
        must(hello.backends.contains(&self.backend), || {
            format!("it offers {:?}, not `{}`", hello.backends, self.backend)
        })
    }

    fn other_version(&mut self) -> Checked {
        let mut client = Client::start((self.command)(), self.options.deadline)?;
        client
            .refused_as(
                Request::Hello(Hello {
                    protocol: VERSION + 1000,
                }),
                &[ErrorKind::Protocol],
            )
            .map(drop)
    }

    fn garbled(&mut self) -> Checked {
        let mut client = self.start()?;
        for bytes in [
            b"{\"id\": 7, \"op\": \"no such\"}\n".as_slice(),
            b"not json\n",
            b"[]\n",
            b"\xff\xfe\n",
            b"\n",
        ] {
            match client.garble(bytes)? {
                Answer::Error(_) => {}
                other => return Err(unexpected(&other)),
            }
        }
        client.hello().map(drop)
    }

    fn unknown_backend(&mut self) -> Checked {
        let mut client = self.start()?;
        client.refused(Request::Probe {
            backend: "no such backend".to_owned(),
        })?;
        let request = self.load_request(&Settings::default())?;
        client
            .refused(Request::Load(Load {
                backend: "no such backend".to_owned(),
                ..request
            }))
            .map(drop)
    }

    fn not_loaded(&mut self) -> Checked {
        let mut client = self.start()?;
        let turn = Request::Turn(edgebench_protocol::Turn {
            samples: 1,
            repeat: false,
        });
        client.refused_as(turn, &[ErrorKind::Protocol]).map(drop)
    }

    fn probe(&mut self) -> Checked {
        let request = Request::Probe {
            backend: self.backend.clone(),
        };
        match self.start()?.ask(request)? {
            Answer::Probe(probe) => names_are_told(&probe),
            other => Err(unexpected(&other)),
        }
    }

    fn spec(&mut self) -> Checked {
        let (_client, loaded) = self.loaded_real(&Settings::default())?;
        spec_is(&loaded.spec, self.fixture())?;
        must(loaded.ring == 3, || {
            format!("the ring has {} slots, and 3 were asked for", loaded.ring)
        })
    }

    fn threads(&mut self) -> Checked {
        for threads in [1, 2] {
            let settings = Settings {
                threads,
                ..Settings::default()
            };
            let mut client = self.start_for(&settings)?;
            match client.ask(Request::Load(self.load_request(&settings)?))? {
                Answer::Loaded(loaded) => threads_are(&loaded.spec.effective, threads)?,
                Answer::Error(error)
                    if threads > 1 && matches!(error.kind, ErrorKind::InvalidSetting | ErrorKind::Unsupported) => {}
                other => return Err(unexpected(&other)),
            }
        }
        Ok(())
    }

    fn unknown_option(&mut self) -> Checked {
        let options = BTreeMap::from([("no-such-option".to_owned(), "1".to_owned())]);
        let settings = Settings {
            options,
            ..Settings::default()
        };
        let request = Request::Load(self.load_request(&settings)?);
        self.start_for(&Settings::default())?
            .refused_as(request, &[ErrorKind::InvalidSetting])
            .map(drop)
    }

    fn unknown_device(&mut self) -> Checked {
        let settings = Settings {
            device: "no-such-device".to_owned(),
            ..Settings::default()
        };
        let request = Request::Load(self.load_request(&settings)?);
        let kinds = [
            ErrorKind::InvalidSetting,
            ErrorKind::Unavailable,
            ErrorKind::Unsupported,
        ];
        self.start_for(&Settings::default())?
            .refused_as(request, &kinds)
            .map(drop)
    }

    fn bye(&mut self) -> Checked {
        let (mut client, _) = self.loaded(&Settings::default())?;
        match client.ask(Request::Bye)? {
            Answer::Bye {} => {}
            other => return Err(unexpected(&other)),
        }
        let status = client.wait(END)?;
        must(status.success(), || format!("it ended with {status}"))
    }

    fn closed(&mut self) -> Checked {
        let mut client = self.start()?;
        client.close();
        client.wait(END).map(drop)
    }

    fn closed_while_loaded(&mut self) -> Checked {
        let (mut client, _) = self.loaded(&Settings::default())?;
        client.close();
        client.wait(END).map(drop)
    }
}
