//! Messages of sessions that this node does not know yet.
//!
//! Signers and ceremony members learn of a session at different moments, so a first message can be
//! faster than the proposal that explains it. It is kept for a short while, within bounds for each
//! sender, so that one peer's flood never pushes out what another has sent.

use std::collections::VecDeque;

use quorate_wire::NodeIndex;

pub(crate) const EARLY_MS: u64 = 3_000;
const PER_SENDER_MAX: usize = quorate_wire::limits::EARLY_SESSIONS_MAX / 4;
const PER_SENDER_BYTES_MAX: usize = 16 << 20;

struct Entry {
    session: [u8; 32],
    from: NodeIndex,
    payload: Vec<u8>,
    until_ms: u64,
}

#[derive(Default)]
pub(crate) struct EarlyMessages {
    entries: VecDeque<Entry>,
}

impl EarlyMessages {
    /// Keeps a message; the sender's oldest gives way when its share is full.
    pub(crate) fn keep(&mut self, session: [u8; 32], from: NodeIndex, payload: Vec<u8>, now_ms: u64) {
        self.entries.retain(|entry| entry.until_ms > now_ms);
        loop {
            let mut of_sender = self.entries.iter().filter(|entry| entry.from == from);
            let count = of_sender.clone().count();
            let bytes: usize = of_sender.clone().map(|entry| entry.payload.len()).sum();
            if of_sender.next().is_none()
                || (count < PER_SENDER_MAX && bytes.saturating_add(payload.len()) <= PER_SENDER_BYTES_MAX)
            {
                break;
            }
            if let Some(oldest) = self.entries.iter().position(|entry| entry.from == from) {
                self.entries.remove(oldest);
            }
        }
        self.entries.push_back(Entry { session, from, payload, until_ms: now_ms + EARLY_MS });
    }

    /// Takes what came early for a session, in order of arrival.
    pub(crate) fn take(&mut self, session: &[u8; 32]) -> Vec<(NodeIndex, Vec<u8>)> {
        let mut taken = Vec::new();
        self.entries.retain_mut(|entry| {
            let wanted = entry.session == *session;
            if wanted {
                taken.push((entry.from, std::mem::take(&mut entry.payload)));
            }
            !wanted
        });
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sender_cannot_push_out_another() {
        let (a, b) = (NodeIndex::new(1).unwrap(), NodeIndex::new(2).unwrap());
        let mut early = EarlyMessages::default();
        early.keep([7; 32], a, vec![1], 0);
        for _ in 0..10 * PER_SENDER_MAX {
            early.keep([8; 32], b, vec![2], 0);
        }
        assert_eq!(early.take(&[7; 32]), vec![(a, vec![1])]);
        assert_eq!(early.take(&[8; 32]).len(), PER_SENDER_MAX);
        early.keep([9; 32], a, vec![3], 0);
        early.keep([1; 32], b, vec![3], EARLY_MS);
        assert!(early.take(&[9; 32]).is_empty(), "what is too old is dropped");
    }
}
