//! candle's errors, sorted into ours.

use candle_core::Error;
use edgebench_api::BackendError;

use crate::operators::EVALUATED;

/// Sorts an error from decoding a weight.
pub(crate) fn load(error: Error, what: impl Into<String>) -> BackendError {
    let message = first_line(&error);
    if is_lack(&message) {
        BackendError::Unsupported {
            what: message,
            operator: None,
            source: Some(Box::new(error)),
        }
    } else {
        BackendError::Load {
            what: what.into(),
            source: Some(Box::new(error)),
        }
    }
}

/// Sorts an error from an inference. `nodes` are the model's nodes as names and operators: candle-onnx ends some of its
/// messages with the name of the node.
pub(crate) fn run(error: Error, what: impl Into<String>, nodes: &[(String, String)]) -> BackendError {
    let message = first_line(&error);
    if is_lack(&message) {
        BackendError::Unsupported {
            operator: operator(&message, nodes),
            what: message,
            source: Some(Box::new(error)),
        }
    } else {
        BackendError::Run {
            what: what.into(),
            source: Some(Box::new(error)),
        }
    }
}

fn first_line(error: &Error) -> String {
    // A backtrace, where one is taken, follows on further lines.
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Whether the wording is one by which candle or candle-onnx says that it lacks something.
fn is_lack(message: &str) -> bool {
    const WORDINGS: [&str; 9] = [
        "unsupported",
        "not supported",
        "is supported",
        "only supports",
        "not support",
        "not implemented",
        "have to be the same on both axis",
        "with dilation != 1",
        "with pads != 0",
    ];
    let message = message.to_lowercase();
    WORDINGS.iter().any(|wording| message.contains(wording))
}

fn operator(message: &str, nodes: &[(String, String)]) -> Option<String> {
    let by_node = nodes
        .iter()
        .filter(|(name, _)| !name.is_empty() && message.ends_with(name.as_str()))
        .max_by_key(|(name, _)| name.len())
        .map(|(_, operator)| operator.clone());
    by_node.or_else(|| {
        message
            .split(|c: char| !c.is_alphanumeric())
            .find(|word| EVALUATED.binary_search(word).is_ok())
            .map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_is_taken_from_the_node_or_the_words() {
        let nodes = [
            ("2".to_owned(), "Relu".to_owned()),
            ("Conv@2".to_owned(), "Conv".to_owned()),
        ];
        let named = |message: &str| {
            run(Error::Msg(message.to_owned()), "x", &nodes)
                .operator()
                .map(str::to_owned)
        };
        assert_eq!(
            named("strides have to be the same on both axis Some([1, 1]) Conv@2").as_deref(),
            Some("Conv")
        );
        assert_eq!(
            named("MaxPool with pads != 0, Some([1, 1, 1, 1])").as_deref(),
            Some("MaxPool")
        );
        assert_eq!(named("unsupported auto_pad SAME_UPPER"), None);
    }

    #[test]
    fn other_errors_are_no_lack() {
        let error = run(Error::Msg("shape mismatch in matmul".to_owned()), "x", &[]);
        assert!(matches!(error, BackendError::Run { .. }), "{error}");
        let error = load(
            Error::Msg("unsupported 'value' data-type Int8 for zero".to_owned()),
            "x",
        );
        assert!(matches!(error, BackendError::Unsupported { .. }), "{error}");
    }
}
