//! What the machine can do at most, in words.

use edgebench_api::{Bandwidth, ComputeKind, MemoryLevel};
use edgebench_record::ProfileRecord;

use crate::profile::names::named;
use crate::profile::roofline::is_rate;
use crate::text::{counted, plain, significant};

/// One line for each number of threads, or why there is none: plain text.
pub fn peaks_in_words(record: &ProfileRecord) -> Vec<String> {
    let mut lines = Vec::new();
    for peaks in &record.peaks {
        let mut parts: Vec<String> = peaks
            .compute
            .iter()
            .filter(|rate| is_rate(rate.macs_per_s))
            .map(|rate| {
                format!(
                    "{} {} GMAC/s ({})",
                    kind_name(rate.kind),
                    significant(rate.macs_per_s / 1e9),
                    named(&rate.instructions)
                )
            })
            .collect();
        let is_told = |one: &&Bandwidth| is_rate(one.read_bytes_per_s) && is_rate(one.triad_bytes_per_s);
        parts.extend(peaks.bandwidth.iter().filter(is_told).map(|one| {
            format!(
                "{} {} GB/s read, {} triad",
                level_name(one.level),
                significant(one.read_bytes_per_s / 1e9),
                significant(one.triad_bytes_per_s / 1e9)
            )
        }));
        parts.extend(peaks.absent.iter().map(|reason| plain(reason)));
        lines.push(format!(
            "peaks measured here with {}: {}",
            counted(peaks.threads, "thread"),
            parts.join("; ")
        ));
    }
    lines.extend(
        record
            .no_peaks
            .as_ref()
            .map(|reason| format!("no peaks: {}", plain(reason))),
    );
    lines
}

/// The name of an arithmetic, as in tables.
pub(crate) fn kind_name(kind: ComputeKind) -> &'static str {
    match kind {
        ComputeKind::F32 => "f32",
        ComputeKind::F16 => "f16",
        ComputeKind::Bf16 => "bf16",
        ComputeKind::Int8 => "int8",
        ComputeKind::Int8Dot => "int8 by dot products",
    }
}

/// The name of a level of memory, as in tables.
pub(crate) fn level_name(level: MemoryLevel) -> &'static str {
    match level {
        MemoryLevel::L1 => "L1",
        MemoryLevel::L2 => "L2",
        MemoryLevel::L3 => "L3",
        MemoryLevel::Memory => "memory",
    }
}
