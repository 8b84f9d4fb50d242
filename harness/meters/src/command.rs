//! An external meter: a command that prints `t_ns watts`, line by line, while it runs.
//!
//! The lines are those of docs/energy.md. The command runs in a shell and in a process group of its own, which is killed
//! when the source is dropped.

use std::io::{self, BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use edgebench_api::Nanos;
use edgebench_record::{AbsentSource, EnergySource, Tier};

use crate::files::shown_up_to;
use crate::lines::{Lines, Point};
use crate::places::absent;
use crate::{ReadError, Reading, Sample, Source, process};

/// The shortest window of a meter that states none: one at the wall needs a minute.
const WINDOW_S: f64 = 60.0;

/// Windows shorter than this are remarked on: the inferences of `MLPerf` Tiny's runner take as long.
const COUNTED_WINDOW_S: f64 = 10.0;

/// Its name; the command follows after a colon.
pub const NAME: &str = "command";

/// A line is two numbers.
const LONGEST_LINE: u64 = 4096;

/// What of its complaints is kept.
const TAIL: usize = 2048;

/// Readings that nobody has fetched yet; a meter that prints a million lines between two looks is none.
const MOST_WAITING: usize = 1_000_000;

const POLL: Duration = Duration::from_millis(10);

/// How long a meter may take to begin.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For its first three readings.
    pub first: Duration,
    /// After the first of them, to see how often it speaks and whether it counts in nanoseconds.
    pub listen: Duration,
}

impl Default for Patience {
    /// 20 s, for a plug that is asked over the network, and 2.5 s.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(20),
            listen: Duration::from_millis(2500),
        }
    }
}

/// A running meter.
#[derive(Debug)]
pub struct ExternalMeter {
    facts: EnergySource,
    child: Child,
    heard: Arc<Mutex<Heard>>,
    last: Option<Instant>,
}

#[derive(Debug)]
struct Heard {
    lines: Lines,
    waiting: Vec<Point>,
    /// Readings before the first that still waits.
    count: usize,
    stderr: Vec<u8>,
    ended: bool,
}

impl Source for ExternalMeter {
    fn facts(&self) -> &EnergySource {
        &self.facts
    }

    fn read(&mut self) -> Result<Reading, ReadError> {
        let nothing = || {
            Err(ReadError::passing(
                "the meter has printed no reading since the last one",
            ))
        };
        self.samples().pop().map_or_else(nothing, |sample| sample.said)
    }

    fn samples(&mut self) -> Vec<Sample> {
        let (mut samples, error) = {
            let mut heard = lock(&self.heard);
            let points = std::mem::take(&mut heard.waiting);
            let samples: Vec<Sample> = points
                .into_iter()
                .filter_map(|point| {
                    let at = heard.lines.at(point.t_ns)?;
                    let said = Ok(Reading::Watts(point.watts));
                    Some(Sample { at, said })
                })
                .collect();
            let error = heard.lines.wrong_unit().or_else(|| heard.ended.then(|| ended(&heard)));
            (samples, error)
        };
        // A line that was held up less than all before moves the clock back by a little.
        let mut last = self.last;
        samples.retain(|sample| {
            let later = last.is_none_or(|last| sample.at > last);
            if later {
                last = Some(sample.at);
            }
            later
        });
        if let Some(mut what) = error {
            if let Ok(Some(status)) = self.child.try_wait() {
                what = format!("{what} ({status})");
            }
            let at = Instant::now().max(last.unwrap_or_else(Instant::now));
            samples.push(Sample {
                at,
                said: Err(ReadError::lasting(what)),
            });
        }
        self.last = last;
        samples
    }

    fn remarks(&self) -> Vec<String> {
        lock(&self.heard).lines.remarks()
    }
}

impl Drop for ExternalMeter {
    fn drop(&mut self) {
        process::end(&mut self.child);
    }
}

/// Starts a meter and waits for its first readings.
///
/// # Errors
/// [`AbsentSource`]: it cannot be started, ends, says nothing that is a reading in time, or counts in another unit. The
/// end of what it wrote to stderr is in the reason.
pub fn open(command: &str, patience: Patience) -> Result<ExternalMeter, AbsentSource> {
    let told = |reason: String| absent(NAME, reason, Some("docs/energy.md tells what a meter prints"));
    if command.trim().is_empty() {
        return Err(told("no command is given after `command:`".to_owned()));
    }
    let (child, heard) = start(command).map_err(|error| told(format!("the meter could not be started: {error}")))?;
    // From here on it is ended when this is dropped.
    let mut meter = ExternalMeter {
        facts: facts(&Lines::new(Instant::now()), 1.0),
        child,
        heard,
        last: None,
    };
    let deadline = Instant::now() + patience.first;
    let mut began = None;
    loop {
        let heard = lock(&meter.heard);
        if began.is_none() && heard.count > 0 {
            began = Some(Instant::now());
        }
        let listened = began.is_some_and(|began| began.elapsed() >= patience.listen);
        if heard.ended || listened && heard.count >= 3 || Instant::now() > deadline {
            break;
        }
        drop(heard);
        thread::sleep(POLL);
    }
    let heard = lock(&meter.heard);
    let hz = rate(&heard.waiting);
    let problem = heard
        .lines
        .wrong_unit()
        .or_else(|| heard.ended.then(|| ended(&heard)))
        .or_else(|| hz.is_none().then(|| silent(&heard, patience.first)));
    if let Some(reason) = problem {
        return Err(told(reason));
    }
    let facts = facts(&heard.lines, hz.unwrap_or(1.0));
    drop(heard);
    meter.facts = facts;
    Ok(meter)
}

/// Readings per second by the meter's own clock.
fn rate(points: &[Point]) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    let seconds = (last.t_ns - first.t_ns) as f64 * 1e-9;
    (points.len() >= 3 && seconds > 0.0).then(|| (points.len() - 1) as f64 / seconds)
}

/// Without anything of the command, which may hold paths, addresses and passwords.
fn facts(lines: &Lines, hz: f64) -> EnergySource {
    let header = &lines.header;
    let mut notes = vec!["the meter's clock is taken to be as fast as this machine's".to_owned()];
    if header.uncertainty.is_none() {
        notes.push("±5 % is a default: the meter states no uncertainty".to_owned());
    }
    let window_s = header.window_s.unwrap_or(WINDOW_S);
    if window_s < COUNTED_WINDOW_S {
        notes.push(format!(
            "the meter asks for windows of {window_s} s, where {COUNTED_WINDOW_S} s are usual"
        ));
    }
    EnergySource {
        name: NAME.to_owned(),
        tier: header.tier.unwrap_or(Tier::E0),
        scope: header.scope.clone().unwrap_or_else(|| "system".to_owned()),
        domains: vec![header.name.clone().unwrap_or_else(|| "external meter".to_owned())],
        uncertainty: header.uncertainty.unwrap_or(0.05),
        sampling_hz: hz,
        min_window_ns: Nanos((window_s * 1e9) as u64),
        notes,
    }
}

fn ended(heard: &Heard) -> String {
    format!("the meter's command has ended{}", tail(heard))
}

fn silent(heard: &Heard, limit: Duration) -> String {
    let remarks = heard.lines.remarks();
    let remarks = if remarks.is_empty() {
        String::new()
    } else {
        format!("; {}", remarks.join("; "))
    };
    let readings = if heard.count == 1 { "reading" } else { "readings" };
    format!(
        "the meter gave {} {readings} in {limit:?}{remarks}{}",
        heard.count,
        tail(heard)
    )
}

/// The last line of its stderr.
fn tail(heard: &Heard) -> String {
    let text = String::from_utf8_lossy(&heard.stderr);
    let line = text.lines().rev().find(|line| !line.trim().is_empty());
    line.map_or_else(String::new, |line| {
        format!("; it wrote \"{}\"", shown_up_to(line.trim(), 200))
    })
}

fn start(command: &str) -> io::Result<(Child, Arc<Mutex<Heard>>)> {
    let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut shell = Command::new(shell);
    shell
        .args([flag, command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    process::in_own_group(&mut shell);
    let mut child = shell.spawn()?;
    let heard = Arc::new(Mutex::new(Heard {
        lines: Lines::new(Instant::now()),
        waiting: Vec::new(),
        count: 0,
        stderr: Vec::new(),
        ended: false,
    }));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let complaints = stderr.map(|stderr| {
        let heard = Arc::clone(&heard);
        thread::spawn(move || keep_tail(stderr, &heard))
    });
    if let Some(stdout) = stdout {
        let heard = Arc::clone(&heard);
        thread::spawn(move || {
            listen(stdout, &heard);
            // What it complained about belongs to its end; a child of its own may hold the pipe open for longer.
            let patience = Instant::now() + Duration::from_millis(500);
            while complaints.as_ref().is_some_and(|thread| !thread.is_finished()) && Instant::now() < patience {
                thread::sleep(POLL);
            }
            lock(&heard).ended = true;
        });
    }
    Ok((child, heard))
}

/// Takes lines until there are no more.
fn listen(stdout: impl Read, heard: &Mutex<Heard>) {
    let mut stdout = BufReader::new(stdout);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut stdout).take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let at = Instant::now();
        let whole = line.last() == Some(&b'\n');
        let mut heard = lock(heard);
        match std::str::from_utf8(&line) {
            Ok(text) if whole => {
                if let Some(point) = heard.lines.take(text.trim(), at)
                    && heard.waiting.len() < MOST_WAITING
                {
                    heard.waiting.push(point);
                    heard.count += 1;
                }
            }
            // Cut in two, by its end or by its length: half a number is another number.
            other => {
                heard.lines.malformed(other.unwrap_or("not UTF-8"));
            }
        }
    }
}

fn keep_tail(mut stderr: impl Read, heard: &Mutex<Heard>) {
    let mut piece = [0; 512];
    while let Ok(length @ 1..) = stderr.read(&mut piece) {
        let kept = &mut lock(heard).stderr;
        kept.extend_from_slice(&piece[..length]);
        let over = kept.len().saturating_sub(TAIL);
        kept.drain(..over);
    }
}

/// A thread that panicked left whole values behind.
fn lock(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}
