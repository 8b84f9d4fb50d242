//! tract's errors, sorted into ours.

use edgebench_api::BackendError;
use tract_onnx::prelude::TractError;

/// Sorts an error from loading a model.
pub(crate) fn load(error: TractError, what: impl Into<String>) -> BackendError {
    let chain = chain(&error);
    match lack(&chain) {
        Some(lacking) => BackendError::Unsupported {
            what: lacking.to_owned(),
            operator: operator(&chain),
            source: Some(error.into()),
        },
        None => BackendError::Load {
            what: what.into(),
            source: Some(error.into()),
        },
    }
}

/// Sorts an error from an inference.
pub(crate) fn run(error: TractError, what: impl Into<String>) -> BackendError {
    BackendError::Run {
        what: what.into(),
        source: Some(error.into()),
    }
}

/// Whether the shapes that the model file declares are what stands in the way: they may be stale where the model was
/// exported for other shapes than those asked for.
pub(crate) fn is_shape_conflict(error: &TractError) -> bool {
    chain(error).iter().any(|message| message.contains("unify"))
}

fn chain(error: &TractError) -> Vec<String> {
    error.chain().map(ToString::to_string).collect()
}

/// The message that says that tract lacks something, by its usual wordings.
fn lack(chain: &[String]) -> Option<&str> {
    const WORDINGS: [&str; 7] = [
        "unsupported",
        "not supported",
        "unimplemented",
        "not implemented",
        "unknown datumtype",
        "not yet",
        "implement me",
    ];
    chain
        .iter()
        .find(|message| {
            let message = message.to_lowercase();
            WORDINGS.iter().any(|wording| message.contains(wording))
        })
        .map(|message| message.lines().next().unwrap_or_default())
}

/// The operator in `Building node NAME (OPERATOR)`, which tract adds to what fails while it reads a node.
fn operator(chain: &[String]) -> Option<String> {
    chain.iter().find_map(|message| {
        let node = message.strip_prefix("Building node ")?.strip_suffix(')')?;
        let (_, operator) = node.rsplit_once('(')?;
        Some(operator.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lack_names_its_operator() {
        let error = TractError::msg("MatMulNBits: g_idx (act-order) is unsupported")
            .context("Building node product (2) (MatMulNBits)");
        let error = load(error, "the model");
        assert_eq!(error.operator(), Some("MatMulNBits"));
        assert!(error.to_string().contains("g_idx"), "{error}");
    }

    #[test]
    fn other_errors_are_no_lack() {
        let error = TractError::msg("Impossible to unify Val(1) with Sym(batch)").context("Analysing node");
        assert!(is_shape_conflict(&error));
        let error = load(error, "the model");
        assert!(matches!(error, BackendError::Load { .. }), "{error}");
    }
}
