//! A snapshot in pages: each is read by itself, as the state was after one block, whatever came after.

use std::time::{Duration, Instant};

use alloy_primitives::B256;

use super::rows::{HeaderRow, Row};
use crate::{
    chain::{body, ledger::Ledger, store::StoreError},
    error::ReadError,
};

/// Bytes of a page; its last row may be behind that.
const PAGE_BYTES: usize = 1 << 20;
/// How long a page is read.
const PAGE_TIME: Duration = Duration::from_millis(500);
/// Codes that are asked for at once.
pub(super) const PAGE_CODES_MAX: usize = 32;

/// What a page has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Headers, from the number in the cursor's eight bytes.
    Headers,
    /// Accounts and slots behind the cursor: a hashed address, and a hashed slot of it if its slots are not at their end.
    State,
    /// The codes with the hashes that the cursor is made of.
    Codes,
}

impl Part {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::State => "state",
            Self::Codes => "codes",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Headers, Self::State, Self::Codes].into_iter().find(|part| part.name() == name)
    }
}

/// Rows as a snapshot has them, and where the next page begins.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) rows: Vec<u8>,
    pub(crate) next: Option<Vec<u8>>,
}

/// One page of the snapshot of a block; `None` for a cursor that no page gave.
pub(crate) fn page(
    ledger: &Ledger,
    block: u64,
    part: Part,
    cursor: &[u8],
) -> Result<Option<Page>, ReadError> {
    ledger.check_readable(block)?;
    let until = Instant::now() + PAGE_TIME;
    match part {
        Part::Headers => headers(ledger, block, cursor, until),
        Part::State => state(ledger, block, cursor, until),
        Part::Codes => codes(ledger, cursor),
    }
}

fn headers(ledger: &Ledger, block: u64, cursor: &[u8], until: Instant) -> Result<Option<Page>, ReadError> {
    let Ok(from) = cursor.try_into().map(u64::from_be_bytes) else { return Ok(None) };
    let mut page = Page::default();
    for number in from.max(1)..=block {
        if page.rows.len() > PAGE_BYTES || Instant::now() > until && number > from {
            page.next = Some(number.to_be_bytes().to_vec());
            break;
        }
        let body = ledger.body(number)?.ok_or(StoreError::Damaged("bodies"))?;
        Row::Header(Box::new(HeaderRow::of(&body::header(&body)?))).write(&mut page.rows);
    }
    Ok(Some(page))
}

fn state(ledger: &Ledger, block: u64, cursor: &[u8], until: Instant) -> Result<Option<Page>, ReadError> {
    let mut page = Page::default();
    let (mut account, mut slot) = match cursor.len() {
        0 => (None, None),
        32 => (Some(B256::from_slice(cursor)), None),
        64 => (Some(B256::from_slice(&cursor[..32])), Some(B256::from_slice(&cursor[32..]))),
        _ => return Ok(None),
    };
    let full = |page: &Page| page.rows.len() > PAGE_BYTES || !page.rows.is_empty() && Instant::now() > until;
    loop {
        // In the middle of an account it goes on with its slots, else with the next account.
        let owner = match (account, slot) {
            (Some(owner), Some(_)) => owner,
            (behind, _) => {
                let Some((key, found)) = ledger.next_account(behind, block)? else { return Ok(Some(page)) };
                account = Some(key);
                if let Some(found) = found {
                    Row::Account(key, found).write(&mut page.rows);
                    if found.storage_root == super::super::trie::EMPTY_ROOT {
                        if full(&page) {
                            page.next = Some(key.to_vec());
                            return Ok(Some(page));
                        }
                        continue;
                    }
                }
                key
            }
        };
        let stopped = ledger.slots_behind(owner, slot.take(), block, |key, word| {
            Row::Slot(key, word).write(&mut page.rows);
            !full(&page)
        })?;
        if let Some(last) = stopped {
            page.next = Some([owner.as_slice(), last.as_slice()].concat());
            return Ok(Some(page));
        }
        if full(&page) {
            page.next = Some(owner.to_vec());
            return Ok(Some(page));
        }
    }
}

fn codes(ledger: &Ledger, cursor: &[u8]) -> Result<Option<Page>, ReadError> {
    let (hashes, rest) = cursor.as_chunks::<32>();
    if !rest.is_empty() || hashes.len() > PAGE_CODES_MAX {
        return Ok(None);
    }
    let mut page = Page::default();
    for hash in hashes {
        let Some(code) = ledger.known_code(B256::from(*hash))? else { return Ok(None) };
        Row::Code(code.original_bytes().to_vec()).write(&mut page.rows);
    }
    Ok(Some(page))
}
