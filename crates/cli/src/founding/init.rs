//! `quorate node init`: a node's folder, from nothing to a card.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use quorate_node::{Config, NodeKeys};
use quorate_wire::{Card, NodeEndpoint, PrivateEndpoint, check_operator};
use serde_json::json;

use super::{card_keys, key_files, read_text};
use crate::args::InitArgs;
use crate::output::{Output, quoted};
use crate::state::write_whole;

/// The HTTP port of a node that a proxy on the same machine stands before.
const HTTP_PORT: u16 = 7470;

/// What a node is made from.
pub(crate) struct NewNode<'a> {
    /// Its folder.
    pub(crate) folder: &'a Path,
    /// The operator's name.
    pub(crate) operator: &'a str,
    /// Where it is reached, without a word of its own.
    pub(crate) place: NodeEndpoint,
}

/// Makes a node's folder.
pub(crate) fn init(args: &InitArgs, output: Output) -> Result<()> {
    check_operator(&args.name).map_err(anyhow::Error::msg)?;
    let private = args.private_http.clone().zip(args.private_quic.clone());
    let place = NodeEndpoint {
        private: private.map(|(http, quic)| PrivateEndpoint { http, quic }),
        ..NodeEndpoint::unsigned(&args.http, &args.quic)
    };
    place.check().map_err(anyhow::Error::msg)?;
    let listen = (http_listen(args)?, quic_listen(args)?);
    let folder = std::path::absolute(&args.dir)?;
    let known = folder.join("card.json").exists();
    let card = make_card(&NewNode { folder: &folder, operator: &args.name, place: place.clone() })?;
    write_config(&folder, args, (place, listen))?;
    let out_of_reach: Vec<String> =
        [&args.http, &args.quic].into_iter().filter_map(|text| out_of_reach(text)).collect();
    for warning in &out_of_reach {
        output.progress(&format!("warning: {warning}"));
    }
    let path = folder.join("card.json");
    let value = json!({
        "dir": folder, "card": path, "operator": card.operator, "statement_key": card.keys.statement_key,
        "chain_address": card.keys.chain_address, "endpoint_number": card.endpoint.number(), "out_of_reach": out_of_reach,
    });
    output.result(&value, || {
        format!(
            "{} {}: the card of {}, node key {}\nNext: hand the card to whoever proposes the network; nothing in it is secret. \
             Keep {} to yourself.",
            if known { "kept" } else { "made" },
            path.display(),
            quoted(&card.operator),
            card.keys.statement_key,
            folder.join("keys").display(),
        )
    });
    Ok(())
}

/// Makes the keys that are not there yet, and the card. A card that says the same is kept; one with other addresses or
/// another name is numbered on.
pub(crate) fn make_card(node: &NewNode<'_>) -> Result<Card> {
    make_private_folder(node.folder)?;
    let keys = NodeKeys::load_or_create(&key_files(node.folder))?;
    let path = node.folder.join("card.json");
    let known = if path.exists() {
        let text = read_text(&path, Card::BYTES_MAX)?;
        let card =
            Card::parse(&text).map_err(anyhow::Error::msg).with_context(|| path.display().to_string())?;
        ensure!(
            card.keys == keys.public(),
            "{} is of other keys than those in {}: take it away if it is not needed",
            path.display(),
            node.folder.join("keys").display()
        );
        Some(card)
    } else {
        None
    };
    let number = known.as_ref().map_or(0, |card| card.endpoint.number());
    let endpoint = match &known {
        Some(card) if card.endpoint.same_place(&node.place) => card.endpoint.clone(),
        _ => node.place.clone().signed(number + 1, &keys.statement),
    };
    if let Some(card) = known.filter(|card| card.endpoint == endpoint && card.operator == node.operator) {
        return Ok(card);
    }
    let card = Card::sign(node.operator.to_owned(), keys.public(), endpoint, card_keys(&keys));
    let text = serde_json::to_string_pretty(&card)?;
    write_whole(&path, format!("{text}\n").as_bytes(), 0o644)?;
    Ok(card)
}

fn make_private_folder(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("making {}", folder.display()))
}

/// Writes `node.toml`, or brings the addresses of an existing one up to date. What a person has changed in it stays.
fn write_config(
    folder: &Path,
    args: &InitArgs,
    (place, (http, quic)): (NodeEndpoint, (SocketAddr, SocketAddr)),
) -> Result<()> {
    let path = folder.join("node.toml");
    let known = path.exists();
    let old = if known { Config::as_written(&path)? } else { Config::default() };
    let listen = |wanted: Option<SocketAddr>, computed, kept| match wanted {
        Some(wanted) => wanted,
        None if known => kept,
        None => computed,
    };
    let payer = match &args.payer {
        Some(payer) => Some(std::path::absolute(payer)?),
        None => old.payer.clone(),
    };
    let config = Config {
        http_listen: listen(args.http_listen, http, old.http_listen),
        quic_listen: listen(args.quic_listen, quic, old.quic_listen),
        chain_rpc: args.chain.clone().unwrap_or_else(|| old.chain_rpc.clone()),
        endpoint: Some(place.into()),
        payer,
        ..old
    };
    write_whole(&path, config.to_toml().as_bytes(), 0o600)
}

fn http_listen(args: &InitArgs) -> Result<SocketAddr> {
    if let Some(listen) = args.http_listen {
        return Ok(listen);
    }
    let url = url::Url::parse(&args.http).with_context(|| args.http.clone())?;
    match (url.scheme(), url.port_or_known_default()) {
        ("http", Some(port)) => Ok((Ipv4Addr::UNSPECIFIED, port).into()),
        // The node speaks no TLS by itself.
        _ => Ok((Ipv4Addr::LOCALHOST, HTTP_PORT).into()),
    }
}

fn quic_listen(args: &InitArgs) -> Result<SocketAddr> {
    if let Some(listen) = args.quic_listen {
        return Ok(listen);
    }
    let port = args.quic.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
    let Some(port) = port else { bail!("{} has no port", args.quic) };
    Ok((Ipv4Addr::UNSPECIFIED, port).into())
}

/// Why others will not reach an address, if that can be seen from it.
fn out_of_reach(text: &str) -> Option<String> {
    let url = if text.contains("://") { text.to_owned() } else { format!("quic://{text}") };
    let url = url::Url::parse(&url).ok()?;
    let host = url.host_str()?.trim_matches(['[', ']']);
    let address: IpAddr = match host.parse() {
        Ok(address) => address,
        Err(_) if host == "localhost" || host.ends_with(".localhost") => Ipv4Addr::LOCALHOST.into(),
        Err(_) => return None,
    };
    let kind = match address {
        address if address.is_loopback() => "a loopback address: only this machine reaches it",
        address if address.is_unspecified() => "no address of a machine: it is what one listens on",
        IpAddr::V4(address) if address.is_private() || address.is_link_local() => {
            "a private address: only machines of the same network reach it"
        }
        IpAddr::V6(address) if address.is_unique_local() || address.is_unicast_link_local() => {
            "a private address: only machines of the same network reach it"
        }
        _ => return None,
    };
    Some(format!("{text} is {kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_others_do_not_reach_are_seen() {
        for (text, reached) in [
            ("http://127.0.0.1:7470", false),
            ("localhost:7570", false),
            ("10.0.0.7:7570", false),
            ("http://[::1]", false),
            ("[fd00::1]:7570", false),
            ("0.0.0.0:7570", false),
            ("192.0.2.1:7570", true),
            ("https://node.example", true),
            ("node.example:7570", true),
            ("[2001:db8::1]:7570", true),
        ] {
            assert_eq!(out_of_reach(text).is_none(), reached, "{text}");
        }
    }

    #[test]
    fn a_card_is_kept_while_nothing_changes_and_numbered_on_when_it_does() {
        let folder = std::env::temp_dir().join(format!("quorate-init-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let at = |operator, port: u16| {
            let place = NodeEndpoint::unsigned("https://a.example", format!("a.example:{port}"));
            make_card(&NewNode { folder: &folder, operator, place }).unwrap()
        };
        let first = at("Alpha", 1);
        assert_eq!(first.endpoint.number(), 1);
        assert_eq!(at("Alpha", 1), first);
        let moved = at("Alpha", 2);
        assert_eq!((moved.keys, moved.endpoint.number()), (first.keys, 2));
        assert_eq!(at("Beta", 2).endpoint, moved.endpoint);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
