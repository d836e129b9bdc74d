//! Logins: what a node computes for a first one and for a request of a session that it knows, what it remembers of them,
//! and their length. The engine is a real one, founded in this process; everything is CPU time of one thread.

mod committee;
mod proofs;

use anyhow::{Context as _, Result, ensure};
use quorate_wire::{ErrorCode, Submission};

use crate::{
    cpu,
    table::{Table, percentile},
};
use committee::Node;
use proofs::{Kind, Person, Session};

const CALLS: usize = 300;
/// Logins by which memory is judged.
const MANY: u32 = 4_000;
const BALLAST: usize = 200_000;

pub(crate) fn run(table: &mut Table) -> Result<()> {
    let person = Person::new()?;
    let mut node = Node::founded(&person)?;
    for kind in Kind::ALL {
        let login = person.log_in(kind, &Session::new(1))?;
        let json = serde_json::to_vec(&login)?;
        table.add_goal(
            &format!("login in each request, {kind}"),
            (json.len() as f64, "bytes"),
            None,
            "≤ 2000",
        );
    }
    known(table, &mut node, &person)?;
    first(table, &mut node, &person)?;
    memory(table, &person)
}

/// A request of a session that the node knows, from bytes to the answer that it is who it says.
fn known(table: &mut Table, node: &mut Node, person: &Person) -> Result<()> {
    for kind in Kind::ALL {
        let session = Session::new(2);
        let login = person.log_in(kind, &session)?;
        let submission = session.request(&login, 0)?;
        answered(node, &submission)?;
        let before = proofs::plain_ed25519();
        let us = timed(CALLS, |number| {
            let submission = session.request(&login, number)?;
            Ok(cost(node, submission))
        })?;
        let plain = f64::midpoint(before, proofs::plain_ed25519());
        table.add_goal(&format!("request of a known session, {kind}"), (us, "us"), Some(plain), "≤ 150");
    }
    Ok(())
}

/// The first request under a login, the issuer's keys at hand.
fn first(table: &mut Table, node: &mut Node, person: &Person) -> Result<()> {
    for (kind, goal) in [
        (Kind::Wallet, "–"),
        (Kind::Rs256, "≤ 1000"),
        (Kind::Es256, "≤ 1000"),
        (Kind::Passkey, "≤ 500"),
        (Kind::Several, "–"),
    ] {
        let before = person.plain(kind)?;
        let us = timed(kind.calls(), |number| {
            let session = Session::new(1_000 + number);
            let login = person.log_in(kind, &session)?;
            Ok(cost(node, session.request(&login, number)?))
        })?;
        let plain = f64::midpoint(before, person.plain(kind)?);
        table.add_goal(&format!("first request under a login, {kind}"), (us, "us"), Some(plain), goal);
    }
    Ok(())
}

/// What this process grows by while a new node comes to know many logins, each of two methods.
fn memory(table: &mut Table, person: &Person) -> Result<()> {
    let mut node = Node::founded(person)?;
    // What was freed before is taken, so that what is remembered makes the process grow.
    let ballast: Vec<Vec<u8>> = (0..BALLAST).map(|number| vec![1; 16 + number % 1_000]).collect();
    let own = std::process::id();
    let resident = || cpu::memory_bytes(own, "VmRSS").context("the memory of this process");
    let before = resident()?;
    for number in 0..MANY {
        let session = Session::new(10_000 + number);
        let login = person.log_in(Kind::Quick, &session)?;
        answered(&mut node, &session.request(&login, 0)?)?;
    }
    let grown = resident()? - before;
    drop(std::hint::black_box(ballast));
    table.add_goal("memory of 4,000 remembered logins, token and passkey", (grown / 1e6, "MB"), None, "≤ 8");
    Ok(())
}

/// Median of what calls say that they took, in microseconds.
fn timed(calls: usize, mut call: impl FnMut(u32) -> Result<Result<f64>>) -> Result<f64> {
    let mut samples = Vec::with_capacity(calls);
    for number in 0..u32::try_from(calls)? {
        samples.push(call(number)??);
    }
    Ok(percentile(&mut samples, 0.5))
}

/// CPU microseconds of a request.
fn cost(node: &mut Node, submission: Submission) -> Result<f64> {
    node.moment();
    let before = cpu::thread_us();
    let code = node.ask(submission);
    let took = cpu::thread_us() - before;
    ensure!(code == Some(ErrorCode::ShuttingDown), "the request was answered by {code:?}");
    Ok(took)
}

/// The login of a request is taken: only after that a node says that it stops.
fn answered(node: &mut Node, submission: &Submission) -> Result<()> {
    cost(node, submission.clone()).map(drop)
}
