//! Records whose every string is a payload. Shared by tests and the example that writes them.

use std::path::Path;

use edgebench_record::Record;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A text that means something to a browser, a terminal, a spreadsheet, a file system or Markdown. Those that run in a
/// browser set `window.pwned`, call `alert`, or ask a host below `.invalid` for something.
#[derive(Debug, Deserialize)]
pub(crate) struct Payload {
    /// What it is.
    pub(crate) name: String,
    /// The text.
    pub(crate) text: String,
}

/// A place in a record: `cells[].outcome.kind`, or `cells[].effective{}` for the names in a map.
pub(crate) type Place = String;

/// The corpus.
pub(crate) fn payloads() -> Vec<Payload> {
    serde_json::from_str(include_str!("../payloads.json")).expect("the corpus is JSON")
}

/// The record that every hostile one is made from, unless another is given: the golden one, with energy, scenarios and
/// the like in its first cell.
pub(crate) fn golden() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../harness/record/tests/golden/record-v1.json");
    let text = std::fs::read(path).expect("the golden record is there");
    let mut record: Value = serde_json::from_slice(&text).expect("the golden record is JSON");
    let evidence: Value = serde_json::from_str(include_str!("../evidence.json")).expect("the evidence is JSON");
    merge(&mut record, &evidence["record"]);
    merge(&mut record["plan"], &evidence["plan"]);
    let cell = &mut record["cells"][0];
    merge(cell, &evidence["cell"]);
    for part in ["model", "summary"] {
        merge(&mut cell[part], &evidence[part]);
    }
    merge(&mut cell["invocations"][0], &evidence["invocation"]);
    record
}

/// Puts the members of one object into another.
fn merge(into: &mut Value, from: &Value) {
    for (name, member) in from.as_object().into_iter().flatten() {
        into[name] = member.clone();
    }
}

/// Every place of a record that holds text, and whether it takes any.
pub(crate) struct Places {
    /// Any text is read back from there as it was written.
    pub(crate) taken: Vec<Place>,
    /// One of a few words is expected there: a member's name, or a kind.
    pub(crate) refused: Vec<Place>,
}

/// Tries each place of a record alone.
pub(crate) fn places(base: &Value) -> Places {
    let mut all = Vec::new();
    visit(base, "", &mut |place| all.push(place.to_owned()));
    all.sort();
    all.dedup();
    let (taken, refused) = all.into_iter().partition(|place| {
        let tried = replaced(base, "", "a text", &|other| other == place);
        read_back(&tried).as_ref() == Some(&tried)
    });
    Places { taken, refused }
}

/// The record with `text` at every place that takes it.
pub(crate) fn hostile(base: &Value, places: &Places, text: &str) -> Record {
    let value = replaced(base, "", text, &|place| places.taken.iter().any(|taken| taken == place));
    serde_json::from_value(value).expect("every place takes any text")
}

fn read_back(value: &Value) -> Option<Value> {
    let record: Record = serde_json::from_value(value.clone()).ok()?;
    serde_json::to_value(record).ok()
}

/// Calls `found` with every place that holds a text.
fn visit(value: &Value, place: &str, found: &mut impl FnMut(&str)) {
    match value {
        Value::String(_) => found(place),
        Value::Array(items) => items.iter().for_each(|item| visit(item, &format!("{place}[]"), found)),
        Value::Object(members) => {
            found(&format!("{place}{{}}"));
            for (name, member) in members {
                visit(member, &inner(place, name), found);
            }
        }
        _ => {}
    }
}

fn inner(place: &str, name: &str) -> Place {
    if place.is_empty() {
        name.to_owned()
    } else {
        format!("{place}.{name}")
    }
}

/// The value with `text` at the places that `taken` tells. Several names in one map are told apart by a number.
fn replaced(value: &Value, place: &str, text: &str, taken: &dyn Fn(&str) -> bool) -> Value {
    match value {
        Value::String(_) if taken(place) => text.into(),
        Value::Array(items) => {
            let place = format!("{place}[]");
            items.iter().map(|item| replaced(item, &place, text, taken)).collect()
        }
        Value::Object(members) => {
            let names_too = taken(&format!("{place}{{}}"));
            let mut out = Map::new();
            for (number, (name, member)) in members.iter().enumerate() {
                let member = replaced(member, &inner(place, name), text, taken);
                let name = match number {
                    _ if !names_too => name.clone(),
                    0 => text.to_owned(),
                    _ => format!("{text}{number}"),
                };
                out.insert(name, member);
            }
            out.into()
        }
        other => other.clone(),
    }
}
