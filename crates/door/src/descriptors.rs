//! How many files a process may have open. Connections are files to the system: out of them, a process can open neither
//! its log nor the next connection.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The system allows too few open files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this process may open {} files and needs {}: raise `ulimit -n`", grouped(*.may), grouped(*.needs))]
pub struct TooFewFiles {
    /// The most that it may open.
    pub may: u64,
    /// What its configuration can come to.
    pub needs: u64,
}

/// Has the system allow so many open files: raises the limit of this process, and never lowers it.
///
/// # Errors
/// If the system allows no more.
pub fn allow(needs: usize) -> Result<(), TooFewFiles> {
    let limit = getrlimit(Resource::Nofile);
    let Some(raised) = raised(limit, needs as u64)? else { return Ok(()) };
    let refused = TooFewFiles { may: limit.current.unwrap_or(u64::MAX), needs: needs as u64 };
    setrlimit(Resource::Nofile, raised).map_err(|_| refused)
}

/// The limit to set, if what there is does not do. No number means that there is no limit.
fn raised(Rlimit { current, maximum }: Rlimit, needs: u64) -> Result<Option<Rlimit>, TooFewFiles> {
    if current.is_none_or(|current| current >= needs) {
        return Ok(None);
    }
    match maximum {
        Some(may) if may < needs => Err(TooFewFiles { may, needs }),
        _ => Ok(Some(Rlimit { current: Some(needs), maximum })),
    }
}

/// A number as people read it.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_raised_as_far_as_is_needed_or_refused() {
        let limit = |current, maximum| Rlimit { current, maximum };
        assert_eq!(raised(limit(Some(1_024), Some(4_096)), 1_024), Ok(None));
        assert_eq!(raised(limit(None, None), 1 << 40), Ok(None));
        let of = |needs| raised(limit(Some(256), Some(4_096)), needs).map(|limit| limit.unwrap().current);
        assert_eq!(of(4_096), Ok(Some(4_096)));
        assert_eq!(of(4_097), Err(TooFewFiles { may: 4_096, needs: 4_097 }));
        let unbounded = raised(limit(Some(256), None), 9_999).unwrap().unwrap();
        assert_eq!((unbounded.current, unbounded.maximum), (Some(9_999), None));
    }

    #[test]
    fn the_refusal_says_what_to_do() {
        let refusal = TooFewFiles { may: 256, needs: 1_200 }.to_string();
        assert_eq!(refusal, "this process may open 256 files and needs 1,200: raise `ulimit -n`");
        assert_eq!((grouped(0), grouped(1_048_576)), ("0".to_owned(), "1,048,576".to_owned()));
    }
}
