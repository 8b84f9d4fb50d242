//! `edgebench history`, from records on disk to exit codes. The records are one run of the null backend, copied with
//! other times and figures.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod common;

use std::fs;

use common::Folder;
use serde_json::{Value, json};

struct Place {
    folder: Folder,
    record: Value,
}

impl std::ops::Deref for Place {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Place {
    fn new() -> Self {
        let mut place = Self {
            folder: Folder::new(),
            record: Value::Null,
        };
        let run = [
            "run",
            "--model",
            "m.onnx",
            "--backend",
            "null",
            "-O",
            "null.latency=100us",
            "-o",
            "first",
            "--invocations",
            "3",
            "--warmup-secs",
            "0",
            "--min-secs",
            "0.02",
            "--device-name",
            "a board",
        ];
        place.expect(0, &run);
        place.record = serde_json::from_slice(&fs::read(place.path("first/record.json")).unwrap()).unwrap();
        fs::remove_dir_all(place.path("first")).unwrap();
        place
    }

    /// What a command prints on standard output and on standard error, after its exit code was as expected.
    fn expect(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.edgebench(arguments);
        let (out, said) = (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        );
        assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{out}\n{said}");
        (out, said)
    }

    /// Writes the record of a day's run, its times being those of the first one times a factor.
    fn day(&self, day: usize, factor: f64) -> String {
        self.edited_day(day, factor, |_| {})
    }

    fn edited_day(&self, day: usize, factor: f64, edit: impl FnOnce(&mut Value)) -> String {
        let mut record = self.record.clone();
        let (month, date) = (day / 28 + 1, day % 28 + 1);
        record["id"] = json!(format!("2026{month:02}{date:02}T120000Z-day{day:03}"));
        record["started_at"] = json!(format!("2026-{month:02}-{date:02}T12:00:00Z"));
        record["finished_at"] = json!(format!("2026-{month:02}-{date:02}T12:01:00Z"));
        let latency = &mut record["cells"][0]["summary"]["latency"];
        latency["p50_ns"] = json!(1e5 * factor);
        edit(&mut record);
        let name = format!("runs/{day:03}");
        fs::create_dir_all(self.path(&name)).unwrap();
        fs::write(
            self.path(&format!("{name}/record.json")),
            serde_json::to_vec(&record).unwrap(),
        )
        .unwrap();
        name
    }

    /// Adds days, with a commit that is named after each and a release if one is given.
    fn add(&self, days: std::ops::Range<usize>, release: Option<&str>, factor: impl Fn(usize) -> f64) {
        for day in days {
            let record = self.day(day, factor(day));
            let commit = format!("c{day:03}");
            let mut arguments = vec!["history", "add", &record, "--commit", &commit, "--branch", "main"];
            arguments.extend(release.iter().flat_map(|release| ["--release", release]));
            self.expect(0, &arguments);
        }
    }

    /// Adds one day's edited record, without a commit.
    fn add_edited(&self, day: usize, release: Option<&str>, factor: f64, edit: impl FnOnce(&mut Value)) {
        let record = self.edited_day(day, factor, edit);
        let mut arguments = vec!["history", "add", &record];
        arguments.extend(release.iter().flat_map(|release| ["--release", release]));
        self.expect(0, &arguments);
    }

    fn trends(&self, code: i32, more: &[&str]) -> Value {
        let arguments = ["history", "trend", "--metric", "latency_p50", "--format", "json"];
        let (out, _) = self.expect(code, &[&arguments, more].concat());
        serde_json::from_str(&out).unwrap()
    }
}

/// Noise of two per cent or so that shows no pattern (`SplitMix64`, the sum of four).
fn noise(day: usize) -> f64 {
    let uniform = |i: usize| {
        let mut z = (i as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as f64 / u64::MAX as f64 - 0.5
    };
    (0.02 * (0..4).map(|i| uniform(4 * day + i)).sum::<f64>() * 3.0_f64.sqrt()).exp()
}

#[test]
fn a_step_is_found_at_its_commit_and_a_quiet_history_left_alone() {
    let place = Place::new();
    place.add(0..5, Some("v1"), noise);
    place.add(5..30, None, noise);
    let quiet = place.trends(0, &[]);
    assert_eq!(quiet["trends"].as_array().unwrap().len(), 1);
    let trend = &quiet["trends"][0];
    assert_eq!(trend["cell"], "model/m/null/t1/b1/latency=100us");
    assert_eq!(trend["changes"], json!([]));
    assert_eq!(trend["points"].as_array().unwrap().len(), 25);
    assert_eq!(trend["ratchet"]["release"], "v1");
    let (table, _) = place.expect(0, &["history", "trend"]);
    assert!(table.starts_with("nothing got worse lately in"), "{table}");
    assert!(table.contains("quiet"), "{table}");

    place.add(30..45, None, |day| 1.08 * noise(day));
    let found = place.trends(1, &[]);
    let change = &found["trends"][0]["changes"][0];
    let position = change["position"].as_u64().unwrap();
    assert!(position.abs_diff(25) <= 1, "{change}");
    assert_eq!(change["commit"], format!("c{:03}", position + 5));
    assert_eq!(change["commit_before"], format!("c{:03}", position + 4));
    assert_eq!(change["worse"], true);
    assert!(change["change"]["interval"]["low"].as_f64().unwrap() > 0.03);
    let (table, _) = place.expect(1, &["history", "trend", "--format", "markdown"]);
    assert!(table.starts_with("## Trends\n"), "{table}");
    assert!(table.contains("worse, from ") && table.contains("commit c0"), "{table}");
    // A release that is marked since then takes the new level for granted.
    place.add(45..50, Some("v2"), |day| 1.08 * noise(day));
    place.trends(0, &[]);
    place.trends(1, &["--against", "v1"]);
    let (_, said) = place.expect(2, &["history", "trend", "--against", "v3"]);
    assert!(said.contains("hint: known releases: v1, v2"), "{said}");
}

#[test]
fn a_loss_that_creeps_meets_the_ratchet() {
    let place = Place::new();
    place.add(0..5, Some("v1"), noise);
    place.add(5..25, None, |day| 1.009_f64.powi(day as i32 - 4) * noise(day));
    let found = place.trends(1, &[]);
    let ratchet = &found["trends"][0]["ratchet"];
    assert_eq!(ratchet["verdict"]["kind"], "regressed", "{ratchet}");
    assert_eq!(found["trends"][0]["drift"]["worse"], true);
    place.trends(1, &["--tolerance", "latency_p50:40%"]);
    let (_, said) = place.expect(2, &["history", "trend", "--tolerance", "latency_p50"]);
    assert!(said.contains("hint: write METRIC:TOLERANCE"), "{said}");
}

#[test]
fn a_slower_runtime_is_told_and_so_is_another_machine() {
    let place = Place::new();
    let runtime =
        |version: &'static str| move |record: &mut Value| record["cells"][0]["runtime"]["version"] = json!(version);
    for day in 0..5 {
        place.add_edited(day, Some("v1"), noise(day), runtime("1.31.0"));
    }
    for day in 5..15 {
        place.add_edited(day, None, 1.5 * noise(day), runtime("1.32.0"));
    }
    let trend = ["history", "trend", "--metric", "latency_p50"];
    let (table, _) = place.expect(1, &trend);
    assert!(table.starts_with("1 of 1 series got worse\n"), "{table}");
    assert!(
        table.contains("against 5 runs of the release") && table.contains("1.31.0 to ") && table.contains("1.32.0\n"),
        "{table}"
    );
    // A release of another machine says nothing of this one.
    let place = Place::new();
    place.add_edited(0, Some("v1"), 1.0, |record| record["host"]["cpus"] = json!(99));
    for day in 1..11 {
        place.add_edited(day, None, noise(day), |_| {});
    }
    let (table, _) = place.expect(4, &trend);
    assert!(
        table.starts_with("1 series cannot be compared with its release; nothing else got worse lately in 1 series\n"),
        "{table}"
    );
}

#[test]
fn a_crash_is_told_with_a_release_and_without() {
    for release in [None, Some("v1")] {
        let place = Place::new();
        let ends = |kind: &'static str| {
            move |record: &mut Value| record["cells"][0]["outcome"] = json!({ "kind": kind, "reason": "signal 11" })
        };
        place.add_edited(0, release, 1.0, |_| {});
        for day in 1..10 {
            place.add_edited(day, None, noise(day), |_| {});
        }
        place.add_edited(10, None, 1.0, ends("crashed"));
        let (table, _) = place.expect(3, &["history", "trend"]);
        assert!(
            table.starts_with("1 cell fails now; nothing else got worse lately in"),
            "{table}"
        );
        assert!(
            table.contains("crashed in run") && table.contains("signal 11"),
            "{table}"
        );
        place.add_edited(11, None, 1.0, ends("unavailable"));
        let (table, _) = place.expect(4, &["history", "trend"]);
        assert!(table.starts_with("1 cell is not measured any more; "), "{table}");
        place.expect(1, &["history", "trend", "--inconclusive", "fail"]);
        place.add_edited(12, None, noise(12), |_| {});
        place.expect(0, &["history", "trend"]);
    }
}

#[test]
fn an_index_is_made_again_from_its_records() {
    let place = Place::new();
    place.add(0..6, None, noise);
    place.expect(0, &["history", "add", "runs/002", "--release", "v1"]);
    let (list, _) = place.expect(0, &["history", "list"]);
    assert_eq!(list.lines().count(), 6);
    assert!(
        list.lines()
            .nth(2)
            .unwrap()
            .contains("\tmain\tc002\tv1\ta board\t1 of 1 measured\t../runs/002/record.json"),
        "{list}"
    );
    let (json, _) = place.expect(0, &["history", "list", "--format", "json"]);

    fs::write(
        place.path(".edgebench/history.db"),
        "no database, whatever its name says",
    )
    .unwrap();
    let (_, said) = place.expect(2, &["history", "trend"]);
    assert!(
        said.contains(".edgebench/history.db is damaged, or no database"),
        "{said}"
    );
    assert!(
        said.contains("hint: the records hold everything: `edgebench history rebuild FOLDER`"),
        "{said}"
    );
    place.expect(0, &["history", "rebuild", "runs"]);
    assert_eq!(place.expect(0, &["history", "list", "--format", "json"]).0, json);
    assert_eq!(place.expect(0, &["history", "rebuild"]).0, "");

    fs::remove_dir_all(place.path("runs/004")).unwrap();
    let (_, said) = place.expect(2, &["history", "rebuild"]);
    assert!(said.contains("1 of 6 records cannot be read"), "{said}");
    assert!(said.contains("left out ") && said.contains("--forget"), "{said}");
    place.expect(0, &["history", "rebuild", "--forget"]);
    assert_eq!(place.expect(0, &["history", "list"]).0.lines().count(), 5);
}

#[test]
fn a_damaged_record_is_named_and_the_rest_is_added() {
    let place = Place::new();
    let records = [place.day(0, 1.0), place.day(1, 1.0), place.day(2, 1.0)];
    fs::write(place.path("runs/001/record.json"), "{\"schema\": 1, ").unwrap();
    let (_, said) = place.expect(
        2,
        &["history", "add", &records[0], &records[1], &records[2], "runs/absent"],
    );
    assert!(
        said.contains("runs/001/record.json is no record, or a damaged one"),
        "{said}"
    );
    assert!(said.contains("cannot read the record runs/absent"), "{said}");
    assert_eq!(place.expect(0, &["history", "list"]).0.lines().count(), 2);
}

#[test]
fn what_is_not_there_is_said_with_a_hint() {
    let place = Place::new();
    let (_, said) = place.expect(2, &["history", "trend"]);
    assert!(said.contains("there is no history at .edgebench/history.db"), "{said}");
    assert!(
        said.contains("hint: begin one with `edgebench history add RECORD`"),
        "{said}"
    );
    place.add(0..1, None, noise);
    let (_, said) = place.expect(2, &["history", "trend", "--metric", "latency_p5"]);
    assert!(said.contains("a history has no metric `latency_p5`"), "{said}");
    let (_, said) = place.expect(2, &["history", "trend", "--cell", "fashion/*"]);
    assert!(said.contains("hint: `edgebench history list` lists the runs"), "{said}");
    place.expect(2, &["history", "trend", "--since", "yesterday"]);
    let (table, _) = place.expect(0, &["history", "trend", "--since", "2026-01-01"]);
    assert!(table.contains("too few runs"), "{table}");
}

#[test]
fn the_commit_that_is_checked_out_is_stored_unless_the_run_is_older() {
    let place = Place::new();
    for arguments in [
        &["init", "--quiet", "--initial-branch", "trunk"] as &[&str],
        &[
            "-c",
            "user.name=n",
            "-c",
            "user.email=e@example.org",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "one",
        ],
    ] {
        assert!(place.command("git", arguments).status.success());
    }
    // The commit is of the first of February, the runs of January and of March.
    let (before, after) = (place.day(3, 1.0), place.day(60, 1.0));
    let (_, said) = place.expect(0, &["history", "add", &before, &after]);
    assert!(said.contains("no commit is stored"), "{said}");
    let (json, _) = place.expect(0, &["history", "list", "--format", "json"]);
    let runs: Value = serde_json::from_str(&json).unwrap();
    assert!(runs[0].get("commit").is_none());
    assert_eq!(runs[1]["commit"].as_str().unwrap().len(), 40);
    assert_eq!(runs[1]["branch"], "trunk");
    let (_, said) = place.expect(0, &["history", "add", &before, "--commit", "HEAD"]);
    assert!(said.contains("changed"), "{said}");
    let (json, _) = place.expect(0, &["history", "list", "--format", "json"]);
    let runs: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(runs[0]["commit"], runs[1]["commit"]);
}
