//! The page of a profile: what it says against what is known of the record, and that nothing in a record breaks it.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

#[expect(dead_code, reason = "what is shared is not used by every test")]
mod hostile;
#[expect(dead_code, reason = "what is shared is not used by every test")]
#[path = "profile/made.rs"]
mod made;
#[path = "profile_page/names.rs"]
mod names;

use std::collections::BTreeSet;

use edgebench_api::{ComputeKind, Nanos};
use edgebench_record::{
    CellId, Operator, OperatorRole, Outcome, OutcomeKind, ProfileRecord, ProfiledCell, TensorComparison,
    TensorDifference,
};
use edgebench_reports::html::Templates;
use edgebench_reports::profile::profile_page;
use made::{STEADY, cell, in_processes, operator, other, product, quantise, record, wired};

fn page(record: &ProfileRecord) -> String {
    profile_page(record, &Templates::built_in().unwrap()).unwrap()
}

/// Two products, a layout operator, an activation: 1 ms, and a tenth more in no operator.
fn fp32() -> ProfiledCell {
    let layout = operator("/net/reorder", "Reorder", OperatorRole::Layout, 50_000.0, &[]);
    let operators = vec![
        wired(
            product("/net/a/conv1", 600_000.0, ComputeKind::F32, &[("conv1", "Conv")]),
            &["x"],
            &["y"],
        ),
        layout,
        product(
            "/net/b/conv2",
            300_000.0,
            ComputeKind::F32,
            &[("conv2", "Conv"), ("relu2", "Relu")],
        ),
        other("/net/softmax", "Softmax", 50_000.0),
    ];
    cell("fp32", "ort", operators, 100_000.0)
}

/// The same with a fifth of its time in changes of the number format.
fn int8() -> ProfiledCell {
    let operators = vec![
        quantise("/net/q", "QuantizeLinear", 300_000.0),
        product("/net/a/conv1", 900_000.0, ComputeKind::Int8, &[("conv1", "Conv")]),
        product(
            "/net/b/conv2",
            300_000.0,
            ComputeKind::Int8,
            &[("conv2", "Conv"), ("relu2", "Relu")],
        ),
        other("/net/softmax", "Softmax", 50_000.0),
    ];
    let mut cell = cell("int8-static", "ort", operators, 100_000.0);
    cell.tensors = Some(tensors(&[Some(50.0), None, Some(8.0), Some(30.0)]));
    cell
}

/// Tensors of these ratios in decibels; below 20 dB they differ, and without one they are equal.
fn tensors(decibels: &[Option<f64>]) -> TensorComparison {
    let tensor = |(place, db): (usize, &Option<f64>)| TensorDifference {
        tensor: format!("t{place}"),
        node: format!("node{place}"),
        op: "Conv".to_owned(),
        sqnr_db: *db,
        cosine: Some(0.99),
        max_abs: Some(0.5),
        relative_rms: db.map_or(Some(0.0), |db| Some(10_f64.powf(-db / 20.0))),
        differs: db.is_some_and(|db| db < 20.0),
    };
    TensorComparison {
        reference: fp32().id,
        samples: 8,
        tolerance: 0.1,
        tensors: decibels.iter().enumerate().map(tensor).collect(),
        left_out: vec!["t9: its shapes differ".to_owned()],
    }
}

fn failed() -> ProfiledCell {
    let mut failed = cell("int4", "ort", Vec::new(), 1.0);
    failed.profile = None;
    failed.outcome = Outcome::of(OutcomeKind::Unsupported, "no kernel for int4");
    failed
}

fn whole() -> ProfileRecord {
    record(vec![fp32(), int8(), failed()])
}

fn has(page: &str, words: &str) {
    assert!(page.contains(words), "`{words}` is not on the page");
}

/// The SVG elements of a page.
fn pictures(page: &str) -> Vec<&str> {
    let begins = page.match_indices("<svg").map(|(begin, _)| begin);
    begins
        .map(|begin| {
            let end = page[begin..].find("</svg>").unwrap();
            &page[begin..begin + end + "</svg>".len()]
        })
        .collect()
}

/// Words and figures within the picture, no element that does anything, no figure that is none.
fn check(svg: &str) {
    let document = roxmltree::Document::parse(svg).unwrap();
    let root = document.root_element();
    let view: Vec<f64> = root
        .attribute("viewBox")
        .unwrap()
        .split(' ')
        .map(|one| one.parse().unwrap())
        .collect();
    let names = [
        "svg", "g", "title", "desc", "text", "rect", "polyline", "polygon", "circle", "line",
    ];
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(names.contains(&node.tag_name().name()), "{:?}", node.tag_name());
        for attribute in node
            .attributes()
            .filter(|one| !one.name().starts_with("aria") && one.name() != "id")
        {
            let value = attribute.value();
            assert!(!attribute.name().starts_with("on") && attribute.name() != "href");
            assert!(!value.contains("NaN") && !value.contains("inf"), "{value}");
        }
        let number = |name: &str| node.attribute(name).map(|value| value.parse::<f64>().unwrap());
        if let (Some(x), Some(y)) = (number("x"), number("y")) {
            let (wide, high) = (number("width").unwrap_or(0.0), number("height").unwrap_or(0.0));
            let inside = x >= -0.1 && y >= 0.0 && x + wide <= view[2] + 0.1 && y + high <= view[3];
            assert!(inside, "{:?} {x} {y} {wide} {high}", node.tag_name());
        }
    }
}

#[test]
fn a_cell_is_told_with_its_figures() {
    let page = page(&whole());
    // 1.1 ms profiled, of which 0.1 ms is in no operator.
    for words in [
        "Times of profiled inferences, which are not latencies",
        "<td class=\"number\" data-key=\"1100000\">1.1 ms</td>",
        // As a number: words would sort a minus away.
        "<td class=\"number\" data-key=\"0.04\">4.0 % to 6.0 %</td>",
        ">90.9 %<",
        "A typical profiled inference takes 1.1 ms: products 81.8 %, other operators 4.5 %, layout 4.5 %, unattributed 9.1 %.",
        "The longest operator is Conv /net/a/conv1 (600 µs, 54.5 %).",
        "unsupported: no kernel for int4",
        "Only 90.9 % of the time is in operators, less than 95 %.",
    ] {
        has(&page, words);
    }
    // 300 µs of 1.65 ms.
    has(
        &page,
        "Changes of the number format take 18.2 % (bad: 15 % or more is most likely a fault).",
    );
    assert!(!page.contains("NaN") && !page.contains("-0 ns"));
}

#[test]
fn the_way_between_operators_is_told_apart() {
    let mut cell = fp32();
    cell.profile.as_mut().unwrap().between_ns = 88_000.0;
    let page = self::page(&record(vec![cell]));
    has(&page, "between operators 8.0 %, unattributed 1.1 %.");
    assert!(!self::page(&whole()).contains("between operators"));
}

#[test]
fn widths_are_times() {
    let page = page(&record(vec![fp32()]));
    let icicle = pictures(&page)[0];
    let document = roxmltree::Document::parse(icicle).unwrap();
    let wide = |words: &str| -> f64 {
        let titled = |node: &roxmltree::Node<'_, '_>| {
            let title = node
                .children()
                .find(|child| child.has_tag_name(("http://www.w3.org/2000/svg", "title")));
            title
                .and_then(|title| title.text().map(|text| text.starts_with(words)))
                .unwrap_or(false)
        };
        let area = document
            .descendants()
            .filter(|node| node.tag_name().name() == "g")
            .find(titled);
        let area = area.unwrap_or_else(|| panic!("no {words}"));
        let rect = area.children().find(|child| child.tag_name().name() == "rect").unwrap();
        rect.attribute("width").unwrap().parse().unwrap()
    };
    let expected = |ns: f64| ns / 1_100_000.0 * 760.0;
    for (words, ns) in [
        ("products: 900 µs", 900_000.0),
        ("Conv: 900 µs", 900_000.0),
        ("Conv /net/a/conv1: 600 µs", 600_000.0),
        ("Conv /net/b/conv2: 300 µs", 300_000.0),
        ("layout: 50 µs", 50_000.0),
        ("unattributed: 100 µs", 100_000.0),
    ] {
        assert!((wide(words) - expected(ns)).abs() < 0.1, "{words}: {}", wide(words));
    }
    // The path that both share has no room.
    assert!(icicle.contains(">a/conv1</text>") && icicle.contains(">b/conv2</text>"));
}

#[test]
fn differences_are_explained() {
    let page = page(&whole());
    for words in [
        "int8-static is 550 µs slower than fp32 on ort",
        "300 µs in 1 QuantizeLinear",
        "int8-static less fp32, by segment",
        "+550 µs",
    ] {
        has(&page, words);
    }
    assert!(!self::page(&record(vec![fp32()])).contains("Why one is slower"));
}

/// Faster without the profiler and slower with it: neither a cause nor a bar says otherwise.
#[test]
fn a_difference_that_the_profiler_hides_is_not_turned_round() {
    let mut odd = int8();
    odd.profile.as_mut().unwrap().unprofiled_p50_ns = 500_000.0;
    in_processes(&mut odd, &STEADY);
    let page = page(&record(vec![fp32(), odd]));
    for words in [
        "hidden by the profiler",
        "digits&#x2f;fp32&#x2f;ort&#x2f;t1&#x2f;b1: −548 µs without the profiler</summary>",
        "int8-static is 548 µs faster than fp32 on ort without the profiler and 550 µs slower with it",
    ] {
        has(&page, words);
    }
    for words in [
        "beyond the noise",
        "What the difference comes from",
        "int8-static less fp32, by segment",
    ] {
        assert!(!page.contains(words), "{words}");
    }
}

/// Each variant against the baseline before one model on two runtimes, whatever these differ by, and the largest share of
/// the time first, whatever that is in milliseconds.
#[test]
fn what_most_people_ask_is_first() {
    let of = |task: &str, variant: &str, backend: &str, ns: f64| {
        let mut cell = cell(variant, backend, vec![other("a", "Add", ns)], 0.0);
        cell.id.task = task.to_owned();
        cell
    };
    let mut cells = vec![
        of("large", "fp32", "ort", 1e6),
        of("large", "int8", "ort", 1.1e6),
        of("large", "fp32", "tract", 9e6),
        of("small", "fp32", "ort", 1e4),
        of("small", "int8", "ort", 1.5e4),
        of("small", "fp32", "tract", 1.1e4),
    ];
    // Many more variants do not keep the runtimes out.
    cells.extend((0..9).map(|n| of("large", &format!("v{n}"), "ort", 1.01e6)));
    let page = page(&record(cells));
    let summaries: Vec<&str> = page
        .split("id=\"difference-")
        .skip(1)
        .map(|rest| {
            rest.split_once("<summary>")
                .unwrap()
                .1
                .split_once("</summary>")
                .unwrap()
                .0
        })
        .collect();
    let begins = |at: usize, words: &str| {
        let words = words.replace('/', "&#x2f;");
        assert!(summaries[at].starts_with(&words), "{at}: {}", summaries[at]);
    };
    begins(0, "small/int8/ort/t1/b1 against small/fp32/ort/t1/b1: +");
    begins(1, "large/int8/ort");
    begins(2, "large/v0/ort");
    begins(6, "large/fp32/tract/t1/b1 against large/fp32/ort");
    begins(7, "small/fp32/tract");
    assert_eq!(summaries.len(), 8);
    has(&page, "Of the 13 pairs 8 are shown in full.");
}

#[test]
fn operators_are_under_their_roofs() {
    let page = page(&whole());
    has(&page, "f32 20 GMAC/s (AVX2)");
    has(&page, "L2 50 GB/s");
    // A million multiply-accumulates at 20 G/s are 50 µs, of 600.
    has(&page, "8.3 %");
    has(&page, "Not drawn: 2: what it reads and writes is not known.");
    let mut without = record(vec![fp32()]);
    without.peaks.clear();
    let without = self::page(&without);
    assert!(!without.contains("under the machine&#x27;s roofs</figcaption>"));
    has(&without, "No roofline:");
}

#[test]
fn the_first_tensor_that_differs_is_named() {
    let page = page(&whole());
    has(
        &page,
        "The first tensor that differs from that of digits&#x2f;fp32&#x2f;ort&#x2f;t1&#x2f;b1, in the order of the graph, is t2, \
         written by Conv node2 (SQNR 8.0 dB, relative difference 0.398). Over 8 samples, 1 of 4 tensors differ by more than a \
         relative 0.100; 1 was not compared.",
    );
    has(&page, "t9: its shapes differ");
    has(&page, "first to differ: t2");
    let mut agreeing = whole();
    agreeing.cells[1].tensors = Some(tensors(&[Some(40.0), None]));
    has(&self::page(&agreeing), "None of 2 inner tensors differs");
    has(
        &self::page(&agreeing),
        "relative 0.100, over 8 samples; 1 was not compared.",
    );
    agreeing.cells[1].tensors = Some(tensors(&[]));
    has(&self::page(&agreeing), "No inner tensor could be compared");
}

#[test]
fn pictures_hold_what_is_in_them() {
    let page = page(&whole());
    let pictures = pictures(&page);
    // One icicle and one roofline a cell, the tensors of one, one difference.
    assert_eq!(pictures.len(), 6);
    pictures.into_iter().for_each(check);
    let mut ids: Vec<&str> = page
        .split(" id=\"")
        .skip(1)
        .map(|rest| rest.split('"').next().unwrap())
        .collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all, "ids are unique");
}

#[test]
fn many_operators_make_no_huge_page() {
    let many = |variant: &str| {
        let one = |n: usize| Operator {
            sources: vec!["/a/path/to/a/node".to_owned(); 200],
            ..product(
                &format!("/net/{n}/{}", "x".repeat(300)),
                (n + 1) as f64 * 1000.0,
                ComputeKind::F32,
                &[],
            )
        };
        let mut cell = cell(variant, "ort", (0..2000).map(one).collect(), 1.0);
        cell.tensors = Some(tensors(&vec![Some(30.0); 2000]));
        cell
    };
    let record = record(vec![many("fp32"), many("int8"), many("fp16")]);
    let page = page(&record);
    assert!(page.len() < 4_000_000, "{}", page.len());
    has(&page, "The 400 longest of 2000 operators");
    has(&page, "The table holds 250 of them");
    has(&page, "have an area of their own");
    pictures(&page).into_iter().for_each(check);
    let mut cells = self::record(
        (0..500)
            .map(|n| cell(&format!("v{n}"), "ort", vec![other("a", "Add", 1000.0)], 1.0))
            .collect(),
    );
    cells.cells[0].baseline = true;
    let page = self::page(&cells);
    has(&page, "Of 500 cells the first 400 are listed.");
    has(&page, "Of 400 profiled cells the first 40 are shown in full");
    has(&page, "Compared are the first 200 of 499 pairs of cells.");
    assert!(page.len() < 2_000_000, "{}", page.len());
}

/// Every payload in every string: the page has the tags that it has with harmless words.
#[test]
fn nothing_that_a_record_brings_is_markup() {
    let mut base = whole();
    base.no_peaks = Some("why".to_owned());
    base.cells[0].profile.as_mut().unwrap().remarks = vec!["remark".to_owned()];
    let base = serde_json::to_value(&base).unwrap();
    let keep = ["kind", "role", "level", "arithmetic"];
    let hostile = |text: &str| -> String {
        let mut value = base.clone();
        fill(&mut value, "", text, &keep);
        page(&serde_json::from_value(value).unwrap())
    };
    let tags = |page: &str| -> BTreeSet<String> {
        let tags = page
            .split('<')
            .skip(1)
            .filter_map(|rest| rest.split([' ', '>', '/']).next());
        tags.map(str::to_owned).collect()
    };
    let usual = tags(&hostile("harmless"));
    assert!(usual.contains("script") && !usual.contains("img"));
    for payload in hostile::payloads() {
        let page = hostile(&payload.text);
        let more: Vec<String> = tags(&page).difference(&usual).cloned().collect();
        assert!(
            more.is_empty() && page.matches("<script").count() == 1,
            "{}: {more:?}",
            payload.name
        );
        pictures(&page).into_iter().for_each(check);
    }
}

fn fill(value: &mut serde_json::Value, name: &str, text: &str, keep: &[&str]) {
    match value {
        serde_json::Value::String(words) if !keep.contains(&name) => text.clone_into(words),
        serde_json::Value::Array(items) => items.iter_mut().for_each(|item| fill(item, name, text, keep)),
        serde_json::Value::Object(members) => members.iter_mut().for_each(|(name, one)| fill(one, name, text, keep)),
        _ => {}
    }
}

#[test]
fn no_number_breaks_the_page() {
    let numbers = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -1.0,
        1e-300,
        1e300,
        f64::MAX,
    ];
    for number in numbers {
        let mut record = whole();
        for cell in &mut record.cells {
            if let Some(profile) = &mut cell.profile {
                profile.wall_ns = number;
                profile.attributed = number;
                profile.overhead = number;
                profile.unprofiled_p50_ns = number;
                profile.resolution_ns = Nanos(u64::MAX);
                let first = &mut profile.operators[0];
                (first.mean_ns, first.median_ns, first.p90_ns, first.calls) = (number, number, number, number);
                first.macs = Some(u64::MAX);
                first.bytes_read = Some(u64::MAX);
            }
            for tensor in cell.tensors.iter_mut().flat_map(|comparison| &mut comparison.tensors) {
                tensor.sqnr_db = Some(number);
                tensor.relative_rms = Some(number);
                tensor.max_abs = Some(number);
                tensor.cosine = Some(number);
            }
        }
        record.peaks[0].compute[0].macs_per_s = number;
        record.peaks[0].bandwidth[0].read_bytes_per_s = number;
        let page = page(&record);
        assert!(!page.contains(">NaN") && !page.contains(">inf<"), "{number}");
        pictures(&page).into_iter().for_each(check);
        // All figures of operators are such ones.
        for cell in &mut record.cells {
            for operator in cell.profile.iter_mut().flat_map(|profile| &mut profile.operators) {
                operator.mean_ns = number;
            }
        }
        pictures(&self::page(&record)).into_iter().for_each(check);
    }
    let empty = ProfileRecord {
        cells: Vec::new(),
        ..whole()
    };
    has(&page(&empty), "No cell was profiled.");
    let bare = ProfiledCell {
        id: CellId {
            variant: String::new(),
            ..fp32().id
        },
        ..cell("fp32", "ort", Vec::new(), 0.0)
    };
    page(&record(vec![bare.clone(), bare]));
}

#[test]
fn the_same_record_gives_the_same_page() {
    assert_eq!(page(&whole()), page(&whole()));
}
