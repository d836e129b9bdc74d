// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Reads the IPv4 address and the port out of a node's URL, for clients that know nodes by these alone.
library Endpoint {
    uint256 private constant DOT = 0x2e;
    uint256 private constant COLON = 0x3a;

    /// Address and port of `http://a.b.c.d[:port][/]` or the same with https; zeros for everything else, such as a
    /// name, an IPv6 address, or a path behind which a client that forgets it would not find the node.
    function parse(string memory url) internal pure returns (uint32 ip, uint32 port) {
        bytes memory text = bytes(url);
        uint256 end = text.length;
        uint256 place;
        uint256 portGiven;
        if (_startsWith(text, "http://")) (place, portGiven) = (7, 80);
        else if (_startsWith(text, "https://")) (place, portGiven) = (8, 443);
        else return (0, 0);
        if (text[end - 1] == "/") --end;

        uint256 address_;
        for (uint256 i = 0; i < 4; ++i) {
            if (i != 0) {
                if (place >= end || uint8(text[place]) != DOT) return (0, 0);
                ++place;
            }
            uint256 octet;
            (octet, place) = _decimal(text, place, end, 255);
            if (place == 0) return (0, 0);
            address_ = (address_ << 8) | octet;
        }
        if (place < end) {
            if (uint8(text[place]) != COLON) return (0, 0);
            (portGiven, place) = _decimal(text, place + 1, end, type(uint16).max);
            if (place != end || portGiven == 0) return (0, 0);
        }
        return (uint32(address_), uint32(portGiven));
    }

    /// A decimal number without needless zeros, at most `max`, and the place behind it; a place of zero says that
    /// there is none.
    function _decimal(bytes memory text, uint256 place, uint256 end, uint256 max)
        private
        pure
        returns (uint256 value, uint256 next)
    {
        next = place;
        while (next < end) {
            uint256 digit = uint8(text[next]);
            if (digit < 0x30 || digit > 0x39) break;
            value = value * 10 + digit - 0x30;
            if (value > max) return (0, 0);
            ++next;
        }
        if (next == place || (text[place] == "0" && next != place + 1)) return (0, 0);
    }

    function _startsWith(bytes memory text, bytes memory prefix) private pure returns (bool) {
        if (text.length <= prefix.length) return false;
        for (uint256 i = 0; i < prefix.length; ++i) {
            if (text[i] != prefix[i]) return false;
        }
        return true;
    }
}
