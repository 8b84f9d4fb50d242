//! `edgebench doctor`: what of this machine decides the figures, how far they can be trusted, and which runtimes it has.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::thread::sleep;
use std::time::Duration;

use edgebench_api::Probe;
use edgebench_record::{Class, EnergySources, HealthReading, Host, HostClass};
use edgebench_runner::host::HostWatch;
use edgebench_runner::{WorkerFailure, energy_sources};
use serde_json::{Value, json};

use crate::args::{DoctorArgs, TextFormat};
use crate::failure::Failure;
use crate::get::cache_folder;
use crate::output::print;
use crate::parse::one_line;
use crate::workers::{commands, probe};

/// How long the machine is watched at rest: the shortest in which steal and pressure have a share.
const LOOK: Duration = Duration::from_millis(1100);

/// Where the value of a fact begins.
const COLUMN: usize = 20;

/// Where a line that has room for no more words ends.
const WIDTH: usize = 100;

pub(crate) fn doctor(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let watch = HostWatch::start(Path::new("/"));
    sleep(LOOK);
    let host = watch.finish(None, !cfg!(debug_assertions));
    let backends: Vec<(String, Result<Probe, WorkerFailure>)> = commands(&args.runtime)?
        .into_iter()
        .map(|(name, command)| {
            let found = probe(&name, &command);
            (name, found)
        })
        .collect();
    let sources = energy_sources(&host);
    let text = match args.format {
        TextFormat::Text => text(&host, &sources, &backends),
        TextFormat::Json => {
            let backends: Vec<Value> = backends
                .iter()
                .map(|(name, found)| match found {
                    Ok(probe) => json!({ "backend": name, "probe": probe }),
                    Err(failure) => json!({ "backend": name, "problem": problem(failure) }),
                })
                .collect();
            let shown =
                json!({ "host": host, "energy_sources": sources, "backends": backends, "cache": cache_folder() });
            format!("{}\n", serde_json::to_string_pretty(&shown)?)
        }
    };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Why a backend cannot be used: the fact, its causes and the hint.
fn problem(failure: &WorkerFailure) -> Vec<String> {
    let mut lines = vec![one_line(&failure.to_string())];
    if let WorkerFailure::Answered(error) = failure {
        lines.extend(
            error
                .causes
                .iter()
                .map(|cause| format!("caused by: {}", one_line(cause))),
        );
        lines.extend(error.hint.iter().map(|hint| format!("hint: {}", one_line(hint))));
    }
    lines.extend(
        failure
            .source()
            .map(|source| format!("caused by: {}", one_line(&source.to_string()))),
    );
    lines
}

fn text(host: &Host, sources: &EnergySources, backends: &[(String, Result<Probe, WorkerFailure>)]) -> String {
    let health = host.health_at_end.as_ref().map(HealthReading::facts);
    let mut place = Vec::new();
    place.extend(cache_folder().map(|folder| ("cache", folder.display().to_string())));
    let mut sections = vec![facts("Machine", &host.facts())];
    sections.extend(health.map(|health| facts("Now", &health)));
    sections.extend(host.class.as_ref().map(class));
    sections.push(facts("Energy", &energy(sources)));
    sections.push(runtimes(backends));
    sections.push(facts("Files", &place));
    sections.retain(|section| !section.is_empty());
    sections.join("\n")
}

/// The sources that can be read, and why the others cannot.
fn energy(sources: &EnergySources) -> Vec<(&str, String)> {
    let present = sources.present.iter().map(|source| {
        let domains = source.domains.join(", ");
        let told = format!(
            "{} ({}), {}: {domains}",
            source.tier.name(),
            source.tier.meaning(),
            source.scope
        );
        (source.name.as_str(), told)
    });
    let absent = sources.absent.iter().map(|source| {
        let hint = source
            .hint
            .as_ref()
            .map_or_else(String::new, |hint| format!(" → {hint}"));
        (source.name.as_str(), format!("–  {}{hint}", source.reason))
    });
    present.chain(absent).collect()
}

/// A heading with a line a fact. Nothing where there are no facts.
fn facts(heading: &str, facts: &[(&str, String)]) -> String {
    let mut out = String::new();
    if !facts.is_empty() {
        let _ = writeln!(out, "{heading}");
    }
    for (name, value) in facts {
        let _ = writeln!(
            out,
            "{}",
            hanging(&format!("  {name:<0$}", COLUMN - 2), &one_line(value))
        );
    }
    out
}

/// The class, what it means, and each reason with what mends it.
fn class(found: &HostClass) -> String {
    let meaning = match found.class {
        Class::A => "what was looked at is as it should be",
        Class::B => "good side by side within one run; another day may differ",
        Class::C => "disturbed; mend what is told here before a decision rests on figures",
    };
    let mut out = format!("Class {}: {meaning}\n", found.class);
    for reason in &found.reasons {
        let _ = writeln!(
            out,
            "{}\n{}",
            hanging(&format!("  {}  ", reason.limits_to), &one_line(&reason.fact)),
            hanging("     → ", &one_line(&reason.hint))
        );
    }
    if let Some(next) = found.reasons.first().map(|worst| worst.raises_to) {
        let all = found.reasons.iter().filter(|reason| reason.limits_to == found.class);
        let what = match all.count() {
            1 => "it".to_owned(),
            2 => format!("both marked {}", found.class),
            several => format!("all {several} marked {}", found.class),
        };
        let _ = writeln!(out, "  Mending {what} makes it class {next}.");
    }
    out
}

fn runtimes(backends: &[(String, Result<Probe, WorkerFailure>)]) -> String {
    let mut out = String::from("Runtimes\n");
    for (name, found) in backends {
        let name = format!("  {:<1$}", one_line(name), COLUMN - 2);
        let beside = " ".repeat(COLUMN);
        match found {
            Ok(probe) => {
                let runtime = format!("{} {}", one_line(&probe.runtime), one_line(&probe.version));
                let _ = writeln!(out, "{}", hanging(&name, &runtime));
                let devices: Vec<&str> = probe.devices.iter().map(|device| device.name.as_str()).collect();
                let library = probe.library.iter().map(|library| ("library", library.clone()));
                let facts = probe.facts.iter().map(|(fact, value)| (fact.as_str(), value.clone()));
                let devices = [("devices", devices.join(", "))];
                for (fact, value) in library.chain(facts).chain(devices) {
                    let _ = writeln!(
                        out,
                        "{}",
                        hanging(&beside, &format!("{} {}", one_line(fact), one_line(&value)))
                    );
                }
            }
            Err(failure) => {
                let _ = writeln!(out, "{name}{}", problem(failure).join(&format!("\n{beside}")));
            }
        }
    }
    out
}

/// A text beside a label; words that have no room go on under the first.
fn hanging(label: &str, text: &str) -> String {
    let indent = label.chars().count();
    let mut out = label.to_owned();
    let mut used = indent;
    for (number, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if number > 0 && used + 1 + length > WIDTH {
            let _ = write!(out, "\n{:indent$}", "");
            used = indent;
        } else if number > 0 {
            out.push(' ');
            used += 1;
        }
        out.push_str(word);
        used += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use edgebench_record::ClassReason;

    use super::*;

    #[test]
    fn words_without_room_go_on_under_the_first() {
        assert_eq!(hanging("ab ", "one two"), "ab one two");
        let long = hanging("label  ", &"word ".repeat(30));
        let lines: Vec<&str> = long.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH));
        assert!(lines[1].starts_with("       word"));
    }

    #[test]
    fn a_class_says_what_raises_it() {
        let reason = |limits_to, raises_to| ClassReason {
            fact: "the governor is `powersave`".to_owned(),
            hint: "set it to `performance`".to_owned(),
            limits_to,
            raises_to,
        };
        let shown = class(&HostClass {
            class: Class::C,
            reasons: vec![reason(Class::C, Class::B), reason(Class::B, Class::A)],
        });
        assert!(shown.starts_with("Class C: disturbed"), "{shown}");
        assert!(shown.contains("  C  the governor is `powersave`\n     → set it to `performance`\n"));
        assert!(shown.ends_with("  Mending it makes it class B.\n"), "{shown}");
        let still = class(&HostClass {
            class: Class::A,
            reasons: Vec::new(),
        });
        assert_eq!(still.lines().count(), 1);
    }

    #[test]
    fn a_machine_that_tells_nothing_has_no_empty_sections() {
        let shown = text(&Host::default(), &EnergySources::default(), &[]);
        assert!(!shown.contains("Now") && !shown.contains("Class"), "{shown}");
    }
}
