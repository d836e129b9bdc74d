"""What docs/http.md hashes: transcripts, names of actions, and the binary form of what nodes sign."""

import base64
import copy
import hashlib
import json
import pathlib

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
VECTORS = json.loads((pathlib.Path(__file__).parent / "../../docs/vectors/http.json").read_text(encoding="utf-8"))
CODES = VECTORS["error_codes"]


def unhex(text):
    return bytes.fromhex(text.removeprefix("0x"))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u64(value):
    return value.to_bytes(8, "big")


def transcript(*fields):
    """The hash of a domain and fields: each with its length before it."""
    fields = [field.encode() if isinstance(field, str) else field for field in fields]
    return sha256(*(len(field).to_bytes(4, "big") + field for field in fields))


def base58(data):
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return text


def unbase58(text):
    number = 0
    for digit in text:
        number = number * 58 + ALPHABET.index(digit)
    return number.to_bytes(34, "big")


def varint(number):
    out = bytearray()
    while number >= 128:
        out.append(number % 128 + 128)
        number //= 128
    return bytes(out) + bytes([number])


def item(key, data):
    return bytes([key]) + varint(len(data)) + data


def count(key, number):
    return bytes([key]) + varint(number)


def leaf(data):
    block = item(0x0A, b"\x08\x02" + (item(0x12, data) if data else b"") + count(0x18, len(data)))
    return sha256(block), len(block), len(data)


def branch(children):
    size = sum(child[2] for child in children)
    links = (item(0x0A, b"\x12\x20" + own) + b"\x12\x00" + count(0x18, total) for own, total, _ in children)
    data = b"\x08\x02" + count(0x18, size) + b"".join(count(0x20, child[2]) for child in children)
    block = b"".join(item(0x12, link) for link in links) + item(0x0A, data)
    return sha256(block), len(block) + sum(child[1] for child in children), size


def cid_of(code):
    """The CIDv0 of a source."""
    data = code.encode()
    level = [leaf(data[place : place + 262_144]) for place in range(0, max(1, len(data)), 262_144)]
    while len(level) > 1:
        level = [branch(level[place : place + 174]) for place in range(0, len(level), 174)]
    return base58(b"\x12\x20" + level[0][0])


def binary(kind, value):
    """The binary form. A kind is a word of the page, {member: kind}, [item], or a function of its own."""
    if callable(kind):
        return kind(value)
    if isinstance(kind, list):
        return binary("u32", len(value)) + b"".join(binary(kind[0], one) for one in value)
    if isinstance(kind, dict):
        return b"".join(binary(of, value[name]) for name, of in kind.items())
    if kind == "text":
        return binary("u32", len(value.encode())) + value.encode()
    if kind[0] == "u":
        return value.to_bytes(int(kind[1:]) // 8, "little")
    data = unbase58(value)[2:] if kind == "cid" else unhex(value)
    if len(data) != (32 if kind == "cid" else int(kind)):
        raise ValueError(f"not of kind {kind}: {value}")
    return data


def members(words):
    return dict(word.split(":") for word in words.split())


def maybe(kind):
    return lambda value: b"\x00" if value is None else b"\x01" + binary(kind, value)


def one_of(*names):
    return lambda value: bytes([names.index(value)])


def code(value):
    return bytes([CODES[value]])


def admission(value):
    if isinstance(value, dict):
        return b"\x02" + binary(["20"], value["list"]) if "list" in value else b"\x03" + binary(["32"], value["logins"])
    return one_of("open", "granted")(value)


# Of two forms, named by the one member of the object.
FORMS = {"lit": members("policy:32 data:32"), "container": members("network:32 policy:32 salt:32")}


def identity(value):
    (name,) = value
    return bytes([list(FORMS).index(name)]) + binary(FORMS[name], value[name])


BOOL = one_of(False, True)
INTENT = {
    **members("operation:u32 action:cid key:33"),
    "scheme": one_of("EcdsaK256Sha256"),
    "kind": one_of("digest", "personal", "action", "login"),
    **members("digest:32 name:text"),
    "recipient": one_of("caller", "action"),
    "guest": "32",
}
STATEMENT = {
    **members("network:32 epoch:u64 request:32 login:32 action:cid params:32"),
    "block": members("number:u64 hash:32"),
    "intents": [INTENT],
    "refusals": [{"operation": "u32", "code": code}],
    "collected": [{"operation": "u32", "nodes": ["u8"], "values": "32"}],
    "single_node": [members("operation:u32 node:u8 value:32")],
    "draws": ["u32"],
    "opened": [{"operation": "u32", "action": "cid", "identity": identity, "to": one_of("all", "one")}],
    "claims": [members("operation:u32 action:cid key_id:text public_key:33")],
    "failed": ["u32"],
    "wildcard": BOOL,
    "status": one_of("completed", "denied", "failed"),
    "error": maybe(code),
    "response": maybe("32"),
    "guest": "32",
}
CONTRACT = members("address:20 code_hash:32")
NETWORK = {
    **members("version:u32 name:text"),
    "chain": members("id:u64 genesis:32 head_key:32"),
    "contracts": dict.fromkeys(("pkp_nft", "pubkey_router", "pkp_permissions", "node_registry", "directory"), CONTRACT),
    "threshold": "u8",
    "nodes": [members("transport_key:32 statement_key:32 chain_address:20")],
    "wildcard_sessions": BOOL,
    "admission": admission,
    "limits": members(
        "wall_ms:u64 total_ms:u64 fuel:u64 memory_bytes:u64 stack_bytes:u32 code_bytes:u32 params_bytes:u32"
        " response_bytes:u32 log_bytes:u32 fetches:u32 fetched_bytes:u64 signatures:u32 collects:u32"
        " contract_calls:u32 claims:u32 randoms:u32 decryptions:u32 children:u32 depth:u32 pending:u32 timers:u32 host_calls:u32"
    ),
}


FOUNDING = {
    **members("guest:32 deployer:20"),
    "contracts": [members("name:text address:20 creation:32 code_hash:32")],
    "values": [members("name:text value:text")],
    "operators": ["text"],
}


def network_id(file):
    """The id of the network that a network file of version 5 or 4 describes."""
    hosts, first = file.get("allow_hosts"), binary(NETWORK, file)
    if file["version"] == 5:
        return founded("quorate/network/v2", file)
    if file["version"] != 4:
        raise ValueError(f"version {file['version']}")
    return transcript("quorate/network/v1", first, *([] if hosts is None else [binary(["text"], hosts)]))


def founded(domain, file):
    """A hash of a network file of version 5 without endpoints and approvals."""
    rest = maybe(["text"])(file.get("allow_hosts")) + binary(FOUNDING, file["founding"])
    return transcript(domain, binary(NETWORK, file), rest)


def founding_salt(file):
    """What tells a founding from another whose contracts would have the same addresses."""
    zeros, file = "0x" + 64 * "0", copy.deepcopy(file)
    for name in ("pubkey_router", "directory"):
        file["contracts"][name]["code_hash"] = zeros
    for contract in file["founding"]["contracts"]:
        if contract["name"] in ("PubkeyRouter", "Directory"):
            contract.update(creation=zeros, code_hash=zeros)
    return founded("quorate/founding/v1", file)


def endpoint_digest(key, endpoint):
    """What a node signs of its own endpoint."""
    places = members("http:text quic:text")
    fields = binary(places, endpoint) + maybe(places)(endpoint.get("private"))
    return transcript("quorate/endpoint/v1", unhex(key), u64(endpoint["word"]["number"]), fields)


def approval_digest(node, network):
    """What a node signs to approve a network."""
    return transcript("quorate/approval/v1", u64(node), unhex(network))


def request_id(network, data, purpose="quorate/request/v1"):
    """The id of signed bytes."""
    return sha256(purpose.encode(), network_id(network), data.encode())
