//! `edgebench list`: suites, backends, variants.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use edgebench_suites::{default_search, find, list as suites, load};

use crate::args::{Cli, Command, ListArgs, Listed};
use crate::backends::BACKENDS;
use crate::failure::Failure;
use crate::output::{print, tell};
use crate::parse::one_line;
use crate::workers::commands;

pub(crate) fn list(args: &ListArgs) -> Result<ExitCode, Failure> {
    let mut out = String::new();
    match args.what {
        Listed::Suites => {
            let search = default_search();
            let found = suites(&search);
            if found.is_empty() {
                let folders: Vec<String> = search.iter().map(|folder| folder.display().to_string()).collect();
                tell(format_args!("no suite is in {}", folders.join(", ")));
            }
            for (name, path) in found {
                let about = match load(&path) {
                    Ok(suite) => suite.description,
                    Err(error) => format!("unusable: {error}"),
                };
                let _ = writeln!(out, "{}\t{}\t{}", one_line(&name), one_line(&about), path.display());
            }
        }
        Listed::Backends => {
            let defaults = Cli::try_parse_from(["edgebench", "doctor"]);
            let Ok(Cli {
                command: Command::Doctor(doctor),
            }) = defaults
            else {
                return Err(Failure::new("the defaults of `doctor` do not parse"));
            };
            for (name, command) in commands(&doctor.runtime)? {
                let built_in = BACKENDS.iter().any(|backend| backend.name() == name);
                let origin = if built_in {
                    "built in".to_owned()
                } else {
                    command.program.display().to_string()
                };
                let _ = writeln!(out, "{}\t{origin}", one_line(&name));
            }
        }
        Listed::Variants => {
            let suite = load(&find(&args.suite, &default_search())?)?;
            for task in &suite.tasks {
                for variant in &task.variants {
                    let baseline = if variant.id == task.baseline { " (baseline)" } else { "" };
                    let about = one_line(&variant.description);
                    let _ = writeln!(
                        out,
                        "{}\t{}{baseline}\t{about}",
                        one_line(&task.id),
                        one_line(&variant.id)
                    );
                }
            }
        }
    }
    print(&out)?;
    Ok(ExitCode::SUCCESS)
}
