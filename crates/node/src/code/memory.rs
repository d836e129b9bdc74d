//! Sources in memory, the least recently used going first.

use std::{collections::BTreeMap, sync::Arc};

use quorate_wire::ActionCid;

/// What an entry takes beside its text.
const ENTRY_BYTES: u64 = 256;

pub(super) struct Memory {
    bytes_max: u64,
    bytes: u64,
    next: u64,
    by_cid: BTreeMap<ActionCid, (u64, Arc<str>)>,
    /// Oldest use first.
    by_use: BTreeMap<u64, ActionCid>,
}

impl Memory {
    pub(super) fn new(bytes_max: u64) -> Self {
        Memory { bytes_max, bytes: 0, next: 0, by_cid: BTreeMap::new(), by_use: BTreeMap::new() }
    }

    pub(super) fn get(&mut self, cid: ActionCid) -> Option<Arc<str>> {
        let (used, code) = self.by_cid.get_mut(&cid)?;
        self.by_use.remove(used);
        *used = self.next;
        self.by_use.insert(self.next, cid);
        self.next += 1;
        Some(code.clone())
    }

    pub(super) fn insert(&mut self, cid: ActionCid, code: Arc<str>) {
        if self.get(cid).is_some() || size(&code) > self.bytes_max {
            return;
        }
        self.bytes += size(&code);
        self.by_use.insert(self.next, cid);
        self.by_cid.insert(cid, (self.next, code));
        self.next += 1;
        while self.bytes > self.bytes_max {
            let Some((_, oldest)) = self.by_use.pop_first() else { return };
            if let Some((_, code)) = self.by_cid.remove(&oldest) {
                self.bytes -= size(&code);
            }
        }
    }
}

fn size(code: &str) -> u64 {
    code.len() as u64 + ENTRY_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(number: u32) -> (ActionCid, Arc<str>) {
        let text = format!("{number:1000}");
        (ActionCid::of_code(text.as_bytes()), text.into())
    }

    #[test]
    fn the_least_recently_used_goes_first_and_the_bound_holds() {
        let mut memory = Memory::new(3 * (1000 + ENTRY_BYTES));
        for number in 0..3 {
            let (cid, text) = code(number);
            memory.insert(cid, text);
        }
        assert!(memory.get(code(0).0).is_some());
        memory.insert(code(3).0, code(3).1);
        memory.insert(code(3).0, code(3).1);
        let there: Vec<bool> = (0..4).map(|number| memory.get(code(number).0).is_some()).collect();
        assert_eq!(there, [true, false, true, true]);
        assert_eq!(memory.bytes, memory.bytes_max);
        assert_eq!((memory.by_cid.len(), memory.by_use.len()), (3, 3));
    }

    #[test]
    fn what_is_larger_than_all_room_displaces_nothing() {
        let mut memory = Memory::new(1000 + ENTRY_BYTES);
        memory.insert(code(0).0, code(0).1);
        let long: Arc<str> = "x".repeat(2000).into();
        memory.insert(ActionCid::of_code(long.as_bytes()), long);
        assert!(memory.get(code(0).0).is_some());
    }
}
