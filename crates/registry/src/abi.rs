//! Typed calls, events and errors of the contracts. A test compares every selector with the committed artifacts.
#![allow(
    missing_docs,
    clippy::too_many_arguments,
    clippy::allow_attributes,
    reason = "written by a macro from the contracts' interface; the contracts' sources document it"
)]

use alloy_sol_types::sol;

sol! {
    /// The committee.
    #[derive(Debug, PartialEq, Eq)]
    interface NodeRegistry {
        struct Node {
            address nodeAddress;
            bytes32 transportKeyHash;
            bytes32 statementKey;
            string url;
        }

        event CommitteeFounded(uint256 epoch, uint256 nodeCount, uint256 threshold);

        error BadCommitteeSize();
        error BadThreshold();
        error BadNode(uint256 index);
        error UnknownRealm(uint256 realmId);

        constructor(Node[] foundingNodes, uint256 foundingThreshold);

        function threshold() external view returns (uint256);
        function epochNumber() external view returns (uint256);
        function nodes() external view returns (Node[] memory);
        function nodeCount() external view returns (uint256);
        function isNode(address account) external view returns (bool);
        function nodeAddresses() external view returns (address[] memory);
    }

    /// The named values.
    #[derive(Debug, PartialEq, Eq)]
    interface Directory {
        event Voted(address indexed node, string name, uint64 version, bytes value);
        event ValueSet(bytes32 indexed nameHash, string name, uint64 version, bytes value);

        error NotNode();
        error BadName();
        error BadValue();
        error WrongVersion(uint64 expected);
        error TooManyNames();

        constructor(address nodeRegistry_);

        function vote(string name, uint64 version, bytes value) external;
        function get(string name) external view returns (uint64 version, bytes memory value);
        function voteOf(string name, uint64 version, address node) external view returns (bytes32 valueHash);
        function names() external view returns (string[] memory);
    }

    /// The tokens.
    #[derive(Debug, PartialEq, Eq)]
    interface PKPNFT {
        struct PkpInfo {
            uint256 tokenId;
            bytes pubkey;
            address ethAddress;
        }

        event PKPMinted(uint256 indexed tokenId, bytes pubkey);
        event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

        error WrongMintCost();
        error ERC721NonexistentToken(uint256 tokenId);
        error ERC721InsufficientApproval(address operator, uint256 tokenId);
        error ERC721IncorrectOwner(address sender, uint256 tokenId, address owner);
        error ERC721InvalidReceiver(address receiver);

        constructor(address router_, address permissions_);

        function mintNext(uint256 keyType, string keySetId) external payable returns (uint256);
        function mintGrantAndBurnNext(uint256 keyType, string keySetId, bytes ipfsCID)
            external payable returns (uint256 tokenId);
        function burn(uint256 tokenId) external;
        function transferFrom(address from, address to, uint256 tokenId) external;
        function safeTransferFrom(address from, address to, uint256 tokenId) external;
        function mintCost() external view returns (uint256);
        function mintCount() external view returns (uint256);
        function exists(uint256 tokenId) external view returns (bool);
        function ownerOf(uint256 tokenId) external view returns (address);
        function getPubkey(uint256 tokenId) external view returns (bytes memory);
        function getEthAddress(uint256 tokenId) external view returns (address);
        function getNextDerivedKeyId() external view returns (bytes32);
        function tokenOfOwnerByIndex(address owner, uint256 index) external view returns (uint256);
        function getPkpInfoFromOwnerAddress(address owner, uint256 pageSize, uint256 pageIndex)
            external view returns (PkpInfo[] memory infos);
    }

    /// The grants.
    #[derive(Debug, PartialEq, Eq)]
    interface PKPPermissions {
        struct AuthMethod {
            uint256 authMethodType;
            bytes id;
            bytes userPubkey;
        }

        event PermittedAuthMethodAdded(uint256 indexed tokenId, uint256 authMethodType, bytes id, bytes userPubkey);
        event PermittedAuthMethodRemoved(uint256 indexed tokenId, uint256 authMethodType, bytes id);
        event PermittedAuthMethodScopeAdded(uint256 indexed tokenId, uint256 authMethodType, bytes id, uint256 scopeId);
        event PermittedAuthMethodScopeRemoved(uint256 indexed tokenId, uint256 authMethodType, bytes id, uint256 scopeId);
        event PermissionsReset(uint256 indexed tokenId, uint256 permEpoch);

        error NotOwner(uint256 tokenId, address caller);
        error InvalidScope(uint256 scopeId);
        error InvalidSubject(uint256 authMethodType);
        error NotPermitted();
        error LengthMismatch();

        constructor(address pkpNFT_);

        function addPermittedAction(uint256 tokenId, bytes ipfsCID, uint256[] scopes) external;
        function addPermittedAddress(uint256 tokenId, address user, uint256[] scopes) external;
        function addPermittedAuthMethod(uint256 tokenId, AuthMethod authMethod, uint256[] scopes) external;
        function addPermittedAuthMethodScope(uint256 tokenId, uint256 authMethodType, bytes id, uint256 scopeId) external;
        function removePermittedAction(uint256 tokenId, bytes ipfsCID) external;
        function removePermittedAddress(uint256 tokenId, address user) external;
        function removePermittedAuthMethod(uint256 tokenId, uint256 authMethodType, bytes id) external;
        function removePermittedAuthMethodScope(uint256 tokenId, uint256 authMethodType, bytes id, uint256 scopeId) external;
        function batchAddRemoveAuthMethods(
            uint256 tokenId,
            uint256[] typesToAdd,
            bytes[] idsToAdd,
            bytes[] userPubkeysToAdd,
            uint256[][] scopesToAdd,
            uint256[] typesToRemove,
            bytes[] idsToRemove
        ) external;
        function grantBits(uint256 tokenId, uint256 authMethodType, bytes id) external view returns (uint256);
        function grantedBy(uint256 tokenId, uint256 authMethodType, bytes id) external view returns (address);
        function isPermittedAction(uint256 tokenId, bytes ipfsCID) external view returns (bool);
        function isPermittedAddress(uint256 tokenId, address user) external view returns (bool);
        function getPermittedActions(uint256 tokenId) external view returns (bytes[] memory);
        function getPermittedAuthMethods(uint256 tokenId) external view returns (AuthMethod[] memory);
        function permEpoch(uint256 tokenId) external view returns (uint256);
    }

    /// The keys.
    #[derive(Debug, PartialEq, Eq)]
    interface PubkeyRouter {
        struct RootKey {
            bytes pubkey;
            uint256 keyType;
        }
        struct PubkeyRoutingData {
            bytes pubkey;
            uint256 keyType;
            bytes32 derivedKeyId;
            string keySetId;
        }

        event RootKeysVoted(address indexed node, string keySetId, bytes32 rootsHash);
        event RootKeySet(address stakingContract, string keySetId, RootKey rootKey);

        error NotPKPNFT();
        error NotNode();
        error WrongStakingContract();
        error BadKeySetId();
        error BadRootKeys();
        error BadPublicKey();
        error RootKeysAlreadySet();
        error RootKeysNotSet();
        error UnsupportedKeyType(uint256 keyType);
        error AlreadyRouted(uint256 tokenId);
        error DegenerateKey();

        constructor(address nodeRegistry_, address pkpNFT_);

        function voteForRootKeys(address stakingContract, string keySetId, RootKey[] rootKeys) external;
        function route(uint256 keyType, string keySetId, bytes32 derivedKeyId)
            external returns (uint256 tokenId, bytes memory pubkey);
        function getRootKeys(address stakingContract, string keySetId) external view returns (RootKey[] memory);
        function rootKeysVote(string keySetId, address node) external view returns (bytes32);
        function getDerivedPubkey(address stakingContract, string keySetId, bytes32 derivedKeyId)
            external view returns (bytes memory);
        function getRoutingData(uint256 tokenId) external view returns (PubkeyRoutingData memory);
        function getPubkey(uint256 tokenId) external view returns (bytes memory);
        function isRouted(uint256 tokenId) external view returns (bool);
    }
}
