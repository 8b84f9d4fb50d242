//! `OpenMetrics` text, in base units.

use std::fmt::Write as _;

use edgebench_record::{CellId, METRICS, Metric};

use super::source::Source;
use crate::text::plain;
use edgebench_record::Figure;

/// One gauge per metric, `edgebench_<metric>_<unit>`, and one each for the lower and the upper end of its 95 % interval.
///
/// Times are in seconds, sizes in bytes, fractions are ratios. A cell is told by its labels. There are no timestamps:
/// who reads the file knows when.
///
/// Source: `OpenMetrics` 1.0, a family's lines together, `# EOF` at the end.
pub fn openmetrics<'a>(source: impl Into<Source<'a>>) -> String {
    let source = source.into();
    let mut out = String::from("# TYPE edgebench info\n# HELP edgebench What measured, what, and where.\n");
    let mut facts = vec![("version", source.version), ("what", source.what)];
    facts.extend(source.cpu_model.map(|model| ("cpu_model", model)));
    facts.extend(source.commit.map(|commit| ("commit", commit)));
    let labels: Vec<String> = facts.iter().map(|(name, value)| label(name, value)).collect();
    let _ = writeln!(out, "edgebench_info{{{}}} 1", labels.join(","));
    for metric in METRICS {
        let of_metric: Vec<(&CellId, &Figure)> = source
            .cells
            .iter()
            .filter_map(|cell| {
                let (_, figure) = cell.figures.iter().find(|(own, _)| own.id == metric.id)?;
                Some((cell.id, figure))
            })
            .collect();
        family(&mut out, metric, "", "", &of_metric, |figure| Some(figure.value));
        let end = ", lower end of the 95 % interval";
        family(&mut out, metric, "_low", end, &of_metric, |figure| {
            Some(figure.interval?.low)
        });
        let end = ", upper end of the 95 % interval";
        family(&mut out, metric, "_high", end, &of_metric, |figure| {
            Some(figure.interval?.high)
        });
    }
    out += "# EOF\n";
    out
}

/// The lines of one family; none where no cell has the figure.
fn family(
    out: &mut String,
    metric: &Metric,
    suffix: &str,
    end: &str,
    figures: &[(&CellId, &Figure)],
    value: impl Fn(&Figure) -> Option<f64>,
) {
    let (unit, factor) = base_unit(metric);
    let stem = unit.and_then(|unit| metric.id.strip_suffix(&format!("_{unit}")));
    let name = match unit {
        Some(unit) => format!("edgebench_{}{suffix}_{unit}", stem.unwrap_or(metric.id)),
        None if metric.unit == "1/s" => format!("edgebench_{}{suffix}_per_second", metric.id),
        None => format!("edgebench_{}{suffix}", metric.id),
    };
    let samples: Vec<String> = figures
        .iter()
        .filter_map(|(id, figure)| Some(format!("{name}{{{}}} {}\n", labels(id), value(figure)? / factor)))
        .collect();
    if samples.is_empty() {
        return;
    }
    let _ = writeln!(out, "# TYPE {name} gauge");
    if let Some(unit) = unit {
        let _ = writeln!(out, "# UNIT {name} {unit}");
    }
    let _ = writeln!(out, "# HELP {name} {}{end}.", escaped(metric.meaning));
    out.extend(samples);
}

/// The unit that `OpenMetrics` asks for, and how many of the metric's own are in one of it.
fn base_unit(metric: &Metric) -> (Option<&'static str>, f64) {
    match metric.unit {
        "ns" => (Some("seconds"), 1e9),
        "bytes" => (Some("bytes"), 1.0),
        "fraction" => (Some("ratio"), 1.0),
        "J" => (Some("joules"), 1.0),
        _ => (None, 1.0),
    }
}

fn labels(id: &CellId) -> String {
    let settings = &id.settings;
    let options: Vec<String> = settings
        .options
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut labels = vec![
        label("task", &id.task),
        label("variant", &id.variant),
        label("backend", &id.backend),
        label("threads", &settings.threads.to_string()),
        label("batch", &settings.batch.to_string()),
        label("device", &settings.device),
    ];
    if !options.is_empty() {
        labels.push(label("options", &options.join(" ")));
    }
    labels.join(",")
}

fn label(name: &str, value: &str) -> String {
    format!("{name}=\"{}\"", escaped(&plain(value)))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
