//! Addresses by the parser (WHATWG) that the node's outbound requests go through: what an action sees of an
//! address is what is connected to.

use serde::Serialize;
use url::{ParseError, Url, quirks};

use super::{Job, Outcome, Parts, Refused, cost};

/// Addresses are parsed in one pass, names converted with tables.
const PARSE: u64 = 20_000;
/// What a byte costs.
const PARSE_BYTE: u64 = 200;
/// Most bytes of a text.
const TEXT_BYTES_MAX: usize = 1024 * 1024;

#[derive(Serialize)]
struct Members<'a> {
    href: &'a str,
    protocol: &'a str,
    username: &'a str,
    password: &'a str,
    host: &'a str,
    hostname: &'a str,
    port: &'a str,
    pathname: &'a str,
    search: &'a str,
    hash: &'a str,
    origin: String,
}

const INVALID: Refused = Refused { code: "invalid_url", message: std::borrow::Cow::Borrowed("Invalid URL") };

pub(super) fn parse<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let (input, base) = match *parts.0 {
        [input] => (input, None),
        [input, base] => (input, Some(base)),
        _ => return Err(Refused::input("the operation takes another number of parts")),
    };
    let (input, base) = (text(input)?, base.map(text).transpose()?);
    let fuel = fuel(input.len() + base.map_or(0, str::len));
    Ok(Job::new(fuel, move || {
        let invalid = |_: ParseError| INVALID;
        let base = base.map(Url::parse).transpose().map_err(invalid)?;
        members(&Url::options().base_url(base.as_ref()).parse(input).map_err(invalid)?)
    }))
}

pub(super) fn set<'a>(parts: Parts<'_, 'a>) -> Result<Job<'a>, Refused> {
    let [address, member, value] = parts.exactly()?;
    let (address, member, value) = (text(address)?, text(member)?, text(value)?);
    Ok(Job::new(fuel(address.len() + value.len()), move || {
        let mut url = Url::parse(address).map_err(|_| INVALID)?;
        // A setter that cannot do what it is asked leaves the address as it was.
        let set = match member {
            "protocol" => quirks::set_protocol(&mut url, value),
            "username" => quirks::set_username(&mut url, value),
            "password" => quirks::set_password(&mut url, value),
            "host" => quirks::set_host(&mut url, value),
            "hostname" => quirks::set_hostname(&mut url, value),
            "port" => quirks::set_port(&mut url, value),
            "pathname" => {
                quirks::set_pathname(&mut url, value);
                Ok(())
            }
            "search" => {
                quirks::set_search(&mut url, value);
                Ok(())
            }
            "hash" => {
                quirks::set_hash(&mut url, value);
                Ok(())
            }
            _ => return Err(Refused::input("an address has no such member")),
        };
        let (Ok(()) | Err(())) = set;
        members(&url)
    }))
}

fn members(url: &Url) -> Outcome {
    let members = Members {
        href: quirks::href(url),
        protocol: quirks::protocol(url),
        username: quirks::username(url),
        password: quirks::password(url),
        host: quirks::host(url),
        hostname: quirks::hostname(url),
        port: quirks::port(url),
        pathname: quirks::pathname(url),
        search: quirks::search(url),
        hash: quirks::hash(url),
        origin: quirks::origin(url),
    };
    serde_json::to_vec(&members).map_err(|_| INVALID)
}

fn fuel(bytes: usize) -> u64 {
    cost(PARSE + PARSE_BYTE * bytes as u64, &[])
}

fn text(part: &[u8]) -> Result<&str, Refused> {
    if part.len() > TEXT_BYTES_MAX {
        return Err(Refused::limit("the text of an address is longer than 1 MiB"));
    }
    std::str::from_utf8(part).map_err(|_| Refused::input("the text of an address must be UTF-8"))
}
