//! The network's root keys: believed only with the word of every member that founded it.

use std::sync::Arc;

use quorate_threshold::{Params, value::PublicShares};
use quorate_wire::{ConfirmShare, Digest, KeysView, NetworkFile, NodeIndex, Purpose, RootKeys, Signed};

use crate::{
    Client, ClientError,
    ask::{Trouble, first_answer},
    decrypt::public_shares,
};

/// Why root keys are not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeysError {
    /// Of another network.
    #[error("the keys are said to be of another network")]
    WrongNetwork,
    /// Of an epoch whose committee the network file does not show.
    #[error("the keys are of epoch {0}, for which the network file names no committee")]
    Epoch(u64),
    /// A member's word is missing, or stands in another's place.
    #[error("the certificate of the keys lacks the word of node {0}")]
    Missing(NodeIndex),
    /// More words than members.
    #[error("the certificate of the keys has {found} statements, where the committee has {members} members")]
    TooMany {
        /// How many there are.
        found: usize,
        /// How many members.
        members: usize,
    },
    /// A word that its node has not signed.
    #[error("what node {0} is said to have certified is not signed by it")]
    NotSigned(NodeIndex),
    /// A word about another network or epoch.
    #[error("node {0} certified keys of another network or epoch")]
    OtherNetwork(NodeIndex),
    /// Members certified different things.
    #[error("node {0} certified another result than the nodes before it")]
    Unequal(NodeIndex),
    /// The keys are not those that the members certified.
    #[error("the members certified another key for {0}")]
    OtherKey(Purpose),
    /// The certificate does not name every purpose once, in order.
    #[error("the certificate does not name every purpose of a key once")]
    Purposes,
    /// The polynomial is not the one whose digest the members certified.
    #[error("the members certified another polynomial for the decryption root")]
    Polynomial,
    /// Other keys than those that this client has come to know.
    #[error("the key for {0} is another one than this client has known before")]
    Changed(Purpose),
}

/// Checks root keys: every member of the committee has signed that it holds its share of exactly these.
///
/// # Errors
/// [`KeysError`], which names the first thing that does not fit.
pub fn verify_keys(network: &NetworkFile, view: &KeysView) -> Result<RootKeys, KeysError> {
    certified(network, view).map(|_| view.keys)
}

/// The public shares of the decryption root, if every member has signed the digest of the polynomial that they follow from.
///
/// # Errors
/// [`KeysError`], as [`verify_keys`], and for a polynomial that is not the certified one.
pub(crate) fn decryption_shares(network: &NetworkFile, view: &KeysView) -> Result<PublicShares, KeysError> {
    let word = certified(network, view)?;
    let members = u8::try_from(network.indices().count()).map_err(|_| KeysError::Polynomial)?;
    let params = Params::new(network.threshold, members).map_err(|_| KeysError::Polynomial)?;
    let shares = public_shares(params, &word.session, &view.decrypt_polynomial);
    let digest = word.results.iter().find(|root| root.purpose == Purpose::Decrypt).map(|root| root.result);
    shares.filter(|shares| Some(Digest(shares.digest())) == digest).ok_or(KeysError::Polynomial)
}

/// What every member of the committee has signed alike.
fn certified<'a>(network: &NetworkFile, view: &'a KeysView) -> Result<&'a ConfirmShare, KeysError> {
    if view.network != network.id() {
        return Err(KeysError::WrongNetwork);
    }
    let committee = network.committee(view.epoch).ok_or(KeysError::Epoch(view.epoch))?;
    if view.certificate.len() > committee.size() {
        return Err(KeysError::TooMany { found: view.certificate.len(), members: committee.size() });
    }
    let mut words: Vec<&Signed<ConfirmShare>> = Vec::new();
    for member in committee.indices() {
        let word = view.certificate.iter().find(|word| word.node == member);
        let word = word.ok_or(KeysError::Missing(member))?;
        if !committee.has_signed(word) {
            return Err(KeysError::NotSigned(member));
        }
        if word.body.network != network.id() || word.body.epoch != view.epoch {
            return Err(KeysError::OtherNetwork(member));
        }
        if words.first().is_some_and(|first| first.body != word.body) {
            return Err(KeysError::Unequal(member));
        }
        words.push(word);
    }
    let Some(first) = words.first() else { return Err(KeysError::Epoch(view.epoch)) };
    if !first.body.results.iter().map(|root| root.purpose).eq(Purpose::ALL) {
        return Err(KeysError::Purposes);
    }
    match first.body.roots.first_difference(&view.keys) {
        Some(purpose) => Err(KeysError::OtherKey(purpose)),
        None => Ok(&first.body),
    }
}

impl Client {
    /// The network's root keys, by the first node that shows a certificate of all members. They never change: once known,
    /// others are refused.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn keys(&self) -> Result<KeysView, ClientError> {
        let client = self.clone();
        let ask = move |node| {
            let client = client.clone();
            async move {
                let view: KeysView = client.get(node, "/v1/keys").await?;
                client.believe(&view).map_err(|error| Trouble::Unproven(error.into()))?;
                Ok(view)
            }
        };
        Ok(first_answer(self.order(), self.read_pace(), ask).await?.1)
    }

    /// The public shares of the decryption root, certified; read from a node once.
    pub(crate) async fn decryption_shares(&self) -> Result<Arc<PublicShares>, ClientError> {
        if let Some(known) = self.known_shares.get() {
            return Ok(known.clone());
        }
        let client = self.clone();
        let ask = move |node| {
            let client = client.clone();
            async move {
                let view: KeysView = client.get(node, "/v1/keys").await?;
                client.believe(&view).map_err(|error| Trouble::Unproven(error.into()))?;
                decryption_shares(client.network_file(), &view)
                    .map_err(|error| Trouble::Unproven(error.into()))
            }
        };
        let (_, shares) = first_answer(self.order(), self.read_pace(), ask).await?;
        Ok(self.known_shares.get_or_init(|| Arc::new(shares)).clone())
    }

    /// Takes root keys that this client has known before, say from a file: others are refused from now on.
    ///
    /// # Errors
    /// [`KeysError`] if they are not certified, or not those that it knows.
    pub fn believe(&self, view: &KeysView) -> Result<(), KeysError> {
        let keys = verify_keys(self.network_file(), view)?;
        let known = self.known_keys.get_or_init(|| keys);
        match known.first_difference(&keys) {
            Some(purpose) => Err(KeysError::Changed(purpose)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;
    use quorate_wire::{ConfirmedRoot, Digest, NetworkId};

    use super::*;
    use crate::verify::tests::{network, statement_signer};

    fn roots() -> RootKeys {
        RootKeys {
            sign_secp256k1: "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
                .parse()
                .unwrap(),
            sign_p256: [2; 33],
            sign_ed25519: [3; 32],
            decrypt: [4; 48],
            session: [5; 48],
            random: [6; 48],
        }
    }

    fn body() -> ConfirmShare {
        ConfirmShare {
            network: network().id(),
            epoch: 1,
            session: Digest([7; 32]),
            roots: roots(),
            results: Purpose::ALL.map(|purpose| ConfirmedRoot { purpose, result: Digest([8; 32]) }).to_vec(),
        }
    }

    fn word(node: u8, body: ConfirmShare, key: &SigningKey) -> Signed<ConfirmShare> {
        Signed::new(NodeIndex::new(node).unwrap(), body, key)
    }

    fn certified(body: &ConfirmShare) -> KeysView {
        let certificate = (1..=3).map(|node| word(node, body.clone(), &statement_signer(node))).collect();
        KeysView {
            network: network().id(),
            epoch: 1,
            keys: body.roots,
            certificate,
            decrypt_polynomial: Vec::new(),
        }
    }

    #[test]
    fn keys_are_believed_with_the_word_of_every_member_and_no_less() {
        let good = certified(&body());
        assert_eq!(verify_keys(&network(), &good), Ok(roots()));
        let node = |node| NodeIndex::new(node).unwrap();
        let changed = |change: &dyn Fn(&mut KeysView)| {
            let mut view = good.clone();
            change(&mut view);
            verify_keys(&network(), &view).unwrap_err()
        };
        assert_eq!(changed(&|view| view.network = NetworkId([9; 32])), KeysError::WrongNetwork);
        assert_eq!(changed(&|view| view.epoch = 2), KeysError::Epoch(2));
        for missing in 1..=3u8 {
            let lacks = changed(&|view| drop(view.certificate.remove(usize::from(missing) - 1)));
            assert_eq!(lacks, KeysError::Missing(node(missing)));
            let altered =
                changed(&|view| view.certificate[usize::from(missing) - 1].body.session = Digest([1; 32]));
            assert_eq!(altered, KeysError::NotSigned(node(missing)));
        }
        let twice = changed(&|view| view.certificate[2] = view.certificate[1].clone());
        assert_eq!(twice, KeysError::Missing(node(3)));
        let more = changed(&|view| view.certificate.push(view.certificate[0].clone()));
        assert_eq!(more, KeysError::TooMany { found: 4, members: 3 });
        let in_name = changed(&|view| view.certificate[1] = word(2, body(), &statement_signer(3)));
        assert_eq!(in_name, KeysError::NotSigned(node(2)));
        let elsewhere = ConfirmShare { network: NetworkId([9; 32]), ..body() };
        let foreign = changed(&|view| view.certificate[2] = word(3, elsewhere.clone(), &statement_signer(3)));
        assert_eq!(foreign, KeysError::OtherNetwork(node(3)));
        let other = ConfirmShare { session: Digest([9; 32]), ..body() };
        let unequal = changed(&|view| view.certificate[2] = word(3, other.clone(), &statement_signer(3)));
        assert_eq!(unequal, KeysError::Unequal(node(3)));
        for purpose in Purpose::ALL {
            let mut others = roots();
            match purpose {
                Purpose::SignSecp256k1 => {
                    others.sign_secp256k1 =
                        "0379be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798".parse().unwrap();
                }
                Purpose::SignP256 => others.sign_p256[5] ^= 1,
                Purpose::SignEd25519 => others.sign_ed25519[5] ^= 1,
                Purpose::Decrypt => others.decrypt[5] ^= 1,
                Purpose::Session => others.session[5] ^= 1,
                Purpose::Random => others.random[5] ^= 1,
            }
            assert_eq!(changed(&|view| view.keys = others), KeysError::OtherKey(purpose));
        }
        let mut fewer = body();
        fewer.results.pop();
        assert_eq!(verify_keys(&network(), &certified(&fewer)), Err(KeysError::Purposes));
    }

    #[test]
    fn a_client_that_knows_keys_refuses_others() {
        let client = Client::new(network(), crate::ClientOptions::default()).unwrap();
        client.believe(&certified(&body())).unwrap();
        client.believe(&certified(&body())).unwrap();
        let others = ConfirmShare { roots: RootKeys { random: [9; 48], ..roots() }, ..body() };
        assert_eq!(client.believe(&certified(&others)), Err(KeysError::Changed(Purpose::Random)));
    }
}
