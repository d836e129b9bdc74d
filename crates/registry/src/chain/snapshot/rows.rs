//! The rows of a snapshot as bytes.

use std::io::{self, Read, Write};

use alloy_consensus::Header;
use alloy_primitives::{B256, Bloom, U256};

use super::SnapshotError;
use crate::chain::{head::BlockId, state::Account};

const MAGIC: &[u8; 19] = b"quorate/snapshot/1\n";
/// Code is at most half as long (EIP-170).
const CODE_BYTES_MAX: usize = 48 << 10;
const BLOOM_BITS: usize = 2048;

const HEADER: u8 = 1;
const ACCOUNT: u8 = 2;
const SLOT: u8 = 3;
const CODE: u8 = 4;
const END: u8 = 5;

/// What of a header does not follow from its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HeaderRow {
    pub(crate) timestamp: u64,
    pub(crate) gas_used: u64,
    pub(crate) state_root: B256,
    pub(crate) transactions_root: B256,
    pub(crate) receipts_root: B256,
    pub(crate) logs_bloom: Bloom,
}

impl HeaderRow {
    pub(crate) fn of(header: &Header) -> Self {
        Self {
            timestamp: header.timestamp,
            gas_used: header.gas_used,
            state_root: header.state_root,
            transactions_root: header.transactions_root,
            receipts_root: header.receipts_root,
            logs_bloom: header.logs_bloom,
        }
    }
}

/// A row of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Header(Box<HeaderRow>),
    /// Under the hash of its address.
    Account(B256, Account),
    /// Of the account before it, under the hash of its number.
    Slot(B256, U256),
    Code(Vec<u8>),
    End,
}

pub(crate) fn write_head(out: &mut impl Write, genesis: B256, block: BlockId) -> io::Result<()> {
    out.write_all(MAGIC)?;
    out.write_all(genesis.as_slice())?;
    out.write_all(&block.number.to_be_bytes())?;
    out.write_all(block.hash.as_slice())
}

/// Which chain and block a snapshot says that it is of.
pub(crate) fn read_head(input: &mut impl Read) -> Result<(B256, BlockId), SnapshotError> {
    let magic: [u8; MAGIC.len()] = take(input).map_err(|error| match error {
        SnapshotError::Cut => SnapshotError::Magic,
        other => other,
    })?;
    if magic != *MAGIC {
        return Err(SnapshotError::Magic);
    }
    let genesis = B256::from(take::<32>(input)?);
    let number = u64::from_be_bytes(take(input)?);
    Ok((genesis, BlockId { number, hash: B256::from(take::<32>(input)?) }))
}

impl Row {
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Header(header) => {
                out.push(HEADER);
                out.extend_from_slice(&header.timestamp.to_be_bytes());
                out.extend_from_slice(&header.gas_used.to_be_bytes());
                out.extend_from_slice(header.state_root.as_slice());
                out.extend_from_slice(header.transactions_root.as_slice());
                out.extend_from_slice(header.receipts_root.as_slice());
                write_bloom(&header.logs_bloom, out);
            }
            Self::Account(key, account) => {
                out.push(ACCOUNT);
                out.extend_from_slice(key.as_slice());
                out.extend_from_slice(&account.to_bytes());
            }
            Self::Slot(key, word) => {
                out.push(SLOT);
                out.extend_from_slice(key.as_slice());
                let word = word.to_be_bytes_trimmed_vec();
                out.push(u8::try_from(word.len()).unwrap_or_default());
                out.extend_from_slice(&word);
            }
            Self::Code(code) => {
                out.push(CODE);
                out.extend_from_slice(&u32::try_from(code.len()).unwrap_or(u32::MAX).to_be_bytes());
                out.extend_from_slice(code);
            }
            Self::End => out.push(END),
        }
    }

    /// Reads one; what it says of its own length is bounded before anything is made for it.
    pub(crate) fn read(input: &mut impl Read) -> Result<Self, SnapshotError> {
        let damaged = SnapshotError::Damaged;
        Ok(match take::<1>(input)? {
            [HEADER] => Self::Header(Box::new(HeaderRow {
                timestamp: u64::from_be_bytes(take(input)?),
                gas_used: u64::from_be_bytes(take(input)?),
                state_root: B256::from(take::<32>(input)?),
                transactions_root: B256::from(take::<32>(input)?),
                receipts_root: B256::from(take::<32>(input)?),
                logs_bloom: read_bloom(input)?,
            })),
            [ACCOUNT] => {
                let key = B256::from(take::<32>(input)?);
                let account = take::<{ Account::BYTES }>(input)?;
                Self::Account(
                    key,
                    Account::from_bytes(&account).ok_or(damaged("an account has another form"))?,
                )
            }
            [SLOT] => {
                let key = B256::from(take::<32>(input)?);
                let [length] = take(input)?;
                let mut word = [0; 32];
                let short = word.len().checked_sub(usize::from(length)).filter(|zeros| *zeros < 32);
                let Some(word_end) = short.and_then(|zeros| word.get_mut(zeros..)) else {
                    return Err(damaged("a slot has no word"));
                };
                input.read_exact(word_end).map_err(|error| SnapshotError::file(&error))?;
                if word_end.first() == Some(&0) {
                    return Err(damaged("a slot is written longer than it is"));
                }
                Self::Slot(key, U256::from_be_bytes(word))
            }
            [CODE] => {
                let length = usize::try_from(u32::from_be_bytes(take(input)?)).unwrap_or(usize::MAX);
                if length == 0 || length > CODE_BYTES_MAX {
                    return Err(damaged("a contract's code has no possible length"));
                }
                let mut code = vec![0; length];
                input.read_exact(&mut code).map_err(|error| SnapshotError::file(&error))?;
                Self::Code(code)
            }
            [END] => Self::End,
            _ => return Err(damaged("a row is of no known kind")),
        })
    }
}

/// The places of the bits that are set, of which there are few; the whole bloom where there are many.
fn write_bloom(bloom: &Bloom, out: &mut Vec<u8>) {
    let set: Vec<u16> = (0_u16..)
        .zip(bloom.iter())
        .flat_map(|(place, byte)| {
            (0..8).filter(move |bit| byte >> bit & 1 == 1).map(move |bit| place * 8 + bit)
        })
        .collect();
    match u8::try_from(set.len()).ok().filter(|count| *count < u8::MAX / 2) {
        Some(count) => {
            out.push(count);
            set.iter().for_each(|bit| out.extend_from_slice(&bit.to_be_bytes()));
        }
        None => {
            out.push(u8::MAX);
            out.extend_from_slice(bloom.as_slice());
        }
    }
}

fn read_bloom(input: &mut impl Read) -> Result<Bloom, SnapshotError> {
    let [count] = take(input)?;
    if count == u8::MAX {
        return Ok(Bloom::from(take::<256>(input)?));
    }
    let mut bloom = [0_u8; BLOOM_BITS / 8];
    for _ in 0..count {
        let bit = u16::from_be_bytes(take(input)?);
        let byte = bloom.get_mut(usize::from(bit / 8));
        *byte.ok_or(SnapshotError::Damaged("a header's bloom has a bit that there is not"))? |=
            1 << (bit % 8);
    }
    Ok(Bloom::from(bloom))
}

fn take<const N: usize>(input: &mut impl Read) -> Result<[u8; N], SnapshotError> {
    let mut bytes = [0; N];
    input.read_exact(&mut bytes).map_err(|error| SnapshotError::file(&error))?;
    Ok(bytes)
}
