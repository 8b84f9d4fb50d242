//! What makes a comparison of records less than it seems.

use std::collections::HashSet;

use edgebench_record::{Mode, Record};

/// What to keep in mind when records are held against each other. Each comes with what it is called there; `timed` says
/// whether times are among the figures.
pub fn caveats(sides: &[(&str, &Record)], timed: bool) -> Vec<String> {
    let mut out = Vec::new();
    if timed {
        out.push(
            "the records were measured at different times: what changed on the machine in between is in no interval \
             here; edgebench gate live measures both sides in turns"
                .to_owned(),
        );
    }
    for (name, record) in sides {
        if record.interrupted {
            out.push(format!("{name}: the run was interrupted"));
        }
        if record.plan.mode == Mode::Quick {
            let n = record.plan.invocations;
            out.push(format!(
                "{name}: quick mode, whose {n} invocations give no interval of times"
            ));
        }
        if record.host.emulated {
            out.push(format!("{name}: under emulation, so that its times mean nothing"));
        }
        if !record.tool.optimised {
            out.push(format!("{name}: of a debug build"));
        }
    }
    let runs: HashSet<&str> = sides.iter().map(|(_, record)| record.id.as_str()).collect();
    if runs.len() < sides.len() {
        let which = if sides.len() == 2 { "both" } else { "some of these" };
        out.push(format!(
            "{which} records are of the same run: that they are alike shows nothing"
        ));
    }
    out
}
