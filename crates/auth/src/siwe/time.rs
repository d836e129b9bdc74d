//! RFC 3339 times and milliseconds since the epoch.

const DAY_MS: u64 = 86_400_000;
/// 9999-12-31T23:59:59.999Z, the last time that can be written.
pub const TIME_MS_MAX: u64 = 253_402_300_799_999;

/// Writes a time as `2026-01-02T03:04:05.678Z`, as JavaScript's `toISOString` does.
///
/// Times past the year 9999 are written as its last millisecond.
#[must_use]
pub fn format_time(time_ms: u64) -> String {
    let time_ms = time_ms.min(TIME_MS_MAX);
    let (year, month, day) = date(time_ms / DAY_MS);
    let rest = time_ms % DAY_MS;
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1_000)
}

/// Reads an RFC 3339 time from 1970 to 9999, to the millisecond.
///
/// The fraction has as many digits as its writer liked; what is below a millisecond is left out. `T` and `Z` are
/// capitals; leap seconds and the unknown offset `-00:00` are refused.
#[must_use]
pub fn parse_time(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let seconds = bytes.get(..19)?;
    for (place, mark) in [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')] {
        if seconds[place] != mark {
            return None;
        }
    }
    let part = |from: usize, to: usize| number(&seconds[from..to]);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if year < 1970 || !(1..=12).contains(&month) || day < 1 || day > days_of_month(year, month) {
        return None;
    }
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction_ms, offset) = fraction(&bytes[19..])?;
    let local_ms =
        days(year, month, day) * DAY_MS + (hour * 3_600 + minute * 60 + second) * 1_000 + fraction_ms;
    let time_ms = match offset {
        b"Z" => local_ms,
        [sign @ (b'+' | b'-'), hours @ .., b':', tens, ones] if hours.len() == 2 => {
            let (hours, minutes) = (number(hours)?, number(&[*tens, *ones])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let offset_ms = (hours * 60 + minutes) * 60_000;
            match sign {
                b'+' => local_ms.checked_sub(offset_ms)?,
                _ if offset_ms == 0 => return None,
                _ => local_ms + offset_ms,
            }
        }
        _ => return None,
    };
    (time_ms <= TIME_MS_MAX).then_some(time_ms)
}

/// Splits `.5Z` into 500 ms and `Z`.
fn fraction(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let Some(rest) = bytes.strip_prefix(b".") else {
        return Some((0, bytes));
    };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, offset) = rest.split_at(length);
    let (milliseconds, scale) = match length {
        0 => return None,
        1 => (digits, 100),
        2 => (digits, 10),
        _ => (&digits[..3], 1),
    };
    Some((number(milliseconds)? * scale, offset))
}

fn number(digits: &[u8]) -> Option<u64> {
    digits
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u64::from(digit - b'0')))
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_of_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days before the first of January, from 1970.
fn days_before_year(year: u64) -> u64 {
    let past = year - 1;
    // 719,162 days lie between 0001-01-01 and 1970-01-01.
    past * 365 + past / 4 - past / 100 + past / 400 - 719_162
}

fn days(year: u64, month: u64, day: u64) -> u64 {
    days_before_year(year) + (1..month).map(|month| days_of_month(year, month)).sum::<u64>() + day - 1
}

fn date(days: u64) -> (u64, u64, u64) {
    // A guess that is never early and at most a year or so late, then corrected.
    let mut year = 1970 + days / 365;
    while days_before_year(year) > days {
        year -= 1;
    }
    let mut day = days - days_before_year(year);
    let mut month = 1;
    while day >= days_of_month(year, month) {
        day -= days_of_month(year, month);
        month += 1;
    }
    (year, month, day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_times_read_as_their_milliseconds() {
        for (text, time_ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1985-04-12T23:20:50.52Z", 482_196_050_520),
            ("1996-12-19T16:39:57-08:00", 851_042_397_000),
            ("1937-01-01T12:00:27.87+00:20", u64::MAX),
            ("2000-02-29T00:00:00.000Z", 951_782_400_000),
            ("2026-07-30T12:00:00.001+02:00", 1_785_405_600_001),
            ("9999-12-31T23:59:59.999Z", TIME_MS_MAX),
            // As servers write them: Go, Python, .NET, Java.
            ("1985-04-12T23:20:50.520999999Z", 482_196_050_520),
            ("1985-04-12T23:20:50.520000+00:00", 482_196_050_520),
            ("1985-04-12T23:20:50.5200000Z", 482_196_050_520),
            ("1985-04-12T23:20:50.0009Z", 482_196_050_000),
        ] {
            assert_eq!(parse_time(text), (time_ms != u64::MAX).then_some(time_ms), "{text}");
        }
    }

    #[test]
    fn refuses_times_that_are_not_exact() {
        for text in [
            "",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.000000001 Z",
            "2026-01-01T00:00:00.,Z",
            "2026-01-01t00:00:00Z",
            "2026-01-01T00:00:00z",
            "2026-01-01 00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00-00:00",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00+0100",
            "2026-01-01T00:00:00Z ",
            "+026-01-01T00:00:00Z",
            "1970-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59.999-00:01",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn times_read_back(time_ms in 0..=TIME_MS_MAX) {
            prop_assert_eq!(parse_time(&format_time(time_ms)), Some(time_ms));
        }

        #[test]
        fn no_text_panics(text in "[0-9T:Z.+é-]{0,40}") {
            let _ = parse_time(&text);
        }
    }
}
