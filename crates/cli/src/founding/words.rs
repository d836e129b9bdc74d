//! A proposal in words: what an operator reads before its node's keys sign it.

use std::collections::BTreeMap;

use quorate_registry::chain::{Creation, Genesis};
use quorate_wire::{ActionLimits, Admission, FoundingTerms, NetworkFile};

use crate::output::{printable, quoted};

/// The terms of a proposal, a line each.
pub(crate) fn terms(proposal: &NetworkFile) -> Vec<String> {
    let Some(founding) = &proposal.founding else { return Vec::new() };
    let (n, t) = (proposal.nodes.len(), usize::from(proposal.threshold));
    let mut lines = vec![
        format!("network   {}", quoted(&proposal.name)),
        format!(
            "threshold {t} of {n}: any {t} nodes together use every key, {} learn nothing; {}",
            t - 1,
            match n - t {
                0 => "with one node down nothing is signed".to_owned(),
                1 => "one node may be down".to_owned(),
                more => format!("{more} nodes may be down"),
            }
        ),
    ];
    lines.extend(powerful(proposal, founding));
    for (index, (node, endpoint)) in proposal.indices().zip(proposal.nodes.iter().zip(&proposal.endpoints)) {
        let operator =
            founding.operators.get(usize::from(index.get()) - 1).map(String::as_str).unwrap_or_default();
        lines.push(format!(
            "node {index:<4} {} at {} (QUIC {})",
            quoted(operator),
            endpoint.http,
            endpoint.quic
        ));
        lines.push(format!("          key {}, account {}", node.statement_key, node.chain_address));
    }
    lines.push(format!("chain     id {}, block 0 {}", proposal.chain.id, proposal.chain.genesis));
    lines.push(format!("          its heads are signed by {}", proposal.chain.head_key));
    lines.push(format!("contracts paid for by {}, which has no say in them", founding.deployer));
    for contract in &founding.contracts {
        lines.push(format!(
            "          {:<17} {} code {}",
            contract.name, contract.address, contract.code_hash
        ));
    }
    lines.push(format!("guest     {}", founding.guest));
    lines.push(format!("admission {}", admission(&proposal.admission)));
    lines.push(match &proposal.allow_hosts {
        None => "hosts     actions reach every public host".to_owned(),
        Some(hosts) if hosts.is_empty() => "hosts     actions reach none".to_owned(),
        Some(hosts) => format!("hosts     actions reach {} only", hosts.join(", ")),
    });
    lines.push(format!("limits    {}", limits(&proposal.limits)));
    for value in &founding.values {
        lines.push(format!("directory {}: {}", value.name, printable(&value.value)));
    }
    if proposal.wildcard_sessions {
        lines.push("sessions  may name keys and actions by `*`: for development only".to_owned());
    }
    lines
}

/// What block 0 of the chain says beside what the proposal does.
pub(crate) fn chain(proposal: &NetworkFile, genesis: &Genesis) -> Vec<String> {
    let deployer = proposal.founding.as_ref().map(|founding| founding.deployer.0);
    let mut lines = vec![format!("chain     {} accounts have money from block 0 on", genesis.accounts.len())];
    if genesis.contracts == Creation::Any {
        lines.push("warning   anybody creates contracts on this chain".to_owned());
    } else if deployer != Some(genesis.deployer.into_array()) {
        lines.push(format!(
            "warning   only {} creates contracts on this chain, which is not the payer",
            genesis.deployer
        ));
    }
    lines
}

/// Operators that act alone, or hold up everybody.
fn powerful(proposal: &NetworkFile, founding: &FoundingTerms) -> Vec<String> {
    let (n, t) = (proposal.nodes.len(), usize::from(proposal.threshold));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for operator in &founding.operators {
        *counts.entry(operator).or_default() += 1;
    }
    let word = |(operator, count): (&str, usize)| {
        if count >= t {
            Some(format!("warning   {} has {count} nodes: it uses every key alone", quoted(operator)))
        } else if count > n - t {
            Some(format!("warning   {} has {count} nodes: without it nothing is signed", quoted(operator)))
        } else {
            Some(format!("          {} has {count} nodes", quoted(operator)))
        }
    };
    counts.into_iter().filter(|(_, count)| *count > 1).filter_map(word).collect()
}

fn admission(admission: &Admission) -> String {
    match admission {
        Admission::Open => "anybody with a valid login".to_owned(),
        Admission::Granted => {
            "anybody, for actions with a grant on the key that the session names".to_owned()
        }
        Admission::List(wallets) => {
            let wallets: Vec<String> = wallets.iter().map(ToString::to_string).collect();
            format!("the wallets {} only", wallets.join(", "))
        }
        Admission::Logins(logins) => {
            let logins: Vec<String> = logins.iter().map(ToString::to_string).collect();
            format!("the logins {} only", logins.join(", "))
        }
    }
}

/// The limits that differ from this release's.
fn limits(limits: &ActionLimits) -> String {
    let members = |limits: &ActionLimits| match serde_json::to_value(limits) {
        Ok(serde_json::Value::Object(members)) => members,
        _ => serde_json::Map::new(),
    };
    let usual = members(&ActionLimits::default());
    let differing = members(limits).into_iter().filter(|(name, value)| usual.get(name) != Some(value));
    let differing: Vec<String> = differing.map(|(name, value)| format!("{name} {value}")).collect();
    if differing.is_empty() { "those of this release".to_owned() } else { differing.join(", ") }
}
