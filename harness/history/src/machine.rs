//! What two runs must share for their figures to be compared.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use edgebench_record::{Mode, Record};
use sha2::{Digest as _, Sha256};

/// The machine and the way of measuring, as far as they decide the figures: runs are compared only where all of it is
/// the same.
///
/// Left out is what changes without the machine becoming another one: the kernel, the distribution, the C library, the
/// load, and the memory's exact size.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Machine {
    facts: BTreeMap<String, String>,
}

impl Machine {
    /// That of a record. What the record does not know is absent and equal to absent alone.
    pub fn of(record: &Record) -> Self {
        let host = &record.host;
        let mut facts = BTreeMap::new();
        let mut fact = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                facts.insert(name.to_owned(), value);
            }
        };
        fact("name", host.name.clone());
        fact("architecture", Some(host.architecture.clone()));
        fact("system", Some(host.system.clone()));
        fact("cpu_model", host.cpu_model.clone());
        fact("cpus", Some(host.cpus.to_string()));
        let mut isa = host.isa.clone();
        isa.sort();
        fact("isa", Some(isa.join(" ")));
        fact("governor", host.governor.clone());
        fact("virtualisation", host.virtualisation.clone());
        fact("emulated", host.emulated.then(|| "yes".to_owned()));
        fact("debug_build", (!record.tool.optimised).then(|| "yes".to_owned()));
        fact("worker_prefix", Some(record.plan.worker_prefix.join(" ")));
        let mode = match record.plan.mode {
            Mode::Quick => "quick",
            Mode::Standard => "standard",
            Mode::Publish => "publish",
        };
        fact("mode", Some(mode.to_owned()));
        Self { facts }
    }

    /// The facts by name.
    pub fn facts(&self) -> &BTreeMap<String, String> {
        &self.facts
    }

    /// Twelve hexadecimal digits that stand for the facts.
    pub fn key(&self) -> String {
        let mut hash = Sha256::new();
        for (name, value) in &self.facts {
            for text in [name, value] {
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text);
            }
        }
        hex(&hash.finalize()[..6])
    }

    /// A name for people: the one that was chosen, or the processor's model and their number.
    pub fn label(&self) -> String {
        let fact = |name: &str| self.facts.get(name);
        if let Some(name) = fact("name") {
            return name.clone();
        }
        let model = fact("cpu_model").or_else(|| fact("architecture"));
        let (model, cpus) = (
            model.map_or("?", String::as_str),
            fact("cpus").map_or("?", String::as_str),
        );
        format!("{model} × {cpus}")
    }

    /// The names of the facts that are not the same.
    pub fn differing(&self, other: &Self) -> Vec<String> {
        let names = self.facts.keys().chain(other.facts.keys());
        let mut differing: Vec<String> = names
            .filter(|name| self.facts.get(*name) != other.facts.get(*name))
            .cloned()
            .collect();
        differing.sort();
        differing.dedup();
        differing
    }

    pub(crate) fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&self.facts)
    }

    pub(crate) fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        Ok(Self {
            facts: serde_json::from_str(text)?,
        })
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(facts: &[(&str, &str)]) -> Machine {
        Machine {
            facts: facts
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        }
    }

    #[test]
    fn machines_that_differ_have_other_keys_and_name_the_fields() {
        let one = machine(&[("cpu_model", "A"), ("cpus", "2")]);
        let two = machine(&[("cpu_model", "A"), ("cpus", "4"), ("governor", "performance")]);
        assert_ne!(one.key(), two.key());
        assert_eq!(one.key(), one.clone().key());
        assert_eq!(one.differing(&two), ["cpus", "governor"]);
        assert!(one.differing(&one).is_empty());
        assert_eq!(one.key().len(), 12);
    }

    #[test]
    fn a_chosen_name_comes_before_the_processor() {
        assert_eq!(machine(&[("cpu_model", "A"), ("cpus", "2")]).label(), "A × 2");
        assert_eq!(machine(&[("name", "board 7"), ("cpu_model", "A")]).label(), "board 7");
    }

    #[test]
    fn facts_do_not_run_into_each_other() {
        assert_ne!(machine(&[("a", "bc")]).key(), machine(&[("ab", "c")]).key());
    }
}
