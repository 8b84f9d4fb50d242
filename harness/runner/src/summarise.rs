//! A cell's figures over its invocations.

use edgebench_api::{Bytes, Nanos};
use edgebench_protocol::MemoryReading;
use edgebench_record::{Invocation, Latency, ModelFacts, PercentileFigure, Summary};
use edgebench_stats::{early_stopping_percentile, median, summarise as describe, t_interval_of_log};

const CONFIDENCE: f64 = 0.95;
const PERCENTILES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// A cell's figures; `None` when no invocation measured. `batch` is the number of samples of an inference, `model` what is
/// known of the file.
pub(crate) fn summarise(invocations: &[Invocation], batch: usize, model: Option<&ModelFacts>) -> Option<Summary> {
    let latency = latency(invocations)?;
    let elapsed_s = invocations.iter().map(|one| one.elapsed_ns.0 as f64).sum::<f64>() / 1e9;
    let over = |figure: &dyn Fn(&Invocation) -> Option<f64>| -> Option<f64> {
        // Where one invocation lacks a figure, the others' median would stand for it silently.
        let figures: Option<Vec<f64>> = invocations.iter().map(figure).collect();
        median(&figures?)
    };
    let nanos = |figure: &dyn Fn(&Invocation) -> Option<f64>| over(figure).map(|value| Nanos(value.round() as u64));
    let bytes = |figure: &dyn Fn(&Invocation) -> Option<f64>| over(figure).map(|value| Bytes(value.round() as u64));
    let above_baseline = over(&|one| {
        let baseline = one.memory.baseline.rss_bytes?.0;
        Some(known_peak(one)?.saturating_sub(baseline) as f64)
    });
    let bound = model.and_then(|model| memory_bound(model, batch));
    Some(Summary {
        invocations: invocations.len(),
        library_open_ns: nanos(&|one| Some(one.library_open_ns.0 as f64))?,
        load_ns: nanos(&|one| Some(one.load_ns.0 as f64))?,
        first_ns: nanos(&|one| Some(one.first_ns?.0 as f64)),
        throughput_per_s: batch as f64 * latency.n as f64 / elapsed_s,
        cpu_per_inference_ns: nanos(&|one| Some(one.cpu_ns?.0 as f64 / one.samples_ns.len() as f64)),
        rss_peak_bytes: bytes(&|one| known_peak(one).map(|peak| peak as f64)),
        rss_above_baseline_bytes: above_baseline.map(|value| Bytes(value.round() as u64)),
        memory_bound_bytes: bound,
        memory_overhead_ratio: above_baseline.zip(bound).map(|(above, bound)| above / bound.0 as f64),
        latency,
    })
}

fn latency(invocations: &[Invocation]) -> Option<Latency> {
    let mut all: Vec<u64> = invocations
        .iter()
        .flat_map(|one| one.samples_ns.iter().copied())
        .collect();
    all.sort_unstable();
    let figures = describe(&all.iter().map(|&ns| ns as f64).collect::<Vec<_>>())?;
    let medians: Option<Vec<f64>> = invocations.iter().map(p50).collect();
    let medians = medians?;
    Some(Latency {
        n: figures.n,
        min_ns: figures.min,
        mean_ns: figures.mean,
        mad_ns: figures.mad,
        max_ns: figures.max,
        p50_ns: median(&medians)?,
        p50_interval_ns: t_interval_of_log(&medians, CONFIDENCE).map(|(_, interval)| interval),
        percentiles: PERCENTILES
            .iter()
            .map(|&p| {
                let figure = early_stopping_percentile(&all, p);
                PercentileFigure {
                    p,
                    needed: figure.needed,
                    empirical_ns: figure.empirical,
                    conservative_ns: figure.conservative,
                }
            })
            .collect(),
    })
}

/// An invocation's median, in nanoseconds.
pub(crate) fn p50(invocation: &Invocation) -> Option<f64> {
    median(&invocation.samples_ns.iter().map(|&ns| ns as f64).collect::<Vec<_>>())
}

/// What no runtime can do with less that keeps the weights as they are stored and computes the graph as it is: the
/// weights, and for each sample of the batch the activations that are live at once. Absent where one of them is not known,
/// or the model has neither.
fn memory_bound(model: &ModelFacts, batch: usize) -> Option<Bytes> {
    let activations = model.live_activation_bytes?.checked_mul(batch as u64)?;
    let bound = model.weight_bytes?.checked_add(activations)?;
    (bound > 0).then_some(Bytes(bound))
}

/// The peak of an invocation that was resident as a whole. What was swapped out is in no resident set, so that a process
/// of which some was has no peak.
fn known_peak(invocation: &Invocation) -> Option<u64> {
    peak(invocation).filter(|_| !swapped(invocation))
}

/// Whether some of the process was swapped out.
pub(crate) fn swapped(invocation: &Invocation) -> bool {
    phases(invocation).any(|phase| phase.swap_bytes.is_some_and(|swap| swap.0 > 0))
}

fn phases(invocation: &Invocation) -> impl Iterator<Item = MemoryReading> {
    let memory = &invocation.memory;
    [
        Some(memory.baseline),
        Some(memory.loaded),
        memory.first,
        Some(memory.steady),
    ]
    .into_iter()
    .flatten()
}

/// The largest resident set of any phase of an invocation.
pub(crate) fn peak(invocation: &Invocation) -> Option<u64> {
    phases(invocation)
        .filter_map(|phase| phase.peak_rss_bytes.or(phase.rss_bytes))
        .map(|bytes| bytes.0)
        .max()
}

#[cfg(test)]
pub(crate) mod tests {
    use edgebench_record::MemoryPhases;

    use super::*;

    pub(crate) fn invocation(samples_ns: &[u64], peak: Option<u64>) -> Invocation {
        let reading = |rss: u64| MemoryReading {
            peak_rss_bytes: peak.map(Bytes),
            rss_bytes: Some(Bytes(rss)),
            ..MemoryReading::default()
        };
        Invocation {
            round: 0,
            position: 0,
            library_open_ns: Nanos(1),
            load_ns: Nanos(10),
            first_ns: Some(Nanos(100)),
            warm_up_runs: 1,
            warm_up_ns: Nanos(100),
            samples_ns: samples_ns.to_vec(),
            elapsed_ns: Nanos(samples_ns.iter().sum()),
            cpu_ns: None,
            copy_in_ns: Nanos(0),
            copy_out_ns: None,
            involuntary_switches: None,
            ring: 1,
            memory: MemoryPhases {
                baseline: reading(50),
                loaded: reading(60),
                first: None,
                steady: reading(70),
            },
            allocations: None,
            arena: None,
            cgroup_peak_bytes: None,
        }
    }

    #[test]
    fn p50_is_the_median_of_the_invocations_medians() {
        let summary = summarise(
            &[
                invocation(&[10, 20, 30], Some(80)),
                invocation(&[100, 200, 300, 400, 500], Some(90)),
            ],
            4,
            None,
        )
        .unwrap();
        assert!((summary.latency.p50_ns - 160.0).abs() < 1e-9);
        assert_eq!(summary.latency.n, 8);
        assert_eq!(summary.latency.p50_interval_ns, None);
        assert_eq!(summary.rss_peak_bytes, Some(Bytes(85)));
        assert_eq!(summary.rss_above_baseline_bytes, Some(Bytes(35)));
        // 8 inferences of 4 samples in 1,560 ns.
        assert!((summary.throughput_per_s - 32.0 / 1.56e-6).abs() < 1.0);
        assert_eq!(summary.cpu_per_inference_ns, None);
    }

    #[test]
    fn three_invocations_give_an_interval_and_few_samples_no_p99() {
        let one = invocation(&[100; 40], Some(1));
        let summary = summarise(&[one.clone(), one.clone(), one], 1, None).unwrap();
        assert!(summary.latency.p50_interval_ns.is_some());
        assert!(summary.latency.percentile(0.9).is_some());
        assert_eq!(summary.latency.percentile(0.99), None);
    }

    #[test]
    fn nothing_measured_is_no_summary() {
        assert_eq!(summarise(&[], 1, None), None);
    }

    #[test]
    fn the_overhead_is_over_weights_and_live_activations() {
        let model = |weights, activations| ModelFacts {
            weight_bytes: weights,
            live_activation_bytes: activations,
            ..ModelFacts::default()
        };
        // 450 B above a baseline of 50 B.
        let one = [invocation(&[10], Some(500))];
        let summary = summarise(&one, 2, Some(&model(Some(100), Some(25)))).unwrap();
        assert_eq!(summary.memory_bound_bytes, Some(Bytes(150)));
        assert_eq!(summary.memory_overhead_ratio, Some(3.0));

        for absent in [
            model(None, Some(25)),
            model(Some(100), None),
            model(Some(0), Some(0)),
            model(Some(u64::MAX), Some(1)),
            model(Some(1), Some(u64::MAX)),
        ] {
            let summary = summarise(&one, 2, Some(&absent)).unwrap();
            assert_eq!(
                (summary.memory_bound_bytes, summary.memory_overhead_ratio),
                (None, None)
            );
        }
    }

    #[test]
    fn a_process_that_was_swapped_out_has_no_peak() {
        let whole = invocation(&[10], Some(500));
        let mut in_part = whole.clone();
        in_part.memory.loaded.swap_bytes = Some(Bytes(4096));
        let summary = summarise(&[whole.clone(), in_part], 1, None).unwrap();
        assert_eq!((summary.rss_peak_bytes, summary.rss_above_baseline_bytes), (None, None));

        let mut none = whole.clone();
        none.memory.loaded.swap_bytes = Some(Bytes(0));
        assert_eq!(
            summarise(&[whole, none], 1, None).unwrap().rss_peak_bytes,
            Some(Bytes(500))
        );
    }
}
