use std::collections::BTreeMap;
use std::path::PathBuf;

use super::*;

fn suite() -> Suite {
    let models = ["fp32", "int8"].map(|id| (id.to_owned(), PathBuf::from(format!("{id}.onnx"))));
    let mut suite = Suite::from_models(&models, BTreeMap::new()).unwrap();
    suite.backends = vec!["one".to_owned(), "two".to_owned()];
    suite
}

fn request() -> PlanRequest {
    PlanRequest {
        known_backends: ["one", "two", "three"].map(str::to_owned).to_vec(),
        seed: 7,
        ..PlanRequest::default()
    }
}

#[test]
fn a_plan_has_every_combination_and_every_round_every_cell() {
    let plan = plan(
        &suite(),
        &PlanRequest {
            threads: vec![1, 2],
            ..request()
        },
    )
    .unwrap();
    assert_eq!(plan.cells.len(), 8);
    assert_eq!(plan.reference, "one");
    assert_eq!(plan.order.len(), plan.measure.invocations);
    for round in &plan.order {
        let mut sorted = round.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..8).collect::<Vec<_>>());
    }
    assert!(plan.order.windows(2).any(|pair| pair[0] != pair[1]));
}

#[test]
fn the_order_is_the_seeds() {
    let suite = suite();
    let with = |seed| plan(&suite, &PlanRequest { seed, ..request() }).unwrap();
    assert_eq!(with(7), with(7));
    assert_eq!(with(7).sha256(), with(7).sha256());
    assert_ne!(with(7).order, with(8).order);
    assert_ne!(with(7).sha256(), with(8).sha256());
}

#[test]
fn a_plan_survives_json() {
    let plan = plan(&suite(), &request()).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
}

#[test]
fn unknown_names_come_with_the_nearest_one() {
    let error = plan(
        &suite(),
        &PlanRequest {
            backends: vec!["tow".to_owned()],
            ..request()
        },
    )
    .unwrap_err();
    assert_eq!(error.to_string(), "there is no backend `tow`");
    assert_eq!(error.hint(), "did you mean `two`?");
    let error = plan(
        &suite(),
        &PlanRequest {
            variants: vec!["int9".to_owned()],
            ..request()
        },
    )
    .unwrap_err();
    assert_eq!(error.hint(), "did you mean `int8`?");
    let error = plan(
        &suite(),
        &PlanRequest {
            tasks: vec!["zzzzzzzz".to_owned()],
            ..request()
        },
    )
    .unwrap_err();
    assert_eq!(error.hint(), "known tasks: model");
}

#[test]
fn modes_bound_the_measurement_and_the_request_overrides_them() {
    let of = |mode| plan(&suite(), &PlanRequest { mode, ..request() }).unwrap().measure;
    assert_eq!(of(Mode::Standard).invocations, 5);
    assert_eq!(
        (of(Mode::Quick).invocations, of(Mode::Quick).measure_ns),
        (2, 100_000_000)
    );
    assert_eq!(
        (of(Mode::Publish).invocations, of(Mode::Publish).measure_ns),
        (10, 60_000_000_000)
    );
    let asked = PlanRequest {
        mode: Mode::Quick,
        invocations: Some(3),
        measure: Some(std::time::Duration::from_secs(1)),
        ..request()
    };
    let measure = plan(&suite(), &asked).unwrap().measure;
    assert_eq!((measure.invocations, measure.measure_ns), (3, 1_000_000_000));
}

#[test]
fn nothing_to_do_is_an_error() {
    let zero = PlanRequest {
        threads: vec![0],
        ..request()
    };
    assert_eq!(
        plan(&suite(), &zero).unwrap_err().to_string(),
        "threads must be at least 1, not 0"
    );
    let none = PlanRequest {
        invocations: Some(0),
        ..request()
    };
    assert!(plan(&suite(), &none).is_err());
    let mut bare = suite();
    bare.backends.clear();
    assert_eq!(plan(&bare, &request()).unwrap_err(), PlanError::NoBackend);
}
