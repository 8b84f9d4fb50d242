//! Where the time goes as a tree: the cell, what operators are for, their names.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgebench_record::{CellProfile, OperatorRole, ProfiledCell};
use unicode_width::UnicodeWidthStr as _;

use super::bars::bar;
use crate::profile::derived::DerivedCell;
use crate::profile::names::named;
use crate::profile::sentences::span;
use crate::profile::sound;
use crate::text::plain;

/// Width of the longest bar.
const BAR: usize = 24;
/// Names of operators below each role, at most; the others are one line.
const NAMES: usize = 8;

/// A line of the tree.
struct Line {
    label: String,
    ns: f64,
}

/// The tree, one line each; plain text for a block of code.
pub(super) fn tree(cell: &ProfiledCell, profile: &CellProfile, derived: &DerivedCell) -> String {
    let total_ns = derived.total_ns;
    let mut branches: Vec<(Line, Vec<Line>)> = [
        OperatorRole::Product,
        OperatorRole::Other,
        OperatorRole::Layout,
        OperatorRole::Quantise,
    ]
    .into_iter()
    .filter_map(|role| branch(profile, role))
    .collect();
    branches.sort_by(|a, b| b.0.ns.total_cmp(&a.0.ns));
    let between_ns = sound::between(profile);
    let rest_ns = (total_ns - sound::attributed(profile) - between_ns).max(0.0);
    for (label, ns) in [("between operators", between_ns), ("unattributed", rest_ns)] {
        if ns > 0.0 || label == "unattributed" {
            let label = label.to_owned();
            branches.push((Line { label, ns }, Vec::new()));
        }
    }
    let mut lines = Vec::new();
    let count = branches.len();
    for (place, (line, leaves)) in branches.into_iter().enumerate() {
        let last = place + 1 == count;
        lines.push(line.behind(if last { "└─ " } else { "├─ " }));
        let below = if last { "   " } else { "│  " };
        let leaf_count = leaves.len();
        for (place, leaf) in leaves.into_iter().enumerate() {
            let mark = if place + 1 == leaf_count { "└─ " } else { "├─ " };
            lines.push(leaf.behind(&format!("{below}{mark}")));
        }
    }
    let width = lines.iter().map(|line| line.label.width()).max().unwrap_or(0);
    let mut out = format!("{}  {}\n", plain(&cell.id.to_string()), span(total_ns));
    for line in lines {
        let share = if total_ns > 0.0 { line.ns / total_ns } else { 0.0 };
        let blank = " ".repeat(width - line.label.width());
        let _ = writeln!(
            out,
            "{}{blank}  {}  {:>5.1} %  {:>8}",
            line.label,
            bar(share, BAR),
            share * 100.0,
            span(line.ns)
        );
    }
    out
}

impl Line {
    /// The line behind a mark of the tree.
    fn behind(mut self, mark: &str) -> Self {
        self.label.insert_str(0, mark);
        self
    }
}

/// A role and the names of its operators, the longest time first; `None` where it has none.
fn branch(profile: &CellProfile, role: OperatorRole) -> Option<(Line, Vec<Line>)> {
    let mut by_name: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    for operator in profile.operators.iter().filter(|operator| operator.role == role) {
        let (count, ns) = by_name.entry(&operator.canonical).or_default();
        *count += 1;
        *ns += sound::mean(operator);
    }
    if by_name.is_empty() {
        return None;
    }
    let label = role.name().to_owned();
    let ns = by_name.values().map(|(_, ns)| ns).sum();
    let mut names: Vec<(&str, (usize, f64))> = by_name.into_iter().collect();
    names.sort_by(|a, b| b.1.1.total_cmp(&a.1.1));
    let others = names.split_off(names.len().min(NAMES));
    let mut leaves: Vec<Line> = names
        .into_iter()
        .map(|(name, (count, ns))| Line {
            label: match count {
                1 => named(name),
                _ => format!("{} × {count}", named(name)),
            },
            ns,
        })
        .collect();
    if !others.is_empty() {
        leaves.push(Line {
            label: format!("{} more", others.len()),
            ns: others.iter().map(|(_, (_, ns))| ns).sum(),
        });
    }
    Some((Line { label, ns }, leaves))
}
