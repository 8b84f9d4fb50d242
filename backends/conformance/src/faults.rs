//! Faults. A worker is asked for them through the null backend's options (`stdout`, `crash`, `hang` and so on), and one
//! that answers `invalid-setting` is excused, since a runtime has no faults to order. That a killed process is seen to be
//! gone needs no option.

use std::collections::BTreeMap;
use std::time::Duration;

use edgebench_api::{ErrorKind, Settings};
use edgebench_protocol::{Answer, Request, Turn};

use crate::client::{Client, unexpected};
use crate::report::{Checked, Report, Stop, failed, must};
use crate::worker::Subject;

/// How long a request is waited for that is never answered.
const HANG: Duration = Duration::from_secs(1);

/// Adds the checks of faults to the report.
pub(crate) fn check(report: &mut Report, subject: &mut Subject<'_>) {
    report.run("noise on standard output does not break the protocol", || {
        noise(subject)
    });
    report.run("a crash closes the pipe and is no success", || crash(subject));
    report.run("a hanging inference can be killed", || hang(subject));
    report.run("a worker that is killed at work closes the pipe", || killed(subject));
    report.run("a panic in a load is an error", || panic_at_load(subject));
    report.run("a panic in an inference is an error", || panic_in_run(subject));
    report.run("an inference that fails is an error, and the next may not", || {
        failure(subject)
    });
    report.run("an operator that is lacking is named", || unsupported(subject));
}

const TURN: Request = Request::Turn(Turn {
    samples: 3,
    repeat: false,
});

/// A turn that no worker ends within [`AT_WORK`]: one sample takes two readings of a clock.
const LONG_TURN: Request = Request::Turn(Turn {
    samples: 1_000_000,
    repeat: false,
});

/// When a long turn is interrupted.
const AT_WORK: Duration = Duration::from_millis(20);

fn settings(option: &str, value: &str) -> Settings {
    Settings {
        options: BTreeMap::from([(option.to_owned(), value.to_owned())]),
        ..Settings::default()
    }
}

/// Sends the load with an option, and excuses a worker that does not know it.
fn load(subject: &mut Subject<'_>, option: &str, value: &str) -> Checked<(Client, Answer)> {
    let settings = settings(option, value);
    let mut client = subject.start_for(&Settings::default())?;
    let answer = client.ask(Request::Load(subject.load_request(&settings)?))?;
    match answer {
        Answer::Error(error) if error.kind == ErrorKind::InvalidSetting => {
            Err(Stop::NotApplicable(format!("the backend has no option `{option}`")))
        }
        answer => Ok((client, answer)),
    }
}

/// A worker that has loaded with an option.
fn loaded(subject: &mut Subject<'_>, option: &str, value: &str) -> Checked<Client> {
    match load(subject, option, value)? {
        (client, Answer::Loaded(_)) => Ok(client),
        (_, other) => Err(unexpected(&other)),
    }
}

fn turned(client: &mut Client) -> Checked {
    match client.ask(TURN)? {
        Answer::Turned(_) => Ok(()),
        other => Err(unexpected(&other)),
    }
}

fn noise(subject: &mut Subject<'_>) -> Checked {
    let mut client = loaded(subject, "stdout", r#"{"id": 1, "bye": {}}"#)?;
    turned(&mut client)?;
    match client.ask(Request::Bye)? {
        Answer::Bye {} => Ok(()),
        other => Err(unexpected(&other)),
    }
}

fn crash(subject: &mut Subject<'_>) -> Checked {
    let status = loaded(subject, "crash", "run:2")?.ends_in(TURN)?;
    must(!status.success(), || format!("it ended with {status}"))
}

fn hang(subject: &mut Subject<'_>) -> Checked {
    let mut client = loaded(subject, "hang", "run:1")?;
    match client.ask_within(TURN, HANG)? {
        None => client.kill_at_work(),
        Some(_) => Err(failed("it was answered")),
    }
}

fn killed(subject: &mut Subject<'_>) -> Checked {
    let (mut client, _) = subject.loaded(&Settings::default())?;
    match client.ask_within(LONG_TURN, AT_WORK)? {
        None => client.kill_at_work(),
        Some(other) => Err(unexpected(&other)),
    }
}

fn panic_at_load(subject: &mut Subject<'_>) -> Checked {
    let (mut client, answer) = load(subject, "panic", "load")?;
    panicked(&answer, ErrorKind::Load)?;
    client.hello().map(drop)
}

fn panic_in_run(subject: &mut Subject<'_>) -> Checked {
    let mut client = loaded(subject, "panic", "run:2")?;
    panicked(&client.ask(TURN)?, ErrorKind::Run)?;
    client.refused_as(TURN, &[ErrorKind::Protocol])?;
    client.hello().map(drop)
}

fn panicked(answer: &Answer, kind: ErrorKind) -> Checked {
    match answer {
        Answer::Error(error) if error.kind == kind => must(error.message.contains("panicked"), || {
            format!("the message is: {}", error.message)
        }),
        other => Err(unexpected(other)),
    }
}

fn failure(subject: &mut Subject<'_>) -> Checked {
    let mut client = loaded(subject, "fail", "run:2")?;
    client.refused_as(TURN, &[ErrorKind::Run])?;
    turned(&mut client)
}

fn unsupported(subject: &mut Subject<'_>) -> Checked {
    match load(subject, "unsupported", "Einsum")?.1 {
        Answer::Error(error) if error.kind == ErrorKind::Unsupported => {
            must(error.operator.as_deref() == Some("Einsum"), || {
                format!("it names {:?}", error.operator)
            })
        }
        other => Err(unexpected(&other)),
    }
}
