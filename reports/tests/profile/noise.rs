//! What can be said of a difference, given how much fresh processes differ; and its schema.

use edgebench_api::ComputeKind;
use edgebench_record::ProfiledCell;
use edgebench_reports::profile::{CauseKind, DIFF_SCHEMA, DiffDocument, Profiled, Verdict, diff, diff_schema, explain};

use crate::differences::{both, sums_up};
use crate::made::{STEADY, cell, fp32, in_processes, int8, other, product, record};

/// fp32 and a copy that takes this much longer with the profiler and without, in processes of these times.
fn copy(profiled_ns: f64, unprofiled_ns: f64, times: &[f64]) -> ProfiledCell {
    let mut copy = fp32();
    "copy".clone_into(&mut copy.id.variant);
    let profile = copy.profile.as_mut().unwrap();
    profile.operators[0].mean_ns += profiled_ns;
    profile.wall_ns += profiled_ns;
    profile.unprofiled_p50_ns += unprofiled_ns;
    in_processes(&mut copy, times);
    copy
}

#[test]
fn processes_are_what_tells_noise() {
    let noisy = [1.03, 0.98, 1.01, 0.97, 1.01];
    let (_, explanation) = both(fp32(), copy(5_000.0, 5_000.0, &noisy));
    assert_eq!(explanation.verdict, Verdict::WithinNoise);
    assert_eq!(
        explanation.sentence,
        "copy and fp32 on ort differ by 5.00 µs of 952 µs without the profiler, which is within the noise of their processes, \
         and by 5.00 µs with it: nothing to explain"
    );
    assert!(explanation.causes.is_empty());
    // As much in processes that differ less.
    let (_, explanation) = both(fp32(), copy(5_000.0, 5_000.0, &STEADY));
    assert_eq!(explanation.verdict, Verdict::Explained);
    assert!(
        explanation
            .sentence
            .contains("5.00 µs slower than fp32 on ort: 5.00 µs in Conv")
    );
    let interval = explanation.unprofiled.unwrap().interval.unwrap();
    assert!(interval.low > 4_900.0 && interval.high < 5_100.0, "{interval:?}");
}

/// Cells of one profile were measured by turns, and what slows one round slows both.
#[test]
fn processes_of_one_profile_are_pairs() {
    let rounds = [1.2, 0.9, 1.1, 0.8, 1.0];
    let mut a = fp32();
    in_processes(&mut a, &rounds);
    let b = copy(20_000.0, 20_000.0, &rounds);
    let (_, explanation) = both(a.clone(), b.clone());
    assert_eq!(explanation.verdict, Verdict::Explained);
    let (first, mut second) = (record(vec![a]), record(vec![b]));
    second.id = "another".to_owned();
    let [a, b] = [&first, &second].map(|record| Profiled {
        record,
        cell: &record.cells[0],
    });
    let explanation = explain(&a, &b, &diff(&a, &b).unwrap());
    assert_eq!(explanation.verdict, Verdict::WithinNoise);
}

#[test]
fn too_few_processes_tell_nothing_for_certain() {
    for (processes, words) in [(0, "one process"), (1, "one process"), (2, "two processes")] {
        let (mut a, mut b) = (fp32(), int8());
        in_processes(&mut a, &STEADY[..processes]);
        in_processes(&mut b, &STEADY[..processes]);
        let made = both(a, b);
        sums_up(&made);
        let (_, explanation) = made;
        assert_eq!(explanation.verdict, Verdict::NotKnown);
        let head = format!(
            "int8-static is 1.35 ms slower than fp32 on ort, which {words} cannot tell from noise; if it is more than noise, \
             1.00 ms in 1 QuantizeLinear"
        );
        assert!(explanation.sentence.starts_with(&head), "{}", explanation.sentence);
        assert!(explanation.causes.iter().all(|cause| cause.p.is_none()));
    }
    let (mut a, mut b) = (fp32(), int8());
    b.profile.as_mut().unwrap().unprofiled_p50_ns = 500_000.0;
    in_processes(&mut a, &[]);
    in_processes(&mut b, &[]);
    let (_, explanation) = both(a, b);
    assert_eq!(
        (
            explanation.verdict,
            explanation.sentence.as_str(),
            explanation.causes.len()
        ),
        (
            Verdict::NotKnown,
            "int8-static is 452 µs faster than fp32 on ort without the profiler and 1.35 ms slower with it, which one \
             process cannot tell from noise",
            0
        )
    );
}

#[test]
fn a_cause_within_the_noise_is_not_named() {
    let operators = |conv: f64, relu: f64| {
        vec![
            product("conv", conv, ComputeKind::F32, &[("conv", "Conv")]),
            other("relu", "Relu", relu),
        ]
    };
    let mut a = cell("a", "ort", operators(500_000.0, 300_000.0), 0.0);
    let mut b = cell("b", "ort", operators(600_000.0, 350_000.0), 0.0);
    // The activation takes 350 µs in the mean, and anything between: alone it would be beyond the noise, as one of three
    // causes it is not.
    let set = |cell: &mut ProfiledCell, ns: [f64; 5]| {
        cell.profile.as_mut().unwrap().operators[1].invocation_ns = ns.map(|us| us * 1e3).to_vec();
    };
    set(&mut a, [300.0; 5]);
    set(&mut b, [310.0, 320.0, 350.0, 380.0, 390.0]);
    let (_, explanation) = both(a, b);
    assert_eq!(explanation.verdict, Verdict::Explained);
    assert_eq!(
        explanation.sentence,
        "b is 150 µs slower than a on ort: 100 µs in Conv executed as f32 in both; 50.0 µs in the rest"
    );
    let of = |kind: CauseKind| {
        let mut causes = explanation.causes.iter();
        causes
            .find(|cause| cause.kind == kind)
            .and_then(|cause| cause.p)
            .unwrap()
    };
    assert!(of(CauseKind::Product) < 0.01 && (0.06..0.08).contains(&of(CauseKind::Operators)));
}

#[test]
fn the_profiler_hides_what_it_changes() {
    let mut odd = int8();
    odd.profile.as_mut().unwrap().unprofiled_p50_ns = 500_000.0;
    in_processes(&mut odd, &STEADY);
    let (_, explanation) = both(fp32(), odd);
    assert_eq!((explanation.verdict, explanation.causes.len()), (Verdict::Hidden, 0));
    assert!(
        explanation.notes.iter().any(|note| note.contains("--batch")),
        "{:?}",
        explanation.notes
    );
    assert_eq!(
        explanation.sentence,
        "int8-static is 452 µs faster than fp32 on ort without the profiler and 1.35 ms slower with it: the operators' times \
         do not explain the difference"
    );
    // Only without the profiler is there a difference.
    let (_, explanation) = both(fp32(), copy(0.0, 50_000.0, &STEADY));
    assert_eq!(explanation.verdict, Verdict::Hidden);
    assert!(
        explanation
            .sentence
            .contains("50.0 µs slower than fp32 on ort without the profiler and as fast with it, which is within"),
        "{}",
        explanation.sentence
    );
    // With it there is one as well, in processes that differ by more.
    let mut odd = copy(50_000.0, 50_000.0, &STEADY);
    let noisy = [1.1, 0.9, 1.05, 0.95, 1.0];
    for (process, times) in odd.profile.as_mut().unwrap().invocations.iter_mut().zip(noisy) {
        process.wall_ns = 1_050_000.0 * times;
    }
    let (_, explanation) = both(fp32(), odd);
    assert_eq!(explanation.verdict, Verdict::Hidden);
    assert!(
        explanation
            .sentence
            .contains("and 50.0 µs slower with it, which is within the noise:"),
        "{}",
        explanation.sentence
    );
    // Only with it.
    let (_, explanation) = both(fp32(), copy(50_000.0, 0.0, &STEADY));
    assert_eq!(explanation.verdict, Verdict::WithinNoise);
    assert!(
        explanation
            .sentence
            .contains("differ by 0 ns of 952 µs without the profiler"),
        "{}",
        explanation.sentence
    );
}

#[test]
fn a_difference_fits_its_schema() {
    let validator = jsonschema::validator_for(&diff_schema()).unwrap();
    for (a, b) in [(fp32(), int8()), (fp32(), fp32()), (fp32(), copy(1.0, 1.0, &[]))] {
        let (diff, explanation) = both(a, b);
        let document = DiffDocument {
            schema: DIFF_SCHEMA,
            diff,
            explanation,
        };
        let document = serde_json::to_value(&document).unwrap();
        let errors: Vec<String> = validator.iter_errors(&document).map(|one| one.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(document["schema"], 1);
    }
}

/// `UPDATE_GOLDEN=1` writes it anew after a change that was meant.
#[test]
fn the_published_schema_is_the_types() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/schemas/profile-diff.json");
    let text = serde_json::to_string_pretty(&diff_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let published = std::fs::read_to_string(path).unwrap();
    assert!(published == text, "run the tests once with UPDATE_GOLDEN=1");
}
