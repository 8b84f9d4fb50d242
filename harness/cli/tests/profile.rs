//! Profiles of real runtimes, through the whole binary.
//!
//! Needs ONNX Runtime, by `ORT_DYLIB_PATH` or where edgebench looks for it; `cargo xtask test` sees to that.
#![cfg(all(feature = "ort", feature = "tract", feature = "candle"))]
#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn edgebench(folder: &Path, arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_edgebench"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Profiles and gives the folder, the record, and what was printed.
fn profile(arguments: &[&str]) -> (TempDir, Value, String) {
    let folder = tempfile::tempdir().unwrap();
    let all = [
        &[
            "profile",
            "--offline",
            "-o",
            "profiles/p",
            "--warmup-secs",
            "0",
            "--runs",
            "24",
        ],
        arguments,
    ]
    .concat();
    let output = edgebench(folder.path(), &all);
    let record = std::fs::read(folder.path().join("profiles/p/profile.json")).unwrap();
    let record = serde_json::from_slice(&record).unwrap();
    (folder, record, String::from_utf8(output.stdout).unwrap())
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    path.display().to_string()
}

fn cell<'a>(record: &'a Value, variant: &str, backend: &str) -> &'a Value {
    let cells = record["cells"].as_array().unwrap();
    let found = cells
        .iter()
        .find(|cell| cell["id"]["variant"] == variant && cell["id"]["backend"] == backend);
    found.unwrap()
}

fn operators(cell: &Value) -> &[Value] {
    cell["profile"]["operators"].as_array().unwrap()
}

/// The operators' figures of that kind, summed up.
fn sum(cell: &Value, figure: &str) -> f64 {
    operators(cell)
        .iter()
        .filter_map(|operator| operator[figure].as_f64())
        .sum()
}

#[test]
fn what_is_known_of_a_model_is_told_of_its_operators() {
    let (_folder, record, _) = profile(&[
        "--model",
        &fixture("known.onnx"),
        "--backend",
        "ort,tract,candle",
        "--peaks",
        "off",
    ]);
    for backend in ["ort", "tract", "candle"] {
        let cell = cell(&record, "known", backend);
        assert_eq!(cell["outcome"]["kind"], "measured", "{backend}: {}", cell["outcome"]);
        assert!((sum(cell, "macs") - 512_f64.powi(3)).abs() < 0.5, "{backend}");
        let of = |source: &str| {
            let stands_for = |operator: &&Value| {
                let sources = operator["sources"].as_array();
                sources.is_some_and(|sources| sources.iter().any(|name| name == source))
            };
            operators(cell)
                .iter()
                .find(stands_for)
                .unwrap_or_else(|| panic!("{backend} has no `{source}`"))
        };
        let copy = of("copy");
        assert_eq!(copy["canonical"], "Concat", "{backend}");
        assert_eq!(
            (&copy["bytes_read"], &copy["bytes_written"]),
            (&(4 << 20).into(), &(4 << 20).into()),
            "{backend}: {copy}"
        );
        if backend != "tract" {
            let product = of("multiply");
            assert_eq!(
                (&product["canonical"], &product["role"]),
                (&"MatMul".into(), &"product".into())
            );
            assert_eq!(product["bytes_read"], 2 << 20, "{backend}: {product}");
            assert_eq!(product["bytes_written"], 1 << 20, "{backend}: {product}");
        }
        let profile = &cell["profile"];
        let whole = sum(cell, "mean_ns")
            + profile["between_ns"].as_f64().unwrap()
            + profile["unattributed_ns"].as_f64().unwrap();
        assert!((whole - profile["wall_ns"].as_f64().unwrap()).abs() < 1.0, "{backend}");
    }
}

#[test]
fn a_product_is_held_by_arithmetic_and_a_copy_by_memory() {
    let (folder, record, _) = profile(&[
        "--model",
        &fixture("known.onnx"),
        "--backend",
        "ort,tract",
        "--peaks",
        "measure",
    ]);
    assert_eq!(record["peaks"][0]["threads"], 1, "{}", record["no_peaks"]);
    let csv = std::fs::read_to_string(folder.path().join("profiles/p/operators.csv")).unwrap();
    let mut rows = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = rows.next().unwrap();
    let column = |name: &str| header.iter().position(|field| *field == name).unwrap();
    let (backend, operator, bound) = (column("backend"), column("operator"), column("bound"));
    let bounds: Vec<(&str, &str, &str)> = rows.map(|row| (row[backend], row[operator], row[bound])).collect();
    for of in ["ort", "tract"] {
        for (name, other) in [("multiply", "memory"), ("copy", "compute")] {
            let found = bounds.iter().find(|row| row.0 == of && row.1 == name);
            let class = found.unwrap_or_else(|| panic!("{of} has no `{name}`: {csv}")).2;
            // Something else on the machine may take so much of the time that neither roof is near.
            let allowed = ["compute", "memory", "overhead"]
                .into_iter()
                .filter(|class| *class != other);
            assert!(
                allowed.into_iter().any(|one| one == class),
                "{of}: {name} is bound by `{class}`"
            );
        }
    }
}

/// Runtimes name what they execute after nodes, after values, after the end of what they fuse, or after nothing, and prepare
/// what they multiply in operators named after the product.
#[test]
fn multiply_accumulates_are_those_of_what_multiplies() {
    let starter = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/starter");
        folder.join(name).display().to_string()
    };
    let models = [
        format!("names={}", fixture("names.onnx")),
        format!("fashion={}", starter("fashion/models/fp32.onnx")),
        format!("fashion-int8={}", starter("fashion/models/int8-static.onnx")),
        format!("watch={}", starter("watch/models/fp32.onnx")),
    ];
    // By `edgebench inspect`, and the number of convolutions and products.
    for (model, variant, macs, products) in [
        (&models[0], "names", 82_240_u64, 4),
        (&models[1], "fashion", 9_345_920, 10),
        (&models[2], "fashion-int8", 9_345_920, 10),
        (&models[3], "watch", 750_016, 5),
    ] {
        let (_folder, record, _) = profile(&["--model", model, "--backend", "ort,tract,candle", "--peaks", "off"]);
        for backend in ["ort", "tract", "candle"] {
            let cell = cell(&record, variant, backend);
            if cell["outcome"]["kind"] == "unsupported" {
                continue;
            }
            let multiply: Vec<&Value> = operators(cell)
                .iter()
                .filter(|operator| operator["macs"].as_u64().is_some_and(|macs| macs > 0))
                .collect();
            assert_eq!(multiply.len(), products, "{variant} on {backend}: {multiply:#?}");
            assert!((sum(cell, "macs") - macs as f64).abs() < 0.5, "{variant} on {backend}");
            for operator in multiply {
                let kernel = operator["op"].as_str().unwrap();
                let prepares = ["Pack", "Im2col", "Pad", "Quantize", "Dequantize"];
                assert!(
                    !prepares.iter().any(|word| kernel.contains(word)),
                    "{backend}: {operator}"
                );
                let canonical = operator["canonical"].as_str().unwrap();
                assert!(["Conv", "Gemm", "MatMul"].contains(&canonical), "{backend}: {operator}");
                assert_eq!(operator["role"], "product", "{backend}: {operator}");
                assert!(operator["arithmetic"].is_string(), "{backend}: {operator}");
            }
        }
    }
}

/// A sum that is fused is computed where all that it reads is there.
#[test]
fn a_residual_sum_belongs_to_what_runs_last() {
    let model = fixture("residual.onnx");
    let (_folder, record, _) = profile(&["--model", &model, "--backend", "ort,tract", "--peaks", "off"]);
    for backend in ["ort", "tract"] {
        let of = |node: &str| {
            let cell = cell(&record, "residual", backend);
            let stands_for = |operator: &&Value| {
                let sources = operator["sources"].as_array();
                sources.is_some_and(|sources| sources.iter().any(|source| source == node))
            };
            let found: Vec<&str> = operators(cell)
                .iter()
                .filter(stands_for)
                .map(|operator| operator["op"].as_str().unwrap())
                .collect();
            found.last().copied().unwrap_or_default().to_owned()
        };
        let place = |node: &str| {
            let all = operators(cell(&record, "residual", backend));
            all.iter()
                .rposition(|operator| operator["sources"].to_string().contains(&format!("\"{node}\"")))
        };
        let kernel = if backend == "ort" { "Conv" } else { "OptBinChain" };
        assert!(of("sum").contains(kernel), "{backend}: {}", of("sum"));
        assert!(
            place("sum") >= place("late") && place("late") > place("early"),
            "{backend}"
        );
    }
}

/// The first tensor that tract gets wrong once it has decluttered the model, with one command.
#[test]
fn the_tensor_that_a_runtime_gets_wrong_is_named() {
    let (_folder, record, said) = profile(&[
        "--model",
        &fixture("gemm-qdq.onnx"),
        "--backend",
        "tract",
        "--tensors",
        "ort",
        "--peaks",
        "off",
    ]);
    let tensors = &cell(&record, "gemm-qdq", "tract")["tensors"];
    let compared = tensors["tensors"].as_array().unwrap();
    let (last, before) = compared.split_last().unwrap();
    assert_eq!(
        (&last["tensor"], &last["differs"]),
        (&"y_QuantizeLinear_Output".into(), &true.into()),
        "{tensors}"
    );
    assert!(
        before.len() > 5 && before.iter().all(|tensor| tensor["differs"] == false),
        "{tensors}"
    );
    assert!(said.contains("y_QuantizeLinear_Output"), "{said}");
}

#[test]
fn two_cells_are_told_apart_by_their_operators() {
    let models = ["fp32", "int8-static"].map(|variant| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/starter/fashion/models");
        format!("{variant}={}", folder.join(format!("{variant}.onnx")).display())
    });
    let (folder, record, said) = profile(&[
        "--model",
        &models[0],
        "--model",
        &models[1],
        "--backend",
        "ort",
        "--peaks",
        "off",
    ]);
    assert!(said.contains("QLinearConv") || said.contains("Conv"), "{said}");
    for name in ["operators.csv", "stacks.folded", "trace.json", "profile.html"] {
        assert!(folder.path().join("profiles/p").join(name).is_file(), "{name}");
    }
    // A convolution that is fused with its activation is named after the latter, and is a product all the same.
    let fp32 = cell(&record, "fp32", "ort");
    let of_kernel = |operator: &&Value| operator["op"].as_str().unwrap().ends_with("Conv");
    let convolutions: Vec<&Value> = operators(fp32).iter().filter(of_kernel).collect();
    assert!(convolutions.len() >= 8, "{convolutions:?}");
    for convolution in convolutions {
        assert_eq!(
            (&convolution["canonical"], &convolution["role"]),
            (&"Conv".into(), &"product".into()),
            "{convolution}"
        );
        assert!(
            convolution["macs"].as_u64().unwrap() > 0 && convolution["arithmetic"] == "f32",
            "{convolution}"
        );
    }
    let wall = |variant: &str| cell(&record, variant, "ort")["profile"]["wall_ns"].as_f64().unwrap();
    let output = edgebench(
        folder.path(),
        &["profile", "diff", "fp32/ort", "int8-static", "--format", "json"],
    );
    let diff: Value = serde_json::from_slice(&output.stdout).unwrap();
    let segments = diff["diff"]["segments"].as_array().unwrap();
    let delta: f64 = segments.iter().filter_map(|segment| segment["delta_ns"].as_f64()).sum();
    assert!(
        (delta - (wall("int8-static") - wall("fp32"))).abs() < 1.0,
        "the segments are the whole difference"
    );
    let sentence = diff["explanation"]["sentence"].as_str().unwrap();
    assert!(
        sentence.contains("int8-static") && sentence.contains("fp32"),
        "{sentence}"
    );
}
