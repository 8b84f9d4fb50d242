//! What candle-onnx evaluates.

use candle_onnx::onnx::GraphProto;
use edgebench_api::BackendError;

/// The version of candle-onnx that is compiled in, which the workspace pins, and whose operators these are.
pub(crate) const VERSION: &str = "0.11.1";

/// The operators that `candle_onnx::simple_eval` has an arm for, sorted. It has no list of its own to ask for.
pub(crate) const EVALUATED: [&str; 80] = [
    "Abs",
    "Add",
    "And",
    "ArgMax",
    "ArgMin",
    "AveragePool",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Clip",
    "Concat",
    "Constant",
    "ConstantOfShape",
    "Conv",
    "Cos",
    "CumSum",
    "Div",
    "Dropout",
    "Equal",
    "Erf",
    "Exp",
    "Expand",
    "Flatten",
    "Floor",
    "Gather",
    "GatherElements",
    "Gelu",
    "Gemm",
    "Greater",
    "GreaterOrEqual",
    "HardSwish",
    "Identity",
    "If",
    "LSTM",
    "LeakyRelu",
    "Less",
    "LessOrEqual",
    "Log",
    "LogSoftmax",
    "MatMul",
    "MaxPool",
    "Min",
    "Mul",
    "Neg",
    "Not",
    "OneHot",
    "Or",
    "PRelu",
    "Pad",
    "Pow",
    "RNN",
    "Range",
    "ReduceL2",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Resize",
    "ScatterND",
    "Selu",
    "Shape",
    "Sigmoid",
    "Sign",
    "Sin",
    "Size",
    "Slice",
    "Softmax",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Tanh",
    "Tile",
    "Transpose",
    "Trilu",
    "Unsqueeze",
    "Where",
    "Xor",
];

/// Refuses a graph with an operator that candle-onnx does not evaluate, its inner graphs included. candle-onnx would
/// find out when an inference comes to it, and does not look at an operator's domain at all.
///
/// # Errors
/// [`BackendError::Unsupported`] with the first such operator, in the model's order.
pub(crate) fn check(graph: &GraphProto) -> Result<(), BackendError> {
    for node in &graph.node {
        let foreign = !matches!(node.domain.as_str(), "" | "ai.onnx");
        if foreign || EVALUATED.binary_search(&node.op_type.as_str()).is_err() {
            return Err(BackendError::Unsupported {
                what: if foreign {
                    format!("candle-onnx {VERSION} evaluates none of the domain {}", node.domain)
                } else {
                    format!("candle-onnx {VERSION} does not evaluate it")
                },
                operator: Some(node.op_type.clone()),
                source: None,
            });
        }
        for attribute in &node.attribute {
            attribute.g.iter().chain(&attribute.graphs).try_for_each(check)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Command;

    use super::*;

    fn said(command: &mut Command) -> String {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The source of the candle-onnx that is built, found through cargo. Asked for this platform alone: what only others
    /// need may never have been fetched.
    fn source() -> String {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let rustc = said(Command::new(rustc).arg("-vV"));
        let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
        let metadata = said(
            Command::new(env!("CARGO"))
                .args([
                    "metadata",
                    "--format-version",
                    "1",
                    "--offline",
                    "--filter-platform",
                    host,
                ])
                .args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]),
        );
        let manifest = metadata
            .split("\"manifest_path\":\"")
            .filter_map(|rest| rest.split('"').next())
            .find(|path| path.contains(&format!("candle-onnx-{VERSION}")))
            .expect("the version told is not the version built");
        std::fs::read_to_string(PathBuf::from(manifest).with_file_name("src").join("eval.rs")).unwrap()
    }

    /// The arms of the match over operators are the only ones at their depth.
    #[test]
    fn the_list_is_that_of_the_source() {
        let source = source();
        let mut arms: Vec<&str> = source
            .lines()
            .filter_map(|line| line.strip_prefix("            \"")?.split_once("\" =>"))
            .map(|(operator, _)| operator)
            .collect();
        arms.sort_unstable();
        assert_eq!(arms, EVALUATED);
    }

    #[test]
    fn the_list_can_be_searched() {
        assert!(EVALUATED.is_sorted());
    }
}
