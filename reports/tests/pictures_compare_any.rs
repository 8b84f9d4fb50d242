//! That nothing in a record breaks the pictures which hold cells, classes and devices against each other.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[expect(dead_code, reason = "what is shared is not used by every test")]
mod pictures;
#[expect(dead_code, reason = "what is shared is not used by every test")]
mod synthetic;

use edgebench_record::{CellId, Outcome, OutcomeKind, Record};
use edgebench_reports::picture::{Picture, across_devices, per_class, ranking_overlap, scaling, speed_up, trade_offs};
use edgebench_reports::site::RunEntry;
use pictures::{accurate, between, cell};
use synthetic::{Draws, labels, record};
use unicode_width::UnicodeWidthStr as _;

/// Every picture of a record, alone and beside others.
fn all(records: &[Record]) -> Vec<Picture> {
    let mut pictures = Vec::new();
    for task in &records[0].tasks {
        pictures.extend(trade_offs(&records[0], task));
        pictures.extend(speed_up(&records[0], task));
        pictures.extend(per_class(&records[0], task));
    }
    let runs: Vec<RunEntry> = records
        .iter()
        .map(|record| RunEntry::of(record, "run".to_owned(), None))
        .collect();
    let runs: Vec<&RunEntry> = runs.iter().collect();
    let mut ids: Vec<&CellId> = records[0].cells.iter().map(|cell| &cell.id).collect();
    ids.sort();
    ids.dedup();
    for task in &records[0].tasks {
        pictures.extend(ranking_overlap(&task.id, &runs));
    }
    ids.truncate(6);
    pictures.extend(ids.iter().filter_map(|id| across_devices(id, &runs)));
    ids.dedup_by_key(|id| (&id.task, &id.variant, &id.backend));
    pictures.extend(
        ids.iter()
            .filter_map(|id| scaling(&runs, &id.task, &id.variant, &id.backend)),
    );
    pictures
}

/// What must hold of any picture.
fn check(picture: &Picture) {
    let what = &picture.title;
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    assert!(
        picture.id.chars().all(known) && picture.id.starts_with(|c: char| c.is_ascii_lowercase()),
        "{what}"
    );
    for row in &picture.data.rows {
        assert_eq!(row.len(), picture.data.headers.len(), "{what}");
    }
    let document = roxmltree::Document::parse(&picture.svg).unwrap_or_else(|error| panic!("{what}: {error}"));
    let root = document.root_element();
    let view: Vec<f64> = root
        .attribute("viewBox")
        .unwrap()
        .split(' ')
        .map(|n| n.parse().unwrap())
        .collect();
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        let tag = node.tag_name().name();
        let tags = [
            "svg", "title", "desc", "text", "rect", "line", "polyline", "polygon", "circle", "path", "g",
        ];
        assert!(tags.contains(&tag), "{what}: {tag}");
        for attribute in node.attributes() {
            assert!(
                !attribute.name().starts_with("on") && attribute.name() != "href",
                "{what}"
            );
        }
        if tag == "text" {
            inside(what, &node, (view[2], view[3]));
        }
    }
}

/// That no figure is shown which is none.
fn figures_are_numbers(picture: &Picture) {
    let figures = picture.data.rows.iter().flatten().chain([&picture.description]);
    for text in figures {
        let bad = text
            .split([' ', '(', ')'])
            .any(|word| ["NaN", "inf", "-inf"].contains(&word));
        assert!(!bad, "{}: {text}", picture.title);
    }
}

/// Text within the picture, by the width that it is about.
fn inside(what: &str, node: &roxmltree::Node<'_, '_>, (width, height): (f64, f64)) {
    let number = |name: &str| -> f64 { node.attribute(name).unwrap().parse().unwrap() };
    let text = node.text().unwrap_or_default().trim();
    let size = number("font-size");
    let long = text.width() as f64 * size * 0.56;
    let (x, y) = (number("x"), number("y"));
    let before = match node.attribute("text-anchor") {
        Some("middle") => long / 2.0,
        Some("end") => long,
        _ => 0.0,
    };
    let upright = node.attribute("transform").is_none();
    let (from, end) = if upright {
        (x - before, width)
    } else {
        (y - before, height)
    };
    let to = from + long;
    assert!(
        from >= -1.0 && to <= end + 1.0,
        "{what}: {text:?} from {from} to {to} of {end}"
    );
    assert!(
        (0.0..=width).contains(&x) && (0.0..=height).contains(&y),
        "{what}: {text:?}"
    );
}

/// Records of several devices with this many variants on so many backends.
fn many(variants: usize, backends: usize, classes: usize, name: &dyn Fn(&str, usize) -> String) -> Vec<Record> {
    let truth = labels(classes * 10, classes);
    let mut draws = Draws::seeded(7);
    let device = |number: usize, draws: &mut Draws| {
        let mut cells = Vec::new();
        for (variant, backend) in (0..variants).flat_map(|variant| (0..backends).map(move |backend| (variant, backend)))
        {
            let middle = 1000.0 * (1.0 + draws.share() * 50.0) * (number + 1) as f64;
            let medians: Vec<u64> = (0..3).map(|_| (middle * (1.0 + draws.share() * 0.1)) as u64).collect();
            let mut cell = cell(&name("variant", variant), &name("backend", backend), &medians);
            cell.id.task = name("task", 0);
            cell.accuracy.as_mut().unwrap().answers = Some(edgebench_record::Answers {
                indices: None,
                classes: synthetic::answers(&truth, classes, 0.2, draws),
                scores: Vec::new(),
            });
            cell.id.settings.threads = 1 + variant % 2;
            cells.push(match (variant + backend) % 7 {
                5 => {
                    let mut cell = cell;
                    cell.outcome = Outcome::of(OutcomeKind::OutOfMemory, name("reason", 1));
                    cell
                }
                _ => accurate(cell, 0.5 + draws.share() / 2.1),
            });
        }
        let mut record = record(cells, truth.clone());
        record.host.name = Some(name("device", number));
        record.tasks[0].id = name("task", 0);
        record.tasks[0].baseline = name("variant", 0);
        record
    };
    (0..15).map(|number| device(number, &mut draws)).collect()
}

fn numbered(what: &str, number: usize) -> String {
    format!("{what} {number}")
}

#[test]
fn from_one_to_sixty_cells_and_forty_classes_all_text_is_inside() {
    for (variants, backends, classes) in [(1, 1, 1), (2, 1, 1), (12, 5, 40), (60, 1, 3), (2, 30, 2)] {
        let records = many(variants, backends, classes, &numbered);
        let pictures = all(&records);
        assert!(variants == 1 || pictures.len() > 3, "{variants} × {backends}");
        pictures.iter().for_each(check);
        let mut ids: Vec<&str> = pictures.iter().map(|picture| picture.id.as_str()).collect();
        ids.sort_unstable();
        let all_ids = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), all_ids, "no id twice");
    }
}

#[test]
fn the_same_records_give_the_same_pictures() {
    let records = many(6, 3, 5, &numbered);
    assert_eq!(all(&records), all(&records.clone()));
}

#[test]
fn no_name_breaks_a_picture() {
    let corpus: Vec<serde_json::Value> = serde_json::from_str(include_str!("payloads.json")).unwrap();
    let mut texts: Vec<String> = corpus
        .iter()
        .map(|payload| payload["text"].as_str().unwrap().to_owned())
        .collect();
    texts.extend([
        String::new(),
        "\u{4e00}".repeat(300),
        "a-b ".repeat(100),
        "]]>\u{0}\u{b}\u{fffe}&amp;".to_owned(),
    ]);
    assert!(texts.len() > 50);
    for text in texts {
        let hostile = |_: &str, number: usize| format!("{text}{}", ["", "a", "b", "c", "d", "e"][number % 6]);
        all(&many(4, 2, 2, &hostile)).iter().for_each(check);
    }
}

#[test]
fn no_number_breaks_a_picture() {
    let odd = [
        0.0,
        -1.0,
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        1e300,
        1e-300,
        f64::MAX,
    ];
    for (index, &value) in odd.iter().enumerate() {
        let mut records = many(6, 2, 3, &numbered);
        for cell in records
            .iter_mut()
            .flat_map(|record| record.cells.iter_mut().step_by(2 + index % 3))
        {
            if let Some(summary) = &mut cell.summary {
                summary.latency.p50_ns = value;
                summary.latency.p50_interval_ns = Some(between(value, odd[(index + 3) % odd.len()]));
                summary.throughput_per_s = value;
                summary.rss_peak_bytes = Some(edgebench_api::Bytes(u64::MAX));
            }
            if let Some(accuracy) = &mut cell.accuracy {
                accuracy.value = value;
                accuracy.interval = Some(between(value, 1.0));
            }
            for invocation in &mut cell.invocations {
                invocation.samples_ns = vec![0, u64::MAX];
            }
        }
        records[0].tasks[0]
            .labels
            .iter_mut()
            .step_by(3)
            .for_each(|label| *label = i64::MIN);
        records[0].cells[1].id.settings.threads = usize::MAX;
        records[0].cells[2].id.settings.batch = 0;
        let pictures = all(&records);
        pictures.iter().for_each(check);
        pictures.iter().for_each(figures_are_numbers);
    }
}
