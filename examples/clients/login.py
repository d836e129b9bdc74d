"""How a client after docs/http.md logs in: a wallet signs what a session may do, the session signs requests."""

import datetime
import os
import time

import ecdsa

from encoding import base58, base64url, network_id, transcript, u64
from wallet import address_of, personal_sign, wallet_key


def iso(ms):
    moment = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % 1000:03}Z"


def log_in(network, wallet, capabilities, domain, session=None, rz=None, now=None):
    """Lets a session do things for a wallet; nodes are shown `proof`."""
    session, rz, now = session or os.urandom(32), rz or os.urandom(32), now or time.time_ns() // 1_000_000
    signer = ecdsa.SigningKey.from_string(session, curve=ecdsa.Ed25519)
    key, expires = signer.verifying_key.to_string(), now + 3_600_000
    allowed = transcript("quorate/capabilities/v1", *capabilities)
    nonce = transcript("quorate/login-v1", network_id(network), domain, key, u64(expires), allowed, rz).hex()
    listed = "\n".join(f"- {capability}" for capability in capabilities)
    message = f"""{domain} wants you to sign in with your Ethereum account:
{address_of(wallet_key(wallet).verifying_key)}

Allow this session to run the actions listed below, which may use the keys listed with them.

URI: did:key:z{base58(bytes.fromhex("ed01") + key)}
Version: 1
Chain ID: {network["chain"]["id"]}
Nonce: {nonce}
Issued At: {iso(now)}
Expiration Time: {iso(expires)}
Resources:
{listed}"""
    proof = {"kind": "wallet", "message": message, "signature": personal_sign(wallet, message), "rz": "0x" + rz.hex()}
    login = transcript("quorate/login/v1", proof["kind"], message, proof["signature"], rz)
    return {"signer": signer, "key": key.hex(), "proof": proof, "hash": "0x" + login.hex()}


def sign(login, request):
    """The session's signature of a request, by its id."""
    return base64url(login["signer"].sign(transcript("quorate/session-request/v1", request)))
