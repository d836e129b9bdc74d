// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC721Enumerable} from "@openzeppelin/contracts/token/ERC721/extensions/ERC721Enumerable.sol";

/// A token and nothing else, beside which the cost of ours is seen.
contract PlainToken is ERC721 {
    constructor() ERC721("Plain", "PLAIN") {}

    function mint(uint256 tokenId) external {
        _mint(msg.sender, tokenId);
    }
}

/// The same with the lists that wallets page through.
contract PlainListedToken is ERC721Enumerable {
    constructor() ERC721("Plain", "PLAIN") {}

    function mint(uint256 tokenId) external {
        _mint(msg.sender, tokenId);
    }
}
