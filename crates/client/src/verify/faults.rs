//! What members say that they found wrong in what others gave. It must be their own word; whether it is true, they answer
//! for alone.

use quorate_wire::{Committee, FaultNotice, NodeIndex, Signed, Statement};

use super::VerifyError;

/// Checks that each notice is a member's own about the execution of a statement, and that no member has two.
pub(super) fn check(
    committee: &Committee,
    statement: &Statement,
    notices: &[Signed<FaultNotice>],
) -> Result<(), VerifyError> {
    let mut before: Option<NodeIndex> = None;
    for notice in notices {
        let (by, body) = (notice.node, &notice.body);
        if committee.member(by).is_none() {
            return Err(VerifyError::NotMember(by));
        }
        if before.replace(by) >= Some(by) {
            return Err(VerifyError::MemberTwice(by));
        }
        let about = (body.network, body.epoch, body.request);
        let of_members = body.wrong_partials.iter().all(|wrong| committee.member(wrong.node).is_some());
        if about != (statement.network, statement.epoch, statement.request)
            || !body.has_form(by)
            || !of_members
        {
            return Err(VerifyError::FaultNotice(by));
        }
        if !committee.has_signed(notice) {
            return Err(VerifyError::StatementSignature(by));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use quorate_wire::{NetworkId, OperationNumber, RequestId, WrongPartial};

    use super::super::tests::{index, network, statement, statement_signer};
    use super::*;

    /// What a node says, after one change of a good notice about node 3.
    fn notice(by: u8, change: impl FnOnce(&mut FaultNotice)) -> Signed<FaultNotice> {
        let Statement { network, epoch, request, .. } = statement();
        let wrong_partials = vec![WrongPartial { operation: OperationNumber::FIRST, node: index(3) }];
        let mut body = FaultNotice { network, epoch, request, wrong_partials };
        change(&mut body);
        Signed::new(index(by), body, &statement_signer(by))
    }

    fn checked(notices: &[Signed<FaultNotice>]) -> Option<VerifyError> {
        check(&network().founding_committee(), &statement(), notices).err()
    }

    #[test]
    fn each_member_has_one_word_about_this_execution() {
        let as_it_is = |by| notice(by, |_| {});
        assert_eq!(checked(&[]), None);
        assert_eq!(checked(&[as_it_is(1), as_it_is(2)]), None);
        assert_eq!(checked(&[as_it_is(2), as_it_is(1)]), Some(VerifyError::MemberTwice(index(1))));
        assert_eq!(checked(&[as_it_is(1), as_it_is(1)]), Some(VerifyError::MemberTwice(index(1))));
        assert_eq!(checked(&[as_it_is(4)]), Some(VerifyError::NotMember(index(4))));
        let forged = Signed::new(index(1), as_it_is(2).body, &statement_signer(2));
        assert_eq!(checked(&[forged]), Some(VerifyError::StatementSignature(index(1))));
    }

    #[test]
    fn refuses_words_about_something_else_and_in_no_form() {
        let refused = Some(VerifyError::FaultNotice(index(1)));
        let wrong = |node| WrongPartial { operation: OperationNumber::FIRST, node: index(node) };
        let of = |list: &[u8]| {
            let list = list.iter().map(|node| wrong(*node)).collect();
            checked(&[notice(1, |body| body.wrong_partials = list)])
        };
        assert_eq!(of(&[2, 3]), None);
        for bad in [&[][..], &[1], &[4], &[3, 2], &[3, 3]] {
            assert_eq!(of(bad), refused, "{bad:?}");
        }
        let many: Vec<WrongPartial> = (0u32..)
            .take(FaultNotice::PARTIALS_MAX + 1)
            .map(|place| WrongPartial {
                operation: OperationNumber::from_u32(place).unwrap(),
                node: index(3),
            })
            .collect();
        assert_eq!(checked(&[notice(1, |body| body.wrong_partials = many[1..].to_vec())]), None);
        assert_eq!(checked(&[notice(1, |body| body.wrong_partials = many)]), refused);
        assert_eq!(checked(&[notice(1, |body| body.network = NetworkId([8; 32]))]), refused);
        assert_eq!(checked(&[notice(1, |body| body.epoch = 2)]), refused);
        assert_eq!(checked(&[notice(1, |body| body.request = RequestId([8; 32]))]), refused);
    }
}
