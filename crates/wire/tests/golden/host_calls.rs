//! What host calls and their answers are made of.

use quorate_wire::*;

choices! {
    HostCall {
        Sign(one),
        Fetch(one),
        ActionKey { cid },
        Registry(one),
        Claim { key_id },
        Random,
        DecryptRoot,
        Open(one),
        Collect { name, value },
        RunOnce { name, wait },
        RunOnceResult { of, result },
        Call { cid, params },
        Rpc { chain, method },
        Pause { ms },
    }
    HostReply {
        Signed(one),
        Fetched { status, headers, body, url },
        Value(one),
        Error { code, message },
    }
    RegistryQuery {
        IsPermittedAction { token, cid },
        IsPermittedAddress { token, address },
        IsPermittedAuthMethod { token, method, id },
        PermittedActions { token },
        PermittedAddresses { token },
        PermittedAuthMethods { token },
        PermittedAuthMethodScopes { token, method, id, scopes },
    }
    RpcMethod { PublicUrl, BlockNumber, Call(one), TransactionCount { address }, ChainId }
    CallBlock { Named, Number(one) }
    SignKey { Pkp(one), Own }
    SignMessage { Digest(one), Personal(one), Bytes(one) }
    OpenWhat { Lit { data }, Container { salt } }
    Redirect { Follow, Error, Manual }
}

records! {
    SignRequest { key, message, name, recipient }
    OpenRequest { policy, form, what, to }
    FetchRequest { method, url, headers, body, redirect }
    ContractCall { to, data, from, value, gas, block }
    EcdsaAnswer { r, s, recovery_id }
}
