//! The bodies of signing messages: the crate's structures without sender and receiver, which the
//! channel knows better.

use std::collections::BTreeMap;

use dkls23_secp256k1::protocols::PartiesMessage;
use dkls23_secp256k1::protocols::signing::{TransmitPhase1to2, TransmitPhase2to3};
use dkls23_secp256k1::utilities::multiplication::MulDataToReceiver;
use dkls23_secp256k1::utilities::ot::extension::OTEDataToSender;
use k256::{AffinePoint, Scalar, Secp256k1};
use serde::{Deserialize, Serialize};

use super::finish::Part;
use crate::driver::rounds::{Bodies, Received};
use crate::pair::index;
use crate::{Bug, Check, Failure, Fault, PartyIndex, codec};

const HASH_LEN: usize = 32;
/// Set-up id, then the encoded [`First`]. Both lengths are fixed by the crate's parameters: an update
/// that changes them fails at the first signature, as a [`Bug`].
const FIRST_LEN: usize = 26_783;
/// The encoded [`Second`].
const SECOND_LEN: usize = 55_385;

/// The exact length of a round's body.
pub(super) fn body_len(round: u8) -> usize {
    match round {
        1 => FIRST_LEN,
        2 => SECOND_LEN,
        _ => Part::LEN,
    }
}

#[derive(Serialize)]
struct FirstRef<'a> {
    session_binding: &'a [u8; HASH_LEN],
    commitment: &'a [u8; HASH_LEN],
    transfer: &'a OTEDataToSender,
}

#[derive(Deserialize)]
struct First {
    session_binding: [u8; HASH_LEN],
    commitment: [u8; HASH_LEN],
    transfer: OTEDataToSender,
}

#[derive(Serialize)]
struct SecondRef<'a> {
    session_binding: &'a [u8; HASH_LEN],
    gamma_u: &'a AffinePoint,
    gamma_v: &'a AffinePoint,
    psi: &'a Scalar,
    public_share: &'a AffinePoint,
    instance_point: &'a AffinePoint,
    salt: &'a Vec<u8>,
    products: &'a MulDataToReceiver<Secp256k1>,
}

#[derive(Deserialize)]
struct Second {
    session_binding: [u8; HASH_LEN],
    gamma_u: AffinePoint,
    gamma_v: AffinePoint,
    psi: Scalar,
    public_share: AffinePoint,
    instance_point: AffinePoint,
    salt: Vec<u8>,
    products: MulDataToReceiver<Secp256k1>,
}

pub(super) fn encode_first(
    peers: &[PartyIndex],
    set_up_ids: &BTreeMap<PartyIndex, [u8; HASH_LEN]>,
    messages: &[TransmitPhase1to2],
) -> Result<Bodies, Bug> {
    each(
        peers,
        messages,
        |message| &message.parties,
        |peer, message| {
            let mut body = Vec::with_capacity(FIRST_LEN);
            body.extend_from_slice(set_up_ids.get(&peer).ok_or(Bug("a signer without a set-up"))?);
            let first = FirstRef {
                session_binding: &message.session_binding,
                commitment: &message.commitment,
                transfer: &message.mul_transmit,
            };
            body.extend_from_slice(&codec::encode(&first, FIRST_LEN)?);
            exactly(FIRST_LEN, body)
        },
    )
}

/// Refuses another set-up before anything of the message is used: that is a disagreement, which must
/// never look like a failed transfer.
pub(super) fn decode_first(
    me: PartyIndex,
    set_up_ids: &BTreeMap<PartyIndex, [u8; HASH_LEN]>,
    received: &Received,
) -> Result<Vec<TransmitPhase1to2>, Failure> {
    let mut messages = Vec::with_capacity(received.len());
    for (from, body) in received {
        let Some((set_up_id, rest)) = body.split_first_chunk::<HASH_LEN>() else {
            return Err(Bug("unchecked length").into());
        };
        if set_up_ids.get(from) != Some(set_up_id) {
            return Err(Fault::of(*from, Check::SessionDiffers).into());
        }
        let First { session_binding, commitment, transfer } =
            codec::decode(rest).ok_or_else(|| Fault::of(*from, Check::Encoding))?;
        messages.push(TransmitPhase1to2 {
            parties: parties(*from, me),
            session_binding,
            commitment,
            mul_transmit: transfer,
        });
    }
    Ok(messages)
}

pub(super) fn encode_second(
    peers: &[PartyIndex],
    messages: &[TransmitPhase2to3<Secp256k1>],
) -> Result<Bodies, Bug> {
    each(
        peers,
        messages,
        |message| &message.parties,
        |_, message| {
            let second = SecondRef {
                session_binding: &message.session_binding,
                gamma_u: &message.gamma_u,
                gamma_v: &message.gamma_v,
                psi: &message.psi,
                public_share: &message.public_share,
                instance_point: &message.instance_point,
                salt: &message.salt,
                products: &message.mul_transmit,
            };
            exactly(SECOND_LEN, codec::encode(&second, SECOND_LEN)?.to_vec())
        },
    )
}

pub(super) fn decode_second(
    me: PartyIndex,
    received: &Received,
) -> Result<Vec<TransmitPhase2to3<Secp256k1>>, Failure> {
    let mut messages = Vec::with_capacity(received.len());
    for (from, body) in received {
        let second: Second = codec::decode(body).ok_or_else(|| Fault::of(*from, Check::Encoding))?;
        messages.push(TransmitPhase2to3 {
            parties: parties(*from, me),
            session_binding: second.session_binding,
            gamma_u: second.gamma_u,
            gamma_v: second.gamma_v,
            psi: second.psi,
            public_share: second.public_share,
            instance_point: second.instance_point,
            salt: second.salt,
            mul_transmit: second.products,
        });
    }
    Ok(messages)
}

/// One body for each peer, from the message that the crate addressed to it.
fn each<M>(
    peers: &[PartyIndex],
    messages: &[M],
    parties_of: impl Fn(&M) -> &PartiesMessage,
    encode: impl Fn(PartyIndex, &M) -> Result<Vec<u8>, Bug>,
) -> Result<Bodies, Bug> {
    peers
        .iter()
        .map(|peer| {
            let message = messages
                .iter()
                .find(|message| parties_of(message).receiver == index(*peer))
                .ok_or(Bug("the ECDSA crate left a signer out"))?;
            Ok((*peer, encode(*peer, message)?))
        })
        .collect()
}

fn exactly(length: usize, body: Vec<u8>) -> Result<Vec<u8>, Bug> {
    if body.len() == length { Ok(body) } else { Err(Bug("a signing message has an unexpected size")) }
}

fn parties(from: PartyIndex, me: PartyIndex) -> PartiesMessage {
    PartiesMessage { sender: index(from), receiver: index(me) }
}
