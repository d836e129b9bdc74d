//! Assertions whose authenticator data are others than they must be.

use quorate_auth::passkey::PasskeyError::{
    AttestedCredential, AuthenticatorDataForm, Backup, Extensions, Signature, UserPresent, UserVerified,
};

use super::{Forged, after, before};

pub(super) fn forged() -> Vec<Forged> {
    [flags(), extensions()].into_iter().flatten().collect()
}

fn flags() -> Vec<Forged> {
    let flags = |name, error, flags: u8| {
        (name, error, before("p256-1", |parts| parts.authenticator_data[32] = flags))
    };
    let length = |name, length: usize| {
        (name, AuthenticatorDataForm, before("p256-1", |parts| parts.authenticator_data.truncate(length)))
    };
    vec![
        length("authenticator data empty", 0),
        length("authenticator data only a hash", 32),
        length("authenticator data without a counter", 33),
        length("authenticator data one byte short", 36),
        (
            "authenticator data longer than 1024 bytes",
            AuthenticatorDataForm,
            before("p256-1", |parts| {
                parts.authenticator_data.resize(1_025, 0);
            }),
        ),
        flags("no flags", UserPresent, 0),
        flags("user not present", UserPresent, 0x1c),
        flags("user not verified", UserVerified, 0x19),
        flags("only reserved flags besides presence", UserVerified, 0x23),
        flags("backed up, but not eligible", Backup, 0x15),
        flags("flag of a credential without one", AttestedCredential, 0x5d),
        (
            "a credential in the data",
            AttestedCredential,
            before("p256-1", |parts| {
                parts.authenticator_data[32] |= 0x40;
                parts.authenticator_data.extend([0; 16]);
                parts.authenticator_data.extend([0, 1, 9]);
                let key = parts.cose_key.clone();
                parts.authenticator_data.extend(key);
            }),
        ),
        ("user verified, set after signing", Signature, {
            let mut parts = before("p256-1", |parts| parts.authenticator_data[32] = 0x19);
            parts.authenticator_data[32] = 0x1d;
            parts
        }),
        (
            "counter raised after signing",
            Signature,
            after("p256-1", |parts| parts.authenticator_data[36] += 1),
        ),
        (
            "reserved flag set after signing",
            Signature,
            after("p256-1", |parts| parts.authenticator_data[32] |= 2),
        ),
    ]
}

fn extensions() -> Vec<Forged> {
    let behind = |name, flag: u8, bytes: &str| {
        let parts = before("p256-1", |parts| {
            parts.authenticator_data[32] |= flag;
            parts.authenticator_data.extend(hex::decode(bytes).unwrap());
        });
        (name, Extensions, parts)
    };
    let extended = |name, bytes| behind(name, 0x80, bytes);
    let nested = format!("a16161{}00", "81".repeat(5));
    let many: String = (0..33u8).map(|place| format!("61{:02x}00", place + 0x41)).collect();
    vec![
        behind("a byte behind the counter", 0, "00"),
        behind("extensions without their flag", 0, "a0"),
        extended("flag of extensions without any", ""),
        extended("extensions a list", "80"),
        extended("extensions with a byte behind", "a000"),
        extended("extensions two maps", "a0a0"),
        extended("extensions cut off", "a16161"),
        extended("extensions of indefinite length", "bf616100ff"),
        extended("extensions with a longer length than needed", "b801616100"),
        extended("extensions with a name twice", "a2616100616101"),
        extended("extensions with a number as name", "a10100"),
        extended("extensions with a name that is not UTF-8", "a161ff00"),
        extended("extensions with a tag", "a16161c000"),
        extended("extensions with an undefined value", "a16161f7"),
        extended("extensions nested too deeply", &nested),
        extended("extensions that say to be endless", "bbffffffffffffffff"),
        extended("extensions of 33 names", &format!("b821{many}")),
    ]
}
