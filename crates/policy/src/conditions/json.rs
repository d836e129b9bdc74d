//! JSON as `JSON.parse` reads it and `JSON.stringify` writes it: members in order, numbers by their shortest digits.
//!
//! The hash of a policy is a hash of text that JavaScript wrote. The usual parser of this workspace sorts members and may
//! miss a number's last bit, so the few rules stand here.

use super::PolicyError;

/// Deepest nesting of arrays and objects in a policy's text.
const DEPTH_MAX: usize = 48;
/// Greatest array index in the order of JavaScript's properties, exclusive.
const INDEX_END: u32 = u32::MAX;

/// One JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// Finite, as JavaScript has every number.
    Number(f64),
    Text(String),
    List(Vec<Json>),
    /// In the order of `JSON.stringify`; no name twice.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// A text.
    pub(super) fn text(text: impl Into<String>) -> Self {
        Json::Text(text.into())
    }

    /// A member of an object.
    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        let Json::Object(members) = self else { return None };
        members.iter().find(|(member, _)| member == name).map(|(_, value)| value)
    }

    /// The text that this is.
    pub(super) fn as_text(&self) -> Option<&str> {
        if let Json::Text(text) = self { Some(text) } else { None }
    }

    /// What `JSON.stringify` writes.
    pub(super) fn write(&self, out: &mut String) {
        match self {
            Json::Null => out.push_str("null"),
            Json::Bool(true) => out.push_str("true"),
            Json::Bool(false) => out.push_str("false"),
            Json::Number(number) => out.push_str(&number_text(*number)),
            Json::Text(text) => write_text(text, out),
            Json::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Json::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    write_text(name, out);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }
}

/// A string with the escapes of ECMA-262, 25.5.2.3; everything that need not be escaped is literal, U+2028 too.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if u32::from(control) < 0x20 => {
                out.push_str(&format!("\\u{:04x}", u32::from(control)));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// A finite number as JavaScript writes it (ECMA-262, 6.1.6.1.20): the shortest digits that read back.
fn number_text(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    // Rust's exponent form has the same shortest digits: `d.ddde±x`.
    let form = format!("{:e}", number.abs());
    let (mantissa, exponent) = form.split_once('e').unwrap_or((&form, "0"));
    let digits: String = mantissa.chars().filter(|digit| *digit != '.').collect();
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |many: i32| "0".repeat(usize::try_from(many).unwrap_or(0));
    let text = if (count..=21).contains(&point) {
        digits + &zeros(point - count)
    } else if (1..=21).contains(&point) {
        let (whole, part) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{whole}.{part}")
    } else if (-5..=0).contains(&point) {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let (first, rest) = digits.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        format!("{first}{dot}{rest}e{:+}", point - 1)
    };
    if number < 0.0 { format!("-{text}") } else { text }
}

/// Reads exactly one JSON value.
pub(super) fn parse(text: &str) -> Result<Json, PolicyError> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.space();
    if reader.at == text.len() { Ok(value) } else { Err(reader.fault("something follows the policy")) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn fault(&self, what: &str) -> PolicyError {
        PolicyError::invalid("", format!("no JSON: {what} at byte {}", self.at))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    fn value(&mut self, depth: usize) -> Result<Json, PolicyError> {
        if depth > DEPTH_MAX {
            return Err(PolicyError::too_large("", "nested too deeply"));
        }
        self.space();
        match self.peek() {
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.take("null") => Ok(Json::Null),
            _ if self.take("true") => Ok(Json::Bool(true)),
            _ if self.take("false") => Ok(Json::Bool(false)),
            _ => Err(self.fault("no value")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, PolicyError> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.take("]") {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.take("]") {
                return Ok(Json::List(items));
            }
            if !self.take(",") {
                return Err(self.fault("neither `,` nor `]`"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, PolicyError> {
        self.at += 1;
        let mut members: Vec<(String, Json)> = Vec::new();
        let mut names = std::collections::BTreeSet::new();
        self.space();
        if self.take("}") {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            if !names.insert(name.clone()) {
                return Err(self.fault("a member that is there twice, before"));
            }
            self.space();
            if !self.take(":") {
                return Err(self.fault("no `:`"));
            }
            members.push((name, self.value(depth + 1)?));
            self.space();
            if self.take("}") {
                return Ok(Json::Object(in_order(members)));
            }
            if !self.take(",") {
                return Err(self.fault("neither `,` nor `}`"));
            }
        }
    }

    fn string(&mut self) -> Result<String, PolicyError> {
        if !self.take("\"") {
            return Err(self.fault("no string"));
        }
        let mut text = String::new();
        loop {
            let Some(next) = self.rest().chars().next() else {
                return Err(self.fault("a string without end"));
            };
            self.at += next.len_utf8();
            match next {
                '"' => return Ok(text),
                '\\' => text.push(self.escape()?),
                control if u32::from(control) < 0x20 => return Err(self.fault("a control character, before")),
                other => text.push(other),
            }
        }
    }

    fn escape(&mut self) -> Result<char, PolicyError> {
        let code = self.peek().ok_or_else(|| self.fault("a string without end"))?;
        if !code.is_ascii() {
            return Err(self.fault("an unknown escape"));
        }
        self.at += 1;
        Ok(match code {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.fault("an unknown escape, before")),
        })
    }

    /// The rest of `\uXXXX`, a pair of surrogates together. Half a pair is no character and is refused.
    fn unicode(&mut self) -> Result<char, PolicyError> {
        let high = self.unit()?;
        let code = if (0xd800..0xdc00).contains(&high) {
            if !self.take("\\u") {
                return Err(self.fault("half a surrogate pair, before"));
            }
            let low = self.unit()?;
            if !(0xdc00..0xe000).contains(&low) {
                return Err(self.fault("half a surrogate pair, before"));
            }
            0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
        } else {
            high
        };
        char::from_u32(code).ok_or_else(|| self.fault("half a surrogate pair, before"))
    }

    fn unit(&mut self) -> Result<u32, PolicyError> {
        let digits =
            self.rest().get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.fault("an unknown escape"))?;
        self.at += 4;
        Ok(unit)
    }

    fn digits(&mut self) -> usize {
        let from = self.at;
        while self.peek().is_some_and(|digit| digit.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - from
    }

    fn number(&mut self) -> Result<Json, PolicyError> {
        let from = self.at;
        self.take("-");
        let zero = self.peek() == Some(b'0');
        let whole = self.digits();
        let mut right = whole > 0 && (!zero || whole == 1);
        if self.take(".") {
            right &= self.digits() > 0;
        }
        if self.take("e") || self.take("E") {
            let _ = self.take("+") || self.take("-");
            right &= self.digits() > 0;
        }
        let number = self.text.get(from..self.at).and_then(|text| text.parse::<f64>().ok());
        match number.filter(|number| right && number.is_finite()) {
            Some(number) => Ok(Json::Number(number)),
            None => Err(self.fault("no number that JavaScript has, before")),
        }
    }
}

/// JavaScript's order of properties: array indices by number, then all others as they came.
fn in_order(members: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let (mut indices, others): (Vec<_>, Vec<_>) =
        members.into_iter().partition(|(name, _)| index(name).is_some());
    indices.sort_by_key(|(name, _)| index(name));
    indices.extend(others);
    indices
}

fn index(name: &str) -> Option<u32> {
    let number = name.parse::<u32>().ok().filter(|number| *number < INDEX_END)?;
    (number.to_string() == name).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> String {
        let mut out = String::new();
        parse(text).unwrap().write(&mut out);
        out
    }

    #[test]
    fn writes_numbers_and_members_as_javascript_does() {
        for (text, written) in [
            ("-0", "0"),
            ("1.0", "1"),
            ("1e21", "1e+21"),
            ("123456789012345678901", "123456789012345680000"),
            ("1e-6", "0.000001"),
            ("1.5e-7", "1.5e-7"),
            ("-12.50", "-12.5"),
            ("0.1", "0.1"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            (r#"{"b":1,"10":2,"2":3,"01":4}"#, r#"{"2":3,"10":2,"b":1,"01":4}"#),
            (r#""\u2028\ud83d\ude00\u001F\/""#, "\"\u{2028}\u{1f600}\\u001f/\""),
        ] {
            assert_eq!(again(text), written);
        }
    }

    #[test]
    fn refuses_what_is_no_json() {
        let deep = "[".repeat(100_000);
        for text in [
            "",
            "01",
            "1.",
            "-",
            "+1",
            "1e",
            "1e400",
            "nul",
            "[1,]",
            "{\"a\":1,\"a\":2}",
            "\"\\ud800\"",
            "\"\\udc00\"",
            "\"\\x\"",
            "\"\\é\"",
            "\"a",
            "\"\n\"",
            "1 2",
            "{a:1}",
            "\"\\u12\"",
            "\"\\u+123\"",
            "[1 2]",
            deep.as_str(),
        ] {
            assert!(parse(text).is_err(), "{text:.20}");
        }
    }
}
