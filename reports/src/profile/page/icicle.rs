//! Where the time of one inference goes, as an icicle: groups by what operators are for, in them kinds of operators, in
//! them the operators. Widths are times.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgebench_record::{CellProfile, Operator, OperatorRole, ProfiledCell};
use plotters::style::RGBColor;

use super::words::{more, named, operator_name, percent, time};
use crate::picture::axis::{Axis, Unit};
use crate::picture::canvas::{WIDTH, content, element, fitted, ink, width};
use crate::picture::id::id;
use crate::picture::name::{cell_id, short};
use crate::picture::{Data, Picture};
use crate::profile::{DerivedCell, sound};
use crate::text::counted;

/// An area narrower than this, in the SVG's units, is merged with its like.
const NARROWEST: f64 = 3.0;
/// An area of its own needs this room for words across, and this for words that stand upright.
const ACROSS: f64 = 44.0;
const UPRIGHT: f64 = 14.0;
/// The tops of the three rows, and the bottom of the last.
const TOPS: [f64; 4] = [4.0, 48.0, 92.0, 232.0];
/// The height with the axis below.
const HEIGHT: u32 = 274;
const SIZE: f64 = 11.0;
/// Operators in the table, at most.
const ROWS: usize = 60;

/// A part of the inference.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Area {
    /// Row: 0 for groups, 1 for kinds of operators, 2 for operators.
    pub(super) level: usize,
    /// What it is.
    pub(super) words: String,
    /// The same where there is little room: without the path that all of its kind share.
    pub(super) label: String,
    /// What it is spent on.
    pub(super) on: On,
    /// Where it begins, in nanoseconds from the left.
    pub(super) from_ns: f64,
    /// How long it takes.
    pub(super) ns: f64,
    /// Operators in it.
    pub(super) operators: usize,
    /// Whether something else executes one of them than what the cell asked for.
    pub(super) fallback: bool,
}

/// What time is spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    /// Operators for this.
    Operators(OperatorRole),
    /// The way from one operator to the next one.
    Between,
    /// Neither.
    Unattributed,
}

/// The groups of operators in the order of the picture.
const ROLES: [OperatorRole; 4] = [
    OperatorRole::Product,
    OperatorRole::Other,
    OperatorRole::Layout,
    OperatorRole::Quantise,
];

impl On {
    /// The name of the group.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Operators(OperatorRole::Product) => "products",
            Self::Operators(OperatorRole::Other) => "other operators",
            Self::Operators(OperatorRole::Layout) => "layout",
            Self::Operators(OperatorRole::Quantise) => "quantise",
            Self::Between => "between operators",
            Self::Unattributed => "unattributed",
        }
    }
}

/// The time in no operator: that between operators, and the rest. Both are 0 where operators take all of the time or more.
pub(super) fn in_none(profile: &CellProfile, total_ns: f64) -> [(On, f64); 2] {
    let rest_ns = (total_ns - sound::attributed(profile)).max(0.0);
    let between_ns = sound::time(profile.between_ns).unwrap_or(0.0).min(rest_ns);
    [(On::Between, between_ns), (On::Unattributed, rest_ns - between_ns)]
}

/// A picture of one cell's inference; `None` where it has no time.
pub(super) fn icicle(cell: &ProfiledCell, derived: &DerivedCell) -> Option<Picture> {
    let profile = cell.profile.as_ref()?;
    let total_ns = sound::some_time(derived.total_ns)?;
    let areas = areas(profile, total_ns);
    let title = format!("{}: where the time of an inference goes", short(&cell.id.to_string()));
    let description = describe(&areas, &profile.operators, total_ns, profile.wall_ns);
    let id = id("icicle", &[&cell.id.to_string()]);
    let svg = element(&id, &title, &description, HEIGHT, &body(&areas, total_ns)?);
    Some(Picture {
        id,
        title: format!("{}: where the time of an inference goes", cell_id(&cell.id)),
        description,
        svg,
        data: data(&areas, &profile.operators, derived, total_ns),
    })
}

/// All areas, group by group, each followed by what is in it. Operators that are too narrow to be seen are one area.
pub(super) fn areas(profile: &CellProfile, total_ns: f64) -> Vec<Area> {
    let operators = &profile.operators;
    let narrowest_ns = NARROWEST / f64::from(WIDTH) * total_ns;
    let mut areas = Vec::new();
    let mut from_ns = 0.0;
    for role in ROLES {
        let of_role: Vec<&Operator> = operators
            .iter()
            .filter(|one| one.role == role && sound::mean(one) > 0.0)
            .collect();
        let ns = sum(&of_role);
        if ns <= 0.0 {
            continue;
        }
        let area = |level, words: String, from_ns, of: &[&Operator]| Area {
            level,
            label: words.clone(),
            words,
            on: On::Operators(role),
            from_ns,
            ns: sum(of),
            operators: of.len(),
            fallback: of.iter().any(|operator| operator.fallback),
        };
        areas.push(area(0, On::Operators(role).name().to_owned(), from_ns, &of_role));
        let mut kinds: BTreeMap<&str, Vec<&Operator>> = BTreeMap::new();
        for operator in of_role {
            kinds.entry(&operator.canonical).or_default().push(operator);
        }
        let kinds: Vec<(String, Vec<&Operator>)> = kinds.into_iter().map(|(name, of)| (named(name), of)).collect();
        let mut left_ns = from_ns;
        for (words, mut of_kind) in merged(kinds, narrowest_ns, "kind") {
            areas.push(area(1, words, left_ns, &of_kind));
            of_kind.sort_by(|a, b| sound::mean(b).total_cmp(&sound::mean(a)));
            let names: Vec<&str> = of_kind.iter().map(|operator| operator.name.as_str()).collect();
            let common = common_path(&names);
            let each = of_kind
                .iter()
                .map(|operator| (operator_name(operator), vec![*operator]))
                .collect();
            for (words, of) in merged(each, narrowest_ns, "operator") {
                let mut area = area(2, words, left_ns, &of);
                if let [operator] = of.as_slice() {
                    area.label = named(operator.name.get(common..).unwrap_or_default());
                }
                areas.push(area);
                left_ns += sum(&of);
            }
        }
        from_ns += ns;
    }
    for (on, ns) in in_none(profile, total_ns).into_iter().filter(|(_, ns)| *ns > 0.0) {
        areas.push(Area {
            level: 0,
            words: on.name().to_owned(),
            label: on.name().to_owned(),
            on,
            from_ns,
            ns,
            operators: 0,
            fallback: false,
        });
        from_ns += ns;
    }
    areas
}

/// How many bytes all names begin with, up to the end of a part of a path: `/net/block.` of `/net/block.1` and
/// `/net/block.12`.
fn common_path(names: &[&str]) -> usize {
    let Some((first, rest)) = names.split_first() else {
        return 0;
    };
    let alike = |name: &&str| first.bytes().zip(name.bytes()).take_while(|(a, b)| a == b).count();
    let shared = rest.iter().map(alike).min().unwrap_or(0);
    let shared = first.as_bytes().get(..shared).unwrap_or_default();
    // After these begins a character.
    shared
        .iter()
        .rposition(|byte| matches!(byte, b'/' | b'.'))
        .map_or(0, |end| end + 1)
}

fn sum(operators: &[&Operator]) -> f64 {
    operators.iter().map(|operator| sound::mean(operator)).sum()
}

/// The parts by time, the longest first; those that are too narrow are one, if there are several of them.
fn merged<'a>(
    mut parts: Vec<(String, Vec<&'a Operator>)>,
    narrowest_ns: f64,
    what: &str,
) -> Vec<(String, Vec<&'a Operator>)> {
    parts.sort_by(|a, b| sum(&b.1).total_cmp(&sum(&a.1)));
    let wide = parts.partition_point(|(_, of)| sum(of) >= narrowest_ns);
    if parts.len() - wide > 1 {
        let words = more(parts.len() - wide, what);
        let rest = parts.drain(wide..).flat_map(|(_, of)| of).collect();
        parts.push((words, rest));
    }
    parts
}

/// Steps of the scale for fills: what computes is on one side of it, what only moves and converts on the other.
fn step(on: On) -> usize {
    match on {
        On::Operators(OperatorRole::Product) => 7,
        On::Operators(OperatorRole::Other) => 5,
        On::Operators(OperatorRole::Layout) => 2,
        On::Operators(OperatorRole::Quantise) => 1,
        On::Between => 3,
        On::Unattributed => 4,
    }
}

fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

fn body(areas: &[Area], total_ns: f64) -> Option<String> {
    let mut body = String::new();
    for area in areas {
        let scale = f64::from(WIDTH) / total_ns;
        let (left, wide) = (area.from_ns * scale, area.ns * scale);
        // The time in no operator has nothing below it.
        let (top, bottom) = match area.on {
            On::Between | On::Unattributed => (TOPS[0], TOPS[3]),
            On::Operators(_) => (TOPS[area.level], TOPS[area.level + 1]),
        };
        if wide < 0.2 {
            continue;
        }
        let high = bottom - top;
        let _ = write!(
            body,
            "<g><title>{}</title><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{wide:.1}\" height=\"{high:.1}\" \
             fill=\"{}\" stroke=\"{}\"/>",
            content(&tip(area, total_ns)),
            hex(ink::heat(step(area.on))),
            hex(ink::PAPER),
        );
        if area.fallback {
            let stripe = bottom - 6.0;
            let _ = write!(
                body,
                "<rect x=\"{left:.1}\" y=\"{stripe:.1}\" width=\"{wide:.1}\" height=\"5\" fill=\"{}\"/>",
                hex(ink::BAD)
            );
        }
        label(&mut body, area, total_ns, [left, top, wide, high]);
        body.push_str("</g>");
    }
    axis(&mut body, total_ns)?;
    Some(body)
}

fn tip(area: &Area, total_ns: f64) -> String {
    let count = match (area.level, area.operators) {
        (_, 0) | (2, 1) => String::new(),
        (_, count) => format!(", {}", counted(count, "operator")),
    };
    let fallback = if area.fallback { ", fallback" } else { "" };
    let share = percent(area.ns / total_ns);
    format!("{}: {}, {share}{count}{fallback}", area.words, time(area.ns))
}

/// Its name, and where there is room its time: across, or upright in a narrow and high area.
fn label(body: &mut String, area: &Area, total_ns: f64, [left, top, wide, high]: [f64; 4]) {
    let fill = hex(ink::on_heat(step(area.on)));
    let figure = format!("{}, {}", time(area.ns), percent(area.ns / total_ns));
    if wide >= ACROSS {
        let (x, room) = (left + 5.0, wide - 8.0);
        for (line, words) in [&area.label, &figure].into_iter().enumerate() {
            if line == 1 && width(words, SIZE) > room {
                continue;
            }
            let y = top + 17.0 + 15.0 * line as f64;
            let words = content(&fitted(words, SIZE, room));
            let _ = write!(
                body,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{SIZE}\" fill=\"{fill}\">{words}</text>"
            );
        }
    } else if wide >= UPRIGHT && high > 100.0 {
        let (x, y) = (left + wide / 2.0 + 4.0, top + high - 10.0);
        let words = content(&fitted(&area.label, SIZE, high - 16.0));
        let _ = write!(
            body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" transform=\"rotate(-90 {x:.1} {y:.1})\" font-size=\"{SIZE}\" \
             fill=\"{fill}\">{words}</text>"
        );
    }
}

/// Ticks of the time from the left.
fn axis(body: &mut String, total_ns: f64) -> Option<()> {
    let title = "time of a typical profiled inference, by what it is spent on";
    let axis = Axis::from_zero(title, Unit::Time, [total_ns])?.fitting(f64::from(WIDTH));
    let (text, muted) = (hex(ink::TEXT), hex(ink::MUTED));
    let bottom = TOPS[3];
    for (ns, words) in axis.ticks().iter().filter(|(ns, _)| *ns <= total_ns) {
        let x = ns / total_ns * f64::from(WIDTH);
        let half = width(words, SIZE) / 2.0;
        let at = x.clamp(half + 1.0, f64::from(WIDTH) - half - 1.0);
        let _ = write!(
            body,
            "<line x1=\"{x:.1}\" y1=\"{bottom}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"{muted}\"/><text x=\"{at:.1}\" y=\"{}\" \
             text-anchor=\"middle\" font-size=\"{SIZE}\" fill=\"{text}\">{}</text>",
            bottom + 5.0,
            bottom + 17.0,
            content(words)
        );
    }
    let _ = write!(
        body,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-size=\"{SIZE}\" fill=\"{muted}\">{}</text>",
        WIDTH / 2,
        bottom + 35.0,
        content(axis.title())
    );
    Some(())
}

fn describe(areas: &[Area], operators: &[Operator], total_ns: f64, wall_ns: f64) -> String {
    let groups: Vec<String> = areas
        .iter()
        .filter(|area| area.level == 0)
        .map(|area| format!("{} {}", area.words, percent(area.ns / total_ns)))
        .collect();
    let mut words = vec![format!(
        "A typical profiled inference takes {}: {}.",
        time(total_ns),
        groups.join(", ")
    )];
    if sound::time(wall_ns).is_some_and(|wall_ns| wall_ns < total_ns) {
        words.push(format!(
            "Its operators' times add up to more than the {} of the clock on the wall: some ran side by side.",
            time(wall_ns)
        ));
    }
    let longest = operators
        .iter()
        .max_by(|a, b| sound::mean(a).total_cmp(&sound::mean(b)));
    if let Some(longest) = longest.filter(|operator| sound::mean(operator) > 0.0) {
        let ns = sound::mean(longest);
        let share = percent(ns / total_ns);
        words.push(format!(
            "The longest operator is {} ({}, {share}).",
            operator_name(longest),
            time(ns)
        ));
    }
    if areas.iter().any(|area| area.fallback) {
        words
            .push("A stripe at the bottom marks what something else executes than what the cell asked for.".to_owned());
    }
    let drawn = areas
        .iter()
        .filter(|area| area.level == 2 && area.operators == 1)
        .count();
    let timed = operators.iter().filter(|operator| sound::mean(operator) > 0.0).count();
    if drawn < timed {
        words.push(format!(
            "Of {} {drawn} have an area of their own.",
            counted(timed, "operator")
        ));
    }
    words.join(" ")
}

fn data(areas: &[Area], operators: &[Operator], derived: &DerivedCell, total_ns: f64) -> Data {
    let mut data = Data::new(&["level", "what", "time", "share", "operators"]);
    let row = |level: &str, words: String, ns: f64, operators: usize| {
        vec![
            level.to_owned(),
            words,
            time(ns),
            percent(ns / total_ns),
            operators.to_string(),
        ]
    };
    let levels = ["group", "kind"];
    for area in areas.iter().filter(|area| area.level < 2) {
        data.rows
            .push(row(levels[area.level], area.words.clone(), area.ns, area.operators));
    }
    let timed = |place: &&usize| sound::mean(&operators[**place]) > 0.0;
    let by_time: Vec<&Operator> = derived
        .by_time
        .iter()
        .filter(timed)
        .map(|&place| &operators[place])
        .collect();
    let (shown, rest) = by_time.split_at(by_time.len().min(ROWS));
    for operator in shown {
        data.rows
            .push(row("operator", operator_name(operator), sound::mean(operator), 1));
    }
    if !rest.is_empty() {
        let words = more(rest.len(), "operator");
        data.rows.push(row("operator", words, sum(rest), rest.len()));
    }
    data
}
