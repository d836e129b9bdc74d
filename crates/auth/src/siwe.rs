//! Sign-In with Ethereum texts (EIP-4361), read strictly.
//!
//! A text is accepted only if every line is where the standard puts it: no CRLF, no line more, nothing
//! after the last line. `Expiration Time` is required. What a wallet showed is then what is checked.

mod time;

use std::fmt::Write as _;

use quorate_wire::{
    Address,
    limits::{CAPABILITIES_MAX, LOGIN_MESSAGE_BYTES_MAX},
};

use crate::{checksum_address, parse_checksum_address};

pub use time::{TIME_MS_MAX, format_time, parse_time};

const FIRST_LINE: &str = " wants you to sign in with your Ethereum account:";
/// Longest domain: a DNS name and a port.
const DOMAIN_BYTES_MAX: usize = 253 + 6;
/// Longest statement, URI, resource or request id.
const FIELD_BYTES_MAX: usize = 1_024;
/// Longest nonce; the standard's shortest is 8.
const NONCE_BYTES_MAX: usize = 128;

/// The fields of a SIWE text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SiweMessage {
    /// The scheme of the origin that asks, where the text names it: `https`.
    pub scheme: Option<String>,
    /// Who asks for the signature: an RFC 3986 authority without user information.
    pub domain: String,
    /// The account that signs.
    pub address: Address,
    /// A sentence for people.
    pub statement: Option<String>,
    /// What the login is for; with us, the session key's `did:key`.
    pub uri: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Letters and digits, at least 8.
    pub nonce: String,
    /// When the text was made, in milliseconds since the epoch.
    pub issued_at_ms: u64,
    /// End of the session, in milliseconds since the epoch.
    pub expires_ms: u64,
    /// Begin of the session, in milliseconds since the epoch.
    pub not_before_ms: Option<u64>,
    /// An identifier of the login, for its maker.
    pub request_id: Option<String>,
    /// URIs; with us, capabilities.
    pub resources: Vec<String>,
}

/// Why a text is not a SIWE message of the accepted form, or fields cannot be written as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SiweError {
    /// The text is longer than a login may be.
    #[error("the SIWE text has more than {LOGIN_MESSAGE_BYTES_MAX} bytes")]
    TooLong,
    /// A line is not what it must be.
    #[error("line {line} of the SIWE text: expected {expected}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What should have been there.
        expected: &'static str,
    },
    /// The fields do not survive being written and read.
    #[error("the fields cannot be written as a SIWE text")]
    Fields,
}

impl SiweMessage {
    /// Reads a text.
    ///
    /// # Errors
    /// [`SiweError`] with the first line that is not what it must be.
    pub fn parse(text: &str) -> Result<Self, SiweError> {
        if text.len() > LOGIN_MESSAGE_BYTES_MAX {
            return Err(SiweError::TooLong);
        }
        let mut lines = Lines { rest: Some(text), line: 0 };
        let (scheme, domain) = lines.take("the domain's request to sign in", |line| {
            let origin = line.strip_suffix(FIRST_LINE)?;
            let (scheme, domain) = match origin.split_once("://") {
                Some((scheme, domain)) => (Some(scheme), domain),
                None => (None, origin),
            };
            let sound = scheme.is_none_or(is_scheme) && is_domain(domain);
            sound.then(|| (scheme.map(str::to_owned), domain.to_owned()))
        })?;
        let address = lines.take("an address with its EIP-55 checksum", parse_checksum_address)?;
        lines.take("an empty line", is_empty)?;
        let statement = lines.take("a statement or an empty line", |line| match line {
            "" => Some(None),
            _ => is_statement(line).then(|| Some(line.to_owned())),
        })?;
        if statement.is_some() {
            lines.take("an empty line", is_empty)?;
        }
        let uri = lines.field("URI: ", "URI: and a URI", |uri| is_uri(uri).then(|| uri.to_owned()))?;
        lines.field("Version: ", "Version: 1", |version| (version == "1").then_some(()))?;
        let chain_id = lines.field("Chain ID: ", "Chain ID: and a number", parse_number)?;
        let nonce = lines.field("Nonce: ", "Nonce: and 8 to 128 letters and digits", |nonce| {
            is_nonce(nonce).then(|| nonce.to_owned())
        })?;
        let issued_at_ms = lines.field("Issued At: ", "Issued At: and a time", parse_time)?;
        let expires_ms = lines.field("Expiration Time: ", "Expiration Time: and a time", parse_time)?;
        let not_before_ms = lines.optional("Not Before: ", "Not Before: and a time", parse_time)?;
        let request_id = lines.optional("Request ID: ", "Request ID: and path characters", |id| {
            is_request_id(id).then(|| id.to_owned())
        })?;
        let resources = lines.resources()?;
        lines.end()?;
        Ok(SiweMessage {
            scheme,
            domain,
            address,
            statement,
            uri,
            chain_id,
            nonce,
            issued_at_ms,
            expires_ms,
            not_before_ms,
            request_id,
            resources,
        })
    }

    /// Writes the text. Reading it gives the same fields.
    ///
    /// # Errors
    /// [`SiweError`] if the fields do not make a text that [`SiweMessage::parse`] accepts as these fields.
    pub fn render(&self) -> Result<String, SiweError> {
        let text = self.write();
        if Self::parse(&text)? == *self { Ok(text) } else { Err(SiweError::Fields) }
    }

    fn write(&self) -> String {
        let scheme = self.scheme.as_ref().map(|scheme| format!("{scheme}://")).unwrap_or_default();
        let mut text =
            format!("{scheme}{}{FIRST_LINE}\n{}\n\n", self.domain, checksum_address(&self.address));
        if let Some(statement) = &self.statement {
            let _ = writeln!(text, "{statement}");
        }
        let _ = write!(
            text,
            "\nURI: {}\nVersion: 1\nChain ID: {}\nNonce: {}\nIssued At: {}\nExpiration Time: {}",
            self.uri,
            self.chain_id,
            self.nonce,
            format_time(self.issued_at_ms),
            format_time(self.expires_ms)
        );
        if let Some(begin) = self.not_before_ms {
            let _ = write!(text, "\nNot Before: {}", format_time(begin));
        }
        if let Some(id) = &self.request_id {
            let _ = write!(text, "\nRequest ID: {id}");
        }
        if !self.resources.is_empty() {
            text.push_str("\nResources:");
            for resource in &self.resources {
                let _ = write!(text, "\n- {resource}");
            }
        }
        text
    }
}

/// The lines of a text, with the number of the one that was read last.
struct Lines<'a> {
    rest: Option<&'a str>,
    line: usize,
}

impl<'a> Lines<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.rest.map(|rest| rest.split_once('\n').map_or(rest, |(line, _)| line))
    }

    fn take<T>(
        &mut self,
        expected: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, SiweError> {
        self.line += 1;
        let value = self.peek().and_then(read).ok_or(SiweError::Line { line: self.line, expected })?;
        self.rest = self.rest.and_then(|rest| rest.split_once('\n')).map(|(_, rest)| rest);
        Ok(value)
    }

    fn field<T>(
        &mut self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<T, SiweError> {
        self.take(expected, |line| line.strip_prefix(name).and_then(read))
    }

    fn optional<T>(
        &mut self,
        name: &str,
        expected: &'static str,
        read: impl FnOnce(&'a str) -> Option<T>,
    ) -> Result<Option<T>, SiweError> {
        match self.peek() {
            Some(line) if line.starts_with(name) => self.field(name, expected, read).map(Some),
            _ => Ok(None),
        }
    }

    fn resources(&mut self) -> Result<Vec<String>, SiweError> {
        let mut resources = Vec::new();
        if self.peek() != Some("Resources:") {
            return Ok(resources);
        }
        self.take("Resources:", Some)?;
        // The standard allows an empty list.
        while self.rest.is_some() && resources.len() < CAPABILITIES_MAX {
            resources.push(self.field("- ", "- and a URI", |uri| is_uri(uri).then(|| uri.to_owned()))?);
        }
        Ok(resources)
    }

    fn end(&self) -> Result<(), SiweError> {
        match self.rest {
            None => Ok(()),
            Some(_) => Err(SiweError::Line { line: self.line + 1, expected: "the end of the text" }),
        }
    }
}

fn is_empty(line: &str) -> Option<()> {
    line.is_empty().then_some(())
}

fn is_domain(text: &str) -> bool {
    (1..=DOMAIN_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte))
}

/// RFC 3986 `reserved` and `unreserved`.
fn is_uri_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=".contains(&byte)
}

fn is_statement(text: &str) -> bool {
    text.len() <= FIELD_BYTES_MAX && text.bytes().all(|byte| byte == b' ' || is_uri_byte(byte))
}

fn is_scheme(text: &str) -> bool {
    text.len() <= FIELD_BYTES_MAX
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_uri(text: &str) -> bool {
    text.len() <= FIELD_BYTES_MAX
        && text.bytes().all(|byte| byte == b'%' || is_uri_byte(byte))
        && text.split_once(':').is_some_and(|(first, _)| is_scheme(first))
}

fn is_request_id(text: &str) -> bool {
    text.len() <= FIELD_BYTES_MAX
        && text.bytes().all(|byte| byte == b'%' || (is_uri_byte(byte) && !b"/?#[]".contains(&byte)))
}

fn is_nonce(text: &str) -> bool {
    (8..=NONCE_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// A decimal number in its one form: no sign, no leading zero.
fn parse_number(text: &str) -> Option<u64> {
    let value: u64 = text.parse().ok()?;
    (value.to_string() == text).then_some(value)
}

#[cfg(test)]
mod tests;
