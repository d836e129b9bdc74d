//! A registry whose contracts are what was approved, and were created by something else.

use quorate_registry::{
    alloy_primitives::{Address, B256, Bytes, U256, keccak256},
    artifacts::Contracts,
    chain::{TxRequest, sign_1559},
    deploy::{Plan, addresses, creation_codes, plan},
    error::{ChainFault, SpentBy},
    follow::{CATCH_UP_MAX, FollowConfig, FollowError, Follower, StateFile, Trust, follow},
    rpc_client::CallBounds,
    tx_client::TxClient,
    view::{At, RegistryView},
};
use serde_json::json;
use tokio::sync::oneshot;

use crate::network::{
    CHAIN_ID, Stop, chain, committee, founded, founding as terms, genesis, head_public, key, until_block,
    until_error,
};

/// The slot that the foreign init code writes.
const SLOT: u8 = 7;

fn follower(
    url: &str,
    contracts: Contracts,
    creations: Vec<(Address, B256)>,
    state: Option<StateFile>,
) -> (RegistryView, Follower, Stop) {
    let (stop, stopped) = oneshot::channel();
    let config = FollowConfig {
        rpc_url: url.into(),
        genesis_hash: quorate_registry::chain::genesis_hash(&genesis()),
        head_key: head_public(),
        contracts,
        creations,
        catch_up_max: CATCH_UP_MAX,
        state,
        trust: Trust::default(),
        snapshot: None,
    };
    let (view, follower) = follow(config, async { drop(stopped.await) }).unwrap();
    (view, follower, stop)
}

fn planned() -> Plan {
    let deployer = TxClient::new("http://127.0.0.1:1", CHAIN_ID, key("deployer")).unwrap().address();
    plan(deployer, 0, CHAIN_ID, &terms(&committee())).unwrap()
}

/// The creations of the contracts that these chains have: no companions, whose numbers are used otherwise.
fn of_registry(plan: &Plan) -> Vec<(Address, B256)> {
    plan.creations()[..5].to_vec()
}

async fn code(client: &TxClient, address: Address) -> Bytes {
    let code = client.rpc().call("eth_getCode", json!([address, "latest"]), CallBounds::default()).await;
    serde_json::from_value(code.unwrap()).unwrap()
}

/// Init code that writes a slot and leaves this runtime code.
fn foreign_creation(runtime: &[u8]) -> Bytes {
    let length = u16::try_from(runtime.len()).unwrap().to_be_bytes();
    let mut code = vec![0x60, 0x01, 0x60, SLOT, 0x55];
    // CODECOPY(0, 19, length), RETURN(0, length).
    code.extend([0x61, length[0], length[1], 0x60, 19, 0x5f, 0x39, 0x61, length[0], length[1], 0x5f, 0xf3]);
    code.extend([0x00, 0x00]);
    assert_eq!(code.len(), 19);
    code.extend_from_slice(runtime);
    code.into()
}

/// A chain whose PKPPermissions has the code that was planned, and a slot that nobody approved.
async fn deceived(url: &str, runtime: &[u8]) -> Contracts {
    let client = TxClient::new(url, CHAIN_ID, key("deployer")).unwrap();
    let contracts = addresses(client.address(), 0);
    for (place, (creation, address)) in
        creation_codes(&contracts, &terms(&committee())).into_iter().enumerate()
    {
        let creation = if place == 2 { foreign_creation(runtime) } else { creation };
        assert_eq!(client.send(None, creation).await.unwrap().contract_address, Some(address));
    }
    contracts
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_of_other_init_code_is_refused_by_name_though_its_code_is_the_same() {
    let plan = planned();
    let (honest, _stop) = chain().await;
    let deployment = founded(&honest.url()).await;
    let (view, _running, _stop_follower) =
        follower(&honest.url(), deployment.contracts, of_registry(&plan), None);
    until_block(&view, deployment.block_number).await;
    let client = TxClient::new(&honest.url(), CHAIN_ID, key("deployer")).unwrap();
    let permissions = deployment.contracts.pkp_permissions;
    let runtime = code(&client, permissions).await;

    let (server, _stop) = chain().await;
    let contracts = deceived(&server.url(), &runtime).await;
    assert_eq!(contracts, plan.addresses());
    let folder = tempfile::tempdir().unwrap();
    let state = StateFile { path: folder.path().join("registry.redb"), secret: [5; 32] };
    // Who approved nothing reads it, and finds the code that was planned.
    let (view, running, stop) = follower(&server.url(), contracts, Vec::new(), Some(state.clone()));
    until_block(&view, 5).await;
    assert_eq!(view.code_hash(permissions, At::Latest).unwrap(), Some(plan.code_hashes().pkp_permissions));
    let slot = json!([permissions, U256::from(SLOT), "latest"]);
    let client = TxClient::new(&server.url(), CHAIN_ID, key("deployer")).unwrap();
    let written = client.rpc().call("eth_getStorageAt", slot, CallBounds::default()).await.unwrap();
    assert!(written.as_str().unwrap().ends_with("01"), "{written}");
    // The view holds the state's file.
    drop((stop, view));
    running.wait().await;

    // Who approved creations does not, nor takes over the state that was made without them.
    let (approved, found) = (plan.contracts[2].creation, keccak256(foreign_creation(&runtime)));
    for state in [None, Some(state)] {
        let (view, running, stop) = follower(&server.url(), contracts, plan.creations(), state);
        let error = until_error(&running, |error| matches!(error, FollowError::Fault(_))).await;
        let expected = ChainFault::ForeignCreation { address: permissions, approved, found };
        assert_eq!(error, FollowError::Fault(expected));
        for named in [permissions.to_string(), approved.to_string(), found.to_string()] {
            assert!(error.to_string().contains(&named), "{error}");
        }
        assert!(view.head().is_err() && view.code_hash(permissions, At::Latest).is_err());
        drop(stop);
        running.wait().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_number_that_was_used_up_is_named_with_what_used_it() {
    let plan = planned();
    for (to, happened) in [(Some(Address::repeat_byte(9)), SpentBy::Other), (None, SpentBy::Failed)] {
        let (server, _stop) = chain().await;
        let client = TxClient::new(&server.url(), CHAIN_ID, key("deployer")).unwrap();
        let codes = creation_codes(&plan.addresses(), &terms(&committee()));
        for (creation, _) in codes[..2].iter().cloned() {
            client.send(None, creation).await.unwrap();
        }
        let data = to.map_or_else(|| codes[2].0.clone(), |_| Bytes::new());
        let words = data.chunks(32).count() as u64;
        // What is paid before it runs, and some.
        let gas_limit = 53_000 + 40 * data.len() as u64 + 2 * words + 5_000;
        let request = TxRequest {
            chain_id: CHAIN_ID,
            nonce: 2,
            gas_limit,
            max_fee_per_gas: 10_000_000_000_000,
            max_priority_fee_per_gas: 0,
            to,
            value: U256::ZERO,
            data,
        };
        let (tx, raw) = sign_1559(&key("deployer"), request);
        client.rpc().call("eth_sendRawTransaction", json!([raw]), CallBounds::default()).await.unwrap();
        client.receipt(tx).await.ok();
        let (_view, running, _stop) = follower(&server.url(), plan.addresses(), plan.creations(), None);
        let error = until_error(&running, |error| matches!(error, FollowError::Fault(_))).await;
        let address = plan.contracts[2].address;
        assert_eq!(error, FollowError::Fault(ChainFault::SpentCreation { address, tx, happened }));
        assert!(error.to_string().contains(&address.to_string()), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_counts_for_the_creations_under_which_it_was_replayed() {
    let plan = planned();
    let (server, _stop) = chain().await;
    let deployment = founded(&server.url()).await;
    let folder = tempfile::tempdir().unwrap();
    let state = StateFile { path: folder.path().join("registry.redb"), secret: [5; 32] };
    let approved = of_registry(&plan);
    let mut turned = approved.clone();
    turned.reverse();
    for creations in [Vec::new(), approved.clone(), turned, approved[..4].to_vec()] {
        let (view, running, stop) =
            follower(&server.url(), deployment.contracts, creations, Some(state.clone()));
        until_block(&view, deployment.block_number).await;
        drop(stop);
        running.wait().await;
    }
}
