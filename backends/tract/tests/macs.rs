//! Static multiply-accumulates against tract's own count, over the bundled models.
//!
//! tract counts on its typed model, before it fuses anything. Its operators for convolutions and matrix products are
//! compared; its counts of others (a bias, an activation) are left out, since by definition ours have none.

mod sample;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sample::one_sample;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::internal::DimLike;
use tract_onnx::tract_core::ops::Cost;
use tract_onnx::tract_hir::internal::InferenceModelExt;

/// The models that tract does not load or counts otherwise, and why.
const EXCEPTIONS: &[(&str, &str)] = &[("fashion/int4-weight", "Unknown DatumType Int4")];

/// The bundled models, by folder and file.
fn models() -> Vec<(String, PathBuf)> {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/starter");
    let list = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        entries
            .map(|entry| entry.expect("a folder that reads").path())
            .collect::<Vec<_>>()
    };
    let mut models = Vec::new();
    for task in list(&starter) {
        for file in list(&task.join("models")) {
            if file.extension().is_some_and(|extension| extension == "onnx") {
                let name = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                models.push((format!("{}/{}", name(&task), name(&file)), file));
            }
        }
    }
    models.sort();
    models
}

/// What tract counts for convolutions and matrix products.
fn counted_by_tract(file: &Path, shapes: &BTreeMap<String, Vec<u64>>) -> TractResult<u64> {
    let mut model = tract_onnx::onnx().model_for_path(file)?;
    for place in 0..model.input_outlets()?.len() {
        let outlet = model.input_outlets()?[place];
        let shape: TVec<usize> = shapes[&model.node(outlet.node).name]
            .iter()
            .map(|&size| size as usize)
            .collect();
        let fact = model.outlet_fact(outlet)?.clone().with_shape(shape);
        model.set_input_fact(place, fact)?;
    }
    let model = model.into_typed()?;
    let mut count = 0;
    for node in model.nodes() {
        if !matches!(node.op().name().as_ref(), "Conv" | "EinSum" | "Deconv") {
            continue;
        }
        for (cost, times) in node.op.cost(&model.node_input_facts(node.id)?)? {
            if matches!(cost, Cost::FMA(_)) {
                count += times.to_usize()? as u64;
            }
        }
    }
    Ok(count)
}

#[test]
fn convolutions_and_products_are_counted_as_tract_counts_them() {
    let mut differing = Vec::new();
    let models = models();
    for (name, file) in &models {
        let graph = edgebench_graph::read(file).unwrap();
        let shapes = one_sample(&graph);
        let ours = graph.costs(&shapes).macs.unwrap();
        assert!(ours > 100_000, "{name}: {ours}");
        match counted_by_tract(file, &shapes) {
            Ok(count) if count == ours => {}
            Ok(count) => differing.push((name.as_str(), format!("counts {count} and not {ours}"))),
            Err(error) => differing.push((name.as_str(), format!("{error:#}"))),
        }
    }
    assert!(models.len() >= 15, "{models:?}");
    let names: Vec<&str> = differing.iter().map(|(name, _)| *name).collect();
    let expected: Vec<&str> = EXCEPTIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected, "{differing:#?}");
    for ((name, found), (_, reason)) in differing.iter().zip(EXCEPTIONS) {
        assert!(found.contains(reason), "{name}: {found}");
    }
}
