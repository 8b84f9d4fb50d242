//! `edgebench gate records`: one record judged by another.

use std::path::PathBuf;

use clap::Args;
use edgebench_record::{GATE_SCHEMA, GateKind, GateRecord, exit_code};
use edgebench_reports::policy::is_time;
use edgebench_reports::records::{caveats, judge_records, side};
use edgebench_runner::run::{fresh_id, now};
use edgebench_runner::scrub_gate;

use super::policy_args::PolicyArgs;
use crate::compare::read;
use crate::failure::Failure;
use crate::output::tell;
use crate::run::{arguments, tool};

#[derive(Debug, Args)]
pub(crate) struct RecordsArgs {
    /// The baseline's record.json, or the folder of its run
    #[arg(value_name = "BASE")]
    baseline: PathBuf,
    /// The candidate's record.json, or the folder of its run
    #[arg(value_name = "HEAD")]
    candidate: PathBuf,
    #[command(flatten)]
    policy: PolicyArgs,
    /// Let times count, though the two records were measured at different times; otherwise they are advice
    #[arg(long)]
    trust_recorded_times: bool,
    /// Judge figures that are not comparable all the same, and say in what they differ
    #[arg(long)]
    allow_mismatch: bool,
}

/// The exit code where not one verdict could be given: what judged nothing has passed nothing.
const NOTHING_JUDGED: u8 = 4;

pub(crate) fn records(args: &RecordsArgs) -> Result<GateRecord, Failure> {
    let mut policy = args.policy.policy()?;
    policy.trust_recorded_times |= args.trust_recorded_times;
    let started_at = now();
    let (baseline, candidate) = (read(&args.baseline)?, read(&args.candidate)?);
    let verdicts = judge_records(&baseline, &candidate, &policy, args.allow_mismatch);
    let timed = policy.rules.iter().any(|rule| is_time(rule.metric));
    for caveat in caveats(&[("baseline", &baseline), ("candidate", &candidate)], timed) {
        tell(format_args!("note: {caveat}"));
    }
    let exit_code = if verdicts.is_empty() {
        tell("note: neither record has a cell, so that nothing was judged");
        NOTHING_JUDGED
    } else {
        exit_code(&verdicts, policy.inconclusive)
    };
    let mut record = GateRecord {
        schema: GATE_SCHEMA,
        id: fresh_id(),
        kind: GateKind::Records,
        started_at,
        finished_at: now(),
        interrupted: false,
        tool: tool(arguments()),
        host: None,
        baseline: side(&args.baseline.to_string_lossy(), &baseline),
        candidate: side(&args.candidate.to_string_lossy(), &candidate),
        policy: policy.facts(),
        design: None,
        exit_code,
        verdicts,
        cells: Vec::new(),
    };
    scrub_gate(&mut record, None, &[]);
    Ok(record)
}
