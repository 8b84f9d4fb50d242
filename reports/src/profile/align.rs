//! Which operators of two profiles belong together.

use std::collections::{BTreeMap, BTreeSet};

use edgebench_record::Operator;
use schemars::JsonSchema;
use serde::Serialize;

use super::diff::is_put_in;
use super::wires::Wires;

/// By what the operators of two profiles were aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Alignment {
    /// By the nodes of the model file, or the tensors, that both have.
    Nodes,
    /// By the order of the operators of each kind of which both have as many: they have no node and no tensor in common.
    Order,
    /// Not at all: nothing in them is alike.
    Nothing,
}

/// The segments of two profiles.
pub(super) struct Aligned {
    pub(super) by: Alignment,
    /// In the order of execution.
    pub(super) segments: Vec<Placed>,
}

/// Places of the operators of one segment.
#[derive(Default)]
pub(super) struct Placed {
    pub(super) a: Vec<usize>,
    pub(super) b: Vec<usize>,
    /// Those that the other side has nothing for.
    pub(super) alone_a: Vec<usize>,
    pub(super) alone_b: Vec<usize>,
    /// Nodes that both sides have, in A's order.
    pub(super) nodes: Vec<String>,
}

/// Aligns two profiles: see [`diff`](super::diff()).
pub(super) fn align(a: &[Operator], b: &[Operator]) -> Aligned {
    let mut joined = Joined::of(a.len(), b.len());
    joined.join(sources(a), sources(b));
    // What is left and computes something may still write the same tensor.
    let (left_a, left_b) = (tensors(a, &joined.aligned), tensors(b, &joined.aligned[a.len()..]));
    joined.join(left_a, left_b);
    let mut by = Alignment::Nodes;
    if joined.is_empty() {
        by = Alignment::Order;
        let (keys_a, keys_b) = in_order(a, b);
        joined.join(keys_a, keys_b);
    }
    if joined.is_empty() {
        by = Alignment::Nothing;
    }
    let roots: Vec<Option<usize>> = (0..a.len() + b.len()).map(|index| joined.root(index)).collect();
    let mut placed: BTreeMap<usize, Placed> = BTreeMap::new();
    for (place, root) in attached(a, &roots[..a.len()]).into_iter().enumerate() {
        let segment = placed.entry(root.unwrap_or(place)).or_default();
        segment.a.push(place);
        if roots[place].is_none() {
            segment.alone_a.push(place);
        }
    }
    for (place, root) in attached(b, &roots[a.len()..]).into_iter().enumerate() {
        let segment = placed.entry(root.unwrap_or(a.len() + place)).or_default();
        segment.b.push(place);
        if roots[a.len() + place].is_none() {
            segment.alone_b.push(place);
        }
    }
    let mut segments: Vec<Placed> = placed.into_values().collect();
    for segment in &mut segments {
        segment.nodes = common_nodes(a, b, segment);
    }
    Aligned { by, segments }
}

/// Sets of operators that belong together: A's by their places, B's after them. A union-find whose root is the smallest.
struct Joined {
    parents: Vec<usize>,
    aligned: Vec<bool>,
    offset: usize,
}

impl Joined {
    fn of(a: usize, b: usize) -> Self {
        Self {
            parents: (0..a + b).collect(),
            aligned: vec![false; a + b],
            offset: a,
        }
    }

    fn is_empty(&self) -> bool {
        !self.aligned.contains(&true)
    }

    /// Joins all operators with a key that both sides have.
    fn join<K: Ord>(&mut self, a: Vec<(K, usize)>, b: Vec<(K, usize)>) {
        let mut by_key: BTreeMap<K, [Vec<usize>; 2]> = BTreeMap::new();
        for (key, place) in a {
            by_key.entry(key).or_default()[0].push(place);
        }
        for (key, place) in b {
            by_key.entry(key).or_default()[1].push(self.offset + place);
        }
        for [of_a, of_b] in by_key.into_values() {
            let (Some(&first), false) = (of_a.first(), of_b.is_empty()) else {
                continue;
            };
            for index in of_a.into_iter().chain(of_b) {
                self.aligned[index] = true;
                let (one, other) = (self.find(first), self.find(index));
                self.parents[one.max(other)] = one.min(other);
            }
        }
    }

    /// The set of an operator that was joined with another one.
    fn root(&mut self, index: usize) -> Option<usize> {
        self.aligned[index].then(|| self.find(index))
    }

    fn find(&mut self, mut index: usize) -> usize {
        while self.parents[index] != index {
            self.parents[index] = self.parents[self.parents[index]];
            index = self.parents[index];
        }
        index
    }
}

fn sources(operators: &[Operator]) -> Vec<(&str, usize)> {
    let mut keys = Vec::new();
    for (place, operator) in operators.iter().enumerate() {
        let names = operator.sources.iter().filter(|name| !name.is_empty());
        keys.extend(names.map(|name| (name.as_str(), place)));
    }
    keys
}

/// What the operators write that are not aligned and compute something.
fn tensors<'a>(operators: &'a [Operator], aligned: &[bool]) -> Vec<(&'a str, usize)> {
    let mut keys = Vec::new();
    for (place, operator) in operators.iter().enumerate() {
        if !aligned[place] && !is_put_in(operator) {
            let names = operator.outputs.iter().map(|output| output.name.as_str());
            keys.extend(names.filter(|name| !name.is_empty()).map(|name| (name, place)));
        }
    }
    keys
}

/// An operator's kind and which of its kind it is, with its place.
type InOrder<'a> = Vec<((&'a str, usize), usize)>;

/// The operators that compute something, of the kinds of which both sides have as many.
fn in_order<'a>(a: &'a [Operator], b: &'a [Operator]) -> (InOrder<'a>, InOrder<'a>) {
    let counted = |operators: &'a [Operator]| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut keys: InOrder<'a> = Vec::new();
        for (place, operator) in operators.iter().enumerate().filter(|(_, one)| !is_put_in(one)) {
            let count = counts.entry(&operator.canonical).or_default();
            keys.push(((&operator.canonical, *count), place));
            *count += 1;
        }
        (counts, keys)
    };
    let ((counts_a, mut keys_a), (counts_b, mut keys_b)) = (counted(a), counted(b));
    let alike = |key: &((&str, usize), usize)| counts_a.get(key.0.0) == counts_b.get(key.0.0);
    keys_a.retain(alike);
    keys_b.retain(alike);
    (keys_a, keys_b)
}

/// The segment of each operator: its own where it has one, else that of its first reader, else of the next one, else of
/// the one before. `None` throughout where no operator has one.
fn attached(operators: &[Operator], own: &[Option<usize>]) -> Vec<Option<usize>> {
    let wires = Wires::of(operators);
    let mut segments = own.to_vec();
    for place in (0..operators.len()).rev() {
        if segments[place].is_none() {
            let reader = wires.readers(place).first().and_then(|&reader| segments[reader]);
            segments[place] = reader.or_else(|| segments.get(place + 1).copied().flatten());
        }
    }
    for place in 1..segments.len() {
        segments[place] = segments[place].or(segments[place - 1]);
    }
    segments
}

/// The nodes of a segment that both sides have, in A's order.
fn common_nodes(a: &[Operator], b: &[Operator], segment: &Placed) -> Vec<String> {
    let of_b: BTreeSet<&String> = segment.b.iter().flat_map(|&place| &b[place].sources).collect();
    let mut seen = BTreeSet::new();
    let of_a = segment.a.iter().flat_map(|&place| &a[place].sources);
    of_a.filter(|name| of_b.contains(name) && seen.insert(name.as_str()))
        .cloned()
        .collect()
}
