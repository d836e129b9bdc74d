"""Compares python.py and what it uses with every vector of docs/http.md: python3 vectors.py"""

from encoding import STATEMENT, VECTORS, base64url, binary, cid_of, network_id, request_id, transcript, u64, unhex
from login import log_in, sign
from receipt import NotProven, check
from wallet import address_of, keccak256, wallet_key

CHECKED = []


def same(found, expected, what):
    if found != expected:
        raise SystemExit(f"{what}: {found!r} is not {expected!r}")
    CHECKED.append(what)


for one in VECTORS["base64url"]:
    same(base64url(unhex(one["bytes"])), one["text"], "base64url")
for one in VECTORS["transcripts"]:
    same(transcript(one["domain"], *map(unhex, one["fields"])).hex(), one["hash"], one["domain"])
for one in VECTORS["cids"]:
    same(cid_of(one["text"] * one["times"]), one["cid"], f"{one['times']} times {one['text']}")
for one in VECTORS["networks"]:
    same(network_id(one["file"]).hex(), one["id"], "network id")
for one in VECTORS["keys"]:
    point = unhex(one["uncompressed"])
    found = [f"0x{keccak256(point).hex()}", f"0x{keccak256(point[1:])[12:].hex()}"]
    same(found, [one["token_id"], one["address"]], "key")

network, of, request, code = VECTORS["networks"][0]["file"], VECTORS["login"], VECTORS["request"], VECTORS["code_request"]
wallet = unhex(of["wallet_secret"])
same(address_of(wallet_key(wallet).verifying_key), of["address"], "address")
same(transcript("quorate/capabilities/v1", *of["capabilities"]).hex(), of["capabilities_hash"], "capabilities")
drawn = {"domain": of["domain"], "session": unhex(of["session_secret"]), "rz": unhex(of["login"]["rz"]), "now": of["issued_ms"]}
login = log_in(network, wallet, of["capabilities"], **drawn)
same((login["key"], login["proof"], login["hash"]), (of["session"], of["login"], of["hash"]), "login")
same(request_id(network, request["bytes"]).hex(), request["id"], "request id")
same(sign(login, unhex(request["id"])), request["body"]["sig"], "request")
same(base64url(request["bytes"].encode()), request["body"]["request"], "body")
same(request_id(network, code["bytes"], "quorate/code-request/v1").hex(), code["id"], "code request id")
same(sign(login, unhex(code["id"])), code["sig"], "code request")

for one in VECTORS["replies"]:
    about, reply = one["about"], one["reply"]
    try:
        body = check(network, request["bytes"], request["params"], reply)
        same(one["proven"], True, about)
    except NotProven:
        same(one["proven"], False, about)
        continue
    first = reply["receipt"]["statements"][0]
    same(binary(STATEMENT, body).hex(), one["statement_bytes"], about)
    signed = transcript("quorate/statement/v1", u64(first["node"]), binary(STATEMENT, body)).hex()
    same(signed, one["signed_by_first"], about)
print(f"{len(CHECKED)} vectors")
