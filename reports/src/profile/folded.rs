//! A profile as folded stacks, which flame graphs are drawn from.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgebench_record::ProfileRecord;

use super::sound;
use crate::text::plain;

/// One line for each operator: `task/variant/backend/t1/b1;role;canonical;operator nanoseconds`, the mean of a typical
/// profiled inference, one for what passes between operators, and one for what is neither. Blanks and semicolons in names are underscores. What rounds to
/// 0 ns is left out.
pub fn folded(record: &ProfileRecord) -> String {
    let mut out = String::new();
    for cell in &record.cells {
        let Some(profile) = &cell.profile else { continue };
        let root = frame(&cell.id.to_string());
        // Operators whose names are alike once made harmless are one stack.
        let mut stacks: BTreeMap<String, u64> = BTreeMap::new();
        let mut add = |stack: String, ns: f64| *stacks.entry(stack).or_default() += ns.max(0.0).round() as u64;
        for operator in &profile.operators {
            let stack = format!(
                "{root};{};{};{}",
                operator.role.name(),
                frame(&operator.canonical),
                frame(&operator.name)
            );
            add(stack, sound::mean(operator));
        }
        add(format!("{root};between_operators"), sound::between(profile));
        add(
            format!("{root};unattributed"),
            sound::unattributed(profile).unwrap_or(0.0),
        );
        for (stack, ns) in stacks.into_iter().filter(|(_, ns)| *ns > 0) {
            let _ = writeln!(out, "{stack} {ns}");
        }
    }
    out
}

/// A name as one frame of a stack.
fn frame(name: &str) -> String {
    let frame: String = plain(name)
        .chars()
        .map(|c| if c.is_whitespace() || c == ';' { '_' } else { c })
        .collect();
    if frame.is_empty() { "_".to_owned() } else { frame }
}
