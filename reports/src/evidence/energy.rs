//! Energy: where its figures are from, what one inference takes, and what stands in for it where nothing tells.

use edgebench_record::{Cell, Energy, EnergyEstimate, EnergyProxy, EnergySource, EnergySources, Record};

use super::{Linked, Part, Section, number, row, table};
use crate::columns::ABSENT;
use crate::html::Field;
use crate::text::{JouleUnit, plain, significant};

/// The most sources that are told of, and the most notes of one.
const MOST: usize = 12;

/// Energy of the cells, or why there is none.
pub(crate) fn energy(record: &Record, cells: &[Linked<'_>]) -> Section {
    let measured: Vec<(&Linked<'_>, &Energy)> = cells
        .iter()
        .filter_map(|linked| Some((linked, linked.1.energy.as_ref()?)))
        .collect();
    let mut section = Section {
        anchor: "energy",
        title: "Energy",
        ..Section::default()
    };
    if measured.is_empty() {
        section.sentences = vec![none(record)];
        return section;
    }
    section.sentences = source_lines(record);
    for source in sources(record) {
        let notes = source.notes.iter().take(MOST);
        section
            .sentences
            .extend(notes.map(|note| format!("{}: {}.", plain(&source.name), plain(note))));
    }
    section.sentences.push(
        "Per inference, the mean of the windows that count. Gross holds what the machine draws idle, net does not. \
         [ ]: 95 % interval over the windows. ±: combined standard uncertainty, of the windows' spread, the drift of the \
         idle power and the source's accuracy, whose errors under load and idle are taken to be independent."
            .to_owned(),
    );
    // What is net of idle may come to nothing, which no unit is chosen for.
    let gross = measured.iter().filter_map(|(_, energy)| Some(energy.gross_j?.value_j));
    let values = gross.filter(|value| value.is_finite());
    let unit = JouleUnit::for_smallest(values);
    let delays = measured.iter().filter_map(|(_, energy)| energy.delay_product_js);
    let delay = JouleUnit::for_smallest(delays.filter(|product| product.is_finite()));
    let symbol = unit.symbol("J");
    let headers = [
        (&*format!("gross ({symbol})"), true),
        (&*format!("± ({symbol})"), true),
        (&*format!("net ({symbol})"), true),
        (&*format!("± ({symbol})"), true),
        (&*format!("gross × duration ({}·s)", delay.symbol("J")), true),
        ("windows", true),
        ("idle power (W)", true),
        ("source", false),
        ("remarks", false),
    ];
    let rows = measured
        .iter()
        .map(|(linked, energy)| row(linked, fields(energy, unit, delay)))
        .collect();
    section.parts = vec![Part {
        table: Some(table("Energy of one inference", "cells", &headers, rows)),
        ..Part::default()
    }];
    section
}

fn fields(energy: &Energy, unit: JouleUnit, delay: JouleUnit) -> Vec<Field> {
    let estimate = |estimate: Option<EnergyEstimate>| {
        let interval = estimate.and_then(|estimate| estimate.interval_j);
        let interval = interval.filter(|interval| interval.low <= interval.high);
        [
            number(estimate.map(|estimate| estimate.value_j), |value| match interval {
                Some(ends) => format!(
                    "{} [{}, {}]",
                    unit.show(value),
                    unit.show(ends.low),
                    unit.show(ends.high)
                ),
                None => unit.show(value),
            }),
            number(estimate.map(|estimate| estimate.uncertainty_j), |value| {
                unit.show(value)
            }),
        ]
    };
    let counting = energy.windows.iter().filter(|window| window.invalid.is_empty()).count();
    let idle = || {
        let powers = energy
            .windows
            .iter()
            .flat_map(|window| [window.idle_before_w, window.idle_after_w]);
        // No machine that idles draws nothing, and 0 has no sign.
        powers.flatten().filter(|power| power.is_finite() && *power > 0.0)
    };
    let (low, high) = (idle().reduce(f64::min), idle().reduce(f64::max));
    let idle = match (low.map(significant), high.map(significant)) {
        (Some(low), Some(high)) if low == high => low,
        (Some(low), Some(high)) => format!("{low} to {high}"),
        _ => ABSENT.to_owned(),
    };
    let remarks: Vec<String> = energy.remarks.iter().map(|remark| plain(remark)).collect();
    let mut fields = Vec::from(estimate(energy.gross_j));
    fields.extend(estimate(energy.net_j));
    fields.extend([
        number(energy.delay_product_js, |product| delay.show(product)),
        Field::number(format!("{counting} of {}", energy.windows.len()), Some(counting as f64)),
        Field::number(idle, low),
        Field::text(plain(&energy.source.name)),
        Field::text(remarks.join("; ")),
    ]);
    fields
}

/// The sources of the cells' energy, each once, in the order of the cells.
fn sources(record: &Record) -> Vec<&EnergySource> {
    let mut sources: Vec<&EnergySource> = Vec::new();
    for energy in record.cells.iter().filter_map(|cell| cell.energy.as_ref()) {
        if sources.len() < MOST && !sources.contains(&&energy.source) {
            sources.push(&energy.source);
        }
    }
    sources
}

/// One line for each source that told a cell's energy: tier, scope, what is read, how exactly.
pub(crate) fn source_lines(record: &Record) -> Vec<String> {
    sources(record).into_iter().map(source_line).collect()
}

fn source_line(source: &EnergySource) -> String {
    let domains: Vec<String> = source.domains.iter().map(|domain| plain(domain)).collect();
    let read = match domains.join(", ") {
        domains if domains.is_empty() => String::new(),
        domains => format!(", read from {domains}"),
    };
    let finite = |value: f64| Some(value).filter(|value| value.is_finite() && *value > 0.0);
    // A meter speaks by itself.
    let verb = if source.name == "command" { "read" } else { "asked" };
    let rate = finite(source.sampling_hz).map(|rate| format!(", {verb} {} times a second", significant(rate)));
    let accuracy =
        finite(source.uncertainty * 100.0).map(|share| format!(", ± {} % by its own accuracy", significant(share)));
    format!(
        "Energy by {}: tier {} ({}), scope {}{read}{}, windows of {} or more{}.",
        plain(&source.name),
        source.tier.name(),
        source.tier.meaning(),
        plain(&source.scope),
        rate.unwrap_or_default(),
        source.min_window_ns,
        accuracy.unwrap_or_default(),
    )
}

/// Why no cell has energy, in one sentence.
fn none(record: &Record) -> String {
    let Some(EnergySources { used, present, absent }) = &record.energy_sources else {
        return "No energy was measured, and the record does not tell what could have been read.".to_owned();
    };
    let mut words = match used {
        Some(used) => format!("Energy was asked of {}, and no cell has any", plain(used)),
        None => "No energy was measured".to_owned(),
    };
    let names: Vec<String> = present
        .iter()
        .take(MOST)
        .map(|source| {
            let (name, scope) = (plain(&source.name), plain(&source.scope));
            format!("{name} ({}, {scope}) by `--energy {name}`", source.tier.name())
        })
        .collect();
    if names.is_empty() {
        words.push_str("; nothing here tells any");
    } else if used.is_none() {
        words = format!("{words}; to be had are {}", names.join(", "));
    }
    let reasons: Vec<String> = absent
        .iter()
        .take(MOST)
        .map(|source| {
            let hint = source.hint.as_ref().map(|hint| format!("; {}", plain(hint)));
            format!(
                "{} ({}{})",
                plain(&source.name),
                plain(&source.reason),
                hint.unwrap_or_default()
            )
        })
        .collect();
    if reasons.is_empty() {
        return format!("{words}.");
    }
    format!("{words}; absent are {}.", reasons.join(", "))
}

/// What stands in for energy, in a section of its own: it ranks, and is no energy. `None` where no cell has any.
pub(crate) fn proxies(cells: &[Linked<'_>]) -> Option<Section> {
    let of = |cell: &Cell| {
        let proxies = cell.proxies.clone().unwrap_or_default();
        [("processor", proxies.processor), ("operations", proxies.operations)]
    };
    let figures = cells
        .iter()
        .flat_map(|linked| of(linked.1))
        .filter_map(|(_, proxy)| proxy);
    // One unit for the column, so that its numbers can be compared as they stand.
    let unit = JouleUnit::for_smallest(figures.map(|proxy| proxy.per_inference_proxy_j));
    let rows = cells
        .iter()
        .flat_map(|linked| {
            let kinds = of(linked.1).into_iter();
            kinds.filter_map(move |(kind, proxy)| Some(row(linked, proxy_fields(kind, &proxy?, unit))))
        })
        .collect::<Vec<_>>();
    if rows.is_empty() {
        return None;
    }
    let per_inference = format!("per inference ({})", unit.symbol("proxy-J"));
    let headers = [
        ("proxy", false),
        (per_inference.as_str(), true),
        ("± (%)", true),
        ("tier", false),
        ("formula", false),
    ];
    Some(Section {
        anchor: "proxies",
        title: "Proxies of energy",
        sentences: vec![
            "A proxy ranks the cells of one machine, and is not energy: its unit is the proxy joule. Tier E3: calibrated \
             on this machine, with the calibration's error; E4: not calibrated."
                .to_owned(),
        ],
        parts: vec![Part {
            table: Some(table("Proxies of energy", "proxies", &headers, rows)),
            ..Part::default()
        }],
    })
}

fn proxy_fields(kind: &str, proxy: &EnergyProxy, unit: JouleUnit) -> Vec<Field> {
    vec![
        Field::text(kind),
        number(Some(proxy.per_inference_proxy_j), |joules| unit.show(joules)),
        number(Some(proxy.uncertainty * 100.0), significant),
        Field::text(proxy.tier.name()),
        Field::text(plain(&proxy.formula)),
    ]
}
