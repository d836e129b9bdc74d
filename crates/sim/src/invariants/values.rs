//! What must hold of operations on values (`docs/protocols/execution.md`, Values).

use std::collections::{BTreeMap, BTreeSet};

use quorate_wire::{Digest, NodeIndex, OperationNumber, RequestId, Transcript, limits};

use super::{Checker, Life};

/// An operation of a request.
type Place = (RequestId, OperationNumber);

/// Honest runs that come to an operation within this of each other have their values in its set: a little less
/// than the second that the protocol promises, for the way.
const TOGETHER_US: u64 = 900_000;
/// When a set must be there, after the last honest run came: the wait for those who may still come, the turns of
/// two other coordinators, an interval of looking, and the way.
const SET_US: u64 = 2_000_000;
/// The same of a function that one node runs, without what each liar before an honest node may cost.
const LED_US: u64 = 2_000_000;

/// What is known of operations on values.
#[derive(Default)]
pub(super) struct Seen {
    /// Values that nodes' own runs gave.
    gave: BTreeMap<(NodeIndex, RequestId, OperationNumber), BTreeSet<String>>,
    /// When honest runs came to an operation.
    came: BTreeMap<Place, BTreeMap<NodeIndex, u64>>,
    /// What honest runs go on with, and since when.
    went_on: BTreeMap<Place, BTreeMap<Life, (String, u64)>>,
    /// Members whose partial of a drawn value was sent.
    partials: BTreeMap<Place, BTreeSet<NodeIndex>>,
    /// What was drawn.
    drawn: BTreeMap<Place, String>,
    /// What opened ciphertexts.
    opened: BTreeMap<Place, String>,
    /// What runs were given where one honest coordinator alone fixed it.
    alone: BTreeMap<Place, String>,
    pub(super) count: u64,
}

/// What the world knows of a request whose coordinator is honest, and was the first at every honest node.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promised {
    pub(crate) request: RequestId,
    /// The block that it names.
    pub(crate) block: Digest,
    /// Whether its calls come one after the other, so that each answer's time says something.
    pub(crate) timed: bool,
}

impl Checker {
    /// An honest node's run came to an operation on values.
    pub(crate) fn came(&mut self, node: NodeIndex, place: Place, at_us: u64) {
        self.values.came.entry(place).or_default().entry(node).or_insert(at_us);
    }

    /// A node sends its partial of a threshold value. Whether it is the first time.
    pub(crate) fn gave_partial(&mut self, node: NodeIndex, place: Place) -> bool {
        self.values.partials.entry(place).or_default().insert(node)
    }

    /// A node's run was given what opens a ciphertext: one value for each place, and not before t nodes gave their shares.
    pub(crate) fn opened(&mut self, life: Life, place: Place, value: &str) {
        self.values.count += 1;
        let mut gave = self.values.partials.get(&place).cloned().unwrap_or_default();
        gave.extend(&self.dishonest);
        if gave.len() < usize::from(self.shape.t) {
            let detail = format!("{life:?} opens at {place:?}, for which gave {gave:?}");
            self.broken("nothing opens without t nodes whose own rule said yes", detail);
        }
        let known = self.values.opened.entry(place).or_insert_with(|| value.to_owned());
        if known != value {
            let detail = format!("{life:?} opens with {value}, others with {known}");
            self.broken("a place has one value that opens", detail);
        }
    }

    /// A node's run was given a drawn value: there is one for each place, and not before t nodes have come to it.
    pub(crate) fn drew(&mut self, life: Life, place: Place, value: &str) {
        self.values.count += 1;
        let mut came = self.values.partials.get(&place).cloned().unwrap_or_default();
        came.insert(life.node);
        came.extend(&self.dishonest);
        if came.len() < usize::from(self.shape.t) {
            let detail = format!("{life:?} draws at {place:?}, to which came {came:?}");
            self.broken("nothing is drawn before t nodes have come to it", detail);
        }
        let known = self.values.drawn.entry(place).or_insert_with(|| value.to_owned());
        if known != value {
            let detail = format!("{life:?} draws {value}, others {known}");
            self.broken("a place has one drawn value", detail);
        }
        if self.values.drawn.iter().any(|(other, drawn)| *other != place && drawn == value) {
            self.broken("no value is drawn twice", format!("{life:?} draws {value} at {place:?}"));
        }
    }

    /// A node's own run gave a value, to be collected or as the one that ran a function.
    pub(crate) fn gave(&mut self, place: (NodeIndex, RequestId, OperationNumber), value: String) {
        self.values.gave.entry(place).or_default().insert(value);
    }

    /// An honest node's run was given what an operation on values came to; `alone` tells whether one
    /// honest coordinator alone could fix it.
    pub(crate) fn was_given(&mut self, life: Life, place: Place, value: &str, (at_us, alone): (u64, bool)) {
        let Ok(parsed) = serde_json::from_str::<serde_json::Value>(value) else {
            return self.broken("a value is JSON", format!("{life:?}: {value}"));
        };
        if parsed.get("run").is_some() {
            return;
        }
        self.values.count += 1;
        self.check_entries(life, place, &parsed);
        let given = self.values.went_on.entry(place).or_default();
        if let Some((before, _)) = given.insert(life, (value.to_owned(), at_us)) {
            let detail = format!("{life:?} goes on with {value} after {before}");
            self.broken("a run goes on with one value of an operation", detail);
        }
        if alone {
            let known = self.values.alone.entry(place).or_insert_with(|| value.to_owned());
            if known != value {
                let detail = format!("{life:?} is given {value}, others {known}");
                self.broken("with one honest coordinator all are given the same", detail);
            }
        }
    }

    fn check_entries(&mut self, life: Life, (request, operation): Place, parsed: &serde_json::Value) {
        let entries = match parsed {
            serde_json::Value::Array(entries) => {
                let nodes = nodes_of(parsed);
                if nodes.len() != entries.len() || nodes.len() < usize::from(self.shape.t) {
                    self.broken("a set is of t distinct members", format!("{life:?}: {parsed}"));
                }
                entries
                    .iter()
                    .filter_map(|entry| Some((entry.get("node")?.as_u64(), entry.get("value")?)))
                    .collect()
            }
            other => {
                other.get("value").or(other.get("error")).map(|text| vec![(None, text)]).unwrap_or_default()
            }
        };
        for (node, text) in entries {
            let text = text.as_str().unwrap_or_default();
            let honest = |of: &NodeIndex| !self.dishonest.contains(of);
            let gave = |of: NodeIndex| {
                self.values.gave.get(&(of, request, operation)).is_some_and(|values| values.contains(text))
            };
            let by_node = node.and_then(|node| NodeIndex::new(u8::try_from(node).ok()?));
            let sound = match by_node {
                Some(of) => !honest(&of) || gave(of),
                // A value of one node: somebody honest gave it, or there is a liar, or a run has ended.
                None => {
                    !self.dishonest.is_empty()
                        || text.contains("has ended")
                        || (1..=self.shape.n).filter_map(NodeIndex::new).any(gave)
                }
            };
            if !sound {
                self.broken(
                    "no value in the name of a node that did not give it",
                    format!("{life:?}: {parsed}"),
                );
            }
        }
    }

    /// What an honest first coordinator makes sure of, looked at when all is over.
    pub(crate) fn check_promised(&mut self, promised: &Promised) {
        let of_request = self.values.came.iter().filter(|((request, _), _)| *request == promised.request);
        let spans: Vec<(Place, u64, u64)> = of_request
            .filter_map(|(place, came)| Some((*place, *came.values().min()?, *came.values().max()?)))
            .collect();
        // Where one came long before the others it waited for its first coordinator in vain, and believes others
        // in what follows.
        let apart = spans.iter().filter(|(_, first, last)| last - first > TOGETHER_US);
        let until_us = apart.map(|(_, first, _)| *first).min().unwrap_or(u64::MAX);
        for (place, first_us, _) in spans {
            if first_us <= until_us {
                self.check_place(promised, place);
            }
        }
    }

    fn check_place(&mut self, promised: &Promised, place: Place) {
        let honest: BTreeSet<NodeIndex> = self.honest().collect();
        let Some(came) = self.values.came.get(&place) else { return };
        let (first, last) = (came.values().min().copied(), came.values().max().copied());
        let (Some(first), Some(last)) = (first, last) else { return };
        if came.len() < honest.len() || last - first > TOGETHER_US {
            return;
        }
        let given = self.values.went_on.get(&place).cloned().unwrap_or_default();
        let mut same: Option<&String> = None;
        for (life, (value, at_us)) in &given {
            let parsed: serde_json::Value = serde_json::from_str(value).unwrap_or_default();
            let set = parsed.is_array();
            let bound_us = if set { SET_US } else { LED_US + self.spoilt_us(place, promised) };
            if promised.timed && at_us.saturating_sub(last) > bound_us {
                let detail = format!("{life:?} is given {value} {} µs after the last came", at_us - last);
                self.broken("honest runs go on within a bound", detail);
            }
            if !set {
                continue;
            }
            if !nodes_of(&parsed).is_superset(&honest) {
                let detail = format!("{life:?} is given {value}; in time came {honest:?}");
                self.broken("all honest values in time are in an honest coordinator's set", detail);
            }
            if *same.get_or_insert(value) != value {
                let detail = format!("{life:?} is given {value}, another {same:?}");
                self.broken("an honest first coordinator's set is everybody's", detail);
            }
        }
    }

    /// How long liars can have a function's value put off: each that comes before all honest nodes in the order
    /// has its time, and these times overlap.
    fn spoilt_us(&self, (request, _): Place, promised: &Promised) -> u64 {
        let mut order: Vec<([u8; 32], NodeIndex)> = (1..=self.shape.n)
            .filter_map(NodeIndex::new)
            .map(|node| {
                let transcript = Transcript::new("quorate/run-once/v2")
                    .field(&request.0)
                    .field(&promised.block.0)
                    .number(node.get().into());
                (transcript.finish(), node)
            })
            .collect();
        order.sort_unstable();
        let liars = order.iter().take_while(|(_, node)| self.dishonest.contains(node)).count();
        u64::try_from(liars).unwrap_or(u64::MAX) * limits::LEADER_MS * 1_000
    }

    fn honest(&self) -> impl Iterator<Item = NodeIndex> {
        (1..=self.shape.n).filter_map(NodeIndex::new).filter(|node| !self.dishonest.contains(node))
    }

    /// An honest node says that a peer did what no honest node does.
    pub(crate) fn blamed(&mut self, life: Life, peer: NodeIndex, check: &'static str) {
        if !self.dishonest.contains(&peer) {
            self.broken("honest nodes are not blamed", format!("{life:?} blames {peer:?}: {check}"));
        }
    }

    /// What one peer has made an honest node hold for one execution.
    pub(crate) fn held(&mut self, life: Life, (peer, operations, bytes): (NodeIndex, usize, usize)) {
        // Signatures and fields around a value are not charged.
        let around = operations * 2_000;
        if operations > limits::EXECUTION_OPERATIONS_MAX
            || bytes > limits::EXECUTION_VALUES_BYTES_MAX + around
        {
            let detail = format!("{life:?} holds {bytes} bytes in {operations} operations for {peer:?}");
            self.broken("what a peer makes a node hold is bounded", detail);
        }
    }
}

fn nodes_of(set: &serde_json::Value) -> BTreeSet<NodeIndex> {
    let entries = set.as_array().map(Vec::as_slice).unwrap_or_default();
    let node = |entry: &serde_json::Value| NodeIndex::new(u8::try_from(entry.get("node")?.as_u64()?).ok()?);
    entries.iter().filter_map(node).collect()
}
