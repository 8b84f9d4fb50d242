//! The advice on several records, for programs.

use edgebench_record::Record;
use serde::Serialize;

use super::advise::{Advice, Advised, advise};
use crate::budget::Budget;

/// The version of [`Recommendation`] that this code writes.
pub const RECOMMENDATION_SCHEMA: u32 = 1;

/// The advice on several records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recommendation {
    /// [`RECOMMENDATION_SCHEMA`] of the writer.
    pub schema: u32,
    /// What was allowed.
    pub budget: Option<Budget>,
    /// The worst of all advice: 0 where something surely fits everywhere or there is no budget, 1 where for some task nothing fits, 4 otherwise.
    pub exit_code: u8,
    /// The records in the order in which they were given.
    pub records: Vec<RecordAdvice>,
}

/// The advice on one record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordAdvice {
    /// What the record was called when it was given.
    pub what: String,
    /// The run's id.
    pub run: String,
    /// The device's published name; absent where it has none.
    pub device: Option<String>,
    /// Its tasks, in the record's order.
    pub tasks: Vec<TaskAdvice>,
}

/// The advice on one task, in words and in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskAdvice {
    /// The advice in a sentence.
    pub words: String,
    /// Its figures.
    #[serde(flatten)]
    pub advice: Advice,
}

/// Advises on the tasks of several records, each with what it is called; `tasks` names those to advise on, all where it is
/// empty.
pub fn recommend(records: &[(&str, &Record)], tasks: &[String], budget: Option<&Budget>) -> Recommendation {
    let records: Vec<RecordAdvice> = records
        .iter()
        .map(|(what, record)| RecordAdvice {
            what: (*what).to_owned(),
            run: record.id.clone(),
            device: record.host.name.clone(),
            tasks: record
                .tasks
                .iter()
                .filter(|task| tasks.is_empty() || tasks.contains(&task.id))
                .map(|task| {
                    let advice = advise(record, task, budget);
                    TaskAdvice {
                        words: advice.words(),
                        advice,
                    }
                })
                .collect(),
        })
        .collect();
    Recommendation {
        schema: RECOMMENDATION_SCHEMA,
        budget: budget.cloned(),
        exit_code: exit_code(budget, &records),
        records,
    }
}

/// 0 without a budget, or where something surely fits for every task; 1 where for some task nothing fits; otherwise 4:
/// something fits, but not surely, or figures are lacking.
fn exit_code(budget: Option<&Budget>, records: &[RecordAdvice]) -> u8 {
    let mut all = records
        .iter()
        .flat_map(|record| &record.tasks)
        .map(|task| task.advice.advised);
    if budget.is_none() {
        0
    } else if all.clone().any(|advised| advised == Advised::NothingFits) {
        1
    } else if all.clone().next().is_some() && all.all(|advised| advised == Advised::Ship) {
        0
    } else {
        4
    }
}
