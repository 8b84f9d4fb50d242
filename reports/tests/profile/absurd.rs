//! Profiles with any number and any text in them.

use edgebench_api::{Bytes, ComputeKind, Nanos};
use edgebench_record::{Operator, OperatorRole, ProfileRecord, ProfiledCell, ProfiledInvocation};
use edgebench_reports::profile::{
    Profiled, chrome_trace, derive, diff, diff_table, explain, folded, operators_csv, profile_table,
};

use crate::made::{cell, fp32, int8, operator, record, tensor};

#[path = "../hostile/mod.rs"]
#[expect(dead_code, reason = "what is shared is not used by every test")]
mod hostile;
#[path = "../synthetic/mod.rs"]
#[expect(dead_code, reason = "what is shared is not used by every test")]
mod synthetic;

const NUMBERS: [f64; 10] = [
    f64::NAN,
    f64::INFINITY,
    f64::NEG_INFINITY,
    0.0,
    -0.0,
    -1.0,
    1e-300,
    1.0,
    1e17,
    f64::MAX,
];
const COUNTS: [Option<u64>; 4] = [None, Some(0), Some(1), Some(u64::MAX)];
const NAMES: [&str; 6] = ["", "a", "b", "a|b;c d\n", "\u{1b}[31m", "=1+1"];
const KINDS: [&str; 14] = [
    "Conv",
    "Relu",
    "MatMul",
    "Add",
    "Softmax",
    "ReduceMean",
    "Sub",
    "Pow",
    "Sqrt",
    "Div",
    "Erf",
    "Mul",
    "DequantizeLinear",
    "",
];

/// Any of these.
fn any<T: Clone>(of: &[T], draws: &mut synthetic::Draws) -> T {
    of[(draws.bits() % of.len() as u64) as usize].clone()
}

fn any_operator(draws: &mut synthetic::Draws) -> Operator {
    let roles = [
        OperatorRole::Product,
        OperatorRole::Layout,
        OperatorRole::Quantise,
        OperatorRole::Other,
    ];
    let kinds = [
        None,
        Some(ComputeKind::F32),
        Some(ComputeKind::Int8),
        Some(ComputeKind::F16),
    ];
    let (name, kind, role) = (any(&NAMES, draws), any(&KINDS, draws), any(&roles, draws));
    let values = |draws: &mut synthetic::Draws| (0..draws.bits() % 3).map(|_| tensor(any(&NAMES, draws))).collect();
    let sources: Vec<(&str, &str)> = (0..draws.bits() % 3)
        .map(|_| (any(&NAMES, draws), any(&KINDS, draws)))
        .collect();
    Operator {
        inputs: values(draws),
        outputs: values(draws),
        calls: any(&NUMBERS, draws),
        median_ns: any(&NUMBERS, draws),
        p90_ns: any(&NUMBERS, draws),
        begin_ns: any(&NUMBERS, draws),
        macs: any(&COUNTS, draws),
        runtime_macs: any(&COUNTS, draws),
        bytes_read: any(&COUNTS, draws),
        bytes_written: any(&COUNTS, draws),
        arithmetic: any(&kinds, draws),
        fallback: draws.bits().is_multiple_of(2),
        ..operator(name, kind, role, any(&NUMBERS, draws), &sources)
    }
}

fn any_cell(draws: &mut synthetic::Draws) -> ProfiledCell {
    let operators = (0..draws.bits() % 12).map(|_| any_operator(draws)).collect();
    let mut cell = cell(any(&NAMES, draws), any(&NAMES, draws), operators, 0.0);
    cell.id.settings.threads = any(&[0, 1, 2, usize::MAX], draws);
    let profile = cell.profile.as_mut().unwrap();
    profile.resolution_ns = Nanos(any(&[0, 1, u64::MAX], draws));
    profile.wall_ns = any(&NUMBERS, draws);
    profile.between_ns = any(&NUMBERS, draws);
    profile.unattributed_ns = any(&NUMBERS, draws);
    profile.attributed = any(&NUMBERS, draws);
    profile.unprofiled_p50_ns = any(&NUMBERS, draws);
    profile.overhead = any(&NUMBERS, draws);
    let count = draws.bits() % 5;
    profile.invocations = (0..count)
        .map(|_| ProfiledInvocation {
            runs: any(&[0, 1, usize::MAX], draws),
            wall_ns: any(&NUMBERS, draws),
            profiled_p50_ns: any(&NUMBERS, draws),
            unprofiled_p50_ns: any(&NUMBERS, draws),
        })
        .collect();
    for operator in &mut profile.operators {
        let count = if draws.bits().is_multiple_of(4) { 7 } else { count };
        operator.invocation_ns = (0..count).map(|_| any(&NUMBERS, draws)).collect();
    }
    let interval = profile.overhead_interval.as_mut().unwrap();
    interval.low = any(&NUMBERS, draws);
    interval.high = any(&NUMBERS, draws);
    cell
}

fn any_record(seed: u64) -> ProfileRecord {
    let mut draws = synthetic::Draws::seeded(seed);
    let cells = (0..3).map(|_| any_cell(&mut draws)).collect();
    let mut record = record(cells);
    for peaks in &mut record.peaks {
        peaks.threads = any(&[0, 1, 2], &mut draws);
        for rate in &mut peaks.compute {
            rate.macs_per_s = any(&NUMBERS, &mut draws);
        }
        for level in &mut peaks.bandwidth {
            level.read_bytes_per_s = any(&NUMBERS, &mut draws);
            level.triad_bytes_per_s = any(&NUMBERS, &mut draws);
            level.capacity_bytes = any(&COUNTS, &mut draws).map(Bytes);
            level.working_set_bytes.0 = any(&[0, 1, 1 << 20, u64::MAX], &mut draws);
        }
    }
    record
}

/// Everything that is made of a record.
fn all(record: &ProfileRecord) -> Vec<String> {
    let mut texts = vec![
        profile_table(record, 5),
        operators_csv(record).unwrap(),
        folded(record),
        chrome_trace(record),
    ];
    for a in &record.cells {
        for b in &record.cells {
            let (a, b) = (Profiled { record, cell: a }, Profiled { record, cell: b });
            let Ok(difference) = diff(&a, &b) else { continue };
            let explanation = explain(&a, &b, &difference);
            texts.push(diff_table(&a, &b, &difference, &explanation, 4));
        }
    }
    texts
}

#[test]
fn any_numbers_are_survived_and_what_must_hold_holds() {
    for seed in 0..600 {
        let record = any_record(seed);
        let texts = all(&record);
        assert!(texts.iter().all(|text| !text.contains('\u{1b}')), "{seed}");
        for word in ["NaN", "inf ", "inf,", "-0 ", "e29", "e30"] {
            let text = texts.iter().find(|text| text.contains(word));
            assert!(text.is_none(), "{seed}: {word}: {}", text.unwrap());
        }
        for cell in &record.cells {
            let derived = derive(&record, cell).unwrap();
            if let Some(shares) = derived.shares {
                let parts = [
                    shares.product,
                    shares.layout,
                    shares.quantise,
                    shares.other,
                    shares.between,
                    shares.unattributed,
                ];
                assert!(
                    parts.iter().all(|share| (0.0..=1.0 + 1e-9).contains(share)),
                    "{seed}: {shares:?}"
                );
                assert!((parts.iter().sum::<f64>() - 1.0).abs() < 1e-9, "{seed}: {shares:?}");
            }
            let mut places = derived.by_time.clone();
            places.sort_unstable();
            assert!(places.iter().copied().eq(0..derived.operators.len()));
        }
    }
}

#[test]
fn differences_sum_up_whatever_the_operators_are() {
    let mut compared = 0;
    for seed in 0..1_200 {
        let mut record = any_record(seed);
        for cell in &mut record.cells {
            // Nothing contradicts the operators.
            let profile = cell.profile.as_mut().unwrap();
            profile.invocations.clear();
            profile.unprofiled_p50_ns = f64::NAN;
        }
        let of = |place: usize| Profiled {
            record: &record,
            cell: &record.cells[place],
        };
        let (a, b) = (of(0), of(1));
        let Ok(difference) = diff(&a, &b) else { continue };
        compared += 1;
        let explanation = explain(&a, &b, &difference);
        let sizes = || {
            difference
                .segments
                .iter()
                .map(|one| one.a.time_ns.abs() + one.b.time_ns.abs())
        };
        let tolerance = sizes().sum::<f64>() * 1e-12;
        let segments: f64 = difference.segments.iter().map(|one| one.delta_ns).sum();
        let causes: f64 = explanation.causes.iter().map(|one| one.delta_ns).sum();
        assert!(
            (segments - difference.delta_ns).abs() <= tolerance,
            "{seed}: {segments} {}",
            difference.delta_ns
        );
        assert!((causes - difference.delta_ns).abs() <= tolerance, "{seed}: {causes}");
        // Each operator is in one segment and in one cause.
        for (side, cell) in [a.cell, b.cell].into_iter().enumerate() {
            let count = cell.profile.as_ref().unwrap().operators.len();
            let mut of_segments: Vec<usize> = difference
                .segments
                .iter()
                .flat_map(|one| [&one.a, &one.b][side].operators.clone())
                .collect();
            let mut of_causes: Vec<usize> = explanation
                .causes
                .iter()
                .flat_map(|one| [&one.a, &one.b][side].clone())
                .collect();
            of_segments.sort_unstable();
            of_causes.sort_unstable();
            assert!(of_segments.iter().copied().eq(0..count), "{seed}");
            assert!(of_causes.iter().copied().eq(0..count), "{seed}");
        }
    }
    assert!(compared > 20, "{compared}");
}

#[test]
fn payloads_in_every_text_do_no_harm() {
    for payload in hostile::payloads() {
        let text = payload.text.as_str();
        let mut made = record(vec![fp32(), int8()]);
        made.id = text.to_owned();
        made.suite = text.to_owned();
        made.host.cpu_model = Some(text.to_owned());
        for cell in &mut made.cells {
            cell.id.task = text.to_owned();
            cell.id.variant = format!("{}{text}", cell.id.variant);
            let profile = cell.profile.as_mut().unwrap();
            profile.remarks = vec![text.to_owned()];
            for operator in &mut profile.operators {
                operator.name += text;
                operator.op = text.to_owned();
                operator.canonical += text;
                operator.provider = Some(text.to_owned());
            }
        }
        for made in all(&made) {
            let bad = |c: char| c.is_control() && c != '\n';
            assert!(!made.contains(bad), "{}: {made}", payload.name);
        }
    }
}

#[test]
fn many_operators_take_no_time() {
    let before = processor_seconds();
    let hub = |place: usize| Operator {
        inputs: vec![tensor("hub"), tensor("hub")],
        outputs: vec![tensor("hub")],
        sources: vec!["n".to_owned(), format!("m{place}")],
        ..operator(
            &place.to_string(),
            KINDS[place % KINDS.len()],
            OperatorRole::Other,
            10.0,
            &[],
        )
    };
    let operators: Vec<Operator> = (0..5_000).map(hub).collect();
    let record = record(vec![
        cell("a", "ort", operators.clone(), 0.0),
        cell("b", "ort", operators, 0.0),
    ]);
    all(&record);
    let taken = processor_seconds() - before;
    assert!(taken < 30.0, "{taken} s");
}

#[test]
fn the_same_record_gives_the_same_text() {
    let record = any_record(7);
    assert_eq!(all(&record), all(&record.clone()));
}

/// Processor time of this thread, whatever else the machine does; 0 where the system does not tell.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ')
        .next()
        .and_then(|ns| ns.parse::<f64>().ok())
        .unwrap_or(0.0)
        / 1e9
}
