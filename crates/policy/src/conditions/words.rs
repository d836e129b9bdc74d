//! A policy in plain words.

use super::{
    compare::{Comparator, decimal},
    question::{Question, Term, What},
    tree::{Condition, Group, Item, Operator},
};

/// The lines of a group.
pub(super) fn of(group: &Group) -> Vec<String> {
    let mut lines = Vec::new();
    say(group, 0, &mut lines);
    lines
}

fn say(group: &Group, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let mut item = |item: &Item| match item {
        Item::Condition(condition) => lines.push(format!("{indent}{}", condition_words(condition))),
        Item::Group(inner) => say(inner, depth + 1, lines),
    };
    item(&group.first);
    let mut joins = group.rest.iter().map(|(operator, _)| operator);
    let mixed = joins.next().is_some_and(|first| joins.any(|other| other != first));
    for (operator, next) in &group.rest {
        let word = if *operator == Operator::And { "and" } else { "or" };
        let order = if mixed { " (with all of this group above)" } else { "" };
        lines.push(format!("{indent}{word}{order}"));
        match next {
            Item::Condition(condition) => lines.push(format!("{indent}{}", condition_words(condition))),
            Item::Group(inner) => say(inner, depth + 1, lines),
        }
    }
}

fn condition_words(condition: &Condition) -> String {
    match Question::of(condition) {
        Ok(question) => question_words(&question),
        Err(error) => {
            let detail = if error.detail.is_empty() { condition.kind.name() } else { &error.detail };
            format!("nobody: {detail} ({}, {})", error.code, error.path)
        }
    }
}

fn question_words(question: &Question) -> String {
    let (comparator, value) = (question.comparator, term(&question.value));
    let test = format!("{} {value}", comparator.words());
    match &question.what {
        What::Term(Term::Caller) if comparator == Comparator::Equal => {
            format!("whoever holds the address {value}")
        }
        What::Term(Term::Action) if comparator == Comparator::Equal => format!("the action {value} alone"),
        What::Term(found) => format!("{} {test}", term(found)),
        What::Domain => format!("the domain of the login {test}"),
        What::Resources => format!("the list of the login's resources {test}"),
        What::Time => time(comparator, &question.value),
        What::Balance(account) => format!("the balance of {} in wei {test}", term(account)),
        What::Call(call) => {
            let inputs: Vec<String> = call.inputs.iter().map(|(_, input)| term(input)).collect();
            let place = if call.place == 0 { String::new() } else { format!(" (output {})", call.place + 1) };
            format!("{}({}) of the contract {}{place} {test}", call.function, inputs.join(", "), call.to)
        }
        What::Batch { to, owners, ids } => {
            format!("any balance of {} in the tokens {} of the contract {to} {test}", term(owners), term(ids))
        }
        What::ActionPermitted { token, action } => {
            format!("that the key {token} is granted to {} {test}", term(action))
        }
        What::CallerPermitted { token } => format!("that the key {token} is granted to the caller {test}"),
        What::Decrypt(key) => format!(
            "whoever may decrypt with the key {key}: its owner, and actions and addresses with the scope decrypt or sign-anything"
        ),
    }
}

fn term(term: &Term) -> String {
    match term {
        Term::Caller => "the caller".to_owned(),
        Term::Action => "the running action".to_owned(),
        Term::Parameter(name) => format!("the login's parameter {name:?}"),
        Term::Text(text) if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric()) => {
            text.clone()
        }
        Term::Text(text) => format!("{text:?}"),
    }
}

fn time(comparator: Comparator, value: &Term) -> String {
    let seconds = match value {
        Term::Text(text) => text.parse::<u64>().ok().filter(|_| decimal(text).is_some()),
        Term::Caller | Term::Action | Term::Parameter(_) => None,
    };
    let moment = seconds.and_then(utc).unwrap_or_else(|| format!("{} seconds after 1970", term(value)));
    let when = match comparator {
        Comparator::AtLeast => "not before",
        Comparator::Greater => "after",
        Comparator::AtMost => "not after",
        Comparator::Less => "before",
        Comparator::Unequal => "at any time but",
        // Of a moment, a policy cannot ask whether it contains another.
        Comparator::Equal | Comparator::Contains | Comparator::Lacks => "exactly at",
    };
    format!("{when} {moment} (both the chain's and the node's clock)")
}

/// Seconds since the epoch as a date of the Gregorian calendar; `None` beyond the year 9999.
fn utc(seconds: u64) -> Option<String> {
    if seconds >= 253_402_300_800 {
        return None;
    }
    let (mut day, rest) = (seconds / 86_400, seconds % 86_400);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while day >= 365 + u64::from(leap(year)) {
        day -= 365 + u64::from(leap(year));
        year += 1;
    }
    let mut month = 1;
    for days in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < days {
            break;
        }
        day -= days;
        month += 1;
    }
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    Some(format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", day + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates() {
        for (seconds, date) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_798_761_600, "2027-01-01T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (253_402_300_799, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(utc(seconds).as_deref(), Some(date));
        }
        assert_eq!(utc(u64::MAX), None);
    }
}
