//! Records from strangers: a payload in every string, and nothing active in what is written.
//!
//! What HTML makes of them is tested in a browser.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod hostile;

use std::collections::BTreeMap;

use comrak::nodes::NodeValue;
use comrak::{Arena, Options, parse_document};
use edgebench_record::{Cell, Record};
use edgebench_reports::compare::{
    CompareOptions, DEFAULT_METRICS, compare, comparison_csv, comparison_markdown, comparison_table,
};
use edgebench_reports::export::otava;
use edgebench_reports::format::{CELL_COLUMNS, FormatOptions, SAMPLE_COLUMNS, format, samples_csv};
use edgebench_reports::gate::COMMENT_LIMIT;
use edgebench_reports::policy::named;
use edgebench_reports::{escaped, literal, plain};
use hostile::{golden, payloads, places};

/// For each payload its name, its text, and a record that has it everywhere.
fn each(check: impl Fn(&str, &str, &Record)) {
    let base = golden();
    let places = places(&base);
    for payload in payloads() {
        check(
            &payload.name,
            &payload.text,
            &hostile::hostile(&base, &places, &payload.text),
        );
    }
}

fn written(name: &str, records: &[&Record]) -> String {
    format(name).unwrap().write(records, &FormatOptions::default()).unwrap()
}

/// The three texts that a comparison with itself is printed as.
fn compared(record: &Record) -> [String; 3] {
    let metrics = DEFAULT_METRICS.iter().map(|name| named(name).unwrap()).collect();
    let sides = [(record.id.as_str(), record), (record.plan.suite.as_str(), record)];
    let options = CompareOptions {
        metrics,
        allow_mismatch: false,
    };
    let comparison = compare(&sides, &options);
    [
        comparison_table(&comparison),
        comparison_markdown(&comparison),
        comparison_csv(&comparison).unwrap(),
    ]
}

#[test]
fn a_payload_stands_in_every_string_but_those_of_a_few_words() {
    let places = places(&golden());
    let (names, words): (Vec<&String>, Vec<&String>) = places.refused.iter().partition(|place| place.ends_with("{}"));
    assert_eq!(
        words,
        [
            "cells[].energy.source.tier",
            "cells[].memory_limit.by",
            "cells[].outcome.kind",
            "cells[].outputs.verdict",
            "cells[].proxies.operations.tier",
            "cells[].proxies.processor.tier",
            "cells[].scenarios[].failure.kind",
            "cells[].scenarios[].kind",
            "cells[].scenarios[].verdict",
            "energy_sources.present[].tier",
            "host.caches[].kind",
            "host.class.class",
            "host.class.reasons[].limits_to",
            "host.class.reasons[].raises_to",
            "plan.mode",
            "plan.scenarios.kinds[]",
        ]
    );
    let maps: Vec<&String> = places.taken.iter().filter(|place| place.ends_with("{}")).collect();
    assert_eq!(
        maps,
        [
            "cells[].effective{}",
            "cells[].id.settings.options{}",
            "cells[].model.macs_by_dtype{}",
            "cells[].model.operators{}",
            "cells[].runtime.facts{}"
        ]
    );
    assert!(
        names.len() > 20 && places.taken.len() > 50,
        "{} {}",
        names.len(),
        places.taken.len()
    );
    each(|name, text, record| {
        assert_eq!(record.cells[0].id.variant, text, "{name}");
        assert!(record.cells[0].effective.contains_key(text), "{name}");
        assert_eq!(record.host.warnings[0].hint, text, "{name}");
        let cell = &record.cells[0];
        assert_eq!(cell.energy.as_ref().unwrap().remarks, [text], "{name}");
        assert_eq!(cell.scenarios[1].reasons, [text], "{name}");
        assert_eq!(cell.memory_limit.as_ref().unwrap().why, text, "{name}");
    });
}

#[test]
fn the_corpus_is_large_and_each_payload_has_its_name() {
    let payloads = payloads();
    let mut names: Vec<&str> = payloads.iter().map(|payload| payload.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert!(
        payloads.len() >= 60 && names.len() == payloads.len(),
        "{}",
        payloads.len()
    );
}

/// Whether a terminal obeys it, or a reader does not see it.
fn is_active(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[test]
fn nothing_that_a_terminal_obeys_is_printed() {
    each(|name, _, record| {
        let [table, markdown, csv] = compared(record);
        let mut texts = vec![table, markdown, csv, samples_csv(record).unwrap()];
        texts.extend(["table", "markdown", "brief", "csv"].map(|format| written(format, &[record, record])));
        for text in texts {
            assert!(!text.contains(is_active), "{name}: {text}");
            let marks = text.chars().collect::<Vec<char>>();
            let heaped = |run: &[char]| run.iter().all(|c| ('\u{300}'..='\u{36f}').contains(c));
            assert!(!marks.windows(5).any(heaped), "{name}: {text}");
        }
    });
}

#[test]
fn json_holds_nothing_that_a_terminal_obeys() {
    each(|name, _, record| {
        for text in ["json", "jsonl"].map(|format| written(format, &[record, record])) {
            assert!(!text.contains(is_active), "{name}: {text}");
        }
    });
}

#[test]
fn plain_text_stays_as_it_is() {
    for payload in payloads() {
        let once = plain(&payload.text);
        assert_eq!(plain(&once), once, "{}", payload.name);
    }
}

const NUMBERS: [&str; 49] = [
    "energy_j",
    "energy_low_j",
    "energy_high_j",
    "energy_uncertainty_j",
    "energy_net_j",
    "energy_net_low_j",
    "energy_net_high_j",
    "energy_net_uncertainty_j",
    "processor_proxy_j",
    "operations_proxy_j",
    "bytes_moved",
    "memory_bound_bytes",
    "memory_overhead_ratio",
    "uss_steady_bytes",
    "pss_steady_bytes",
    "memory_limit_bytes",
    "threads",
    "load_ns",
    "first_ns",
    "p50_ns",
    "p90_ns",
    "p99_ns",
    "rss_peak_bytes",
    "model_bytes",
    "metric_value",
    "metric_delta",
    "flips",
    "batch",
    "sqnr_db",
    "max_abs_difference",
    "p50_low_ns",
    "p50_high_ns",
    "n",
    "invocations",
    "min_ns",
    "mean_ns",
    "mad_ns",
    "max_ns",
    "p95_ns",
    "throughput_per_s",
    "cpu_per_inference_ns",
    "library_open_ns",
    "rss_above_baseline_bytes",
    "parameters",
    "zero_parameters",
    "macs",
    "metric_low",
    "metric_high",
    "metric_samples",
];
const OTHER_NUMBERS: [&str; 12] = [
    "delta_low",
    "delta_high",
    "mcnemar_p",
    "answer_changes",
    "invocation",
    "index",
    "ns",
    "value",
    "low",
    "high",
    "change_low",
    "change_high",
];

/// Whether a spreadsheet may take it for a formula.
fn is_formula(field: &str) -> bool {
    let inner = field.trim_start_matches(|c: char| c.is_whitespace() || c == '"');
    inner.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// No text field is a formula, and every field of numbers is a number.
fn check_csv(name: &str, text: &str) {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = reader.headers().unwrap().clone();
    for row in reader.records() {
        let row = row.unwrap();
        assert_eq!(row.len(), headers.len(), "{name}");
        for (header, field) in headers.iter().zip(&row) {
            if NUMBERS.contains(&header) || OTHER_NUMBERS.contains(&header) || header == "change_estimate" {
                assert!(
                    field.is_empty() || field.parse::<f64>().is_ok(),
                    "{name}: {header}: {field}"
                );
            } else {
                assert!(!is_formula(field), "{name}: {header}: {field}");
            }
            assert!(!field.contains(['\n', '\r']), "{name}: {header}: {field}");
        }
    }
    // As where a semicolon parts fields, and a comma is a decimal point.
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b';')
        .flexible(true)
        .from_reader(text.as_bytes());
    for row in reader.records() {
        for field in row.unwrap().iter().skip(1) {
            assert!(!is_formula(field), "{name}: after a semicolon: {field}");
        }
    }
}

#[test]
fn no_text_field_of_a_csv_is_a_formula() {
    each(|name, _, record| {
        let cells = written("csv", &[record, record]);
        assert_eq!(cells.lines().count(), 1 + 2 * record.cells.len(), "{name}");
        assert_eq!(cells.lines().next().unwrap(), CELL_COLUMNS.join(","));
        let samples = samples_csv(record).unwrap();
        assert_eq!(samples.lines().next().unwrap(), SAMPLE_COLUMNS.join(","));
        let [_, _, comparison] = compared(record);
        for text in [cells, samples, comparison] {
            check_csv(name, &text);
        }
        for file in otava(record, Some(&record.id)).unwrap() {
            let mut reader = csv::ReaderBuilder::new()
                .has_headers(false)
                .from_reader(file.row.as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            assert!(!is_formula(&row[0]) && !is_formula(&row[1]), "{name}: {row:?}");
            assert!(
                row.iter()
                    .skip(2)
                    .all(|field| field.is_empty() || field.parse::<f64>().is_ok()),
                "{name}"
            );
        }
    });
}

/// Parts pieces of text, which GitHub looks for references in one by one. No payload has it.
const TAG: char = '\u{1}';

/// GitHub's Markdown with what it links and draws unasked.
fn github() -> Options<'static> {
    let mut options = Options::default();
    let on = &mut options.extension;
    on.strikethrough = true;
    on.table = true;
    on.autolink = true;
    on.tasklist = true;
    on.footnotes = true;
    on.alerts = true;
    on.math_dollars = true;
    on.math_code = true;
    on.shortcodes = true;
    options.parse.relaxed_autolinks = true;
    options
}

/// Sorts of nodes by name with how many there are, and the text. The tags that keep marks from being more than text are
/// no nodes, and stand as [`TAG`] in the text.
fn parsed(markdown: &str) -> (BTreeMap<String, usize>, String) {
    let arena = Arena::new();
    let (mut sorts, mut text) = (BTreeMap::new(), String::new());
    for node in parse_document(&arena, markdown, &github()).descendants() {
        let data = node.data();
        if data.value.block() && !text.is_empty() {
            text.push('\n');
        }
        let sort = match &data.value {
            NodeValue::Text(part) => {
                text.push_str(part);
                continue;
            }
            NodeValue::HtmlInline(tag) => {
                let usual = ["<span>", "</span>", "<sub>", "</sub>"].contains(&tag.as_str());
                assert!(usual, "{tag} in {markdown}");
                text.push(TAG);
                continue;
            }
            NodeValue::HtmlBlock(block) => format!("HtmlBlock {}", block.literal.len()),
            other => {
                let sort = format!("{other:?}");
                sort.split(['(', ' ']).next().unwrap_or_default().to_owned()
            }
        };
        *sorts.entry(sort).or_insert(0) += 1;
    }
    (sorts, text)
}

#[test]
fn escaped_text_is_read_back_as_it_was() {
    let alone = BTreeMap::from([("Document".to_owned(), 1), ("Paragraph".to_owned(), 1)]);
    for payload in payloads() {
        let text = plain(&payload.text);
        for marked in [escaped(&text), literal(&text)] {
            let read_back = |markdown: &str| {
                let (sorts, read) = parsed(markdown);
                (sorts, read.replace(TAG, ""))
            };
            let (sorts, read) = read_back(&marked);
            assert_eq!(read, text, "{}", payload.name);
            assert!(text.is_empty() || sorts == alone, "{}: {sorts:?}", payload.name);
            // At the start of an item, and in a table's cell.
            let (sorts, read) = read_back(&format!("- {marked}\n"));
            assert_eq!(read, text, "{}", payload.name);
            assert!(text.is_empty() || sorts.len() == 4, "{}: {sorts:?}", payload.name);
            let (sorts, read) = read_back(&format!("| a |\n| --- |\n| {marked} |\n"));
            assert_eq!(read.trim_end(), format!("a\n\n{text}").trim_end(), "{}", payload.name);
            assert_eq!(sorts.len(), 4, "{}: {sorts:?}", payload.name);
        }
    }
}

/// A payload makes nothing of Markdown that a harmless word in its place does not make.
#[test]
fn no_payload_becomes_markdown() {
    let base = golden();
    let places = places(&base);
    let harmless = hostile::hostile(&base, &places, "harmless");
    let texts = |record: &Record| {
        let [table, markdown, _] = compared(record);
        let mut texts = vec![table, markdown];
        texts.extend(["table", "markdown", "brief"].map(|format| written(format, &[record])));
        texts
    };
    let usual: Vec<_> = texts(&harmless).iter().map(|text| parsed(text).0).collect();
    each(|name, _, record| {
        for (text, usual) in texts(record).iter().zip(&usual) {
            for (sort, count) in parsed(text).0 {
                let is_marker = sort.starts_with("HtmlBlock") && text.starts_with("<!-- edgebench report");
                let most = if is_marker {
                    1
                } else {
                    usual.get(&sort).copied().unwrap_or(0)
                };
                assert!(count <= most, "{name}: {count} {sort}, {most} usual, in\n{text}");
            }
        }
    });
}

/// GitHub looks for these in each piece of text of a comment once it is parsed.
#[test]
fn no_payload_mentions_anybody_in_a_comment() {
    each(|name, _, record| {
        let (_, text) = parsed(&written("brief", &[record]));
        let chars: Vec<char> = text.chars().collect();
        let follows = |mark: char, of: fn(&char) -> bool| chars.windows(2).any(|pair| pair[0] == mark && of(&pair[1]));
        assert!(!follows('@', char::is_ascii_alphanumeric), "{name}: {text}");
        assert!(!follows('#', char::is_ascii_digit), "{name}: {text}");
        assert!(
            !text.contains("GH-") && !text.contains("://") && !text.contains("www."),
            "{name}: {text}"
        );
        assert!(
            !follows('$', |c| *c != TAG) && !text.contains(":smile:"),
            "{name}: {text}"
        );
        assert!(!text.contains("<code>"), "{name}: {text}");
    });
}

#[test]
fn a_comment_is_never_too_long() {
    let base = golden();
    let places = places(&base);
    // Both ends of the corpus: every name is cut, and no name is there.
    let longest = |payload: &&hostile::Payload| payload.text.starts_with("xxxx") || payload.text.is_empty();
    for payload in payloads().iter().filter(longest) {
        let mut large = hostile::hostile(&base, &places, &payload.text);
        large.cells = large.cells.iter().cycle().take(10).cloned().collect();
        large.host.warnings = large.host.warnings.iter().cycle().take(300).cloned().collect();
        for records in [vec![&large], vec![&large; 60]] {
            let text = written("brief", &records);
            assert!(text.len() <= COMMENT_LIMIT, "{}: {}", payload.name, text.len());
            assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
            let all = records.len() == 1 && payload.text.is_empty();
            assert!(
                all || text.contains("left out for want of room"),
                "{}: {}",
                payload.name,
                text.len()
            );
        }
    }
}

#[test]
fn json_is_read_back_as_it_was() {
    each(|name, _, record| {
        let one: Record = serde_json::from_str(&written("json", &[record])).unwrap();
        assert!(one == *record, "{name}");
        let several: Vec<Record> = serde_json::from_str(&written("json", &[record, record])).unwrap();
        assert!(several == [record.clone(), record.clone()], "{name}");
        let lines = written("jsonl", &[record, record]);
        assert_eq!(lines.lines().count(), 2 * record.cells.len(), "{name}");
        for (line, cell) in lines.lines().zip(record.cells.iter().cycle()) {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["run"], record.id.as_str(), "{name}");
            let read: Cell = serde_json::from_value(line).unwrap();
            assert!(read == *cell, "{name}");
        }
    });
}
