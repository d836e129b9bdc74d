//! What can be typed after `quorate pkp`, and names of keys.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use quorate_registry::alloy_primitives::{U256, hex};
use quorate_registry::subject::{
    SCOPE_DECRYPT, SCOPE_NO_SINGLE_NODE, SCOPE_PERSONAL_SIGN, SCOPE_SIGN_ANYTHING, SCOPE_SIGN_LOGINS,
    TYPE_ACTION, TYPE_ADDRESS,
};
use quorate_wire::{Address, PublicKey, TokenId};

use super::{RegistryAccess, WalletKey};

#[derive(Debug, Subcommand)]
pub(crate) enum PkpCommand {
    /// Mint a key: a new public key whose private key no one has, owned by your wallet as a token.
    ///
    /// With options it is granted, and handed to itself or burnt, in the same transaction: all of it happens, or nothing.
    Mint(MintArgs),
    /// List the keys that an account owns, in no order; those whose token is burnt have no owner.
    List {
        #[command(flatten)]
        access: RegistryAccess,
        #[command(flatten)]
        wallet: WalletKey,
        /// Whose keys; without it those of your wallet.
        #[arg(long, value_name = "ADDRESS")]
        owner: Option<Address>,
        #[command(flatten)]
        pages: Pages,
    },
    /// Show a key, its owner, and who may use it.
    Show {
        #[command(flatten)]
        access: RegistryAccess,
        /// The key: its public key or its token id.
        pkp: KeyName,
    },
    /// Allow an action, an address or another way to log in to use a key.
    Grant {
        #[command(flatten)]
        access: RegistryAccess,
        #[command(flatten)]
        wallet: WalletKey,
        /// The key: its public key or its token id.
        pkp: KeyName,
        #[command(flatten)]
        subject: Subject,
        /// What the subject may do with it. `sign-anything` signs any 32 bytes: whoever can make the
        /// subject sign can sign every transaction of the key's account, and on a key that owns its own
        /// token this is full control of its grants, too.
        #[arg(long, value_enum, value_name = "SCOPE")]
        scope: Vec<Scope>,
    },
    /// Take a grant back.
    Revoke {
        #[command(flatten)]
        access: RegistryAccess,
        #[command(flatten)]
        wallet: WalletKey,
        /// The key: its public key or its token id.
        pkp: KeyName,
        #[command(flatten)]
        subject: Subject,
    },
    /// Burn a key's token. The key keeps signing for what it is granted to; no one can change that again.
    Burn {
        #[command(flatten)]
        access: RegistryAccess,
        #[command(flatten)]
        wallet: WalletKey,
        /// The key: its public key or its token id.
        pkp: KeyName,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MintArgs {
    #[command(flatten)]
    pub(crate) access: RegistryAccess,
    #[command(flatten)]
    pub(crate) wallet: WalletKey,
    /// Make the key the owner of its own token: then its grants are changed by transactions that it signs itself.
    #[arg(long, conflicts_with = "burn")]
    pub(crate) self_owned: bool,
    /// Grant the key to an action, a file or a CID, with these scopes; may be repeated. The scopes are those of `pkp grant`.
    #[arg(long, value_name = "ACTION=SCOPE[,SCOPE]")]
    pub(crate) grant: Vec<ActionGrant>,
    /// Permit another way to log in, as `pkp grant --auth-method` does; may be repeated. Behind it stands the public key that
    /// proves the login, if it has one, in hexadecimal digits.
    #[arg(long, value_name = "TYPE:ID[:PUBKEY]")]
    pub(crate) login: Vec<LoginMethod>,
    /// Burn the token: the key keeps signing for what it is granted to, and no one can change that, ever.
    #[arg(long)]
    pub(crate) burn: bool,
}

/// Which keys of many.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Pages {
    /// Only this page, from 1; otherwise all pages, up to 10,000 keys.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) page: Option<u64>,
    /// Keys of a page.
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) page_size: u8,
}

/// An action and what it may do with a key that is being minted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActionGrant {
    /// A file, or a CID.
    pub(crate) action: String,
    /// Its scopes.
    pub(crate) scopes: Vec<Scope>,
}

impl std::str::FromStr for ActionGrant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some((action, names)) = text.rsplit_once('=') else {
            return Ok(Self { action: text.to_owned(), scopes: Vec::new() });
        };
        let scope = |name: &str| {
            let known = || {
                let names = Scope::value_variants().iter().map(|scope| Scope::name_of(scope.number()));
                names.collect::<Vec<_>>().join(", ")
            };
            <Scope as ValueEnum>::from_str(name, false)
                .map_err(|_| format!("{name:?} is no scope; behind = stand scopes: {}", known()))
        };
        let scopes = names.split(',').map(scope).collect::<Result<_, _>>()?;
        Ok(Self { action: action.to_owned(), scopes })
    }
}

/// A way to log in, and the key that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoginMethod {
    /// Its kind, and who.
    pub(crate) method: AuthMethod,
    /// The key, or nothing.
    pub(crate) user_pubkey: Vec<u8>,
}

impl std::str::FromStr for LoginMethod {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ':');
        let (kind, id, key) = (parts.next(), parts.next(), parts.next());
        let reserved = "types 1 and 2 are addresses and actions: use --grant for an action, and pkp grant for an address";
        let method = AuthMethod::of(kind.unwrap_or_default(), id.unwrap_or_default(), reserved)?;
        let user_pubkey = match key.map(|key| hex::decode(key.strip_prefix("0x").unwrap_or(key))) {
            None => Vec::new(),
            Some(Ok(key)) if !key.is_empty() && key.len() <= AuthMethod::BYTES_MAX => key,
            Some(_) => return Err("the public key is 1 to 1024 bytes, in hexadecimal digits"),
        };
        Ok(Self { method, user_pubkey })
    }
}

/// Whom a grant is for: exactly one of these.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Subject {
    /// An action: a file whose CID is computed, or a CID if there is no file of this name.
    #[arg(long, value_name = "FILE|CID")]
    pub(crate) action: Option<String>,
    /// An Ethereum address.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) address: Option<Address>,
    /// Another way to log in, as the contracts have it: its type, decimal or with 0x, and the id's bytes in
    /// hexadecimal digits. Actions and addresses have options of their own.
    #[arg(long, value_name = "TYPE:ID")]
    pub(crate) auth_method: Option<AuthMethod>,
    /// Somebody whom an issuer of OpenID Connect knows: the issuer, the client id of the application, and the issuer's name
    /// for the person (`sub`).
    #[arg(long, num_args = 3, value_names = ["ISSUER", "CLIENT", "SUBJECT"])]
    pub(crate) oidc: Option<Vec<String>>,
    /// A passkey: a JSON file with the members rp_id and public_key, a COSE key in base64url.
    #[arg(long, value_name = "FILE")]
    pub(crate) passkey: Option<PathBuf>,
}

/// A way to log in, as the contracts name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthMethod {
    /// Its kind.
    pub(crate) kind: U256,
    /// Who, in the terms of that kind.
    pub(crate) id: Vec<u8>,
}

impl AuthMethod {
    /// Bytes of an id, and of a key, that the contracts take.
    const BYTES_MAX: usize = 1_024;

    /// Out of type and id; `reserved` is said of types that have options of their own.
    fn of(kind: &str, id: &str, reserved: &'static str) -> Result<Self, &'static str> {
        let (digits, radix) = kind.strip_prefix("0x").map_or((kind, 10), |digits| (digits, 16));
        // The parser itself would take nothing, and underscores, for digits.
        let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        let kind = plain.then(|| U256::from_str_radix(digits, radix).ok()).flatten();
        let kind = kind.ok_or("the type is a number, decimal or in hexadecimal digits after 0x")?;
        if kind == U256::from(TYPE_ADDRESS) || kind == U256::from(TYPE_ACTION) {
            return Err(reserved);
        }
        match hex::decode(id.strip_prefix("0x").unwrap_or(id)) {
            Ok(id) if !id.is_empty() && id.len() <= Self::BYTES_MAX => Ok(Self { kind, id }),
            _ => Err("the id is 1 to 1024 bytes, in hexadecimal digits"),
        }
    }
}

impl std::str::FromStr for AuthMethod {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, id) = text.split_once(':').ok_or("is TYPE:ID, such as 6:0x1234")?;
        Self::of(kind, id, "types 1 and 2 are addresses and actions: use --address or --action")
    }
}

/// A key as commands take it: its public key or its token id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyName {
    /// Its public key.
    Key(PublicKey),
    /// Its token.
    Token(TokenId),
}

impl std::str::FromStr for KeyName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text.parse(), text.parse()) {
            (Ok(key), _) => Ok(Self::Key(key)),
            (_, Ok(token)) => Ok(Self::Token(token)),
            _ => Err(
                "is neither a public key (33 or 65 bytes) nor a token id (32 bytes) in hexadecimal digits",
            ),
        }
    }
}

/// What a grant allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scope {
    /// Any message and any bare 32-byte digest.
    SignAnything,
    /// Messages with the EIP-191 prefix only, and none that is a login.
    PersonalSign,
    /// Messages with the EIP-191 prefix that are logins: who has one acts as this key's address.
    SignLogins,
    /// Opening what is encrypted to this key.
    Decrypt,
    /// A bar beside the others: nothing in runs that may know a value of one node only (`runOnce`).
    NoSingleNode,
}

impl Scope {
    /// Its number in the registry.
    pub(crate) fn number(self) -> u8 {
        match self {
            Scope::SignAnything => SCOPE_SIGN_ANYTHING,
            Scope::PersonalSign => SCOPE_PERSONAL_SIGN,
            Scope::NoSingleNode => SCOPE_NO_SINGLE_NODE,
            Scope::SignLogins => SCOPE_SIGN_LOGINS,
            Scope::Decrypt => SCOPE_DECRYPT,
        }
    }

    /// The name of a number of the registry, as the options have it.
    pub(crate) fn name_of(number: u8) -> String {
        let known = Scope::value_variants().iter().find(|scope| scope.number() == number);
        match known.and_then(Scope::to_possible_value) {
            Some(value) => value.get_name().to_owned(),
            None => format!("scope {number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::Cli;

    #[test]
    fn what_a_key_is_minted_with_is_read_before_anything_is_sent() {
        let grant = |text: &str| text.parse::<ActionGrant>();
        let scopes = vec![Scope::SignAnything, Scope::NoSingleNode];
        let expected = ActionGrant { action: "a=b.js".to_owned(), scopes };
        assert_eq!(grant("a=b.js=sign-anything,no-single-node"), Ok(expected));
        assert_eq!(grant("a.js"), Ok(ActionGrant { action: "a.js".to_owned(), scopes: Vec::new() }));
        for bad in ["a.js=", "a.js=sign", "a.js=sign-anything,", "a.js=1", "a=b.js"] {
            assert!(grant(bad).unwrap_err().contains("personal-sign"), "{bad}");
        }
        let login = |text: &str| text.parse::<LoginMethod>();
        let method = |key: &[u8]| LoginMethod {
            method: AuthMethod { kind: U256::from(3), id: vec![0xab] },
            user_pubkey: key.to_vec(),
        };
        assert_eq!(login("3:0xab"), Ok(method(&[])));
        assert_eq!(login("0x3:ab:0x04"), Ok(method(&[4])));
        let long = format!("3:{}", "ab".repeat(1_025));
        for bad in ["3", "3:", "1:0xab", "2:0xab", "3:0xab:", "3:0xab:04:05", "3:0xab:zz", ":0xab", &long] {
            assert!(login(bad).is_err(), "{bad}");
        }
        let parse = |words: &[&str]| Cli::try_parse_from([&["quorate", "pkp", "mint"], words].concat());
        assert!(parse(&["--grant", "a.js=sign-anything", "--login", "3:ab", "--burn"]).is_ok());
        assert!(parse(&["--grant", "a.js=sign-anything", "--self-owned", "--burn"]).is_err());
    }
}
