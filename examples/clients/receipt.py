"""How a client after docs/http.md believes a reply: by its receipt, and by nothing else."""

import json

import ecdsa

from encoding import STATEMENT, binary, network_id, request_id, transcript, u64, unhex
from wallet import ORDER, recover


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
        check_signature(name, intent, reply["signatures"][name])
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


def check_signature(name, intent, view):
    must((view["public_key"], view["digest"], view["scheme"]) == (intent["key"], intent["digest"], intent["scheme"]), name)
    signature = unhex(view["signature"])
    must(len(signature) == 64 and int.from_bytes(signature[32:], "big") <= ORDER // 2, name)
    keys = [key.to_string("compressed") for key in recover(signature, unhex(intent["digest"]))]
    must(view["recovery_id"] in (0, 1) and keys[view["recovery_id"]] == unhex(intent["key"]), name)
