//! What a record does not tell: where on the machine things lie.
//!
//! A record is published, and a path in a user's home names the user. Paths come in through many doors: arguments, a
//! worker's messages, the library that a runtime was opened from. So the finished record is gone over once, before it
//! is stored, and four folders are given names of their own wherever they stand in a text.

mod profile;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use edgebench_api::{Probe, Settings};
use edgebench_record::{Cell, CellId, Energy, EnergySource, GateRecord, Outcome, PlanFacts, Record, TaskFacts, Tool};

/// The folders and what stands in a record in their place, the longest first.
#[derive(Debug)]
pub(crate) struct Scrub {
    folders: Vec<(String, &'static str)>,
}

impl Scrub {
    /// The folders of this process, of a run and of its suite.
    pub(crate) fn of_this_process(work: Option<&Path>, suites: &[&Path]) -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let here = std::env::current_dir().ok();
        Self::new(work, home.as_deref(), here.as_deref(), suites)
    }

    fn new(work: Option<&Path>, home: Option<&Path>, here: Option<&Path>, suites: &[&Path]) -> Self {
        // A home that is no absolute path is none.
        let home = home.filter(|home| home.is_absolute());
        let named = [(work, "work"), (home, "~"), (here, ".")];
        let named = named.into_iter().filter_map(|(folder, name)| Some((folder?, name)));
        let mut folders: Vec<(String, &'static str)> = Vec::new();
        for (folder, name) in named.chain(suites.iter().map(|&suite| (suite, "suite"))) {
            // A message names a folder as it was given, and a runtime as it lies on the disk.
            let forms = [std::path::absolute(folder).ok(), folder.canonicalize().ok()];
            folders.extend(forms.iter().flatten().map(|path| (text_of(path), name)));
        }
        // A worker is told of this folder as it was given. The others' relative forms are too short to be known again.
        folders.extend(work.map(|work| (text_of(work), "work")));
        // The root would be everywhere.
        folders.retain(|(folder, _)| folder.len() > 1);
        // The order of equals stays: of two names for one folder the earlier is taken.
        folders.sort_by_key(|(folder, _)| std::cmp::Reverse(folder.len()));
        Self { folders }
    }

    /// Goes over all texts of a record that can hold a path. Nothing is left out by `..`, so that a new field is
    /// decided on here.
    pub(crate) fn record(&self, record: &mut Record) {
        let Record {
            schema: _,
            id: _,
            started_at: _,
            finished_at: _,
            interrupted: _,
            tool,
            // Read from the system, and the name that its user chose.
            host: _,
            plan,
            tasks,
            cells,
            energy_sources,
            overhead: _,
            start_gate: _,
        } = record;
        let Tool {
            name: _,
            version: _,
            optimised: _,
            target: _,
            arguments,
        } = tool;
        for argument in arguments.iter_mut() {
            without_meter(argument);
        }
        self.texts(arguments);
        if let Some(sources) = energy_sources {
            sources.present.iter_mut().for_each(|source| self.source(source));
            for absent in &mut sources.absent {
                self.text(&mut absent.reason);
                self.texts(&mut absent.hint);
            }
        }
        let PlanFacts {
            suite,
            suite_sha256: _,
            seed: _,
            mode: _,
            invocations: _,
            warm_up_ns: _,
            measure_ns: _,
            timeout_ns: _,
            worker_prefix,
            reference_backend: _,
            // Kinds and durations.
            scenarios: _,
        } = plan;
        self.text(suite);
        self.texts(worker_prefix);
        for task in tasks {
            let TaskFacts {
                id: _,
                description,
                metric: _,
                samples: _,
                baseline: _,
                inputs,
                data_sha256: _,
                labels: _,
            } = task;
            self.texts([description, inputs]);
        }
        for cell in cells {
            self.cell(cell);
        }
    }

    /// Goes over all texts of a gate's record that can hold a path.
    pub(crate) fn gate(&self, record: &mut GateRecord) {
        let GateRecord {
            schema: _,
            id: _,
            kind: _,
            started_at: _,
            finished_at: _,
            interrupted: _,
            tool,
            // Read from the system.
            host: _,
            baseline,
            candidate,
            // Metrics and amounts.
            policy: _,
            design: _,
            exit_code: _,
            verdicts,
            cells,
        } = record;
        self.texts(&mut tool.arguments);
        for side in [baseline, candidate] {
            self.text(&mut side.what);
            self.texts(&mut side.worker);
            self.values(&mut side.runtimes);
        }
        for verdict in verdicts {
            self.id(&mut verdict.cell);
            if let Some(id) = &mut verdict.baseline_cell {
                self.id(id);
            }
            self.text(&mut verdict.reason);
        }
        for cell in cells {
            self.id(&mut cell.cell);
            for outcome in [&mut cell.baseline_outcome, &mut cell.candidate_outcome]
                .into_iter()
                .flatten()
            {
                self.outcome(outcome);
            }
        }
    }

    fn id(&self, id: &mut CellId) {
        let Settings {
            threads: _,
            batch: _,
            device,
            options,
        } = &mut id.settings;
        self.text(device);
        self.values(options);
    }

    fn cell(&self, cell: &mut Cell) {
        let Cell {
            id,
            // A file's name, hashes and counts.
            model: _,
            outcome,
            runtime,
            effective,
            invocations: _,
            summary: _,
            accuracy: _,
            outputs,
            energy,
            // Formulas.
            proxies: _,
            scenarios,
            self_checks: _,
            memory_limit: _,
        } = cell;
        self.id(id);
        self.outcome(outcome);
        if let Some(probe) = runtime {
            self.probe(probe);
        }
        self.values(effective);
        self.text(&mut outputs.why);
        if let Some(energy) = energy {
            self.energy(energy);
        }
        for result in scenarios {
            if let Some(energy) = result.paced.as_mut().and_then(|paced| paced.energy.as_mut()) {
                self.energy(energy);
            }
            self.texts(result.reasons.iter_mut().chain(&mut result.notes));
            if let Some(outcome) = &mut result.failure {
                self.outcome(outcome);
            }
            let cold = result.cold_start.as_mut().and_then(|figures| figures.no_cold.as_mut());
            self.texts(cold);
        }
    }

    fn probe(&self, probe: &mut Probe) {
        let Probe {
            runtime,
            version,
            library,
            devices,
            facts,
        } = probe;
        self.texts([runtime, version]);
        self.texts(library);
        for device in devices {
            self.texts([&mut device.name, &mut device.description]);
        }
        self.values(facts);
    }

    fn energy(&self, energy: &mut Energy) {
        self.source(&mut energy.source);
        self.texts(&mut energy.remarks);
        for window in &mut energy.windows {
            self.texts(&mut window.invalid);
        }
    }

    fn source(&self, source: &mut EnergySource) {
        self.text(&mut source.scope);
        self.texts(source.domains.iter_mut().chain(&mut source.notes));
    }

    fn outcome(&self, outcome: &mut Outcome) {
        let Outcome {
            kind: _,
            reason,
            causes,
            operator,
            signal: _,
            stage: _,
            hint,
            stderr_tail,
            expected,
            broken_expectation: _,
        } = outcome;
        self.texts([reason, stderr_tail]);
        self.texts(causes);
        self.texts(operator);
        self.texts(hint);
        self.texts(expected);
    }

    fn values(&self, map: &mut BTreeMap<String, String>) {
        self.texts(map.values_mut());
    }

    fn texts<'a>(&self, texts: impl IntoIterator<Item = &'a mut String>) {
        for text in texts {
            self.text(text);
        }
    }

    fn text(&self, text: &mut String) {
        let mut scrubbed = String::with_capacity(text.len());
        let mut at = 0;
        while let Some(next) = text[at..].chars().next() {
            let found = self.folders.iter().find(|(folder, _)| {
                let after = text[at..].strip_prefix(folder.as_str());
                after.is_some_and(|after| begins(&text[..at]) && ends(after))
            });
            if let Some((folder, name)) = found {
                scrubbed.push_str(name);
                at += folder.len();
            } else {
                scrubbed.push(next);
                at += next.len_utf8();
            }
        }
        *text = scrubbed;
    }
}

/// Takes out of a gate's record where on the machine things lie: this process's folder and home, and the suites' folders.
pub fn scrub_gate(record: &mut GateRecord, work: Option<&Path>, suites: &[&Path]) {
    Scrub::of_this_process(work, suites).gate(record);
}

/// As a message shows it, without a separator at its end.
fn text_of(path: &Path) -> String {
    path.to_string_lossy().trim_end_matches('/').to_owned()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || "_-.+~%".contains(c)
}

/// Whether a path can begin after this text: `/home/ann` does not begin within `/mnt/home/ann`, and does in
/// `file:///home/ann` and `-L/home/ann`.
fn begins(before: &str) -> bool {
    let before = before.trim_end_matches('/');
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    let is_flag = word.len() == 2 && word.starts_with('-');
    is_flag || !before.ends_with(is_name)
}

/// Whether a folder's name can end before this text: `/home/an` does not end within `/home/ann` or `/home/an.old`, and
/// does at a sentence's full stop.
fn ends(after: &str) -> bool {
    !after.trim_start_matches('.').starts_with(is_name)
}

/// A meter's command may hold an address or a token, and is nobody's business.
fn without_meter(argument: &mut String) {
    const COMMAND: &str = "command:";
    if let Some(at) = argument
        .find(COMMAND)
        .filter(|&at| at == 0 || argument.starts_with("--energy="))
    {
        argument.truncate(at + COMMAND.len());
        argument.push('…');
    }
}

#[cfg(test)]
mod tests;
