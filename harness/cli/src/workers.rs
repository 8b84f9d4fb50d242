//! The commands that start workers, by backend.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use edgebench_api::Probe;
use edgebench_protocol::{Answer, Request};
use edgebench_runner::{Worker, WorkerCommand, WorkerFailure};

use crate::args::RuntimeArgs;
use crate::backends::BACKENDS;
use crate::failure::{Doing as _, Failure};
use crate::parse::words;

/// A worker of this name on the PATH offers the backend that follows.
const WORKER_PREFIX: &str = "edgebench-worker-";

/// Opening a large library from a slow card takes its time.
const PROBE_DEADLINE: Duration = Duration::from_mins(1);

/// The variable by which the ONNX Runtime backend is told its library.
const ORT_LIBRARY: &str = "EDGEBENCH_ORT_DYLIB";

/// The name of the backend that does no work.
pub(crate) const NULL: &str = "null";

/// The command for every backend that can be started: those in this binary, and those of workers on the PATH.
pub(crate) fn commands(args: &RuntimeArgs) -> Result<BTreeMap<String, WorkerCommand>, Failure> {
    let prefix = prefix(args)?;
    let program = match &args.worker {
        Some(program) => program.clone(),
        None => std::env::current_exe().doing("find this program's own file")?,
    };
    if let Some(worker) = args.worker.as_deref().filter(|_| prefix.is_empty())
        && worker.components().count() > 1
        && !worker.is_file()
    {
        return Err(Failure::new(format!("there is no file `{}`", worker.display()))
            .hint("--worker takes the path of a program that speaks the worker protocol"));
    }
    let mut environment = BTreeMap::new();
    if let Some(library) = &args.ort_dylib {
        let library = std::path::absolute(library).doing("find the working folder")?;
        if prefix.is_empty() && !library.is_file() {
            return Err(Failure::new(format!("there is no file `{}`", library.display()))
                .hint("--ort-dylib takes the path of libonnxruntime.so"));
        }
        environment.insert(ORT_LIBRARY.to_owned(), library.display().to_string());
    }
    let of = |program: PathBuf, arguments: Vec<String>| WorkerCommand {
        prefix: prefix.clone(),
        program,
        arguments,
        environment: environment.clone(),
    };
    let mut commands: BTreeMap<String, WorkerCommand> = on_path()
        .into_iter()
        .map(|(name, program)| (name, of(program, Vec::new())))
        .collect();
    if args.worker.is_some() {
        // A worker from elsewhere says itself what it offers.
        let command = of(program, vec!["worker".to_owned()]);
        for name in offered(&command)? {
            commands.insert(name, command.clone());
        }
        return Ok(commands);
    }
    // What is in this binary is not replaced by what happens to lie on the PATH.
    for backend in BACKENDS {
        commands.insert(
            backend.name().to_owned(),
            of(program.clone(), vec!["worker".to_owned()]),
        );
    }
    Ok(commands)
}

/// What goes before a worker's command, in words.
pub(crate) fn prefix(args: &RuntimeArgs) -> Result<Vec<String>, Failure> {
    let text = args.worker_prefix.as_deref().unwrap_or_default();
    words(text)
        .map_err(|why| Failure::new(format!("--worker-prefix {text}: {why}")).hint("quote it as in a shell, in pairs"))
}

/// Workers on the PATH by the name of their backend; the first of a name counts, as in a shell.
fn on_path() -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let path = std::env::var_os("PATH").unwrap_or_default();
    for folder in std::env::split_paths(&path).filter(|folder| folder.is_absolute()) {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let Some(name) = name.to_str().and_then(|name| name.strip_prefix(WORKER_PREFIX)) else {
                continue;
            };
            let name = name.strip_suffix(".exe").unwrap_or(name);
            if !name.is_empty() && is_executable(&entry.path()) {
                found.entry(name.to_owned()).or_insert_with(|| entry.path());
            }
        }
    }
    found
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// The backends that a worker offers.
fn offered(command: &WorkerCommand) -> Result<Vec<String>, Failure> {
    let interrupt = AtomicBool::new(false);
    let hello = Worker::spawn(command, &BTreeMap::new(), &interrupt).and_then(|mut worker| {
        let hello = worker.hello(PROBE_DEADLINE)?;
        // What it said stands, however it ends.
        let _ = worker.bye(PROBE_DEADLINE);
        Ok(hello)
    });
    hello.map(|hello| hello.backends).map_err(|failure| {
        Failure::from(failure).context(format!("`{}` is no worker that can be used", command.program.display()))
    })
}

/// What a worker says is installed of its runtime.
pub(crate) fn probe(backend: &str, command: &WorkerCommand) -> Result<Probe, WorkerFailure> {
    let interrupt = AtomicBool::new(false);
    let mut worker = Worker::spawn(command, &BTreeMap::new(), &interrupt)?;
    worker.hello(PROBE_DEADLINE)?;
    let request = Request::Probe {
        backend: backend.to_owned(),
    };
    let Answer::Probe(probe) = worker.request(request, PROBE_DEADLINE)? else {
        return Err(WorkerFailure::Protocol("no probe came to `probe`".to_owned()));
    };
    // What it said stands, however it ends.
    let _ = worker.bye(PROBE_DEADLINE);
    Ok(probe)
}
