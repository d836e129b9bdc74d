"""What a wallet does: an address with its checksum (EIP-55), and `personal_sign` (EIP-191)."""

import hashlib

import ecdsa
from Cryptodome.Hash import keccak
from ecdsa.util import sigdecode_string, sigencode_string_canonize

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
