//! ONNX Runtime's errors, sorted into ours.

use std::path::Path;

use edgebench_api::BackendError;
use ort::{Error, ErrorCode};

/// Sorts an error from loading a model.
pub(crate) fn load(error: Error, model: &Path) -> BackendError {
    match lack(error.code(), error.message()) {
        Some((what, operator)) => BackendError::Unsupported {
            what,
            operator,
            source: Some(Box::new(error)),
        },
        None => BackendError::Load {
            what: model.display().to_string(),
            source: Some(Box::new(error)),
        },
    }
}

/// Sorts an error from an inference.
pub(crate) fn run(error: Error, what: impl Into<String>) -> BackendError {
    match lack(error.code(), error.message()) {
        Some((what, operator)) => BackendError::Unsupported {
            what,
            operator,
            source: Some(Box::new(error)),
        },
        None => BackendError::Run {
            what: what.into(),
            source: Some(Box::new(error)),
        },
    }
}

/// What the runtime says that it lacks, and the operator if it names one.
fn lack(code: ErrorCode, message: &str) -> Option<(String, Option<String>)> {
    // The wordings are ONNX Runtime's; each names the operator up to its version or the next blank.
    let operator = [
        (
            "Could not find an implementation for ",
            "no kernel for its types or version",
        ),
        ("Failed to find kernel for ", "no kernel for its types or version"),
        ("No Op registered for ", "not registered in this build"),
        ("Fatal error: ", "not registered in this build"),
    ]
    .into_iter()
    .filter(|(wording, _)| *wording != "Fatal error: " || message.contains("is not a registered function/op"))
    .find_map(|(wording, what)| {
        let name: String = message
            .split_once(wording)?
            .1
            .chars()
            .take_while(|c| c.is_alphanumeric() || "_.:".contains(*c))
            .collect();
        // The domain goes before the name; the standard's own is not told.
        let name = name.rsplit(':').next().unwrap_or_default().to_owned();
        (!name.is_empty()).then(|| (what.to_owned(), Some(name)))
    });
    if operator.is_some() {
        return operator;
    }
    let too_new = message.contains("Unsupported model IR version") || message.contains("is under development");
    if too_new {
        return Some(("the model is newer than this build".to_owned(), None));
    }
    (code == ErrorCode::NotImplemented).then(|| ("the runtime has not implemented this".to_owned(), None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operator(message: &str) -> Option<String> {
        lack(ErrorCode::GenericFailure, message).and_then(|(_, operator)| operator)
    }

    #[test]
    fn the_operator_is_named() {
        assert_eq!(
            operator("Could not find an implementation for ConvInteger(10) node with name 'c'").as_deref(),
            Some("ConvInteger")
        );
        assert_eq!(
            operator("Fatal error: com.microsoft:Foo_1(-1) is not a registered function/op").as_deref(),
            Some("Foo_1")
        );
        assert_eq!(
            operator(
                "In Node, (\"\", Foo, \"\", -1) : () -> () , Error No Op registered for Foo with domain_version of 17"
            )
            .as_deref(),
            Some("Foo")
        );
    }

    #[test]
    fn other_errors_are_no_lack() {
        assert_eq!(lack(ErrorCode::InvalidProtobuf, "Protobuf parsing failed."), None);
        assert_eq!(lack(ErrorCode::GenericFailure, "Fatal error: out of disk"), None);
        assert!(lack(ErrorCode::NotImplemented, "anything").is_some());
        assert!(
            lack(
                ErrorCode::GenericFailure,
                "Unsupported model IR version: 99, max supported IR version: 13"
            )
            .is_some()
        );
    }
}
