//! What of a node's store goes along when the node moves to another machine, and what it says there.

use quorate_wire::StartNotice;

use crate::{
    StartError, Stored, pairs,
    peers::{bytes, read},
    starts::INCARNATION,
};

/// Keeps of a store what may be copied: everything but pairwise state. Two copies of a pairwise set-up would answer
/// for one oblivious transfer twice, which gives bits of the set-up away.
pub fn retain_movable(stored: &mut Stored) {
    stored.retain(|record, _| !pairs::is_pairwise(record));
}

/// Makes the records of a copy those of a node that has moved: its next start comes after every start before the move, and
/// after the start of the number `later` if one is known that the copy does not know.
///
/// # Errors
/// [`StartError::Damaged`] if there is pairwise state in the copy, or no later number is left.
pub fn begin_after_move(stored: &mut Stored, later: Option<u64>) -> Result<u64, StartError> {
    let damaged = |key: &str| StartError::Damaged { key: key.to_owned() };
    if let Some(record) = stored.keys().find(|record| pairs::is_pairwise(record)) {
        return Err(damaged(record));
    }
    let before: u64 = read(stored, INCARNATION)?.unwrap_or(0).max(later.unwrap_or(0));
    let after = StartNotice::after_move(before);
    // The count of moves is at its end: nobody moves that often.
    if after <= before {
        return Err(damaged(INCARNATION));
    }
    stored.insert(INCARNATION.to_owned(), bytes(&after));
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zeroize::Zeroizing;

    fn stored(records: &[&str], incarnation: Option<u64>) -> Stored {
        let mut stored: Stored =
            records.iter().map(|&record| (record.to_owned(), Zeroizing::new(vec![7]))).collect();
        stored.extend(incarnation.map(|number| (INCARNATION.to_owned(), bytes(&number))));
        stored
    }

    #[test]
    fn pairwise_state_of_any_epoch_stays_where_it_is() {
        let kept = ["epoch/1/share/roots", "epoch/1/ban/a/b", "final_head", "revocation/pair/", "start/pair"];
        let mut all = stored(&[&kept[..], &["epoch/1/pair/a", "epoch/12/pair/b"]].concat(), None);
        assert!(begin_after_move(&mut all.clone(), None).is_err());
        retain_movable(&mut all);
        assert_eq!(all.keys().map(String::as_str).collect::<Vec<_>>(), {
            let mut kept = kept.to_vec();
            kept.sort_unstable();
            kept
        });
    }

    #[test]
    fn the_first_start_after_a_move_comes_after_every_start_before() {
        let after = |before, later| {
            let mut stored = stored(&["final_head"], before);
            let number = begin_after_move(&mut stored, later).ok()?;
            assert_eq!(read::<u64>(&stored, INCARNATION).unwrap(), Some(number));
            Some(number)
        };
        assert_eq!(after(None, None), Some(1 << 32));
        assert_eq!(after(Some(u64::from(u32::MAX)), None), Some(1 << 32));
        assert_eq!(after(Some((3 << 32) + 9), None), Some(4 << 32));
        assert_eq!(after(Some(u64::MAX), None), None);
        // A backup from before two moves, and one that is later than what its operator knows of.
        assert_eq!(after(Some(7), Some((2 << 32) + 3)), Some(3 << 32));
        assert_eq!(after(Some((3 << 32) + 9), Some(5)), Some(4 << 32));
        assert_eq!(after(Some(7), Some(u64::MAX)), None);
        let mut broken = stored(&[INCARNATION], None);
        assert!(begin_after_move(&mut broken, None).is_err());
    }
}
