//! `edgebench gate`: did a change make it worse?

mod arm;
mod live;
mod policy_args;
mod records;
mod revision;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use edgebench_record::{GateRecord, to_json};
use edgebench_reports::gate::{COMMENT_LIMIT, annotations, junit, markdown, table};

use crate::failure::{Doing as _, Failure, exit};
use crate::output::{print, tell};

/// Exit codes of a gate.
const EXIT_CODES: &str = "Exit codes: 0 passed; 1 regressed; 2 usage or bad input; 3 a cell newly fails; 4 inconclusive, \
                          missing or incomparable; 130 interrupted";

#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub(crate) struct GateArgs {
    #[command(subcommand)]
    command: GateCommand,
}

#[derive(Debug, Subcommand)]
enum GateCommand {
    /// Measure two sides side by side, now, and judge the candidate
    #[command(after_help = EXIT_CODES)]
    Live(Box<LiveGateArgs>),
    /// Judge one record against another
    #[command(after_help = EXIT_CODES)]
    Records(Box<RecordsGateArgs>),
}

#[derive(Debug, Args)]
struct LiveGateArgs {
    #[command(flatten)]
    live: live::LiveArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct RecordsGateArgs {
    #[command(flatten)]
    records: records::RecordsArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct OutputArgs {
    /// The gate's folder [default: a new one under `gates`]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// What to print on standard output
    #[arg(long, value_enum, default_value_t = GateFormat::Table)]
    format: GateFormat,
    /// Tells this gate's comment on a pull request from those of other gates
    #[arg(long, value_name = "NAME", default_value = "edgebench")]
    name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GateFormat {
    /// An aligned table
    Table,
    /// A comment for a pull request, or a step summary
    Markdown,
    /// The gate's record
    Json,
    /// XML as test runners write it
    Junit,
    /// Annotations as GitHub's workflow commands
    Github,
}

pub(crate) fn gate(args: &GateArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        GateCommand::Live(args) => finish(&live::measure(&args.live)?, &args.output),
        GateCommand::Records(args) => finish(&records::records(&args.records)?, &args.output),
    }
}

/// Writes the gate's files, prints what was asked for and gives the exit code.
fn finish(record: &GateRecord, output: &OutputArgs) -> Result<ExitCode, Failure> {
    let folder = live::folder(output.output.as_deref(), record);
    std::fs::create_dir_all(&folder).doing(format_args!("make the folder `{}`", folder.display()))?;
    let json = to_json(record)?;
    let comment = markdown(record, &output.name, COMMENT_LIMIT);
    let xml = junit(record)?;
    for (name, text) in [
        ("gate.json", json.as_slice()),
        ("gate.md", comment.as_bytes()),
        ("junit.xml", xml.as_bytes()),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).doing(format_args!("write `{}`", path.display()))?;
    }
    match output.format {
        GateFormat::Table => print(&table(record))?,
        GateFormat::Markdown => print(&comment)?,
        GateFormat::Json => print(&String::from_utf8_lossy(&json))?,
        GateFormat::Junit => print(&xml)?,
        GateFormat::Github => print(&annotations(record))?,
    }
    tell(format_args!("wrote {}/gate.json, gate.md, junit.xml", folder.display()));
    if record.interrupted {
        tell("interrupted: what was decided by then stands, and the rest is inconclusive");
        return Ok(ExitCode::from(exit::INTERRUPTED));
    }
    Ok(ExitCode::from(record.exit_code))
}
