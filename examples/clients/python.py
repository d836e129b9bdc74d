"""A client after docs/http.md: a fresh wallet logs in, runs an action, and believes the reply by its receipt.

apt-get install python3-ecdsa python3-pycryptodome, then: python3 python.py NETWORK_JSON ACTION_JS [PARAMS_JSON]
The first has both curves, the second Keccak-256, which the standard library lacks.
"""

import datetime
import hashlib
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

import ecdsa
from Cryptodome.Hash import keccak
from ecdsa.util import sigdecode_string, sigencode_string_canonize

from encoding import STATEMENT, base58, base64url, binary, cid_of, network_id, sha256, transcript, u64, unhex

ORDER = ecdsa.SECP256k1.order


def keccak256(data):
    return keccak.new(digest_bits=256, data=data).digest()


def wallet_key(secret):
    return ecdsa.SigningKey.from_string(secret, curve=ecdsa.SECP256k1, hashfunc=hashlib.sha256)


def address_of(key):
    """The address of a wallet's key, with its checksum (EIP-55)."""
    address = keccak256(key.to_string())[12:].hex()
    digits = keccak256(address.encode()).hex()
    return "0x" + "".join(one.upper() if digits[place] >= "8" else one for place, one in enumerate(address))


def recover(signature, digest):
    """The two keys that may have signed; the place of the right one is its recovery id."""
    kind = {"sigdecode": sigdecode_string, "hashfunc": hashlib.sha256, "curve": ecdsa.SECP256k1}
    keys = ecdsa.VerifyingKey.from_public_key_recovery_with_digest(signature, digest, **kind)
    r = int.from_bytes(signature[:32], "big")
    # Points with this x, the even one first, as the recovery id counts.
    return sorted(keys, key=lambda key: nonce_point(key, signature, digest, r).y() % 2)


def nonce_point(key, signature, digest, r):
    inverse = pow(int.from_bytes(signature[32:], "big"), -1, ORDER)
    point = ecdsa.SECP256k1.generator * (int.from_bytes(digest, "big") * inverse % ORDER)
    return point + key.pubkey.point * (r * inverse % ORDER)


def personal_sign(secret, text):
    """What `personal_sign` of a wallet gives."""
    data, key = text.encode(), wallet_key(secret)
    digest = keccak256(b"\x19Ethereum Signed Message:\n" + str(len(data)).encode() + data)
    signature = key.sign_digest_deterministic(digest, sigencode=sigencode_string_canonize)
    keys = [found.to_string() for found in recover(signature, digest)]
    return "0x" + signature.hex() + bytes([27 + keys.index(key.verifying_key.to_string())]).hex()


def iso(ms):
    moment = datetime.datetime.fromtimestamp(ms // 1000, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % 1000:03}Z"


def log_in(network, wallet, capabilities, session=None, rz=None, now=None):
    """Lets a session do things for a wallet; nodes are shown `proof`."""
    session, rz, now = session or os.urandom(32), rz or os.urandom(32), now or time.time_ns() // 1_000_000
    signer = ecdsa.SigningKey.from_string(session, curve=ecdsa.Ed25519)
    key, domain, expires = signer.verifying_key.to_string(), network["login_domains"][0], now + 3_600_000
    allowed = transcript("quorate/capabilities/v1", *capabilities)
    nonce = transcript("quorate/login-v1", network_id(network), domain, key, u64(expires), allowed, rz).hex()
    lines = [
        f"{domain} wants you to sign in with your Ethereum account:",
        address_of(wallet_key(wallet).verifying_key),
        "",
        "Allow this session to run the actions listed below, which may use the keys listed with them.",
        "",
        f"URI: did:key:z{base58(bytes.fromhex('ed01') + key)}",
        "Version: 1",
        f"Chain ID: {network['chain']['id']}",
        f"Nonce: {nonce}",
        f"Issued At: {iso(now)}",
        f"Expiration Time: {iso(expires)}",
        "Resources:",
    ]
    message = "\n".join(lines + [f"- {capability}" for capability in capabilities])
    proof = {"kind": "wallet", "message": message, "signature": personal_sign(wallet, message), "rz": "0x" + rz.hex()}
    login = transcript("quorate/login/v1", proof["kind"], message, proof["signature"], rz)
    return {"signer": signer, "key": key.hex(), "proof": proof, "hash": "0x" + login.hex()}


def request_id(network, data, purpose="quorate/request/v1"):
    return sha256(purpose.encode(), network_id(network), data.encode())


def sign(login, request):
    """The session's signature for a request."""
    return base64url(login["signer"].sign(transcript("quorate/session-request/v1", request)))


class NotProven(Exception):
    """The receipt does not prove the reply."""


def must(holds, what):
    if not holds:
        raise NotProven(what)


def valid(key, signature, data):
    try:
        return ecdsa.VerifyingKey.from_string(unhex(key), curve=ecdsa.Ed25519).verify(unhex(signature), data)
    except ecdsa.BadSignatureError:
        return False


def check(network, data, params, reply):
    """Raises `NotProven` unless the receipt proves this reply to the request with these bytes and parameters."""
    statements, request = reply["receipt"]["statements"], json.loads(data)
    nodes = [statement["node"] for statement in statements]
    must(all(type(node) is int for node in nodes), "a node that is no number")
    must(len(set(nodes)) == len(nodes) >= network["threshold"], "too few members")
    body = statements[0]["body"]
    for statement in statements:
        node = statement["node"]
        must(statement["body"] == body and 1 <= node <= len(network["nodes"]), f"node {node}")
        signed = transcript("quorate/statement/v1", u64(node), binary(STATEMENT, body))
        must(valid(network["nodes"][node - 1]["statement_key"], statement["signature"], signed), f"node {node}")
    must(body["network"] == network_id(network).hex() and body["epoch"] == 1, "network")
    must(body["request"] == reply["request_id"] == request_id(network, data).hex(), "request")
    must(all(body[name] == request[name] for name in ("login", "action", "block")), "login, action or block")
    must(body["params"] == "0x" + transcript("quorate/params/v1", params).hex(), "params")
    must(body["status"] == reply["status"] and body["error"] == reply.get("error"), "status")
    said = reply["response"]
    must(body["response"] == (said if said is None else "0x" + transcript("quorate/response/v1", said).hex()), "response")
    must(body["claims"] == reply.get("claims", []), "claims")
    intents = shown(body)
    must(intents.keys() == reply["signatures"].keys(), "names of signatures")
    for name, intent in intents.items():
        view = reply["signatures"][name]
        must((view["public_key"], view["digest"], view["scheme"]) == (intent["key"], intent["digest"], intent["scheme"]), name)
        signature = unhex(view["signature"])
        must(len(signature) == 64 and int.from_bytes(signature[32:], "big") <= ORDER // 2, name)
        keys = [key.to_string("compressed") for key in recover(signature, unhex(intent["digest"]))]
        must(view["recovery_id"] in (0, 1) and keys[view["recovery_id"]] == unhex(intent["key"]), name)
    return body


def shown(body):
    """The intents whose signatures the reply has, by the names that they have there."""

    def within(lane, failed):
        return lane == failed or (lane > failed and within(lane >> 4, failed))

    found = {}
    for intent in body["intents"] if body["status"] == "completed" else []:
        lane, name = intent["operation"] >> 10, intent["name"]
        if intent["recipient"] == "caller" and not any(within(lane, failed) for failed in body["failed"]):
            found[name if lane == 0 and "#" not in name else f"{name}#{lane:x}"] = intent
    return found


def main(file, action, params="{}"):
    network, code = json.loads(pathlib.Path(file).read_text("utf-8")), pathlib.Path(action).read_text("utf-8")
    cid, node = cid_of(code), network["endpoints"][0]["http"]
    login = log_in(network, os.urandom(32), [f"quorate:key/*/action/{cid}"])
    with urllib.request.urlopen(f"{node}/v1/network", timeout=60) as answer:
        head = json.load(answer)["head"]
    request = {"v": 1, "network": network_id(network).hex(), "session": login["key"], "login": login["hash"], "action": cid}
    request |= {"block": {"number": head["number"], "hash": head["hash"]}, "nonce": os.urandom(16).hex()}
    request["time_ms"] = time.time_ns() // 1_000_000
    data = f'{json.dumps(request)[:-1]},"params":{params}}}'
    body = {"request": base64url(data.encode()), "login": login["proof"], "code": code}
    body["sig"] = sign(login, request_id(network, data))
    headers = {"content-type": "application/json"}
    try:
        post = urllib.request.Request(f"{node}/v1/executions", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(post, timeout=60) as answer:
            reply = json.load(answer)
    except urllib.error.HTTPError as error:
        problem = json.load(error)
        raise SystemExit(f"{problem['code']}: {problem.get('detail', problem['title'])}") from error
    check(network, data, params, reply)
    if reply["status"] != "completed":  # A node may say 200 of a run that failed.
        raise SystemExit(f"the run {reply['status']}: {reply.get('error')}")
    members = [statement["node"] for statement in reply["receipt"]["statements"]]
    print(json.dumps({"response": reply["response"], "members": members}))


if __name__ == "__main__":
    main(*sys.argv[1:])
