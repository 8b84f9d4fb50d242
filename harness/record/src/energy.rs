//! Energy: what a sensor or a meter said, and what stands in for it where there is none.

use edgebench_api::Nanos;
use edgebench_stats::Interval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a figure of energy came about. The earlier, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Tier {
    /// An external meter.
    E0,
    /// A cumulative counter.
    E1,
    /// A sampled rail or gauge.
    E2,
    /// A model that was calibrated on this machine against a better tier.
    E3,
    /// A static proxy: it ranks, and is never called energy.
    E4,
}

impl Tier {
    /// Its name: `E0` to `E4`.
    pub fn name(self) -> &'static str {
        match self {
            Self::E0 => "E0",
            Self::E1 => "E1",
            Self::E2 => "E2",
            Self::E3 => "E3",
            Self::E4 => "E4",
        }
    }

    /// How it came about, in a few words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::E0 => "external meter",
            Self::E1 => "cumulative counter",
            Self::E2 => "sampled rail",
            Self::E3 => "calibrated model",
            Self::E4 => "static proxy",
        }
    }
}

/// Something that tells energy or power.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnergySource {
    /// `rapl`, `ina3221`, `pi5-pmic`, `battery`, `nvml`, `command`.
    pub name: String,
    /// How its figures come about.
    pub tier: Tier,
    /// What they cover: `package`, `package and dram`, `module`, `board`, `system`, `gpu`.
    pub scope: String,
    /// What is read: `intel-rapl:0 package-0`, `VDD_IN`.
    pub domains: Vec<String>,
    /// How far its figures may be off, as a fraction of them; a sensor's data sheet, or a default that `notes` name.
    pub uncertainty: f64,
    /// Readings per second that are asked of it.
    pub sampling_hz: f64,
    /// The shortest window whose figure counts.
    pub min_window_ns: Nanos,
    /// What a reader must know: that it charges, that other processes are in the figure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A source that gives nothing here, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AbsentSource {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
    /// What would make it readable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// What of energy can be read on the machine of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnergySources {
    /// The source that the run used; absent where energy was not asked for or not to be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used: Option<String>,
    /// Those that can be read.
    pub present: Vec<EnergySource>,
    /// Those that cannot, and why.
    pub absent: Vec<AbsentSource>,
}

/// A cell's energy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Energy {
    /// Where the figures are from.
    pub source: EnergySource,
    /// The windows, in order, those that do not count included.
    pub windows: Vec<EnergyWindow>,
    /// Energy of one inference with the machine's idle power in it, in joules. Absent where no window counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross_j: Option<EnergyEstimate>,
    /// Energy of one inference less what the machine draws idle, in joules. Absent where no window counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_j: Option<EnergyEstimate>,
    /// Mean energy × median duration of an inference, gross, in joule seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_product_js: Option<f64>,
    /// Why there is no figure, or what makes it weaker than one should be: too few windows, an idle power that drifted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// The energy of one inference over several windows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnergyEstimate {
    /// Mean over the windows that count, in joules.
    pub value_j: f64,
    /// 95 % interval over the windows, by Student's t; absent below three windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval_j: Option<Interval>,
    /// Combined standard uncertainty in joules: the windows' spread, the drift of the idle power, the source's accuracy.
    pub uncertainty_j: f64,
}

/// One window of inferences between two idle ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnergyWindow {
    /// How long.
    pub duration_ns: Nanos,
    /// Inferences in it.
    pub inferences: u64,
    /// Processor time of all threads of the worker in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_ns: Option<Nanos>,
    /// Readings of the source in it.
    pub readings: usize,
    /// Energy in it, in joules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross_j: Option<f64>,
    /// Mean power of the idle window before, in watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_before_w: Option<f64>,
    /// Mean power of the idle window after, in watts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_after_w: Option<f64>,
    /// Why it does not count; empty where it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invalid: Vec<String>,
}

/// What stands in for energy: it ranks the cells of one machine and is no energy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnergyProxy {
    /// E3 after a calibration on this machine, otherwise E4.
    pub tier: Tier,
    /// The figure of one inference, in proxy joules.
    pub per_inference_proxy_j: f64,
    /// How far it may be off, as a fraction of it: the calibration's error, or the default of its tier.
    pub uncertainty: f64,
    /// The formula with its numbers, in one line.
    pub formula: String,
}

/// A cell's proxies.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnergyProxies {
    /// From the processor time of an inference and its duration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<EnergyProxy>,
    /// From the model's multiply-accumulates and the bytes that it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<EnergyProxy>,
}
