//! Which operator reads what another one writes.

use std::collections::BTreeMap;

use edgebench_record::Operator;

/// Readers of one operator that are looked at: more than a pattern of operators has.
const READERS: usize = 16;

/// The operators of a profile and the tensors between them.
#[derive(Debug)]
pub(super) struct Wires<'a> {
    operators: &'a [Operator],
    /// The first operator that writes a tensor, by the tensor's name.
    writers: BTreeMap<&'a str, usize>,
    /// The first [`READERS`] readers of each operator, in order of execution.
    readers: Vec<Vec<usize>>,
}

impl<'a> Wires<'a> {
    /// Connects operators by the names of their tensors. An operator whose outputs have no names is followed by the next
    /// one, if that one's inputs have none either. Nothing is read before it is written.
    pub(super) fn of(operators: &'a [Operator]) -> Self {
        let mut writers = BTreeMap::new();
        for (place, operator) in operators.iter().enumerate() {
            for output in operator.outputs.iter().filter(|output| !output.name.is_empty()) {
                writers.entry(output.name.as_str()).or_insert(place);
            }
        }
        let mut readers = vec![Vec::new(); operators.len()];
        for (place, operator) in operators.iter().enumerate() {
            let mut add = |writer: usize| {
                let of_writer: &mut Vec<usize> = &mut readers[writer];
                if writer < place && of_writer.len() < READERS && of_writer.last() != Some(&place) {
                    of_writer.push(place);
                }
            };
            for input in &operator.inputs {
                if let Some(&writer) = writers.get(input.name.as_str()) {
                    add(writer);
                }
            }
            if let Some(before) = place.checked_sub(1)
                && nameless(&operators[before].outputs)
                && nameless(&operator.inputs)
            {
                add(before);
            }
        }
        Self {
            operators,
            writers,
            readers,
        }
    }

    /// Operators that read what this one writes, in order of execution; of very many the first.
    pub(super) fn readers(&self, place: usize) -> &[usize] {
        &self.readers[place]
    }

    /// The operator that writes what this one reads first, which for a product is what it multiplies by its weights.
    pub(super) fn first_writer(&self, place: usize) -> Option<usize> {
        let inputs = &self.operators[place].inputs;
        if nameless(inputs) {
            let before = place.checked_sub(1)?;
            return nameless(&self.operators[before].outputs).then_some(before);
        }
        let writer = *self.writers.get(inputs.first()?.name.as_str())?;
        (writer < place).then_some(writer)
    }
}

fn nameless(values: &[edgebench_api::ProfiledValue]) -> bool {
    values.iter().all(|value| value.name.is_empty())
}
