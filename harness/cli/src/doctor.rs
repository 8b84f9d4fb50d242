//! `edgebench doctor`: what of this machine decides the figures, and which runtimes it has.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use edgebench_api::{Bytes, Probe};
use edgebench_record::Host;
use edgebench_runner::WorkerFailure;
use edgebench_runner::host::HostWatch;
use serde_json::{Value, json};

use crate::args::{DoctorArgs, TextFormat};
use crate::failure::Failure;
use crate::get::cache_folder;
use crate::output::print;
use crate::parse::one_line;
use crate::workers::{commands, probe};

pub(crate) fn doctor(args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let host = HostWatch::start(Path::new("/")).finish(None, !cfg!(debug_assertions));
    let backends: Vec<(String, Result<Probe, WorkerFailure>)> = commands(&args.runtime)?
        .into_iter()
        .map(|(name, command)| {
            let found = probe(&name, &command);
            (name, found)
        })
        .collect();
    let text = match args.format {
        TextFormat::Text => text(&host, &backends),
        TextFormat::Json => {
            let backends: Vec<Value> = backends
                .iter()
                .map(|(name, found)| match found {
                    Ok(probe) => json!({ "backend": name, "probe": probe }),
                    Err(failure) => json!({ "backend": name, "problem": problem(failure) }),
                })
                .collect();
            let shown = json!({ "host": host, "backends": backends, "cache": cache_folder() });
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

fn text(host: &Host, backends: &[(String, Result<Probe, WorkerFailure>)]) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: Option<String>| {
        let _ = writeln!(
            out,
            "{name:<16} {}",
            value.map_or_else(|| "–".to_owned(), |value| one_line(&value))
        );
    };
    let emulated = if host.emulated { ", emulated" } else { "" };
    line(
        "machine",
        Some(format!("{} {}{emulated}", host.architecture, host.system)),
    );
    line("processor", host.cpu_model.clone());
    line("processors", Some(host.cpus.to_string()).filter(|_| host.cpus > 0));
    line(
        "instruction sets",
        Some(host.isa.join(" ")).filter(|isa| !isa.is_empty()),
    );
    line("memory", host.memory_bytes.map(|bytes| Bytes(bytes).to_string()));
    line("distribution", host.distribution.clone());
    line("kernel", host.kernel.clone());
    line("C library", host.libc.clone());
    line("governor", host.governor.clone());
    line("virtualisation", host.virtualisation.clone());
    line("load", host.load_at_start.map(|load| format!("{load:.2}")));
    line("cache", cache_folder().map(|folder| folder.display().to_string()));
    if !host.warnings.is_empty() {
        out.push('\n');
    }
    for warning in &host.warnings {
        let _ = writeln!(
            out,
            "warning: {}\n  hint: {}",
            one_line(&warning.fact),
            one_line(&warning.hint)
        );
    }
    for (name, found) in backends {
        let _ = write!(out, "\n{}: ", one_line(name));
        match found {
            Ok(probe) => {
                let _ = writeln!(out, "{} {}", one_line(&probe.runtime), one_line(&probe.version));
                if let Some(library) = &probe.library {
                    let _ = writeln!(out, "  library {}", one_line(library));
                }
                for (fact, value) in &probe.facts {
                    let _ = writeln!(out, "  {} {}", one_line(fact), one_line(value));
                }
                let devices: Vec<&str> = probe.devices.iter().map(|device| device.name.as_str()).collect();
                let _ = writeln!(out, "  devices {}", one_line(&devices.join(", ")));
            }
            Err(failure) => {
                let _ = writeln!(out, "{}", problem(failure).join("\n  "));
            }
        }
    }
    out
}
