//! Which classes a variant does better or worse on than the baseline variant: a heat map.

use edgebench_record::{Cell, Record, TaskFacts};
use edgebench_stats::{Interval, PairedTable, newcombe_paired};

use super::canvas::draw;
use super::grid::{Field, Grid, MOST_COLUMNS};
use super::id::id;
use super::name::short;
use super::sound::ends;
use super::{Data, Picture};
use crate::columns::ABSENT;
use crate::ranking::{Rank, ranked};
use crate::records::answers::pair;
use crate::text::{shortened, signed};

/// At most so many classes are drawn: those that change most.
const MOST_CLASSES: usize = 30;

/// A change by which a field has its full colour, at least: below it, colours would make much of little.
const FULL_COLOUR: f64 = 0.02;

/// A variant, where it was answered for, and what changed by class.
struct Variant<'a> {
    cell: &'a Cell,
    classes: Vec<(usize, PairedTable)>,
}

impl Variant<'_> {
    fn table(&self, class: usize) -> Option<PairedTable> {
        let found = self.classes.binary_search_by_key(&class, |(known, _)| *known).ok()?;
        Some(self.classes[found].1)
    }
}

/// The change of the share of right answers (recall) in each class, against the baseline variant on the same samples.
/// `None` where no variant has answers by class that pair with the baseline's.
pub fn per_class(record: &Record, task: &TaskFacts) -> Option<Picture> {
    if !matches!(task.metric.as_deref(), Some("top1" | "f1")) {
        return None;
    }
    let variants = variants(record, task);
    let mut classes: Vec<usize> = variants
        .iter()
        .flat_map(|variant| variant.classes.iter().map(|(class, _)| *class))
        .collect();
    classes.sort_unstable();
    classes.dedup();
    if classes.is_empty() {
        return None;
    }
    let all = classes.len();
    let drawn = &variants[..variants.len().min(MOST_COLUMNS)];
    let classes = most_changed(classes, drawn);
    let grid = grid(drawn, &classes);
    let title = format!(
        "{}: change in accuracy by class against {}",
        short(&task.id),
        short(&task.baseline)
    );
    let description = describe(&variants, &classes, all, task);
    let id = id("classes", &[&task.id]);
    let svg = draw(&id, &title, &description, grid.height(), |plane| grid.paint(plane))?;
    Some(Picture {
        id,
        title,
        description,
        svg,
        data: data(&variants),
    })
}

/// Each variant but the baseline on the fastest backend that has answers for it and for the baseline, in the order of
/// the plan.
fn variants<'a>(record: &'a Record, task: &TaskFacts) -> Vec<Variant<'a>> {
    let mut found: Vec<Variant<'a>> = Vec::new();
    let fastest_first = ranked(record, &task.id);
    let mut standing: Vec<&Cell> = fastest_first
        .into_iter()
        .filter(|(rank, _)| *rank != Rank::Out)
        .map(|(_, cell)| cell)
        .collect();
    standing.sort_by(|a, b| crate::ranking::p50(a).total_cmp(&crate::ranking::p50(b)));
    for cell in &standing {
        let known = found.iter().any(|variant| variant.cell.id.variant == cell.id.variant);
        if known || cell.id.variant == task.baseline {
            continue;
        }
        let baseline = standing.iter().find(|other| {
            other.id.variant == task.baseline
                && other.id.backend == cell.id.backend
                && other.id.settings == cell.id.settings
        });
        let classes = baseline
            .map(|baseline| changes(task, baseline, cell))
            .unwrap_or_default();
        if !classes.is_empty() {
            found.push(Variant { cell, classes });
        }
    }
    let place = |variant: &Variant<'_>| record.cells.iter().position(|cell| cell.id == variant.cell.id);
    found.sort_by_key(place);
    found
}

/// Right and wrong answers by class, of the samples that both answered.
fn changes(task: &TaskFacts, baseline: &Cell, cell: &Cell) -> Vec<(usize, PairedTable)> {
    let pairs = match (&baseline.accuracy, &cell.accuracy) {
        (Some(before), Some(after)) => pair(task, before, after).ok(),
        _ => None,
    };
    let by_class = pairs.map(|pairs| pairs.by_class()).unwrap_or_default();
    by_class
        .into_iter()
        .filter_map(|(class, paired)| Some((class, paired.table?)))
        .collect()
}

/// The classes whose change is largest in any of the variants, in ascending order.
fn most_changed(mut classes: Vec<usize>, variants: &[Variant<'_>]) -> Vec<usize> {
    let change = |class: usize| {
        let changes = variants.iter().filter_map(|variant| variant.table(class)?.delta());
        changes.map(f64::abs).fold(0.0, f64::max)
    };
    if classes.len() > MOST_CLASSES {
        classes.sort_by(|&a, &b| change(b).total_cmp(&change(a)).then(a.cmp(&b)));
        classes.truncate(MOST_CLASSES);
        classes.sort_unstable();
    }
    classes
}

/// The interval that leaves out 0, where it does.
fn apart(table: PairedTable) -> bool {
    interval(table).is_some_and(|interval| !interval.contains(0.0))
}

fn interval(table: PairedTable) -> Option<Interval> {
    newcombe_paired(table, 0.95)
}

/// The backend, where it is the same for all variants.
fn one_backend(variants: &[Variant<'_>]) -> Option<String> {
    let (first, others) = variants.split_first()?;
    let same = |variant: &Variant<'_>| variant.cell.id.backend == first.cell.id.backend;
    others.iter().all(same).then(|| short(&first.cell.id.backend))
}

fn column_name(variant: &Variant<'_>) -> String {
    format!(
        "{} on {}",
        short(&variant.cell.id.variant),
        short(&variant.cell.id.backend)
    )
}

/// `class 3 (n = 120)`, or the range of the counts where variants were evaluated on different parts.
fn class_name(class: usize, variants: &[Variant<'_>]) -> String {
    let counts: Vec<u64> = variants
        .iter()
        .filter_map(|variant| Some(variant.table(class)?.n()))
        .collect();
    match (counts.iter().min(), counts.iter().max()) {
        (Some(least), Some(most)) if least == most => format!("class {class} (n = {most})"),
        (Some(least), Some(most)) => format!("class {class} (n = {least} to {most})"),
        _ => format!("class {class}"),
    }
}

fn grid(variants: &[Variant<'_>], classes: &[usize]) -> Grid {
    let changes = classes
        .iter()
        .flat_map(|&class| variants.iter().filter_map(move |variant| variant.table(class)?.delta()));
    let full = changes.map(f64::abs).fold(FULL_COLOUR, f64::max);
    let mut marked = false;
    let rows = classes
        .iter()
        .map(|&class| {
            let fields = variants
                .iter()
                .map(|variant| {
                    let table = variant.table(class);
                    let Some((table, delta)) = table.and_then(|table| Some((table, table.delta()?))) else {
                        return Field::bare(&[ABSENT]);
                    };
                    let mark = if apart(table) { "*" } else { "" };
                    marked |= apart(table);
                    let step = (4.0 + 4.0 * delta / full).round().clamp(0.0, 8.0) as usize;
                    Field::figure(format!("{}{mark}", signed(delta * 100.0, 1)), step)
                })
                .collect();
            (class_name(class, variants), fields)
        })
        .collect();
    let mut notes = vec!["Change of the share of right answers in the class, in percentage points (pp)".to_owned()];
    if marked {
        notes.push("* its 95 % interval leaves out 0; about 1 field in 20 does so by chance alone".to_owned());
    }
    Grid {
        row_title: "class (samples)".to_owned(),
        column_title: match one_backend(variants) {
            Some(backend) => format!("variant, on {}", shortened(&backend, 40)),
            None => "variant, on the fastest backend with answers for it".to_owned(),
        },
        columns: match one_backend(variants) {
            Some(_) => variants.iter().map(|variant| short(&variant.cell.id.variant)).collect(),
            None => variants.iter().map(column_name).collect(),
        },
        rows,
        notes,
    }
}

fn describe(variants: &[Variant<'_>], classes: &[usize], all: usize, task: &TaskFacts) -> String {
    let mut fields: Vec<(f64, usize, &Variant<'_>, PairedTable)> = variants
        .iter()
        .flat_map(|variant| {
            variant
                .classes
                .iter()
                .map(move |&(class, table)| (variant, class, table))
        })
        .filter_map(|(variant, class, table)| Some((table.delta()?, class, variant, table)))
        .collect();
    fields.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sentences = vec![format!(
        "Change of the share of right answers in each class against {}, on the same samples, in percentage points, for \
         {} and {all} {}, each variant on the fastest backend that has answers for it{}.",
        short(&task.baseline),
        match variants.len() {
            1 => "1 variant".to_owned(),
            n => format!("{n} variants"),
        },
        if all == 1 { "class" } else { "classes" },
        one_backend(variants).map_or_else(String::new, |backend| format!(" ({backend})"))
    )];
    let named = |(delta, class, variant, _): &(f64, usize, &Variant<'_>, PairedTable)| {
        format!(
            "{} pp in class {class} by {}",
            signed(delta * 100.0, 1),
            column_name(variant)
        )
    };
    if let Some(worst) = fields.first().filter(|field| field.0 < 0.0) {
        sentences.push(format!("The largest loss is {}.", named(worst)));
    }
    if let Some(best) = fields.last().filter(|field| field.0 > 0.0) {
        sentences.push(format!("The largest gain is {}.", named(best)));
    }
    let marked = fields.iter().filter(|field| apart(field.3)).count();
    sentences.push(format!(
        "In {marked} of {} fields the 95 % interval leaves out 0; about 1 in 20 would by chance alone, so that a single \
         mark proves nothing.",
        fields.len()
    ));
    if classes.len() < all {
        sentences.push(format!(
            "Drawn are the {} classes that change most; the table holds all.",
            classes.len()
        ));
    }
    if variants.len() > MOST_COLUMNS {
        sentences.push(format!(
            "Drawn are the first {MOST_COLUMNS} of {} variants; the table holds all.",
            variants.len()
        ));
    }
    sentences.join(" ")
}

fn data(variants: &[Variant<'_>]) -> Data {
    let mut data = Data::new(&[
        "variant",
        "backend",
        "class",
        "samples",
        "baseline (%)",
        "variant (%)",
        "change (pp)",
        "95 % interval (pp)",
        "leaves out 0",
    ]);
    for variant in variants {
        for &(class, table) in &variant.classes {
            let n = table.n() as f64;
            let share = |right: u64| format!("{:.2}", right as f64 / n * 100.0);
            data.rows.push(vec![
                short(&variant.cell.id.variant),
                short(&variant.cell.id.backend),
                class.to_string(),
                table.n().to_string(),
                share(table.both_right + table.only_baseline),
                share(table.both_right + table.only_variant),
                table
                    .delta()
                    .map_or_else(|| ABSENT.to_owned(), |delta| signed(delta * 100.0, 2)),
                ends(interval(table), |end| signed(end * 100.0, 2)),
                if apart(table) { "yes" } else { "no" }.to_owned(),
            ]);
        }
    }
    data
}
