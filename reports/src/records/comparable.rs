//! Whether figures of two records can be held against each other, and in what they differ where they cannot.

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

use edgebench_record::{Cell, EnergySource, Host, Metric, Record, ScenarioKind, ScenarioPlan, TaskFacts};

use crate::policy::is_accuracy;
use crate::text::shortened;

/// The longest value that a difference shows.
const VALUE_CHARACTERS: usize = 60;

/// What a figure depends on beside the cell, and so what must be alike in two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Basis {
    /// The model's file alone: sizes, parameters, multiply-accumulates.
    File,
    /// The samples: accuracy.
    Samples,
    /// The samples, the machine and the settings in effect: memory.
    Machine,
    /// All that, and how the machine was driven and how it was measured: times.
    Moment,
    /// All that, and what told the energy.
    Energy,
    /// All that, and how the proxy came about.
    Proxy,
    /// All that, and the load.
    Scenario(ScenarioKind),
}

impl Basis {
    /// Each of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let alone = [
            Self::File,
            Self::Samples,
            Self::Machine,
            Self::Moment,
            Self::Energy,
            Self::Proxy,
        ];
        alone.into_iter().chain(ScenarioKind::ALL.map(Self::Scenario))
    }

    /// What a metric's figures depend on.
    pub fn of(metric: &Metric) -> Self {
        match metric.id {
            "rss_peak" => Self::Machine,
            "energy" | "energy_net" => Self::Energy,
            "processor_proxy" => Self::Proxy,
            "multi_stream_p99" => Self::Scenario(ScenarioKind::MultiStream),
            "server_rate" => Self::Scenario(ScenarioKind::Server),
            "offline_throughput" => Self::Scenario(ScenarioKind::Offline),
            "paced_misses" => Self::Scenario(ScenarioKind::Paced),
            "stream_real_time_factor" => Self::Scenario(ScenarioKind::Streaming),
            "cold_start" => Self::Scenario(ScenarioKind::ColdStart),
            "sustained_throughput" => Self::Scenario(ScenarioKind::Soak),
            _ if matches!(metric.unit, "ns" | "1/s") => Self::Moment,
            _ if is_accuracy(metric) => Self::Samples,
            _ => Self::File,
        }
    }

    /// Whether the figures depend on the machine.
    pub(crate) fn is_of_machine(self) -> bool {
        !matches!(self, Self::File | Self::Samples)
    }

    /// Whether the figures are of the moment in which they were measured.
    pub(crate) fn is_of_moment(self) -> bool {
        self.is_of_machine() && self != Self::Machine
    }
}

/// One field that differs. Values are as they stand in the records.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The field, as the record's schema names it.
    pub field: String,
    /// The first record's value.
    pub baseline: String,
    /// The second record's value.
    pub candidate: String,
}

/// `host.cpus (2 → 4)`.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [before, after] = [&self.baseline, &self.candidate].map(|value| shortened(value, VALUE_CHARACTERS));
        write!(f, "{} ({before} → {after})", self.field)
    }
}

/// What stands for a value that a record lacks.
const ABSENT: &str = "absent";

struct Differences(Vec<Difference>);

impl Differences {
    fn hold<T: PartialEq + fmt::Display>(&mut self, field: &str, baseline: &T, candidate: &T) {
        if baseline != candidate {
            self.0.push(Difference {
                field: field.to_owned(),
                baseline: baseline.to_string(),
                candidate: candidate.to_string(),
            });
        }
    }

    fn hold_option<T: PartialEq + fmt::Display>(&mut self, field: &str, baseline: Option<&T>, candidate: Option<&T>) {
        let words = |value: Option<&T>| value.map_or_else(|| ABSENT.to_owned(), ToString::to_string);
        if baseline != candidate {
            self.hold(field, &words(baseline), &words(candidate));
        }
    }
}

/// In what two records differ that figures of this basis depend on, whatever the cell: the machine, the build, how it
/// was measured. A new version of a runtime, of edgebench or of a model is what comparisons are made for, and no
/// difference here.
pub fn record_differences(baseline: &Record, candidate: &Record, basis: Basis) -> Vec<Difference> {
    let mut found = Differences(Vec::new());
    let (before, after) = (&baseline.host, &candidate.host);
    if basis.is_of_machine() {
        found.hold("host.architecture", &before.architecture, &after.architecture);
        found.hold("host.system", &before.system, &after.system);
        found.hold_option("host.cpu_model", before.cpu_model.as_ref(), after.cpu_model.as_ref());
        found.hold("host.cpus", &before.cpus, &after.cpus);
        isa(&mut found, before, after);
        found.hold("host.emulated", &before.emulated, &after.emulated);
        found.hold("tool.optimised", &baseline.tool.optimised, &candidate.tool.optimised);
        let prefix = |record: &Record| record.plan.worker_prefix.join(" ");
        found.hold("plan.worker_prefix", &prefix(baseline), &prefix(candidate));
    }
    if basis.is_of_moment() {
        found.hold_option("host.governor", before.governor.as_ref(), after.governor.as_ref());
        found.hold_option(
            "host.virtualisation",
            before.virtualisation.as_ref(),
            after.virtualisation.as_ref(),
        );
        let (first, second) = (&baseline.plan, &candidate.plan);
        if let Basis::Scenario(kind) = basis {
            load(&mut found, kind, (first.scenarios.as_ref(), second.scenarios.as_ref()));
        }
        found.hold("plan.warm_up_ns", &first.warm_up_ns, &second.warm_up_ns);
        found.hold("plan.measure_ns", &first.measure_ns, &second.measure_ns);
        if before.emulated && after.emulated {
            found.0.push(Difference {
                field: "host.emulated".to_owned(),
                baseline: "true".to_owned(),
                candidate: "true: times under emulation mean nothing".to_owned(),
            });
        }
    }
    found.0
}

/// What a scenario's load is made of. A record without a plan of scenarios has no figure of one.
fn load(found: &mut Differences, kind: ScenarioKind, (first, second): (Option<&ScenarioPlan>, Option<&ScenarioPlan>)) {
    let mut hold = |name: &str, of: &dyn Fn(&ScenarioPlan) -> u64| {
        let [before, after] = [first, second].map(|plan| plan.map(of));
        found.hold_option(&format!("plan.scenarios.{name}"), before.as_ref(), after.as_ref());
    };
    if !matches!(kind, ScenarioKind::ColdStart | ScenarioKind::Soak) {
        hold("min_ns", &|plan| plan.min_ns);
    }
    match kind {
        ScenarioKind::Server => {
            hold("sessions", &|plan| plan.sessions as u64);
            hold("target_latency_ns", &|plan| plan.target_latency_ns);
        }
        ScenarioKind::Offline => hold("sessions", &|plan| plan.sessions as u64),
        ScenarioKind::Paced => {
            hold("period_ns", &|plan| plan.period_ns);
            hold("deadline_ns", &|plan| plan.deadline_ns);
        }
        ScenarioKind::Soak => {
            hold("soak_ns", &|plan| plan.soak_ns);
            hold("soak_interval_ns", &|plan| plan.soak_interval_ns);
            hold("cool_down_ns", &|plan| plan.cool_down_ns);
        }
        ScenarioKind::SingleStream | ScenarioKind::MultiStream | ScenarioKind::Streaming | ScenarioKind::ColdStart => {}
    }
}

/// Instruction sets that only one of the two has.
fn isa(found: &mut Differences, before: &Host, after: &Host) {
    let [first, second] = [before, after].map(|host| host.isa.iter().map(String::as_str).collect::<BTreeSet<&str>>());
    let only = |mine: &BTreeSet<&str>, other: &BTreeSet<&str>| -> String {
        let only: Vec<&str> = mine.difference(other).copied().collect();
        if only.is_empty() {
            "–".to_owned()
        } else {
            only.join(" ")
        }
    };
    found.hold("host.isa", &only(&first, &second), &only(&second, &first));
}

/// In what two records of a task differ: the samples, and for an accuracy the metric and the labels.
pub fn task_differences(baseline: &TaskFacts, candidate: &TaskFacts, basis: Basis) -> Vec<Difference> {
    let mut found = Differences(Vec::new());
    if basis == Basis::File {
        return found.0;
    }
    if let (Some(before), Some(after)) = (&baseline.data_sha256, &candidate.data_sha256) {
        found.hold("tasks.data_sha256", before, after);
    } else {
        // Of older records the names are all there is.
        found.hold("tasks.inputs", &baseline.inputs, &candidate.inputs);
        found.hold_option("tasks.samples", baseline.samples.as_ref(), candidate.samples.as_ref());
    }
    if basis == Basis::Samples {
        found.hold_option("tasks.metric", baseline.metric.as_ref(), candidate.metric.as_ref());
        if baseline.labels != candidate.labels && found.0.is_empty() {
            let (first, second) = (&baseline.labels, &candidate.labels);
            let mut other = format!("{} labels", second.len());
            if first.len() == second.len() {
                let differ = first.iter().zip(second).filter(|(a, b)| a != b).count();
                let _ = write!(other, ", {differ} of them others");
            }
            found.hold("tasks.labels", &format!("{} labels", first.len()), &other);
        }
    }
    found.0
}

/// In what two cells of the same id differ: the settings that were in effect, what told the energy, the load.
pub fn cell_differences(baseline: &Cell, candidate: &Cell, basis: Basis) -> Vec<Difference> {
    let mut found = Differences(Vec::new());
    if basis.is_of_machine() {
        let names: BTreeSet<&String> = baseline.effective.keys().chain(candidate.effective.keys()).collect();
        for name in names {
            let field = format!("cells.effective.{name}");
            found.hold_option(&field, baseline.effective.get(name), candidate.effective.get(name));
        }
    }
    match basis {
        Basis::Energy => told_by(&mut found, baseline, candidate),
        Basis::Proxy => {
            let tier = |cell: &Cell| Some(cell.proxies.as_ref()?.processor.as_ref()?.tier.name());
            let (before, after) = (tier(baseline), tier(candidate));
            found.hold_option("cells.proxies.processor.tier", before.as_ref(), after.as_ref());
        }
        Basis::Scenario(ScenarioKind::Streaming) => {
            let period = |cell: &Cell| {
                let mut streams = cell.scenarios.iter().filter_map(|result| result.streaming.as_ref());
                streams.next().map(|stream| stream.period_ns.0)
            };
            let (before, after) = (period(baseline), period(candidate));
            found.hold_option("cells.scenarios.streaming.period_ns", before.as_ref(), after.as_ref());
        }
        _ => {}
    }
    found.0
}

/// What the energy of two cells is from.
fn told_by(found: &mut Differences, baseline: &Cell, candidate: &Cell) {
    let [before, after] = [baseline, candidate].map(|cell| cell.energy.as_ref().map(|energy| &energy.source));
    let mut hold = |field: &str, of: &dyn Fn(&EnergySource) -> String| {
        let [before, after] = [before, after].map(|source| source.map(of));
        found.hold_option(&format!("cells.energy.source.{field}"), before.as_ref(), after.as_ref());
    };
    hold("name", &|source| source.name.clone());
    hold("tier", &|source| source.tier.name().to_owned());
    hold("scope", &|source| source.scope.clone());
    hold("domains", &|source| source.domains.join(", "));
}

/// What is worth knowing beside a change though it is no obstacle: another version of the runtime or of edgebench, and
/// of the machine where the figure depends on it only by rounding.
pub(crate) fn remarks(baseline: (&Record, &Cell), candidate: (&Record, &Cell), basis: Basis) -> String {
    let mut found = Differences(Vec::new());
    let version = |cell: &Cell| {
        cell.runtime
            .as_ref()
            .map(|probe| format!("{} {}", probe.runtime, probe.version))
    };
    if basis != Basis::File {
        let [before, after] = [baseline.1, candidate.1].map(version);
        found.hold_option("cells.runtime", before.as_ref(), after.as_ref());
        let [before, after] = [baseline.0, candidate.0].map(|record| record.tool.version.clone());
        found.hold("tool.version", &before, &after);
    }
    if basis == Basis::Samples {
        let (before, after) = (&baseline.0.host, &candidate.0.host);
        found.hold("host.architecture", &before.architecture, &after.architecture);
        found.hold_option("host.cpu_model", before.cpu_model.as_ref(), after.cpu_model.as_ref());
    }
    listed(&found.0)
}

/// Why figures are held against nothing, and what to do about it.
pub(crate) fn incomparable(differences: &[Difference], basis: Basis) -> String {
    let away = match basis {
        Basis::Machine | Basis::Moment => "`edgebench gate live` measures both sides alike, ",
        _ => "",
    };
    format!(
        "differs in {}; {away}`--allow-mismatch` judges all the same",
        listed(differences)
    )
}

/// Differences in one line.
pub(crate) fn listed(differences: &[Difference]) -> String {
    let words: Vec<String> = differences.iter().map(ToString::to_string).collect();
    words.join(", ")
}
