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

    /// The committee in the words of existing client libraries of the newer generation, which name a realm.
    #[derive(Debug, PartialEq, Eq)]
    interface Validators {
        struct Epoch {
            uint256 epochLength;
            uint256 number;
            uint256 rewardEpochNumber;
            uint256 nextRewardEpochNumber;
            uint256 endTime;
            uint256 retries;
            uint256 timeout;
            uint256 startTime;
            uint256 lastAdvanceVoteTime;
        }
        struct Validator {
            uint32 ip;
            uint128 ipv6;
            uint32 port;
            address nodeAddress;
            uint256 reward;
            uint256 senderPubKey;
            uint256 receiverPubKey;
            uint256 lastActiveEpoch;
            uint256 commissionRate;
            uint256 lastRewardEpoch;
            uint256 lastRealmId;
            uint256 delegatedStakeAmount;
            uint256 delegatedStakeWeight;
            uint256 lastRewardEpochClaimedFixedCostRewards;
            uint256 lastRewardEpochClaimedCommission;
            address operatorAddress;
            uint256 uniqueDelegatingStakerCount;
            bool registerAttestedWalletDisabled;
        }

        event StateChanged(uint8 newState);

        function epoch(uint256 realmId) external view returns (Epoch memory);
        function state(uint256 realmId) external view returns (uint8);
        function currentValidatorCountForConsensus(uint256 realmId) external view returns (uint256);
        function getValidatorsInCurrentEpoch(uint256 realmId) external view returns (address[] memory);
        function getActiveUnkickedValidatorStructsAndCounts(uint256 realmId)
            external view returns (Epoch memory, uint256, Validator[] memory);
    }

    /// The same of the older generation.
    #[derive(Debug, PartialEq, Eq)]
    interface ValidatorsWithoutRealm {
        struct Epoch {
            uint256 epochLength;
            uint256 number;
            uint256 endTime;
            uint256 retries;
            uint256 timeout;
            uint256 startTime;
        }
        struct Validator {
            uint32 ip;
            uint128 ipv6;
            uint32 port;
            address nodeAddress;
            uint256 reward;
            uint256 senderPubKey;
            uint256 receiverPubKey;
            uint256 lastActiveEpoch;
        }

        function epoch() external view returns (Epoch memory);
        function state() external view returns (uint8);
        function currentValidatorCountForConsensus() external view returns (uint256);
        function getValidatorsInCurrentEpoch() external view returns (address[] memory);
        function getActiveUnkickedValidatorStructsAndCounts()
            external view returns (Epoch memory, uint256, Validator[] memory);
    }

    /// The named values.
    #[derive(Debug, PartialEq, Eq)]
    interface Directory {
        struct Change {
            string name;
            uint64 version;
            bytes value;
        }

        event ValueSet(bytes32 indexed nameHash, string name, uint64 version, bytes value);

        error TooFewSignatures(uint256 got, uint256 needed);
        error TooManySignatures(uint256 got, uint256 most);
        error BadSignature(uint256 place);
        error NotNode(uint256 place, address signer);
        error NotAscending(uint256 place);
        error BadChangesNumber(uint256 number, uint256 most);
        error BadName();
        error BadValue();
        error WrongVersion(uint64 expected);
        error TooManyNames();

        constructor(address nodeRegistry_, bytes32 salt_);

        function set(Change[] changes, bytes[] signatures) external;
        function get(string name) external view returns (uint64 version, bytes memory value);
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
        struct Signature {
            bytes32 r;
            bytes32 s;
            uint8 v;
        }

        event PKPMinted(uint256 indexed tokenId, bytes pubkey);
        event PKPClaimed(
            uint256 indexed tokenId, bytes32 indexed derivedKeyId, address indexed receiver, address minter, bool byAll
        );
        event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

        error WrongMintCost();
        error UnknownRealm(uint256 realmId);
        error WrongStakingContract();
        error BadReceiver();
        error WrongSignatureCount(uint256 given, uint256 needed);
        error BadSignature(uint256 index);
        error NotNodeSignature(uint256 index, address signer);
        error SignersNotAscending(uint256 index);
        error ERC721NonexistentToken(uint256 tokenId);
        error ERC721InsufficientApproval(address operator, uint256 tokenId);
        error ERC721IncorrectOwner(address sender, uint256 tokenId, address owner);
        error ERC721InvalidReceiver(address receiver);

        constructor(address router_, address permissions_, address nodeRegistry_);

        function mintNext(uint256 keyType, string keySetId) external payable returns (uint256);
        function mintGrantAndBurnNext(uint256 keyType, string keySetId, bytes ipfsCID)
            external payable returns (uint256 tokenId);
        function claimAndMint(
            uint256 realmId,
            uint256 keyType,
            string keySetId,
            bytes32 derivedKeyId,
            Signature[] signatures,
            address stakingContractAddress
        ) external payable returns (uint256);
        function claimAndMintFor(
            uint256 realmId,
            uint256 keyType,
            string keySetId,
            bytes32 derivedKeyId,
            Signature[] signatures,
            address stakingContractAddress,
            address receiver
        ) external payable returns (uint256);
        function claimDigest(
            uint256 keyType,
            string keySetId,
            bytes32 derivedKeyId,
            address receiver,
            address minter,
            bool byAll
        ) external view returns (bytes32);
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

    /// The tokens in the words of existing client libraries of the older generation, which name no key set.
    #[derive(Debug, PartialEq, Eq)]
    interface PKPNFTWithoutKeySet {
        struct Signature {
            bytes32 r;
            bytes32 s;
            uint8 v;
        }

        function mintNext(uint256 keyType) external payable returns (uint256);
        function mintGrantAndBurnNext(uint256 keyType, bytes ipfsCID) external payable returns (uint256);
        function claimAndMint(
            uint256 keyType, bytes32 derivedKeyId, Signature[] signatures, address stakingContractAddress
        ) external payable returns (uint256);
    }

    /// Mints with everything that goes with it.
    #[derive(Debug, PartialEq, Eq)]
    interface PKPHelper {
        struct AuthMethod {
            uint256 authMethodType;
            bytes id;
            bytes userPubkey;
        }
        struct MintTerms {
            uint256 keyType;
            string keySetId;
            AuthMethod[] methods;
            uint256[][] scopes;
            bool permitPkpAddress;
            uint256[] pkpAddressScopes;
            bool sendPkpToItself;
            bool burnPkp;
        }
        struct MintNextAndAddAuthMethodsWithTypesParams {
            uint256 keyType;
            string keySetId;
            bytes[] permittedIpfsCIDs;
            uint256[][] permittedIpfsCIDScopes;
            address[] permittedAddresses;
            uint256[][] permittedAddressesScopes;
            uint256[] permittedAuthMethodTypes;
            bytes[] permittedAuthMethodIds;
            bytes[] permittedAuthMethodPubkeys;
            uint256[][] permittedAuthMethodScopes;
            bool addPkpEthAddressAsPermittedAddress;
            bool sendPkpToItself;
        }
        struct Signature {
            bytes32 r;
            bytes32 s;
            uint8 v;
        }
        struct ClaimMaterial {
            uint256 keyType;
            bytes32 derivedKeyId;
            Signature[] signatures;
        }
        struct AuthMethodData {
            uint256 keyType;
            bytes[] permittedIpfsCIDs;
            uint256[][] permittedIpfsCIDScopes;
            address[] permittedAddresses;
            uint256[][] permittedAddressScopes;
            uint256[] permittedAuthMethodTypes;
            bytes[] permittedAuthMethodIds;
            bytes[] permittedAuthMethodPubkeys;
            uint256[][] permittedAuthMethodScopes;
            bool addPkpEthAddressAsPermittedAddress;
            bool sendPkpToItself;
        }

        error LengthMismatch();
        error KeyTypeMismatch();
        error BurnOrSend();
        error ReceiverMustSend(address receiver);

        constructor(address pkpNFT_, address permissions_, address nodeRegistry_);

        function pkpNFT() external view returns (address);
        function permissions() external view returns (address);
        function mintWith(MintTerms terms) external payable returns (uint256 tokenId);
        function mintNextAndAddAuthMethods(
            uint256 keyType,
            string keySetId,
            uint256[] permittedAuthMethodTypes,
            bytes[] permittedAuthMethodIds,
            bytes[] permittedAuthMethodPubkeys,
            uint256[][] permittedAuthMethodScopes,
            bool addPkpEthAddressAsPermittedAddress,
            bool sendPkpToItself
        ) external payable returns (uint256 tokenId);
        function mintNextAndAddAuthMethodsWithTypes(MintNextAndAddAuthMethodsWithTypesParams params)
            external payable returns (uint256);
        function claimAndMintNextAndAddAuthMethodsWithTypes(ClaimMaterial claimMaterial, AuthMethodData authMethodData)
            external payable returns (uint256 tokenId);
    }

    /// The same in the words of existing client libraries of the older generation, which name no key set.
    #[derive(Debug, PartialEq, Eq)]
    interface PKPHelperWithoutKeySet {
        function mintNextAndAddAuthMethods(
            uint256 keyType,
            uint256[] permittedAuthMethodTypes,
            bytes[] permittedAuthMethodIds,
            bytes[] permittedAuthMethodPubkeys,
            uint256[][] permittedAuthMethodScopes,
            bool addPkpEthAddressAsPermittedAddress,
            bool sendPkpToItself
        ) external payable returns (uint256);
        function mintNextAndAddAuthMethodsWithTypes(
            uint256 keyType,
            bytes[] permittedIpfsCIDs,
            uint256[][] permittedIpfsCIDScopes,
            address[] permittedAddresses,
            uint256[][] permittedAddressScopes,
            uint256[] permittedAuthMethodTypes,
            bytes[] permittedAuthMethodIds,
            bytes[] permittedAuthMethodPubkeys,
            uint256[][] permittedAuthMethodScopes,
            bool addPkpEthAddressAsPermittedAddress,
            bool sendPkpToItself
        ) external payable returns (uint256);
    }

    /// Where foreign clients look contracts up.
    #[derive(Debug, PartialEq, Eq)]
    interface ContractResolver {
        struct Contracts {
            address staking;
            address pkpNFT;
            address pkpPermissions;
            address pubkeyRouter;
            address pkpHelper;
            address priceFeed;
            address ledger;
            address paymentDelegation;
        }

        error Fixed();

        constructor(Contracts contracts);

        function getContract(bytes32 kind, uint8 environment) external view returns (address);
        function setContract(bytes32 kind, uint8 environment, address contractAddress) external;
    }

    /// What foreign clients ask for prices.
    #[derive(Debug, PartialEq, Eq)]
    interface PriceFeed {
        struct NodeInfoAndPrices {
            Validators.Validator validator;
            uint256[] prices;
        }

        error TooManyProducts();

        constructor(address nodeRegistry_);

        function getNodesForRequest(uint256 realmId, uint256[] productIds)
            external view returns (uint256 epochId, uint256 minNodeCount, NodeInfoAndPrices[] memory nodesAndPrices);
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
        error UserPubkeyMismatch();
        error NotMinter();
        error LengthMismatch();

        constructor(address pkpNFT_, address router_);

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
        function getUserPubkey(uint256 tokenId, uint256 authMethodType, bytes id) external view returns (bytes memory);
        function permEpoch(uint256 tokenId) external view returns (uint256);
        function resetOnTransfer(uint256 tokenId) external;
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

        event RootKeySet(address stakingContract, string keySetId, RootKey rootKey);
        event MinterAdmitted(address minter);

        error NotMinter();
        error BadMinter();
        error AlreadyMinter();
        error WrongNumber(uint64 expected);
        error TooFewSignatures(uint256 got, uint256 needed);
        error TooManySignatures(uint256 got, uint256 most);
        error BadSignature(uint256 place);
        error NotNode(uint256 place, address signer);
        error NotAscending(uint256 place);
        error WrongStakingContract();
        error BadKeySetId();
        error BadRootKeysNumber(uint256 number, uint256 expected);
        error BadRootKey(uint256 place, uint256 expectedKeyType, uint256 expectedLength);
        error BadPublicKey();
        error RootKeysAlreadySet();
        error RootKeysNotSet();
        error UnsupportedKeyType(uint256 keyType);
        error AlreadyRouted(uint256 tokenId);
        error DegenerateKey();

        constructor(address nodeRegistry_, address pkpNFT_, bytes32 salt_);

        function setRootKeys(address stakingContract, string keySetId, RootKey[] rootKeys, bytes[] signatures) external;
        function admitMinter(address minter, bytes32 codeHash, uint64 number, bytes[] signatures) external;
        function admissions() external view returns (uint64);
        function keyIdOf(address minter, bytes32 derivedKeyId) external view returns (bytes32);
        function isMinter(address account) external view returns (bool);
        function minterOf(uint256 tokenId) external view returns (address minter);
        function route(uint256 keyType, string keySetId, bytes32 derivedKeyId)
            external returns (uint256 tokenId, bytes memory pubkey);
        function getRootKeys(address stakingContract, string keySetId) external view returns (RootKey[] memory);
        function getDerivedPubkey(address stakingContract, string keySetId, bytes32 derivedKeyId)
            external view returns (bytes memory);
        function getRoutingData(uint256 tokenId) external view returns (PubkeyRoutingData memory);
        function getPubkey(uint256 tokenId) external view returns (bytes memory);
        function isRouted(uint256 tokenId) external view returns (bool);
    }
}
