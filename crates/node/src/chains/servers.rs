//! Chains that are read through servers which the operator has named. What they say is hostile until checked: it has a
//! length, a time and a form, and none of its words come through to an action.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc, time::Duration};

use quorate_door::Places;
use quorate_registry::alloy_primitives::{U256, hex};
use quorate_wire::{CallBlock, ContractCall, ErrorCode, Payer, Redirect, RpcMethod};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    config::ChainConfig,
    egress::{Egress, Fetch},
};

/// One question to a server, its waiting for a place included.
const WITHIN: Duration = Duration::from_secs(5);
/// Questions to servers at the same time.
const PLACES: usize = 64;
/// Those of them to one chain's server: one that is silent does not stop the reading of others.
const PLACES_PER_CHAIN: usize = 16;

/// The chains by name, and the way to their servers.
pub(super) struct Servers {
    chains: BTreeMap<String, Server>,
    egress: Arc<Egress>,
    places: Arc<Places>,
    within: Duration,
}

struct Server {
    chain: ChainConfig,
    places: Arc<Places>,
}

/// What a server says, as far as anybody looks at it. Every answer that is read here is one text.
#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow, default)]
    result: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    error: Option<Failure<'a>>,
}

#[derive(Deserialize)]
struct Failure<'a> {
    code: i64,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
}

impl Servers {
    pub(super) fn new(chains: BTreeMap<String, ChainConfig>, egress: Arc<Egress>) -> Self {
        let server = |chain| Server { chain, places: Places::new(PLACES_PER_CHAIN) };
        let chains = chains.into_iter().map(|(name, chain)| (name, server(chain))).collect();
        Servers { chains, egress, places: Places::new(PLACES), within: WITHIN }
    }

    /// Reads a chain, within the shares of these payers.
    ///
    /// # Errors
    /// `chain_unknown`, `rpc_failed`, `call_reverted`.
    pub(super) async fn read(
        &self,
        chain: &str,
        method: RpcMethod,
        payers: &[Payer],
    ) -> Result<Value, ErrorCode> {
        let server = self.chains.get(chain).ok_or(ErrorCode::ChainUnknown)?;
        let (name, params) = match method {
            RpcMethod::PublicUrl => {
                return server.chain.public_url.clone().map(Value::from).ok_or(ErrorCode::ChainUnknown);
            }
            RpcMethod::ChainId => return Ok(json!(server.chain.chain_id)),
            RpcMethod::BlockNumber => ("eth_blockNumber", json!([])),
            RpcMethod::TransactionCount { address } => {
                ("eth_getTransactionCount", json!([hex::encode_prefixed(address), "latest"]))
            }
            RpcMethod::Call(call) => {
                let CallBlock::Number(number) = call.block else { return Err(ErrorCode::RpcFailed) };
                let output = self.ask(server, ("eth_call", || call_params(&call, number)), payers).await?;
                let digits = output.strip_prefix("0x").ok_or(ErrorCode::RpcFailed)?;
                let bytes = hex::decode(digits).map_err(|_| ErrorCode::RpcFailed)?;
                return Ok(json!(hex::encode_prefixed(bytes)));
            }
        };
        let quantity = self.ask(server, (name, || params), payers).await?;
        let digits = quantity.strip_prefix("0x").ok_or(ErrorCode::RpcFailed)?;
        u64::from_str_radix(digits, 16).map(Value::from).map_err(|_| ErrorCode::RpcFailed)
    }

    async fn ask(
        &self,
        server: &Server,
        (method, params): (&str, impl FnOnce() -> Value + Send),
        payers: &[Payer],
    ) -> Result<String, ErrorCode> {
        let asking = async {
            let _of_chain = server.places.take(payers).await.ok_or(ErrorCode::RpcFailed)?;
            let _place = self.places.take(payers).await.ok_or(ErrorCode::RpcFailed)?;
            // Not before its turn: as text it is much longer than what the action sent.
            let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params() }).to_string();
            let fetch = Fetch {
                method: "POST".to_owned(),
                url: server.chain.rpc.expose().to_owned(),
                headers: vec![("content-type".to_owned(), "application/json".to_owned())],
                body: body.into_bytes(),
                redirect: Redirect::Error,
            };
            let answer = self.egress.ask_operators(fetch, self.within).await;
            read(&answer.map_err(|_| ErrorCode::RpcFailed)?.body)
        };
        tokio::time::timeout(self.within, asking).await.unwrap_or(Err(ErrorCode::RpcFailed))
    }
}

/// What a server's answer comes to.
fn read(body: &[u8]) -> Result<String, ErrorCode> {
    let said: Said<'_> = serde_json::from_slice(body).map_err(|_| ErrorCode::RpcFailed)?;
    match (said.error, said.result) {
        // Most servers tell a revert by the code 3. Some have another code, and all say the word.
        (Some(error), _) if error.code == 3 || error.message.to_ascii_lowercase().contains("revert") => {
            Err(ErrorCode::CallReverted)
        }
        (None, Some(result)) => Ok(result.into_owned()),
        (Some(_), _) | (None, None) => Err(ErrorCode::RpcFailed),
    }
}

fn call_params(call: &ContractCall, block: u64) -> Value {
    let mut tx = json!({
        "to": hex::encode_prefixed(call.to),
        "data": hex::encode_prefixed(&call.data),
        "value": format!("{:#x}", U256::from_be_bytes(call.value)),
    });
    if let Some(from) = call.from {
        tx["from"] = hex::encode_prefixed(from).into();
    }
    if let Some(gas) = call.gas {
        tx["gas"] = format!("{gas:#x}").into();
    }
    json!([tx, format!("{block:#x}")])
}

#[cfg(test)]
mod tests {
    use std::{net::SocketAddr, time::Instant};

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::egress::{AddressGuard, Policy};

    /// A server that answers every question with this body; without one it says nothing.
    async fn server(body: Option<&'static str>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let mut held = Vec::<TcpStream>::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(body) = body else {
                    held.push(stream);
                    continue;
                };
                let _ = stream.read(&mut [0; 4096]).await;
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = stream.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await;
            }
        });
        address
    }

    fn servers(named: &[(&str, SocketAddr)]) -> Servers {
        // None of what an action may reach is needed here.
        let egress = Egress::new(Policy::default(), AddressGuard::default(), 1).unwrap();
        let chain = |address: &SocketAddr| ChainConfig {
            rpc: format!("http://{address}/key").into(),
            chain_id: 31_337,
            public_url: None,
        };
        let chains = named.iter().map(|(name, address)| ((*name).to_owned(), chain(address))).collect();
        Servers::new(chains, Arc::new(egress))
    }

    fn call() -> RpcMethod {
        RpcMethod::Call(ContractCall {
            to: [1; 20],
            from: None,
            value: [0; 32],
            data: Vec::new(),
            gas: None,
            block: CallBlock::Number(1),
        })
    }

    #[test]
    fn a_revert_is_told_from_other_failures_in_the_words_of_several_servers() {
        for reverted in [
            r#"{"error":{"code":3,"message":"execution reverted: no","data":"0x08c379a0"}}"#,
            r#"{"error":{"code":-32000,"message":"execution reverted"},"id":1}"#,
            r#"{"error":{"code":-32015,"message":"VM execution error.Reverted 0x"}}"#,
            r#"{"error":{"code":-32603,"message":"VM Exception while processing transaction: revert\n"}}"#,
        ] {
            assert_eq!(read(reverted.as_bytes()), Err(ErrorCode::CallReverted), "{reverted}");
        }
        for failed in [
            r#"{"error":{"code":-32000,"message":"header not found"}}"#,
            r#"{"error":{"code":-32601,"message":"no such method"},"result":"0x1"}"#,
            r#"{"error":"execution reverted"}"#,
            r#"{"result":7}"#,
            r#"{"result":null}"#,
            r#"{"result":["0x1"]}"#,
            r#"[{"result":"0x1"}]"#,
            "{}",
            "",
            "\u{0}",
        ] {
            assert_eq!(read(failed.as_bytes()), Err(ErrorCode::RpcFailed), "{failed}");
        }
        assert_eq!(read(br#"{"jsonrpc":"2.0","id":1,"error":null,"result":"0x1"}"#), Ok("0x1".to_owned()));
    }

    #[tokio::test]
    async fn what_is_no_quantity_and_no_bytes_is_a_failure() {
        for body in [r#"{"result":"1"}"#, r#"{"result":"0x"}"#, r#"{"result":"0x10000000000000000"}"#] {
            let servers = servers(&[("a", server(Some(body)).await)]);
            assert_eq!(
                servers.read("a", RpcMethod::BlockNumber, &[]).await,
                Err(ErrorCode::RpcFailed),
                "{body}"
            );
        }
        for body in [r#"{"result":"00"}"#, r#"{"result":"0x0"}"#, r#"{"result":"0xzz"}"#] {
            let servers = servers(&[("a", server(Some(body)).await)]);
            assert_eq!(servers.read("a", call(), &[]).await, Err(ErrorCode::RpcFailed), "{body}");
        }
        let servers = servers(&[("a", server(Some(r#"{"result":"0xAB"}"#)).await)]);
        assert_eq!(servers.read("a", call(), &[]).await, Ok(json!("0xab")));
        assert_eq!(servers.read("a", RpcMethod::BlockNumber, &[]).await, Ok(json!(171)));
        assert_eq!(servers.read("b", call(), &[]).await, Err(ErrorCode::ChainUnknown));
        assert_eq!(servers.read("a", RpcMethod::PublicUrl, &[]).await, Err(ErrorCode::ChainUnknown));
    }

    #[tokio::test]
    async fn a_silent_server_holds_up_its_own_chain_only_and_not_for_long() {
        let answer = server(Some(r#"{"result":"0x1"}"#)).await;
        let mut servers = servers(&[("silent", server(None).await), ("other", answer)]);
        servers.within = Duration::from_secs(2);
        let servers = Arc::new(servers);
        let begun = Instant::now();
        let mut asking = tokio::task::JoinSet::new();
        // More than there are places, of the chain and in all.
        for _ in 0..2 * PLACES {
            let servers = servers.clone();
            asking.spawn(async move { servers.read("silent", RpcMethod::BlockNumber, &[]).await });
        }
        while servers.chains["silent"].places.try_take(&[], 1).is_some() {
            tokio::task::yield_now().await;
        }
        assert_eq!(servers.read("other", RpcMethod::BlockNumber, &[]).await, Ok(json!(1)));
        assert!(asking.try_join_next().is_none(), "it did not wait for the silent ones to end");
        while let Some(answer) = asking.join_next().await {
            assert_eq!(answer.unwrap(), Err(ErrorCode::RpcFailed));
        }
        // Waiting for a place is part of the time: those behind the first do not wait in turns.
        assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn one_payers_questions_to_a_slow_server_leave_places_to_those_of_others() {
        let servers = Arc::new(servers(&[("silent", server(None).await)]));
        let payer = |mark| [Payer::of_source(std::net::IpAddr::from([192, 0, 2, mark]))[0]];
        let mut asking = tokio::task::JoinSet::new();
        for _ in 0..2 * PLACES_PER_CHAIN {
            let servers = servers.clone();
            asking.spawn(async move { servers.read("silent", RpcMethod::BlockNumber, &payer(1)).await });
        }
        let places = &servers.chains["silent"].places;
        while places.try_take(&payer(1), 1).is_some() {
            tokio::task::yield_now().await;
        }
        assert!(places.try_take(&payer(2), PLACES_PER_CHAIN / 2).is_some());
    }
}
