//! The versioned record of a run, its metric definitions and its store on disk.
//!
//! A [`Record`] is what `record.json` holds: host, plan, cells, raw samples, summaries. It is the contract with whoever
//! reads results later, so its fields carry their units in their names, an absent figure is absent and never 0, and a
//! reader refuses a newer schema with both numbers.

mod cell;
mod checks;
mod ended;
mod energy;
mod figure;
mod file;
mod gate;
mod host;
mod journal;
mod layout;
mod memory;
mod metric;
mod outcome;
mod profile;
mod run;
mod scenario;
mod store;
mod verdict;

pub use cell::{
    Accuracy, Answers, Cell, CellId, Comparison, Delta, GoldenCheck, Invocation, Latency, MemoryPhases, ModelFacts,
    OutputsCheck, OutputsVerdict, PercentileFigure, Summary,
};
pub use checks::{Overhead, RepeatedInput, SelfChecks, StartGate};
pub use ended::OUTCOME;
pub use energy::{
    AbsentSource, Energy, EnergyEstimate, EnergyProxies, EnergyProxy, EnergySource, EnergySources, EnergyWindow, Tier,
};
pub use figure::{Figure, figure, figures};
pub use file::{ReadError, record_schema, to_json};
pub use gate::{
    DesignFacts, GATE_SCHEMA, GateCell, GateKind, GateRecord, OnInconclusive, PolicyFacts, Quality, Restart, RuleFacts,
    Side, exit_code, gate_schema,
};
pub use host::{
    Battery, Cache, CacheKind, CgroupLimits, Class, ClassReason, CoreType, FrequencyLimits, FrequencySpan,
    HealthReading, HealthWarning, Host, HostClass, Pressure, ProcessorTicks, Temperature, ThrottleCounts,
};
pub use journal::{Ended, Entry, Evaluation, Finished, FinishedScenario, FinishedWindow, Header};
pub use memory::{LimitedBy, MemoryLimit};
pub use metric::{Direction, METRICS, Metric, metric};
pub use outcome::{Outcome, OutcomeKind};
pub use profile::{
    CellProfile, Operator, OperatorRole, PROFILE_SCHEMA, ProfileRecord, ProfiledCell, ProfiledInvocation,
    TensorComparison, TensorDifference, profile_schema,
};
pub use run::{Mode, PlanFacts, Record, SCHEMA, TaskFacts, Tool};
pub use scenario::{
    ColdCache, ColdStart, ColdStartFigures, NOT_MLPERF, PacedFigures, QueryLatency, RankFlip, RateProbe, ScenarioKind,
    ScenarioPlan, ScenarioResult, ScenarioVerdict, ServerFigures, SoakFigures, SoakInterval, StreamingFigures,
    rank_flips,
};
pub use store::{Store, StoreError};
pub use verdict::{Change, Confirmation, Evidence, Scale, Tolerance, Verdict, VerdictKind, direction};
