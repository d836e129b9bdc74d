use super::*;

fn wallet() -> WalletLogin {
    WalletLogin { message: "text".to_owned(), signature: "0x01".to_owned(), rz: Digest([3; 32]) }
}

fn terms() -> SessionTerms {
    let capabilities = vec!["quorate:decrypt/*".to_owned()];
    SessionTerms { session: SessionKey([4; 32]), expires_ms: 5, capabilities, rz: Digest([6; 32]) }
}

fn oidc() -> Proof {
    Proof::Oidc(OidcLogin { token: "a.b.c".to_owned(), terms: terms() })
}

fn passkey() -> PasskeyLogin {
    PasskeyLogin {
        rp_id: "localhost".to_owned(),
        public_key: vec![1],
        authenticator_data: vec![2],
        client_data: vec![3],
        signature: vec![4],
        credential_id: None,
        block: BlockRef { number: 7, hash: Digest([8; 32]) },
        terms: terms(),
    }
}

#[test]
fn the_hash_of_a_login_is_frozen_and_of_all_its_bytes() {
    let good = Login::from(wallet());
    assert_eq!(good.hash().to_string(), "0x4c29b6fc2de9d00f81e452ea6359db47feadd7d142971210353f6a82fee27c06");
    let others = [
        WalletLogin { message: "tex".to_owned(), signature: "t0x01".to_owned(), ..wallet() },
        WalletLogin { message: "texT".to_owned(), ..wallet() },
        WalletLogin { signature: "0X01".to_owned(), ..wallet() },
        WalletLogin { rz: Digest([4; 32]), ..wallet() },
    ];
    for other in others.map(Login::from) {
        assert_ne!(other.hash(), good.hash());
        assert_eq!(other.check_named(&good.hash()).unwrap_err().code, ErrorCode::LoginMismatch);
    }
    assert_eq!(good.check_named(&good.hash()), Ok(()));
}

#[test]
fn every_part_of_a_passkeys_login_is_in_its_hash() {
    let good = Proof::Passkey(passkey()).hash();
    let changes: [fn(&mut PasskeyLogin); 12] = [
        |login| login.rp_id.push('x'),
        |login| login.public_key.push(0),
        |login| login.authenticator_data.push(0),
        |login| login.client_data.push(0),
        |login| login.signature.push(0),
        |login| login.credential_id = Some("x".to_owned()),
        |login| login.block.number += 1,
        |login| login.block.hash.0[0] ^= 1,
        |login| login.terms.session.0[0] ^= 1,
        |login| login.terms.expires_ms += 1,
        |login| login.terms.capabilities.push(String::new()),
        |login| login.terms.rz.0[0] ^= 1,
    ];
    for (place, change) in changes.iter().enumerate() {
        let mut other = passkey();
        change(&mut other);
        assert_ne!(Proof::Passkey(other).hash(), good, "{place}");
    }
}

#[test]
fn several_logins_are_two_to_four_in_an_order_and_none_is_in_another() {
    let two = Login::several(vec![oidc(), Proof::Passkey(passkey())]).unwrap();
    let turned = Login::several(vec![Proof::Passkey(passkey()), oidc()]).unwrap();
    assert_ne!(two.hash(), turned.hash());
    assert!(Login::several(vec![oidc()]).is_err() && Login::several(vec![oidc(); 5]).is_err());
    for login in [two.clone(), oidc().into(), Proof::Passkey(passkey()).into(), wallet().into()] {
        let text = serde_json::to_string(&login).unwrap();
        assert_eq!(serde_json::from_str::<Login>(&text).unwrap(), login, "{text}");
    }
    let of = |logins: &[&str]| format!(r#"{{"kind":"several","logins":[{}]}}"#, logins.join(","));
    let one = serde_json::to_string(&Login::from(oidc())).unwrap();
    let both = serde_json::to_string(&two).unwrap();
    assert!(serde_json::from_str::<Login>(&of(&[&one, &one])).is_ok());
    for bad in [of(&[]), of(&[&one]), of(&[&both, &one]), of(&[one.as_str(); 5])] {
        assert!(serde_json::from_str::<Login>(&bad).is_err(), "{bad}");
    }
    let more = one.replacen('{', r#"{"more":1,"#, 1);
    assert!(serde_json::from_str::<Login>(&more).is_err(), "{more}");
}

#[test]
fn no_json_of_a_login_is_kept_beyond_its_bound() {
    let read = |text: String| serde_json::from_str::<Login>(&text).map_err(|error| error.to_string());
    let zeros = vec!["0"; JSON_BYTES_MAX / 2].join(",");
    for text in
        [format!(r#"{{"kind":"wallet","x":[{zeros}]}}"#), format!(r#"{{"x":[{zeros}],"kind":"wallet"}}"#)]
    {
        assert!(read(text).unwrap_err().contains("more than"));
    }
    let most = WalletLogin { message: "\n".repeat(LOGIN_MESSAGE_BYTES_MAX - 1), ..wallet() };
    let login = Login::from(most);
    assert_eq!(read(serde_json::to_string(&login).unwrap()), Ok(login));
}

#[test]
fn a_long_login_is_refused_before_it_is_hashed() {
    let code = |login: Login| login.check_named(&login.hash()).err().map(|problem| problem.code);
    let long = |text: usize, signature: usize| {
        // It would be the named one, if anybody hashed it.
        code(WalletLogin { message: "x".repeat(text), signature: "0".repeat(signature), ..wallet() }.into())
    };
    let most = (LOGIN_MESSAGE_BYTES_MAX, LOGIN_SIGNATURE_BYTES_MAX);
    assert_eq!(long(most.0, most.1), None);
    let four = Login::several(vec![oidc(), oidc(), Proof::Wallet(wallet()), oidc()]).unwrap();
    assert_eq!(code(four), None);
    let half = Proof::Wallet(WalletLogin { message: "x".repeat(most.0), ..wallet() });
    assert_eq!(code(Login::several(vec![half.clone(), half]).unwrap()), Some(ErrorCode::LoginInvalid));
    assert_eq!(long(most.0 + 1, 1), Some(ErrorCode::LoginInvalid));
    assert_eq!(long(1, most.1 + 1), Some(ErrorCode::LoginInvalid));
    let token = |bytes: usize| {
        let terms = SessionTerms { capabilities: Vec::new(), ..terms() };
        code(Proof::Oidc(OidcLogin { token: "x".repeat(bytes), terms }).into())
    };
    assert_eq!(token(LOGIN_PROOF_BYTES_MAX), None);
    assert_eq!(token(LOGIN_PROOF_BYTES_MAX + 1), Some(ErrorCode::LoginInvalid));
    let mut many = passkey();
    many.terms.capabilities = vec![String::new(); CAPABILITIES_MAX + 1];
    assert_eq!(code(Proof::Passkey(many).into()), Some(ErrorCode::LoginInvalid));
}

#[test]
fn a_block_among_the_terms_makes_another_nonce() {
    let (network, capabilities) = (NetworkId([1; 32]), ["quorate:decrypt/*".parse().unwrap()]);
    let terms = |block| LoginTerms {
        session: SessionKey([4; 32]),
        expires_ms: 5,
        capabilities: &capabilities,
        rz: Digest([6; 32]),
        block,
    };
    let nonces = [None, Some(Digest([0; 32])), Some(Digest([1; 32]))]
        .map(|block| login_nonce(&network, "localhost", &terms(block)));
    assert!(nonces[0] != nonces[1] && nonces[1] != nonces[2] && nonces[0] != nonces[2]);
}
