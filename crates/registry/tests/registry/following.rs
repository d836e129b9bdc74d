//! What a follower believes, and what it does not.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ed25519_dalek::SigningKey as HeadKey;
use quorate_registry::{
    alloy_primitives::B256,
    artifacts::Contracts,
    chain::{BlockId, HeadStatement, RawBlock, genesis_hash},
    error::{ChainFault, ReadError},
    follow::FollowError,
    moment::Moment,
    rpc_client::{CallBounds, RpcClient},
    subject::{DEFAULT_KEY_SET_ID, Subject},
    tx_client::TxClient,
    view::At,
};
use serde_json::json;

use crate::{
    liar::Liar,
    network::{
        CHAIN_ID, action, chain, committee, follower, founded, genesis, head_key, impatient, key, roots,
        until_block, until_error,
    },
};

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn statement(key: &HeadKey, sequence: u64, latest: BlockId, finalized: BlockId) -> serde_json::Value {
    json!(HeadStatement::sign(key, genesis_hash(&genesis()), sequence, (latest, finalized), now_ms()))
}

/// The blocks of a real chain with a registry on it.
async fn real_blocks() -> (Contracts, Vec<RawBlock>) {
    let (server, _stop) = chain().await;
    let contracts = founded(&server.url()).await.contracts;
    let rpc = RpcClient::new(&server.url()).unwrap();
    let blocks = rpc.call("quorate_blocks", json!([1, 256]), CallBounds::default()).await.unwrap();
    (contracts, serde_json::from_value(blocks).unwrap())
}

fn id(block: &RawBlock) -> BlockId {
    BlockId { number: block.number, hash: block.hash }
}

/// A liar that tells the truth so far, and a follower that has believed it.
async fn believed() -> (
    Liar,
    Vec<RawBlock>,
    quorate_registry::view::RegistryView,
    quorate_registry::follow::Follower,
    crate::network::Stop,
) {
    let (contracts, blocks) = real_blocks().await;
    let liar = Liar::start().await;
    let last = id(blocks.last().unwrap());
    liar.says("quorate_genesis", json!(genesis()));
    liar.says("quorate_blocks", json!(blocks));
    liar.says("quorate_waitHead", statement(&head_key(), 10, last, last));
    let (view, running, stop) = follower(&liar.url, contracts);
    until_block(&view, last.number).await;
    (liar, blocks, view, running, stop)
}

#[tokio::test(flavor = "multi_thread")]
async fn view_reads_what_the_chain_says() {
    let (server, _stop) = chain().await;
    let deployment = founded(&server.url()).await;
    let (view, _running, _stop_follower) = follower(&server.url(), deployment.contracts);
    until_block(&view, deployment.block_number + 1).await;
    assert_eq!(view.committee(At::Finalized).unwrap().nodes, committee());
    assert_eq!(view.root_keys(DEFAULT_KEY_SET_ID, At::Finalized).unwrap(), roots());
    assert_eq!(view.root_keys(DEFAULT_KEY_SET_ID, At::Number(deployment.block_number)).unwrap(), []);
    assert_eq!(
        view.code_hash(deployment.contracts.pkp_nft, At::Latest).unwrap(),
        Some(deployment.code_hashes.pkp_nft)
    );
    let head = view.head().unwrap();
    assert_eq!(view.canonical_hash(head.latest.number).unwrap(), Some(head.latest.hash));
    assert_eq!(view.canonical_hash(head.latest.number + 1).unwrap(), None);
    assert_eq!(view.block_time_ms(head.latest.number).unwrap(), Some(head.latest.time_ms));
    assert!(matches!(
        view.grant(B256::ZERO.into(), &Subject::Action(action(1)), At::Number(1_000)),
        Err(ReadError::Ahead(1_000))
    ));
    // Before the contracts exist nothing is read as "not granted".
    assert!(matches!(view.pkp(B256::ZERO.into(), At::Number(0)), Err(ReadError::Contract(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_grant_is_gone_at_latest_and_still_there_at_the_named_block() {
    let (server, _stop) = chain().await;
    let contracts = founded(&server.url()).await.contracts;
    let (view, _running, _stop_follower) = follower(&server.url(), contracts);
    let owner = TxClient::new(&server.url(), CHAIN_ID, key("owner")).unwrap();
    let token = owner.mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap().token_id;
    let subject = Subject::Action(action(1));
    let granted = owner.add_permitted(&contracts, token, &subject, &[1]).await.unwrap();
    until_block(&view, granted.block_number).await;
    assert!(view.grant(token, &subject, At::Latest).unwrap().scopes.has(1));
    let revoked = owner.remove_permitted(&contracts, token, &subject).await.unwrap();
    until_block(&view, revoked.block_number).await;
    assert!(view.grant(token, &subject, At::Number(granted.block_number)).unwrap().member);
    assert!(!view.grant(token, &subject, At::Latest).unwrap().member);
    assert!(!view.grant(token, &subject, At::Finalized).unwrap().member);
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_a_forged_head_and_gets_no_younger_by_it() {
    let (liar, blocks, view, running, _stop) = believed().await;
    let asked = view.head().unwrap().asked;
    let forger = HeadKey::from_bytes(&[1; 32]);
    let next = BlockId { number: blocks.len() as u64 + 1, hash: B256::repeat_byte(9) };
    liar.says("quorate_waitHead", statement(&forger, 11, next, next));
    until_error(&running, |error| matches!(error, FollowError::BadSignature(_))).await;
    let head = view.head().unwrap();
    assert_eq!((head.latest.number, head.asked), (blocks.len() as u64, asked));
    assert!(view.head_age_ms(Moment::now()).is_some());
    // It is no proof against the chain: the real one is believed again.
    let last = id(blocks.last().unwrap());
    liar.says("quorate_waitHead", statement(&head_key(), 11, last, last));
    let mut changes = view.watch();
    crate::network::bounded(async {
        while view.head().unwrap().sequence < 11 {
            changes.changed().await.unwrap();
        }
    })
    .await;
    assert!(view.head().unwrap().asked > asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn replayed_and_late_statements_make_no_view_fresh() {
    let (liar, blocks, view, running, _stop) = believed().await;
    let last = id(blocks.last().unwrap());
    let asked = view.head().unwrap().asked;
    liar.says("quorate_waitHead", statement(&head_key(), 9, last, last));
    until_error(&running, |error| matches!(error, FollowError::OldStatement)).await;
    let past =
        HeadStatement::sign(&head_key(), genesis_hash(&genesis()), 12, (last, last), now_ms() - 60_000);
    liar.says("quorate_waitHead", json!(past));
    until_error(&running, |error| matches!(error, FollowError::OldStatement)).await;
    assert_eq!(view.head().unwrap().asked, asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn equivocation_closes_the_view() {
    let (liar, blocks, view, running, _stop) = believed().await;
    let last = id(blocks.last().unwrap());
    let other = BlockId { hash: B256::repeat_byte(7), ..last };
    liar.says("quorate_waitHead", statement(&head_key(), 11, other, other));
    until_error(&running, |error| error.code() == "registry_equivocation").await;
    assert!(matches!(view.fault(), Some(ChainFault::Equivocation { .. })));
    assert!(matches!(view.head(), Err(ReadError::Faulty(_))));
    assert!(matches!(view.committee(At::Latest), Err(ReadError::Faulty(_))));
    assert_eq!(view.head_age_ms(Moment::now()), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn going_back_closes_the_view() {
    let (liar, blocks, view, running, _stop) = believed().await;
    let earlier = id(&blocks[0]);
    liar.says("quorate_waitHead", statement(&head_key(), 11, earlier, earlier));
    until_error(&running, |error| error.code() == "registry_rolled_back").await;
    assert!(matches!(view.head(), Err(ReadError::Faulty(ChainFault::RolledBack { .. }))));
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_block_that_does_not_replay_closes_the_view() {
    let (contracts, blocks) = real_blocks().await;
    let mut wrong = blocks.clone();
    let lie = RawBlock { hash: B256::repeat_byte(3), ..wrong[2].clone() };
    wrong[2] = lie.signed(&head_key(), genesis_hash(&genesis()));
    let liar = Liar::start().await;
    let last = id(blocks.last().unwrap());
    liar.says("quorate_genesis", json!(genesis()));
    liar.says("quorate_blocks", json!(wrong));
    liar.says("quorate_waitHead", statement(&head_key(), 1, last, last));
    let (view, running, _stop) = follower(&liar.url, contracts);
    until_error(&running, |error| error.code() == "registry_unfaithful").await;
    assert!(matches!(view.head(), Err(ReadError::Faulty(ChainFault::Unfaithful { number: 3, .. }))));
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_transactions_are_not_executed() {
    let (contracts, blocks) = real_blocks().await;
    let mut wrong = blocks.clone();
    wrong[1].txs = blocks[2].txs.clone();
    let liar = Liar::start().await;
    let last = id(blocks.last().unwrap());
    liar.says("quorate_genesis", json!(genesis()));
    liar.says("quorate_blocks", json!(wrong));
    liar.says("quorate_waitHead", statement(&head_key(), 1, last, last));
    let (view, running, _stop) = follower(&liar.url, contracts);
    until_error(&running, |error| matches!(error, FollowError::BadSignature("a block"))).await;
    assert!(matches!(view.head(), Err(ReadError::NotReady)));
    // Whoever changed them is not the chain: the follower goes on with the true ones.
    liar.says("quorate_blocks", json!(blocks[1..]));
    until_block(&view, last.number).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_another_genesis() {
    let (contracts, _) = real_blocks().await;
    let liar = Liar::start().await;
    let mut other = genesis();
    other.chain_id = 1;
    liar.says("quorate_genesis", json!(other));
    let (view, running, _stop) = follower(&liar.url, contracts);
    until_error(&running, |error| matches!(error, FollowError::WrongChain)).await;
    assert!(matches!(view.head(), Err(ReadError::NotReady)));
}

/// Hands out one block at a time, each after a while.
fn hands_out(liar: &Liar, blocks: &[RawBlock], delay: Duration) {
    let blocks = blocks.to_vec();
    liar.says("quorate_genesis", json!(genesis()));
    liar.answers_by("quorate_blocks", move |params| {
        let from = usize::try_from(params[0].as_u64().unwrap()).unwrap();
        (delay, json!([blocks[from - 1]]))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_ages_while_its_blocks_are_handed_out_slowly() {
    let (server, _stop) = chain().await;
    let contracts = founded(&server.url()).await.contracts;
    let owner = TxClient::new(&server.url(), CHAIN_ID, key("owner")).unwrap();
    let token = owner.mint_next(&contracts, DEFAULT_KEY_SET_ID).await.unwrap().token_id;
    let subject = Subject::Action(action(1));
    owner.add_permitted(&contracts, token, &subject, &[1]).await.unwrap();
    let rpc = RpcClient::new(&server.url()).unwrap();
    let blocks = rpc.call("quorate_blocks", json!([1, 256]), CallBounds::default()).await.unwrap();
    let blocks: Vec<RawBlock> = serde_json::from_value(blocks).unwrap();

    // The grant is revoked after this; whoever sits in between hands out what was before, late, and forges nothing.
    let (liar, last) = (Liar::start().await, id(blocks.last().unwrap()));
    hands_out(&liar, &blocks, Duration::from_millis(150));
    let made_ms = now_ms() - 29_500;
    let old = HeadStatement::sign(&head_key(), genesis_hash(&genesis()), 10, (last, last), made_ms);
    liar.says("quorate_waitHead", json!(old));
    assert!(blocks.len() > 5, "they take longer than the statement is good for");
    let (view, running, _stop) = follower(&liar.url, contracts);
    until_error(&running, |error| matches!(error, FollowError::OldStatement)).await;
    assert!(matches!(view.head(), Err(ReadError::NotReady)));
    assert!(view.grant(token, &subject, At::Latest).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn age_counts_from_before_the_asking() {
    let (contracts, blocks) = real_blocks().await;
    let (liar, last) = (Liar::start().await, id(blocks.last().unwrap()));
    hands_out(&liar, &blocks, Duration::from_millis(100));
    let statement = statement(&head_key(), 10, last, last);
    liar.answers_by("quorate_waitHead", move |_| (Duration::from_millis(500), statement.clone()));
    let (view, _running, _stop) = follower(&liar.url, contracts);
    until_block(&view, last.number).await;
    let slow_ms = 500 + 100 * u64::try_from(blocks.len()).unwrap();
    assert!(view.head_age_ms(Moment::now()).unwrap() >= slow_ms);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_caught_up_within_the_bound_is_dropped_and_its_blocks_are_kept() {
    let (contracts, blocks) = real_blocks().await;
    let (liar, last) = (Liar::start().await, id(blocks.last().unwrap()));
    hands_out(&liar, &blocks, Duration::from_millis(200));
    liar.says("quorate_waitHead", statement(&head_key(), 10, last, last));
    let (view, running, _stop) = impatient(&liar.url, contracts, Duration::from_millis(500));
    until_error(&running, |error| matches!(error, FollowError::Slow)).await;
    assert!(matches!(view.head(), Err(ReadError::NotReady)));
    // Played again, the dropped one is as old as when it was asked for first.
    until_block(&view, last.number).await;
    let slow_ms = 200 * u64::try_from(blocks.len()).unwrap();
    assert!(view.head_age_ms(Moment::now()).unwrap() >= slow_ms);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_statement_convicts_nobody() {
    let (contracts, blocks) = real_blocks().await;
    let (liar, last) = (Liar::start().await, id(blocks.last().unwrap()));
    // The newer one comes first and is not caught up with in time, then the older one.
    hands_out(&liar, &blocks, Duration::from_millis(200));
    liar.says("quorate_waitHead", statement(&head_key(), 11, last, last));
    let (view, running, _stop) = impatient(&liar.url, contracts, Duration::from_millis(700));
    until_error(&running, |error| matches!(error, FollowError::Slow)).await;
    let first = id(&blocks[0]);
    liar.says("quorate_waitHead", statement(&head_key(), 10, first, first));
    until_error(&running, |error| matches!(error, FollowError::OldStatement)).await;
    assert_eq!(view.fault(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_from_the_future_is_not_counted() {
    let (contracts, blocks) = real_blocks().await;
    let (liar, last) = (Liar::start().await, id(blocks.last().unwrap()));
    hands_out(&liar, &blocks, Duration::ZERO);
    let future =
        HeadStatement::sign(&head_key(), genesis_hash(&genesis()), 10, (last, last), now_ms() + 20_000);
    liar.says("quorate_waitHead", json!(future));
    let (view, running, _stop) = follower(&liar.url, contracts);
    until_error(&running, |error| matches!(error, FollowError::ClockAhead)).await;
    assert!(matches!(view.head(), Err(ReadError::NotReady)));
}
