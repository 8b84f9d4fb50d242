//! Metrics, defined once: id, unit, direction.

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Smaller is better.
    Lower,
    /// Larger is better.
    Higher,
}

/// A metric's definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// The id used in policies, budgets, records and reports.
    pub id: &'static str,
    /// The unit of its figures.
    pub unit: &'static str,
    /// Which way is better.
    pub direction: Direction,
    /// What it is, in one line.
    pub meaning: &'static str,
}

const fn lower(id: &'static str, unit: &'static str, meaning: &'static str) -> Metric {
    Metric {
        id,
        unit,
        direction: Direction::Lower,
        meaning,
    }
}

const fn higher(id: &'static str, unit: &'static str, meaning: &'static str) -> Metric {
    Metric {
        id,
        unit,
        direction: Direction::Higher,
        meaning,
    }
}

/// Every metric. New ones come last: files that others keep have a column for each.
pub const METRICS: &[Metric] = &[
    lower("library_open", "ns", "opening the runtime's library"),
    lower("load", "ns", "parsing, optimising, compiling and placing the model"),
    lower("first", "ns", "the first inference after the load"),
    lower("latency_p50", "ns", "median of the steady state's inferences"),
    lower("latency_p90", "ns", "90th percentile of the steady state's inferences"),
    lower("latency_p95", "ns", "95th percentile of the steady state's inferences"),
    lower("latency_p99", "ns", "99th percentile of the steady state's inferences"),
    higher("throughput", "1/s", "samples per second in the steady state"),
    lower("cpu_time", "ns", "processor time of all threads per inference"),
    lower(
        "rss_peak",
        "bytes",
        "largest resident set of the worker, from start to end",
    ),
    lower("model_bytes", "bytes", "size of the model's files"),
    lower("parameters", "", "elements of all weights"),
    lower("macs", "", "multiply-accumulates of one inference of one sample"),
    higher("accuracy", "fraction", "the task's own metric: top1, f1 or auc"),
    higher("top1", "fraction", "samples whose highest output is the label"),
    higher(
        "f1",
        "fraction",
        "mean over classes of the harmonic mean of precision and recall",
    ),
    higher("auc", "fraction", "area under the receiver operating characteristic"),
    lower(
        "bytes_moved",
        "bytes",
        "weights and activations that one inference of one sample reads and writes",
    ),
    lower(
        "energy",
        "J",
        "measured energy of one inference, what the machine draws idle included",
    ),
    lower(
        "energy_net",
        "J",
        "measured energy of one inference less what the machine draws idle",
    ),
    lower(
        "processor_proxy",
        "proxy-J",
        "from the processor time and the duration of one inference: ranks, and is no energy unless calibrated",
    ),
    lower(
        "operations_proxy",
        "proxy-J",
        "from the multiply-accumulates and the bytes moved of one inference: ranks, and is no energy",
    ),
    lower(
        "multi_stream_p99",
        "ns",
        "early-stopping estimate of the 99th percentile of queries of eight samples",
    ),
    higher(
        "server_rate",
        "1/s",
        "highest rate of Poisson arrivals whose 99th percentile keeps the latency bound",
    ),
    higher(
        "offline_throughput",
        "1/s",
        "samples per second of one query that has them all",
    ),
    lower(
        "paced_misses",
        "fraction",
        "queries of a fixed period that miss their deadline",
    ),
    lower(
        "stream_real_time_factor",
        "",
        "time to compute a stream's frames over the time that they stand for",
    ),
    lower(
        "cold_start",
        "ns",
        "from the start of a process to its first answer, the files being in the page cache",
    ),
    higher(
        "sustained_throughput",
        "1/s",
        "samples per second in the last third of a soak",
    ),
];

/// Finds a metric by its id.
pub fn metric(id: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.id == id)
}
