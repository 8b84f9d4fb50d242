//! A policy's file.
//!
//! ```toml
//! inconclusive = "report"        # or "pass", "fail"
//! max-class-drop = "5pp"
//! trust-recorded-times = false
//!
//! [fail-on]
//! latency_p50 = "3%"
//! accuracy = "0.5pp"
//! model_bytes = 0
//! ```

use toml::{Table, Value};

use super::{Policy, PolicyError, Rule, class_drop, on_inconclusive, unknown};

/// The keys, named as the flags are.
const KEYS: [&str; 4] = ["fail-on", "inconclusive", "max-class-drop", "trust-recorded-times"];

pub(super) fn policy(text: &str) -> Result<Policy, PolicyError> {
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| PolicyError::Syntax(error.message().to_owned() + &place(text, &error)))?;
    let mut policy = Policy::default();
    for (key, value) in &table {
        match key.as_str() {
            "fail-on" => {
                let rules = value.as_table().ok_or_else(|| wrong(key, "a table of metrics"))?;
                for (metric, tolerance) in rules {
                    let tolerance = words(tolerance)
                        .ok_or_else(|| wrong(&format!("fail-on.{metric}"), "a text such as \"3%\", or a number"))?;
                    policy.set(Rule::of(metric, &tolerance)?);
                }
            }
            "inconclusive" => {
                let value = value.as_str().ok_or_else(|| wrong(key, "a text"))?;
                policy.inconclusive = on_inconclusive(value)?;
            }
            "max-class-drop" => {
                let value = words(value).ok_or_else(|| wrong(key, "a text such as \"5pp\""))?;
                policy.max_class_drop = Some(class_drop(&value)?);
            }
            "trust-recorded-times" => {
                policy.trust_recorded_times = value.as_bool().ok_or_else(|| wrong(key, "true or false"))?;
            }
            other => return Err(unknown("key", other, KEYS)),
        }
    }
    Ok(policy)
}

/// A text, or a number as a text.
fn words(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Float(number) => Some(number.to_string()),
        _ => None,
    }
}

fn wrong(key: &str, wanted: &'static str) -> PolicyError {
    PolicyError::Type {
        key: key.to_owned(),
        wanted,
    }
}

/// ` (line 3)`, where it is known.
fn place(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    before.map_or_else(String::new, |before| {
        format!(" (line {})", before.matches('\n').count() + 1)
    })
}
