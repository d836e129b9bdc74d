// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Public-key derivation: root + hash_to_scalar(key id)·G on secp256k1.
///
/// Everything here works on public values, so nothing needs to run in constant time.
library Secp256k1 {
    /// The scalar of this key id is zero, or the sum has no affine form: probability about 2^-256.
    error DegenerateKey();

    uint256 internal constant P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F;
    uint256 internal constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant GX = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant GY = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8;

    /// RFC 9380 domain-separation tag of the scalar hash: the one that existing client libraries use for secp256k1.
    bytes private constant DST = "LIT_HD_KEY_ID_K256_XMD:SHA-256_SSWU_RO_NUL_";

    /// Whether (x, y) is an affine point of the curve.
    function isOnCurve(uint256 x, uint256 y) internal pure returns (bool) {
        if (x >= P || y >= P) return false;
        return mulmod(y, y, P) == addmod(mulmod(x, mulmod(x, x, P), P), 7, P);
    }

    /// expand_message_xmd(SHA-256, keyId, DST, 48) of RFC 9380 section 5.3.1, read as a big-endian integer, mod n.
    function hashToScalar(bytes32 keyId) internal pure returns (uint256) {
        // 48 bytes are two SHA-256 blocks; Z_pad is one input block of zeros, l_i_b_str is 0x0030.
        bytes memory dstPrime = abi.encodePacked(DST, uint8(DST.length));
        bytes32 b0 =
            sha256(abi.encodePacked(bytes32(0), bytes32(0), keyId, uint16(48), uint8(0), dstPrime));
        bytes32 b1 = sha256(abi.encodePacked(b0, uint8(1), dstPrime));
        bytes32 b2 = sha256(abi.encodePacked(b0 ^ b1, uint8(2), dstPrime));
        // value = b1 · 2^128 + (first 16 bytes of b2)
        return addmod(mulmod(uint256(b1), 1 << 128, N), uint256(b2) >> 128, N);
    }

    /// root + hash_to_scalar(keyId)·G for a root that is on the curve.
    function derive(uint256 rootX, uint256 rootY, bytes32 keyId) internal view returns (uint256 x, uint256 y) {
        uint256 scalar = hashToScalar(keyId);
        if (scalar == 0) revert DegenerateKey();
        (uint256 jx, uint256 jy, uint256 jz) = _mulG(scalar);
        (jx, jy, jz) = _addAffine(jx, jy, jz, rootX, rootY);
        uint256 zInv = _invert(jz);
        uint256 zInv2 = mulmod(zInv, zInv, P);
        x = mulmod(jx, zInv2, P);
        y = mulmod(jy, mulmod(zInv2, zInv, P), P);
        assert(isOnCurve(x, y));
    }

    /// scalar·G in Jacobian coordinates, double-and-add from the highest bit, for 0 < scalar < n.
    ///
    /// The accumulator is m·G for a prefix m of the scalar. Before an addition m is even and below n - 1 (m + 1 is
    /// itself a prefix of a number below n), so the accumulator is neither infinity nor ±G and the addition has no
    /// special case.
    ///
    /// In assembly because this loop is most of what a mint costs. Each step is a doubling (dbl-2009-l of the
    /// explicit-formulas database, for curves with a = 0) and, for a set bit, the addition of `_addAffine`.
    function _mulG(uint256 scalar) private pure returns (uint256 x, uint256 y, uint256 z) {
        assembly ("memory-safe") {
            let p := P
            let bit := 255
            for {} iszero(and(shr(bit, scalar), 1)) {} { bit := sub(bit, 1) }
            x := GX
            y := GY
            z := 1
            for {} bit {} {
                bit := sub(bit, 1)
                {
                    let b := mulmod(y, y, p)
                    let d := mulmod(4, mulmod(x, b, p), p)
                    let e := mulmod(3, mulmod(x, x, p), p)
                    z := mulmod(2, mulmod(y, z, p), p)
                    x := addmod(mulmod(e, e, p), sub(p, addmod(d, d, p)), p)
                    y := addmod(mulmod(e, addmod(d, sub(p, x), p), p), sub(p, mulmod(8, mulmod(b, b, p), p)), p)
                }
                if and(shr(bit, scalar), 1) {
                    let zz := mulmod(z, z, p)
                    let h := addmod(mulmod(GX, zz, p), sub(p, x), p)
                    let r := addmod(mulmod(GY, mulmod(zz, z, p), p), sub(p, y), p)
                    let hh := mulmod(h, h, p)
                    z := mulmod(z, h, p)
                    h := mulmod(h, hh, p)
                    hh := mulmod(x, hh, p)
                    x := addmod(addmod(mulmod(r, r, p), sub(p, h), p), sub(p, addmod(hh, hh, p)), p)
                    y := addmod(mulmod(r, addmod(hh, sub(p, x), p), p), sub(p, mulmod(y, h, p)), p)
                }
            }
        }
    }

    /// (x1, y1, z1) + (x2, y2, 1) for two different points that are not each other's inverse.
    function _addAffine(uint256 x1, uint256 y1, uint256 z1, uint256 x2, uint256 y2)
        private
        pure
        returns (uint256 x3, uint256 y3, uint256 z3)
    {
        unchecked {
            uint256 zz = mulmod(z1, z1, P);
            uint256 h = addmod(mulmod(x2, zz, P), P - x1, P);
            if (h == 0) revert DegenerateKey();
            uint256 r = addmod(mulmod(y2, mulmod(zz, z1, P), P), P - y1, P);
            uint256 hh = mulmod(h, h, P);
            uint256 hhh = mulmod(h, hh, P);
            uint256 v = mulmod(x1, hh, P);
            x3 = addmod(addmod(mulmod(r, r, P), P - hhh, P), P - mulmod(2, v, P), P);
            y3 = addmod(mulmod(r, addmod(v, P - x3, P), P), P - mulmod(y1, hhh, P), P);
            z3 = mulmod(z1, h, P);
        }
    }

    /// a^(p-2) mod p by the MODEXP precompile.
    function _invert(uint256 a) private view returns (uint256) {
        (bool ok, bytes memory out) =
            address(5).staticcall(abi.encode(uint256(32), uint256(32), uint256(32), a, P - 2, P));
        assert(ok && out.length == 32);
        return abi.decode(out, (uint256));
    }
}
