"""How a client after docs/http.md believes a network file: who has approved it, and whose endpoints it names."""

from encoding import approval_digest, endpoint_digest, founding_salt, network_id, unhex
from receipt import valid
from wallet import ORDER, address_of, keccak256, recover

CHANGE = b"Change(string name,uint64 version,bytes value)"
DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)"


class NotApproved(Exception):
    """The network file is a proposal, or was changed."""


def check_founding(file):
    """Raises `NotApproved` unless all operators have approved a file of version 5, and its endpoints are signed by their nodes."""
    if file["version"] == 4:  # Earlier files have neither: whoever hands one out is trusted for all of it.
        return
    network, digest, approvals = network_id(file).hex(), vote_digest(file), file.get("approvals", [])
    if len(approvals) > len(file["nodes"]):
        raise NotApproved("more approvals than nodes")
    for place, (node, endpoint) in enumerate(zip(file["nodes"], file["endpoints"], strict=True)):
        who, key = f"node {place + 1} ({file['founding']['operators'][place]})", node["statement_key"]
        said = endpoint.get("word") or {"number": 0}
        if said["number"] < 1 or not valid(key, said["signature"], endpoint_digest(key, endpoint)):
            raise NotApproved(f"{who}: endpoint {endpoint['http']}")
        word = approvals[place]["word"] if place < len(approvals) else None
        if not word or word["node"] != place + 1:
            raise NotApproved(f"{who}: no approval")
        if word["body"]["network"] != network:
            raise NotApproved(f"wrong_network: {who} has approved {word['body']['network']}")
        if not valid(key, word["signature"], approval_digest(place + 1, network)):
            raise NotApproved(f"{who}: approval")
        if voter(digest, unhex(approvals[place]["vote"])) != node["chain_address"]:
            raise NotApproved(f"{who}: vote")


def voter(digest, vote):
    """The account that has signed a digest by r, s and v."""
    if vote[64] not in (27, 28) or int.from_bytes(vote[32:64], "big") > ORDER // 2:
        return None
    return address_of(recover(vote[:64], digest)[vote[64] - 27]).lower()


def vote_digest(file):
    """What the nodes' accounts sign for the Directory's first values."""
    contract = unhex(file["contracts"]["directory"]["address"]).rjust(32, b"\x00")
    chain = file["chain"]["id"].to_bytes(32, "big")
    domain = keccak256(b"".join(map(keccak256, (DOMAIN, b"Quorate", b"1"))) + chain + contract + founding_salt(file))
    changes = b""
    for value in file["founding"]["values"]:
        version = (1).to_bytes(32, "big")
        name, text = keccak256(value["name"].encode()), keccak256(value["value"].encode())
        changes += keccak256(keccak256(CHANGE) + name + version + text)
    return keccak256(b"\x19\x01" + domain + keccak256(keccak256(b"Changes(Change[] changes)" + CHANGE) + keccak256(changes)))
