"""Compares python.py and what it uses with every vector of docs/http.md: python3 vectors.py"""

import copy

from encoding import STATEMENT, VECTORS, approval_digest, base64url, binary, cid_of, endpoint_digest
from encoding import founding_salt, network_id, request_id, transcript, u64, unhex
from founding import NotApproved, check_founding, vote_digest
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
    check_founding(one["file"])
founded, of = next(one for one in VECTORS["networks"] if one["file"]["version"] == 5), VECTORS["founding"]
place = of["node"] - 1
key, endpoint = founded["file"]["nodes"][place]["statement_key"], founded["file"]["endpoints"][place]
same(endpoint_digest(key, endpoint).hex(), of["endpoint_signed"], "endpoint")
same(approval_digest(of["node"], founded["id"]).hex(), of["approval_signed"], "approval")
same(f"0x{founding_salt(founded['file']).hex()}", of["salt"], "salt")
same(f"0x{vote_digest(founded['file']).hex()}", of["vote_digest"], "vote")
for change in (
    lambda file: file["approvals"].pop(),
    lambda file: file["approvals"].reverse(),
    lambda file: file.update(name="other"),
    lambda file: file["endpoints"][1].update(http="https://other.example"),
    lambda file: file["endpoints"][1]["word"].update(number=7),
    lambda file: file["founding"]["operators"].reverse(),
    lambda file: file["approvals"][0].update(vote=file["approvals"][1]["vote"]),
):
    changed = copy.deepcopy(founded["file"])
    change(changed)
    try:
        check_founding(changed)
        raise SystemExit("a changed network file is believed")
    except NotApproved:
        CHECKED.append("a changed network file")
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
