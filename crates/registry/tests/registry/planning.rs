//! A deployment that is computed before there is a chain, and one that is interrupted.

use quorate_registry::{
    alloy_primitives::{Address, B256, Bytes, U256},
    deploy::{
        Founding, Plan, companion_codes, creation_codes, deploy, deploy_companions, deploy_planned, plan,
    },
    tx_client::{TxClient, TxClientError},
};

use crate::network::{CHAIN_ID, chain, committee, founding, key};

fn planned(client: &TxClient) -> Plan {
    plan(client.address(), 0, CHAIN_ID, &founding(&committee())).unwrap()
}

/// What an earlier try has created before it was interrupted.
async fn created(client: &TxClient, plan: &Plan, count: usize) {
    let (contracts, companions) = (plan.addresses(), plan.companions());
    let mut codes = creation_codes(&contracts, &founding(&committee())).to_vec();
    codes.extend(companion_codes(&contracts, &companions));
    for (code, _) in codes.into_iter().take(count) {
        client.send(None, code).await.unwrap();
    }
}

async fn refused(client: &TxClient, plan: &Plan) -> String {
    match deploy_planned(client, plan, |_, _, _| {}).await {
        Err(TxClientError::OffPlan(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_what_a_chain_makes_of_it() {
    let (server, _stop) = chain().await;
    let client = TxClient::new(&server.url(), CHAIN_ID, key("deployer")).unwrap();
    let plan = planned(&client);
    let deployed = deploy(&client, &founding(&committee())).await.unwrap();
    let companions = deploy_companions(&client, &deployed.contracts).await.unwrap();
    assert_eq!((plan.addresses(), plan.code_hashes()), (deployed.contracts, deployed.code_hashes));
    assert_eq!((plan.companions(), plan.companion_hashes()), (companions.addresses, companions.code_hashes));
    let addresses: Vec<Address> = (0..10).map(|nonce| client.address().create(nonce)).collect();
    assert!(plan.creations().iter().map(|(address, _)| *address).eq(addresses));
    // All of it is there: nothing is left to do.
    let mut heard = Vec::new();
    deploy_planned(&client, &plan, |name, number, of| heard.push((name.to_owned(), number, of)))
        .await
        .unwrap();
    assert_eq!(heard.len(), 10);
    assert_eq!(heard[9], ("ContractResolver".to_owned(), 10, 10));
}

#[test]
fn a_plan_depends_on_all_that_it_is_of_and_refuses_what_contracts_refuse() {
    let of = |deployer, nonce, chain_id, threshold| {
        let committee = committee();
        let founding = Founding { threshold, ..founding(&committee) };
        plan(Address::repeat_byte(deployer), nonce, chain_id, &founding)
    };
    let one = of(1, 0, CHAIN_ID, 2).unwrap();
    assert_eq!(of(1, 0, CHAIN_ID, 2).unwrap(), one);
    for other in [of(2, 0, CHAIN_ID, 2), of(1, 1, CHAIN_ID, 2), of(1, 0, CHAIN_ID, 3)] {
        assert_ne!(other.unwrap().code_hashes(), one.code_hashes());
    }
    let refused = of(1, 0, CHAIN_ID, 1).unwrap_err();
    assert!(matches!(&refused, TxClientError::Reverted(why) if why.contains("BadThreshold")), "{refused}");
}

#[test]
fn a_salt_changes_the_two_contracts_that_check_votes_and_no_other() {
    let committee = committee();
    let of = |salt: u8| {
        let founding = Founding { salt: B256::repeat_byte(salt), ..founding(&committee) };
        plan(Address::repeat_byte(1), 0, CHAIN_ID, &founding).unwrap()
    };
    for (one, other) in of(1).contracts.iter().zip(&of(2).contracts) {
        let salted = ["PubkeyRouter", "Directory"].contains(&one.name);
        assert_eq!(one.address, other.address);
        assert_eq!(one.creation != other.creation, salted, "{}", one.name);
        assert_eq!(one.code_hash != other.code_hash, salted, "{}", one.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_deployment_goes_on_where_it_was() {
    for count in [1, 4, 5, 9] {
        let (server, _stop) = chain().await;
        let client = TxClient::new(&server.url(), CHAIN_ID, key("deployer")).unwrap();
        let plan = planned(&client);
        created(&client, &plan, count).await;
        let mut heard = Vec::new();
        deploy_planned(&client, &plan, |name, number, _| heard.push((name.to_owned(), number)))
            .await
            .unwrap();
        let expected = plan.contracts.iter().map(|contract| contract.name.to_owned()).zip(1..);
        assert!(heard.into_iter().eq(expected), "{count}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_off_the_plan_is_said() {
    let (server, _stop) = chain().await;
    let client = TxClient::new(&server.url(), CHAIN_ID, key("deployer")).unwrap();
    let plan_of = |nonce, chain_id| plan(client.address(), nonce, chain_id, &founding(&committee())).unwrap();
    let plan = planned(&client);
    let other = TxClient::new(&server.url(), CHAIN_ID, key("second")).unwrap();
    assert!(refused(&other, &plan).await.contains("is planned"));
    assert!(refused(&client, &plan_of(0, CHAIN_ID + 1)).await.contains("the chain is"));
    assert!(refused(&client, &plan_of(1, CHAIN_ID)).await.contains("nonce"), "before the plan");
    // A transaction that is no creation took a nonce.
    created(&client, &plan, 1).await;
    client.pay(Address::repeat_byte(9), U256::ONE).await.unwrap();
    assert!(refused(&client, &plan).await.contains("nothing is at"));
    // Beyond the plan.
    for _ in 0..9 {
        client.pay(Address::repeat_byte(9), U256::ONE).await.unwrap();
    }
    assert!(refused(&client, &plan).await.contains("nonce"));
    // Other code is at one of its places: one byte of it.
    let plan = plan_of(11, CHAIN_ID);
    client.send(None, Bytes::from_static(&[0x60, 0x01, 0x5f, 0xf3])).await.unwrap();
    let foreign = refused(&client, &plan).await;
    assert!(foreign.contains("NodeRegistry") && foreign.contains("has the hash"), "{foreign}");
}
