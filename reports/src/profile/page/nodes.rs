//! A cell's operators as a table.

use edgebench_api::ProfiledValue;
use edgebench_record::Operator;

use super::words::{large, named, number_field, share_field, time_field};
use crate::html::{Field, Header, Row, Table};
use crate::picture::Unit;
use crate::picture::name::{listed, short};
use crate::profile::text::kind_name;
use crate::profile::{DerivedCell, sound};
use crate::text::significant;

/// Nodes and values of an operator that a row names.
const SOURCES: usize = 4;
const VALUES: usize = 2;
/// Dimensions of a shape that are shown.
const DIMENSIONS: usize = 8;

/// The longest operators, at most so many, in the order of execution.
pub(super) fn nodes(caption: String, operators: &[Operator], derived: &DerivedCell, most: usize) -> Table {
    let mut places: Vec<usize> = derived.by_time.iter().copied().take(most).collect();
    places.sort_unstable();
    let has = |of: fn(&crate::profile::OperatorFacts) -> bool| derived.operators.iter().any(of);
    let (roofs, efficiencies) = (
        has(|facts| facts.roof.is_some()),
        has(|facts| facts.efficiency.is_some()),
    );
    let mut headers = vec![
        Header::new("node", false),
        Header::new("order", true),
        Header::new("operator", false),
        Header::new("executed as", false),
        Header::new("of the model's nodes", false),
        Header::new("role", false),
        Header::new("arithmetic", false),
        Header::new("writes", false),
        Header::new("calls", true),
        Header::new("median", true),
        Header::new("p90", true),
        Header::new("share", true),
        Header::new("MACs", true),
        Header::new("bytes", true),
    ];
    if roofs {
        headers.extend([
            Header::new("bound by", false),
            Header::new("of its roof", true),
            Header::new("beyond the roof", true),
        ]);
    }
    if efficiencies {
        headers.push(Header::new("parallel efficiency", true));
    }
    let row = |place: usize| {
        let (operator, facts) = (&operators[place], &derived.operators[place]);
        let role = role(operator);
        let class = facts.roof.map_or_else(|| "not known", |roof| roof.class.name());
        let mut fields = vec![
            Field::text(named(&operator.name)),
            number_field(Some((place + 1) as f64), |order| format!("{order:.0}")),
            Field::text(named(&operator.canonical)),
            Field::text(executed(operator)),
            Field::text(sources(operator)),
            Field::text(role.clone()),
            Field::text(operator.arithmetic.map_or("none told", kind_name)),
            Field::text(values(&operator.outputs)),
            number_field(Some(operator.calls), significant),
            time_field(Some(operator.median_ns)),
            time_field(Some(operator.p90_ns)),
            share_field(facts.share),
            number_field(sound::macs(operator), large),
            number_field(sound::bytes(operator), |bytes| Unit::Size.show(bytes)),
        ];
        if roofs {
            fields.extend([
                Field::text(class),
                share_field(facts.roof.map(|roof| roof.reached)),
                time_field(facts.roof.map(|roof| roof.lost_ns)),
            ]);
        }
        if efficiencies {
            fields.push(share_field(facts.efficiency));
        }
        Row {
            fields,
            facets: vec![role, class.to_owned()],
            out: false,
            best: false,
        }
    };
    Table {
        caption,
        of: "operators",
        headers,
        rows: places.into_iter().map(row).collect(),
        facets: Vec::new(),
    }
    .with_facets(&["role", "bound"])
}

fn role(operator: &Operator) -> String {
    let fallback = if operator.fallback { ", fallback" } else { "" };
    format!("{}{fallback}", operator.role.name())
}

/// What the runtime executes, and by what.
fn executed(operator: &Operator) -> String {
    match operator.provider.as_deref().map(short) {
        Some(provider) if !provider.is_empty() => format!("{} ({provider})", named(&operator.op)),
        _ => named(&operator.op),
    }
}

/// The nodes of the model's file that it stands for, with their operators.
fn sources(operator: &Operator) -> String {
    if operator.sources.is_empty() {
        return "none: put in by the runtime".to_owned();
    }
    let of = operator.source_ops.iter().map(Some).chain(std::iter::repeat(None));
    let words = |(node, op): (&String, Option<&String>)| match op {
        Some(op) => format!("{} {}", named(op), named(node)),
        None => named(node),
    };
    let names: Vec<String> = operator.sources.iter().zip(of).map(words).take(SOURCES + 1).collect();
    let mut words = listed(&names[..names.len().min(SOURCES)], SOURCES);
    if operator.sources.len() > SOURCES {
        words = format!("{words} and {} more", operator.sources.len() - SOURCES);
    }
    words
}

/// `f32 1×3×8×8`.
fn values(values: &[ProfiledValue]) -> String {
    if values.is_empty() {
        return "not told".to_owned();
    }
    let words = |value: &ProfiledValue| {
        let dtype = value.dtype.as_deref().map_or_else(|| "?".to_owned(), short);
        let shape = value.shape.as_ref().map(|shape| {
            let sizes: Vec<String> = shape.iter().take(DIMENSIONS).map(ToString::to_string).collect();
            let more = if shape.len() > DIMENSIONS { "×…" } else { "" };
            format!("{}{more}", sizes.join("×"))
        });
        format!("{dtype} {}", shape.unwrap_or_else(|| "of unknown shape".to_owned()))
            .trim_end()
            .to_owned()
    };
    let shown: Vec<String> = values.iter().take(VALUES).map(words).collect();
    match values.len().saturating_sub(VALUES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
