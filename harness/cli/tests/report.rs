//! `report` and `recommend` through the whole binary, on records of the null backend.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Output;

use common::Folder;
use serde_json::Value;

/// Runs `a`, `b` and `c` under `runs`, of devices `one`, `two` and `two`.
fn three_runs() -> Folder {
    let folder = Folder::new();
    for (run, device) in [("a", "one"), ("b", "two"), ("c", "two")] {
        let output = folder.edgebench(&[
            "run",
            "--model",
            "m.onnx",
            "--backend",
            "null",
            "-O",
            "null.latency=50us",
            "--warmup-secs",
            "0",
            "--min-secs",
            "0.02",
            "--invocations",
            "3",
            "--device-name",
            device,
            "-o",
            &format!("runs/{run}"),
        ]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    folder
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A page's source with its slashes and quotes as they are read.
fn page_text(bytes: &[u8]) -> String {
    text(bytes).replace("&#x2f;", "/").replace("&#x27;", "'")
}

fn said(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}

/// Every file below a folder, by its path from there.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_site_is_the_same_bytes_in_any_order_and_all_its_links_lead_somewhere() {
    let folder = three_runs();
    let first = folder.edgebench(&["report", "runs", "-o", "site"]);
    assert_eq!(first.status.code(), Some(0), "{}", said(&first));
    folder.edgebench(&["report", "runs/c", "runs/a/record.json", "runs/b", "-o", "again"]);
    let site = files(&folder.path("site"));
    assert_eq!(site, files(&folder.path("again")));
    // What a report has written is no run of its own.
    let inside = folder.edgebench(&["report", "runs", "-o", "runs/report"]);
    let once_more = folder.edgebench(&["report", "runs", "-o", "runs/report"]);
    assert_eq!((inside.status.code(), once_more.status.code()), (Some(0), Some(0)));
    assert_eq!(site, files(&folder.path("runs/report")));

    let count = |below: &str| site.keys().filter(|name| name.starts_with(below)).count();
    assert_eq!(
        ["runs/", "devices/", "tasks/", "cells/", "data/"].map(count),
        [3, 2, 1, 1, 6],
        "{:?}",
        site.keys()
    );
    let is = |name: &str, kind: &str| Path::new(name).extension().is_some_and(|extension| extension == kind);
    let pages = site.iter().filter(|(name, _)| is(name, "html"));
    for (name, page) in pages {
        let base = Path::new(name).parent().unwrap();
        let page = page_text(page);
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if file.is_empty() {
                assert!(page.contains(&format!("id=\"{anchor}\"")), "{name}: {link}");
                continue;
            }
            let target = match file.strip_prefix("../") {
                Some(above) => above.to_owned(),
                None => base.join(file).to_string_lossy().into_owned(),
            };
            assert!(site.contains_key(&target), "{name}: {link}");
        }
    }
    let raw: Vec<&Vec<u8>> = site
        .iter()
        .filter(|(name, _)| is(name, "json"))
        .map(|(_, text)| text)
        .collect();
    for run in ["a", "b", "c"] {
        let record = fs::read(folder.path(&format!("runs/{run}/record.json"))).unwrap();
        assert!(raw.contains(&&record), "the record of {run} is not there as it is");
    }
}

#[test]
fn the_page_of_one_run_is_that_of_run_itself_but_for_its_links() {
    let folder = three_runs();
    let output = folder.edgebench(&["report", "runs/a", "-o", "page"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let names: Vec<String> = files(&folder.path("page")).into_keys().collect();
    assert_eq!(names, ["data/cells.csv", "data/record.json", "index.html"]);
    let page = |path: &str| fs::read_to_string(folder.path(path)).unwrap();
    let own = page("runs/a/report.html").replace(", <a href=\"samples.csv\">samples (CSV)</a>", "");
    let data = "href=\"data&#x2f;";
    assert_eq!(page("page/index.html").matches(data).count(), 2);
    assert_eq!(page("page/index.html").replace(data, "href=\""), own);
    // Onto another run's folder: its record stays.
    let record = fs::read(folder.path("runs/b/record.json")).unwrap();
    folder.edgebench(&["report", "runs/a", "-o", "runs/b"]);
    assert_eq!(fs::read(folder.path("runs/b/record.json")).unwrap(), record);
    let alone = folder.edgebench(&["report", "runs/a", "-o", "alone.html"]);
    assert_eq!(alone.status.code(), Some(0), "{}", said(&alone));
    assert!(page("alone.html").contains("<h1>"));
    let onto = folder.edgebench(&["report", "runs/a", "-o", "m.onnx"]);
    assert_eq!(onto.status.code(), Some(2));
    assert!(said(&onto).contains("hint: "), "{}", said(&onto));
    assert!(page_text(own.as_bytes()).contains("default-src 'none'"));
}

#[test]
fn a_damaged_record_and_a_newer_one_are_named_and_the_others_are_shown() {
    let folder = three_runs();
    fs::write(folder.path("runs/b/record.json"), "{\"schema\": 1, \"id\": ").unwrap();
    let newer: Value = serde_json::from_slice(&fs::read(folder.path("runs/c/record.json")).unwrap()).unwrap();
    let newer = newer.to_string().replacen("\"schema\":1", "\"schema\":99", 1);
    fs::write(folder.path("runs/c/record.json"), newer).unwrap();
    fs::create_dir(folder.path("copy")).unwrap();
    fs::copy(folder.path("runs/a/record.json"), folder.path("copy/record.json")).unwrap();

    let output = folder.edgebench(&["report", "runs", "copy", "-o", "site"]);
    assert_eq!(output.status.code(), Some(3), "{}", said(&output));
    let told = text(&output.stderr);
    let index = page_text(&fs::read(folder.path("site/index.html")).unwrap());
    for problem in [
        "runs/b: it is no record, or a damaged one",
        "runs/c: it has schema 99, and this edgebench reads schema 1 and older",
    ] {
        assert!(told.contains(&format!("left out {problem}")), "{problem}: {told}");
        let (what, why) = problem.split_once(": ").unwrap();
        assert!(index.contains(&format!("<strong>{what}</strong>")), "{what}");
        assert!(index.contains(why), "{why}");
    }
    assert!(told.contains("copy is the record of run"), "{told}");
    assert_eq!(fs::read_dir(folder.path("site/runs")).unwrap().count(), 1);
    folder.edgebench(&["report", "copy", "runs/c", "runs/b", "runs/a", "-o", "again"]);
    assert_eq!(files(&folder.path("site")), files(&folder.path("again")));

    for alone in ["runs/b", "runs/c", "nowhere", "site"] {
        let output = folder.edgebench(&["report", alone, "-o", "none"]);
        assert_eq!(output.status.code(), Some(2), "{alone}: {}", said(&output));
        assert!(text(&output.stderr).contains("hint: "), "{alone}: {}", said(&output));
        assert!(!folder.path("none").exists(), "{alone}");
    }
}

#[test]
fn other_formats_go_to_standard_output_or_a_file() {
    let folder = three_runs();
    let output = folder.edgebench(&["report", "runs/a", "runs/b", "--format", "csv"]);
    let csv = text(&output.stdout);
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let brief = folder.edgebench(&["report", "runs/a", "--format", "brief", "-o", "comment.md"]);
    assert_eq!(said(&brief), "");
    let brief = fs::read_to_string(folder.path("comment.md")).unwrap();
    assert!(brief.contains("ship m on null"), "{brief}");
    let several = folder.edgebench(&["report", "runs/a", "runs/b", "--format", "json"]);
    let several: Value = serde_json::from_slice(&several.stdout).unwrap();
    assert_eq!(several.as_array().unwrap().len(), 2);
}

#[test]
fn templates_replace_the_built_in_ones_and_a_broken_one_is_told() {
    let folder = three_runs();
    fs::create_dir(folder.path("mine")).unwrap();
    let page = || folder.edgebench(&["report", "runs/a", "--template", "mine", "-o", "page"]);
    assert_eq!(page().status.code(), Some(2), "an empty folder replaces nothing");
    fs::write(folder.path("mine/style.css"), "body { color: rebeccapurple }").unwrap();
    assert_eq!(page().status.code(), Some(0), "{}", said(&page()));
    let written = fs::read_to_string(folder.path("page/index.html")).unwrap();
    assert!(written.contains("<style>body { color: rebeccapurple }</style>"));
    fs::write(folder.path("mine/script.js"), "let one = 1;\r\nlet two = 2;\r\n").unwrap();
    assert_eq!(page().status.code(), Some(0), "{}", said(&page()));
    // A browser hashes what it has read, in which every line ends in LF.
    let written = fs::read_to_string(folder.path("page/index.html")).unwrap();
    assert!(written.contains("<script>let one = 1;\nlet two = 2;\n</script>"));
    assert!(
        page_text(written.as_bytes()).contains("script-src 'sha256-n1QvkMD01VAjz6hHAZ1XLMZz5yk4Pjh1BqfgDv1XgcQ='"),
        "the hash is of what the page holds"
    );
    fs::write(folder.path("mine/run.html"), "{{ page.titel }}").unwrap();
    let output = page();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("run.html"), "{}", said(&output));
}

#[test]
fn a_budget_decides_the_advice_and_the_exit_code() {
    let folder = three_runs();
    let recommend = |budget: &str| folder.edgebench(&["recommend", "runs/a", "--budget", budget]);
    let fits = recommend("latency_p50=1s,rss_peak=4GiB");
    assert_eq!(fits.status.code(), Some(0), "{}", said(&fits));
    let misses = recommend("latency_p50=1us");
    assert_eq!(misses.status.code(), Some(1), "{}", said(&misses));
    assert!(
        said(&misses).contains("nothing fits latency_p50 ≤ 1 µs"),
        "{}",
        said(&misses)
    );
    let unknown = recommend("accuracy=90%");
    assert_eq!(unknown.status.code(), Some(4), "{}", said(&unknown));
    let wrong = recommend("latency_p05=1ms");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said(&wrong).contains("latency_p50"), "{}", said(&wrong));

    let json = folder.edgebench(&["recommend", "runs", "--format", "json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["records"].as_array().unwrap().len(), 3);

    let output = folder.edgebench(&["report", "runs/a", "--budget", "latency_p50=1us", "-o", "page"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let page = fs::read_to_string(folder.path("page/index.html")).unwrap();
    assert!(page.contains("What fits") && page.contains("nothing fits"));
}
