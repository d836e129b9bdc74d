//! What operators approve before a network is founded, and their approvals.

use borsh::{BorshDeserialize, BorshSerialize};
use serde::{Deserialize, Serialize};

use super::NetworkFile;
use crate::{
    Address, Digest, DirectoryChange, NetworkId, NodeIndex, NodeVote, Signable, Signed, Transcript,
    VoteDomain, directory_digest,
};

/// Most contracts that a founding deploys.
const CONTRACTS_MAX: usize = 16;
/// Most values that a Directory begins with.
const VALUES_MAX: usize = 16;
/// Longest name of an operator, in bytes.
const OPERATOR_BYTES_MAX: usize = 64;

/// The contracts whose arguments have the salt, so that their code follows from it.
const SALTED: [&str; 2] = ["PubkeyRouter", "Directory"];

/// What a founding does beside choosing its members: part of the network's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(deny_unknown_fields)]
pub struct FoundingTerms {
    /// Hash of the guest that every node begins with.
    pub guest: Digest,
    /// The account that pays for the contracts; it has no say in them.
    pub deployer: Address,
    /// Every contract, in the order of its creation.
    pub contracts: Vec<PlannedContract>,
    /// What the Directory begins with.
    pub values: Vec<FoundingValue>,
    /// The operator of each node, in the nodes' order.
    pub operators: Vec<String>,
}

/// A contract as it is to be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedContract {
    /// Its name.
    pub name: String,
    /// Where it comes to be.
    pub address: Address,
    /// Keccak-256 of the code that creates it, with its arguments.
    pub creation: Digest,
    /// Keccak-256 of its runtime code.
    pub code_hash: Digest,
}

/// A first value of the Directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, BorshSerialize)]
#[serde(deny_unknown_fields)]
pub struct FoundingValue {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// An operator's word that its node founds this network, and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkApproval {
    /// The network: the hash of everything that was proposed.
    pub network: NetworkId,
}

impl Signable for NetworkApproval {
    const DOMAIN: &'static str = "quorate/approval/v1";
}

/// What a node signs of a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Signed with the node's statement key.
    pub word: Signed<NetworkApproval>,
    /// The vote of the node's account for the Directory's first values.
    pub vote: NodeVote,
}

/// Checks an operator's name.
///
/// # Errors
/// A sentence for the operator.
pub fn check_operator(name: &str) -> Result<(), String> {
    // Letters that show nothing would let two names look alike.
    let blank = |letter: char| matches!(letter, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    let plain = |letter: char| (letter.is_alphanumeric() && !blank(letter)) || " .,-_&'()+@".contains(letter);
    if name.is_empty() || name.len() > OPERATOR_BYTES_MAX || name.trim() != name || !name.chars().all(plain) {
        return Err(format!(
            "{name:?} is no name of an operator: 1 to {OPERATOR_BYTES_MAX} bytes of letters, digits, spaces and .,-_&'()+@"
        ));
    }
    Ok(())
}

impl FoundingTerms {
    /// The changes that set the Directory's first values.
    #[must_use]
    pub fn changes(&self) -> Vec<DirectoryChange> {
        let change = |value: &FoundingValue| DirectoryChange {
            name: value.name.clone(),
            version: 1,
            value: value.value.clone().into_bytes(),
        };
        self.values.iter().map(change).collect()
    }

    pub(super) fn check(&self, network: &NetworkFile) -> Result<(), String> {
        if self.operators.len() != network.nodes.len() {
            return Err(format!("{} operators for {} nodes", self.operators.len(), network.nodes.len()));
        }
        self.operators.iter().try_for_each(|name| check_operator(name))?;
        if self.contracts.len() > CONTRACTS_MAX {
            return Err(format!(
                "{} contracts; a founding has at most {CONTRACTS_MAX}",
                self.contracts.len()
            ));
        }
        if self.values.is_empty() || self.values.len() > VALUES_MAX {
            return Err(format!("{} first values; a Directory has 1 to {VALUES_MAX}", self.values.len()));
        }
        let twice = |names: &[&String]| (1..names.len()).any(|place| names[..place].contains(&names[place]));
        if twice(&self.values.iter().map(|value| &value.name).collect::<Vec<_>>())
            || twice(&self.contracts.iter().map(|contract| &contract.name).collect::<Vec<_>>())
        {
            return Err("a first value or a contract is named twice".to_owned());
        }
        check_operator(&network.name).map_err(|_| {
            format!("{:?} is no name of a network: it follows the rule of operators' names", network.name)
        })?;
        let listed = &network.contracts;
        let records = [
            ("NodeRegistry", listed.node_registry),
            ("PubkeyRouter", listed.pubkey_router),
            ("PKPPermissions", listed.pkp_permissions),
            ("PKPNFT", listed.pkp_nft),
            ("Directory", listed.directory),
        ];
        for (name, record) in records {
            let planned = self.contracts.iter().find(|planned| planned.name == name);
            let fits = planned.is_some_and(|planned| {
                planned.address == record.address && planned.code_hash == record.code_hash
            });
            if !fits {
                return Err(format!("the contract {name} is not the one that the founding creates"));
            }
        }
        for (index, (node, endpoint)) in network.indices().zip(network.nodes.iter().zip(&network.endpoints)) {
            if !endpoint.said_by(&node.statement_key) {
                return Err(format!("the endpoint of node {index} is not signed by that node"));
            }
            endpoint.check()?;
        }
        Ok(())
    }
}

impl NetworkFile {
    /// The operator of a node, where the file names operators.
    #[must_use]
    pub fn operator(&self, index: NodeIndex) -> Option<&str> {
        let place = usize::from(index.get()) - 1;
        Some(self.founding.as_ref()?.operators.get(place)?.as_str())
    }

    /// A node for people: its number, and its operator where the file names operators.
    #[must_use]
    pub fn named(&self, index: NodeIndex) -> String {
        match self.operator(index) {
            Some(operator) => format!("node {index} ({operator})"),
            None => format!("node {index}"),
        }
    }

    /// What tells this founding from all others: a hash of everything that the id covers, without what follows from the salt
    /// itself, which are `creation` and `code_hash` of the two contracts that have it as an argument. They count as zeros.
    ///
    /// Two proposals of one payer have the same addresses of contracts; a vote under the one salt is of no use under the
    /// other. The contracts of networks of version 4 know no salt: it is zero for these.
    #[must_use]
    pub fn salt(&self) -> Digest {
        let Some(founding) = &self.founding else { return Digest([0; 32]) };
        let mut founding = founding.clone();
        for planned in &mut founding.contracts {
            if SALTED.contains(&planned.name.as_str()) {
                (planned.creation, planned.code_hash) = (Digest([0; 32]), Digest([0; 32]));
            }
        }
        let mut unsalted = NetworkFile { endpoints: Vec::new(), approvals: Vec::new(), ..self.clone() };
        let contracts = &mut unsalted.contracts;
        for record in [&mut contracts.pubkey_router, &mut contracts.directory] {
            record.code_hash = Digest([0; 32]);
        }
        Digest(unsalted.founded(Transcript::new("quorate/founding/v1"), &founding).finish())
    }

    /// For what votes for roots and minters count.
    #[must_use]
    pub fn router_domain(&self) -> VoteDomain {
        self.domain_of(self.contracts.pubkey_router.address)
    }

    /// For what votes for named values count.
    #[must_use]
    pub fn directory_domain(&self) -> VoteDomain {
        self.domain_of(self.contracts.directory.address)
    }

    fn domain_of(&self, contract: Address) -> VoteDomain {
        VoteDomain { chain_id: self.chain.id, contract, salt: self.salt() }
    }

    /// The digest that the nodes' accounts sign to set the Directory's first values.
    #[must_use]
    pub fn founding_vote_digest(&self) -> Option<Digest> {
        let terms = self.founding.as_ref()?;
        Some(directory_digest(&self.directory_domain(), &terms.changes()))
    }

    /// Checks one approval.
    ///
    /// # Errors
    /// A sentence that names the node and its operator.
    pub fn check_approval(&self, approval: &Approval) -> Result<NodeIndex, String> {
        let index = approval.word.node;
        let Some(node) = self.node(index) else {
            return Err(format!("an approval names node {index}, and there are {} nodes", self.nodes.len()));
        };
        let who = self.named(index);
        let approved = approval.word.body.network;
        if approved != self.id() {
            return Err(format!(
                "{who} approved another proposal: {approved}, and this one is {}",
                self.id()
            ));
        }
        if approval.word.verify(&node.statement_key).is_err() {
            return Err(format!("the approval of {who} is not signed with its statement key"));
        }
        let digest = self.founding_vote_digest().unwrap_or(Digest([0; 32]));
        if approval.vote.signer(&digest) != Some(node.chain_address) {
            return Err(format!(
                "the approval of {who} is not signed with its chain key for this founding; builds before the first release signed without a salt"
            ));
        }
        Ok(index)
    }

    /// Whether every operator has approved what this file says. Files before version 5 have no approvals.
    ///
    /// # Errors
    /// A sentence for the operator, with the first node whose approval is missing or wrong.
    pub fn check_approvals(&self) -> Result<(), String> {
        for (place, index) in self.indices().enumerate() {
            match self.approvals.get(place) {
                Some(approval) if approval.word.node == index => drop(self.check_approval(approval)?),
                _ if self.approvals.iter().all(|approval| approval.word.node != index) => {
                    return Err(format!("the approval of {} is missing", self.named(index)));
                }
                _ => return Err(format!("the approval of {} is not at its place", self.named(index))),
            }
        }
        match self.approvals.len() - self.nodes.len() {
            0 => Ok(()),
            more => Err(format!("{more} approvals more than nodes")),
        }
    }

    /// The first member in which two files differ, with both values; approvals and endpoints do not count.
    #[must_use]
    pub fn first_difference(&self, other: &NetworkFile) -> Option<String> {
        let value = |file: &NetworkFile| {
            let file = NetworkFile { approvals: Vec::new(), endpoints: Vec::new(), ..file.clone() };
            serde_json::to_value(file).expect("a network file is JSON")
        };
        difference("", &value(self), &value(other))
    }
}

fn difference(place: &str, ours: &serde_json::Value, theirs: &serde_json::Value) -> Option<String> {
    use serde_json::Value::{Array, Null, Object};
    let at = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{place}.{name}") };
    match (ours, theirs) {
        (Object(ours), Object(theirs)) => {
            let names = ours.keys().chain(theirs.keys().filter(|name| !ours.contains_key(*name)));
            names.into_iter().find_map(|name| {
                let [ours, theirs] = [ours, theirs].map(|of| of.get(name).unwrap_or(&Null));
                difference(&at(name), ours, theirs)
            })
        }
        (Array(ours), Array(theirs)) if ours.len() == theirs.len() => {
            let pairs = ours.iter().zip(theirs).enumerate();
            pairs
                .into_iter()
                .find_map(|(place, (ours, theirs))| difference(&at(&format!("{}", place + 1)), ours, theirs))
        }
        _ if ours == theirs => None,
        _ => Some(format!("{place} is {} in one and {} in the other", shown(ours), shown(theirs))),
    }
}

/// A value in short.
fn shown(value: &serde_json::Value) -> String {
    const CHARS: usize = 80;
    let text = value.to_string();
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ActionLimits, Admission, ChainParameters, ContractRecord, Contracts, FoundingNode, NodeEndpoint,
        StatementKey, TransportKey,
    };

    const NAMES: [&str; 5] = ["NodeRegistry", "PubkeyRouter", "PKPPermissions", "PKPNFT", "Directory"];

    fn proposal() -> NetworkFile {
        let record = |number: u8| ContractRecord {
            address: Address([number; 20]),
            code_hash: Digest([number + 0x20; 32]),
        };
        let planned = |(number, name): (u8, &&str)| PlannedContract {
            name: (*name).to_owned(),
            address: Address([number; 20]),
            creation: Digest([number + 0x40; 32]),
            code_hash: Digest([number + 0x20; 32]),
        };
        let node = |number: u8| FoundingNode {
            transport_key: TransportKey([number; 32]),
            statement_key: StatementKey([number + 0x10; 32]),
            chain_address: Address([number + 0x50; 20]),
        };
        let value = |name: &str| FoundingValue { name: name.to_owned(), value: "[]".to_owned() };
        NetworkFile {
            version: NetworkFile::VERSION,
            name: "example".to_owned(),
            chain: ChainParameters {
                id: 7470,
                genesis: Digest([0x60; 32]),
                head_key: StatementKey([0x61; 32]),
            },
            contracts: Contracts {
                node_registry: record(1),
                pubkey_router: record(2),
                pkp_permissions: record(3),
                pkp_nft: record(4),
                directory: record(5),
            },
            threshold: 2,
            nodes: (1..=3).map(node).collect(),
            wildcard_sessions: false,
            admission: Admission::Open,
            limits: ActionLimits::default(),
            allow_hosts: None,
            founding: Some(FoundingTerms {
                guest: Digest([0x62; 32]),
                deployer: Address([0x63; 20]),
                contracts: (1..).zip(&NAMES).map(planned).collect(),
                values: vec![value("login-domains"), value("issuers")],
                operators: ["Alpha", "Beta", "Gamma"].map(str::to_owned).to_vec(),
            }),
            endpoints: vec![NodeEndpoint::unsigned("http://192.0.2.1:7470", "192.0.2.1:7570"); 3],
            approvals: Vec::new(),
        }
    }

    #[test]
    fn the_salt_has_the_value_of_the_vector() {
        assert_eq!(
            proposal().salt().to_string(),
            "0xcf09f8ebc884e051a49c9c15c921d9a3a0042c7f555e7eccdad720a210f17664"
        );
        let earlier = NetworkFile { version: NetworkFile::VERSION_BEFORE, founding: None, ..proposal() };
        assert_eq!(earlier.salt(), Digest([0; 32]));
    }

    #[test]
    fn the_salt_does_not_depend_on_what_follows_from_it_nor_on_what_moves() {
        let salt = proposal().salt();
        let mut other = proposal();
        other.contracts.pubkey_router.code_hash = Digest([9; 32]);
        other.contracts.directory.code_hash = Digest([9; 32]);
        for place in [1, 4] {
            let planned = &mut other.founding.as_mut().unwrap().contracts[place];
            (planned.creation, planned.code_hash) = (Digest([8; 32]), Digest([9; 32]));
        }
        other.endpoints.truncate(1);
        assert_eq!(other.salt(), salt);
        assert_ne!(other.id(), proposal().id());
    }

    #[test]
    fn the_salt_covers_all_other_terms() {
        type Change = fn(&mut NetworkFile, &mut FoundingTerms);
        let changes: [Change; 20] = [
            |file, _| file.name.push('x'),
            |file, _| file.chain.id += 1,
            |file, _| file.chain.genesis.0[0] ^= 1,
            |file, _| file.chain.head_key.0[0] ^= 1,
            |file, _| file.threshold += 1,
            |file, _| file.nodes[1].transport_key.0[0] ^= 1,
            |file, _| file.nodes.swap(0, 1),
            |file, _| file.wildcard_sessions = true,
            |file, _| file.admission = Admission::Granted,
            |file, _| file.limits.fetches += 1,
            |file, _| file.allow_hosts = Some(Vec::new()),
            |file, _| file.contracts.directory.address.0[0] ^= 1,
            |file, _| file.contracts.pkp_nft.code_hash.0[0] ^= 1,
            |_, terms| terms.guest.0[0] ^= 1,
            |_, terms| terms.deployer.0[0] ^= 1,
            |_, terms| terms.contracts[1].address.0[0] ^= 1,
            |_, terms| terms.contracts[0].creation.0[0] ^= 1,
            |_, terms| terms.contracts[3].code_hash.0[0] ^= 1,
            |_, terms| terms.values[0].value.push(' '),
            |_, terms| terms.operators.swap(0, 1),
        ];
        let salt = proposal().salt();
        for (place, change) in changes.iter().enumerate() {
            let mut other = proposal();
            let mut terms = other.founding.clone().unwrap();
            change(&mut other, &mut terms);
            other.founding = Some(terms);
            assert_ne!(other.salt(), salt, "change {place}");
        }
    }
}
