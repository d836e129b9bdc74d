use super::*;
use crate::testing::TestFolder;

fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = TestFolder::new();
    let path = folder.path().join("node.toml");
    fs::write(&path, text).unwrap();
    Config::load(&path)
}

fn endpoint() -> EndpointConfig {
    EndpointConfig {
        http: "https://a.example".to_owned(),
        quic: "a.example:7570".to_owned(),
        private_http: Some("http://10.0.0.1:7470".to_owned()),
        private_quic: Some("10.0.0.1:7570".to_owned()),
    }
}

#[test]
fn what_is_written_reads_back() {
    let mut config = Config { chain_rpc: "http://a.example/key".into(), ..Config::default() };
    assert_eq!(toml::from_str::<Config>(&config.to_toml()).unwrap(), config);
    config.code.gateways = vec!["https://b.example/key".into(), "https://c.example".into()];
    let chain = ChainConfig { rpc: "https://d.example/key".into(), chain_id: 1, public_url: None };
    config.payer = Some("/keys/payer.key".into());
    config.endpoint = Some(endpoint());
    config.chains = [("a".to_owned(), chain.clone()), ("b".to_owned(), chain)].into();
    assert_eq!(toml::from_str::<Config>(&config.to_toml()).unwrap(), config);
}

#[test]
fn the_operators_page_names_every_key() {
    let page = include_str!("../../../../docs/operating.md");
    let mut config = serde_json::to_value(Config::default()).unwrap();
    let chain = ChainConfig { rpc: SecretUrl::default(), chain_id: 1, public_url: Some(String::new()) };
    config["chains"]["NAME"] = serde_json::to_value(chain).unwrap();
    config["endpoint"] = serde_json::to_value(endpoint()).unwrap();
    config["chain_snapshot"] = serde_json::json!({ "file": "", "block": "" });
    let mut unseen = vec![(String::new(), config)];
    while let Some((name, value)) = unseen.pop() {
        match value {
            serde_json::Value::Object(members) => {
                let dot = if name.is_empty() { "" } else { "." };
                unseen.extend(members.into_iter().map(|(key, value)| (format!("{name}{dot}{key}"), value)));
            }
            _ => assert!(page.contains(&format!("| `{name}` |")), "docs/operating.md lacks {name}"),
        }
    }
}

/// A number as the page has it: sizes in the largest unit that divides them.
fn shown(setting: &str, number: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fits = |(shift, _): &(u32, &str)| number >= 1 << shift && number.is_multiple_of(1 << shift);
    match units.into_iter().find(fits).filter(|_| setting.contains("bytes")) {
        Some((shift, unit)) => format!("{} {unit}", number >> shift),
        None => number.to_string(),
    }
}

#[test]
fn the_operators_page_has_the_defaults() {
    let page = include_str!("../../../../docs/operating.md");
    let mut unseen = vec![(String::new(), serde_json::to_value(Config::default()).unwrap())];
    let mut compared = 0;
    while let Some((name, value)) = unseen.pop() {
        let shown = match &value {
            serde_json::Value::Object(members) => {
                let dot = if name.is_empty() { "" } else { "." };
                unseen
                    .extend(members.iter().map(|(key, value)| (format!("{name}{dot}{key}"), value.clone())));
                continue;
            }
            // Nothing, or a list without entries: what then happens stands there in words.
            serde_json::Value::Null | serde_json::Value::Array(_) => continue,
            // Shown as it is to be written.
            serde_json::Value::String(_) if name == "chain_rpc" => "`http://127.0.0.1:8545`".to_owned(),
            serde_json::Value::String(text) => format!("`{text}`"),
            serde_json::Value::Number(number) => shown(&name, number.as_u64().unwrap()),
            serde_json::Value::Bool(flag) => format!("`{flag}`"),
        };
        assert!(page.contains(&format!("| `{name}` | {shown} |")), "docs/operating.md: {name} is {shown}");
        compared += 1;
    }
    assert!(compared > 25, "{compared}");
}

#[test]
fn the_operators_page_has_the_bounds_of_every_number() {
    let page = include_str!("../../../../docs/operating.md");
    let table = page.split("| number | least | most |\n|---|---|---|\n").nth(1).unwrap_or_default();
    let table: Vec<&str> = table.lines().take_while(|line| line.starts_with('|')).collect();
    let config = Config::default();
    let bounds: Vec<Bound> = config.bounds().collect();
    let line = |bound: &Bound| {
        let most = bound.most.map_or("–".to_owned(), |most| shown(bound.setting, most));
        format!("| `{}` | {} | {most} |", bound.setting, shown(bound.setting, bound.least))
    };
    let expected: Vec<String> = bounds.iter().map(line).collect();
    assert_eq!(table, expected, "the table in docs/operating.md has to be:\n{}", expected.join("\n"));

    // No number is without a bound.
    let written = serde_json::to_value(&config).unwrap();
    for section in ["limits", "code"] {
        let numbers = written[section].as_object().unwrap().iter().filter(|(_, value)| value.is_number());
        for (key, _) in numbers {
            let setting = format!("{section}.{key}");
            assert!(bounds.iter().any(|bound| bound.setting == setting), "{setting}");
        }
    }
}

#[test]
fn a_number_is_refused_beyond_its_bounds_and_not_at_them() {
    for bound in Config::default().bounds() {
        let (section, key) = bound.setting.split_once('.').unwrap();
        // Of two rates one must not be above the other.
        let other = if key == "login_per_second" { "executions_per_second = 10000\n" } else { "" };
        let other = if key == "executions_per_second" { "login_per_second = 1\n" } else { other };
        let load = |value: u64| load(&format!("[{section}]\n{other}{key} = {value}"));
        let refused = |value: u64| matches!(load(value), Err(ConfigError::Refused { setting, .. }) if setting == bound.setting);
        assert!(load(bound.least).is_ok(), "{bound:?}");
        assert!(bound.least == 0 || refused(bound.least - 1), "{bound:?}");
        if let Some(most) = bound.most {
            assert!(load(most).is_ok() && refused(most + 1), "{bound:?}");
        }
    }
}

#[test]
fn refuses_unknown_fields_at_any_depth() {
    for text in [
        "colour = 1",
        "[limits]\ncolour = 1",
        "[egress]\ncolour = 1",
        "[code]\ncolour = 1",
        "[keys]\nmaster = \"x\"",
    ] {
        assert!(matches!(load(text), Err(ConfigError::Form { .. })), "{text}");
    }
}

#[test]
fn no_address_of_a_server_that_may_hold_a_key_is_shown() {
    let text = "chain_rpc = \"http://secret-key@127.0.0.1/secret-key\"
        [chains.base]\nrpc = \"https://secret-key.example/secret-key\"\nchain_id = 8453
        [code]\ngateways = [\"https://gateway.example/secret-key\"]";
    let config = load(text).unwrap();
    assert_eq!(config.chains["base"].chain_id, 8453);
    assert!(!config.to_string().contains("secret-key"), "{config}");
    assert!(!format!("{config:?}").contains("secret-key"), "{config:?}");
    for refused in [
        "chain_rpc = \"http://secret-key",
        "chain_rpc = \"http://secret-key\" x",
        "[chains.base]\nrpc = \"ftp://secret-key\"\nchain_id = 8453",
        "[chains.base]\nrpc = \"https://secret-key\"",
        "[code]\ngateways = [\"ftp://secret-key\"]",
        "[code]\ngateways = [\"https://a.example/secret-key?x\"]",
    ] {
        let error = load(refused).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("secret-key"), "{said}");
    }
    for refused in
        ["[chains.quorate]\nrpc = \"http://a\"\nchain_id = 1", "[chains.a]\nrpc = \"ftp://a\"\nchain_id = 1"]
    {
        assert!(matches!(load(refused), Err(ConfigError::Refused { setting: "chains", .. })), "{refused}");
    }
}

#[test]
fn the_networks_list_of_hosts_is_checked_and_part_of_its_id() {
    use quorate_wire::NetworkFile;
    let read = |hosts: Option<&[&str]>| {
        let mut network = crate::testing::network();
        network.allow_hosts = hosts.map(|list| list.iter().map(|&host| host.to_owned()).collect());
        NetworkFile::parse(&serde_json::to_string(&network).unwrap()).map(|network| network.id())
    };
    let none = read(None).unwrap();
    let ids = [none, read(Some(&[])).unwrap(), read(Some(&["a.example"])).unwrap()];
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    assert!(read(Some(&["A.example"])).is_err_and(|error| error.contains("A.example")));
    let mut network = crate::testing::network();
    network.limits.memory_bytes = 1 << 30;
    let refused = NetworkFile::parse(&serde_json::to_string(&network).unwrap()).unwrap_err();
    assert!(refused.starts_with("limits.memory_bytes is 1073741824"), "{refused}");
    let text = serde_json::to_string(&crate::testing::network()).unwrap();
    assert!(!text.contains("allow_hosts"), "a file without a list is read by older nodes");
}

#[test]
fn paths_are_relative_to_the_file() {
    let config = load("data_folder = \"store\"\nnetwork_file = \"/etc/network.json\"").unwrap();
    assert!(config.data_folder.is_absolute() && config.data_folder.ends_with("store"));
    assert_eq!(config.network_file, Path::new("/etc/network.json"));
    assert!(config.keys.sealing.ends_with("keys/sealing.key"));
}

#[test]
fn refuses_limits_out_of_range() {
    for limits in ["workers = 0", "executions_per_second = 0", "login_per_second = 401"] {
        let refused = load(&format!("[limits]\n{limits}"));
        assert!(matches!(refused, Err(ConfigError::Refused { .. })), "{limits}");
    }
    let moat = load("required_walls = [\"seccomp\", \"moat\"]");
    assert!(matches!(moat, Err(ConfigError::Refused { setting: "required_walls", .. })));
    assert!(load("required_walls = [\"seccomp\"]").is_ok());
    let back =
        |text: &str| load(&format!("accept_rollback_to = {text:?}")).and_then(|config| config.rollback());
    let head = BlockRef { number: 12, hash: quorate_wire::Digest([0xab; 32]) };
    assert_eq!(back(&format!("12:{}", head.hash)).unwrap(), Some(head));
    for text in ["12", "true", "12:0xab", ":"] {
        assert!(matches!(back(text), Err(ConfigError::Refused { setting: "accept_rollback_to", .. })));
    }
    assert!(matches!(load("[code]\ncache_bytes = 1"), Err(ConfigError::Refused { .. })));
    for gateway in ["gateway.example", "ftp://gateway.example", "https://a@b", "https://a/?x", "https://a/#x"]
    {
        let text = format!("[code]\ngateways = [{gateway:?}]");
        assert!(
            matches!(load(&text), Err(ConfigError::Refused { setting: "code.gateways", .. })),
            "{gateway}"
        );
    }
    assert!(load("[code]\ngateways = [\"https://gateway.example/\"]").is_ok());
    assert!(matches!(load("worker = []"), Err(ConfigError::Refused { setting: "worker", .. })));
}

#[test]
fn walls_are_demanded_unless_it_is_a_development_network() {
    let walls = |text: &str, wildcard_sessions| {
        let network = NetworkFile { wildcard_sessions, ..crate::testing::network() };
        load(text).unwrap().walls(&network).unwrap()
    };
    let demanded = [Wall::Seccomp, Wall::Landlock, Wall::Privileges, Wall::ResourceLimits];
    assert_eq!(walls("", false), demanded.into_iter().collect());
    assert_eq!(walls("", true), Walls::NONE);
    for development in [false, true] {
        assert_eq!(walls("required_walls = []", development), Walls::NONE);
        let one = walls("required_walls = [\"oom_score\"]", development);
        assert_eq!(one, [Wall::OomScore].into_iter().collect());
    }
}

#[cfg(not(feature = "faults"))]
#[test]
fn refuses_fault_switches_in_a_build_without_them() {
    assert!(matches!(
        load("[faults]\nalter_digest = 1"),
        Err(ConfigError::Refused { setting: "faults", .. })
    ));
}

#[test]
fn an_endpoint_is_refused_unless_others_can_use_it() {
    let text = "[endpoint]\nhttp = \"https://a.example\"\nquic = \"a.example:7570\"";
    assert_eq!(load(text).unwrap().place().unwrap().unwrap().private, None);
    let private = format!("{text}\nprivate_quic = \"10.0.0.1:7570\"");
    assert!(matches!(load(&private), Err(ConfigError::Refused { setting: "endpoint", .. })));
    let private = format!("{private}\nprivate_http = \"http://10.0.0.1:7470\"");
    let place = load(&private).unwrap().place().unwrap().unwrap();
    assert!(place.private.is_some());
    assert_eq!(EndpointConfig::from(place.clone()).place().unwrap(), place);
    for text in [
        "[endpoint]\nhttp = \"a.example\"\nquic = \"a.example:7570\"",
        "[endpoint]\nhttp = \"https://a.example\"\nquic = \"a.example\"",
    ] {
        assert!(matches!(load(text), Err(ConfigError::Refused { setting: "endpoint", .. })), "{text}");
    }
    assert!(matches!(load("[endpoint]\nhttp = \"https://a.example\""), Err(ConfigError::Form { .. })));
}

#[test]
fn an_approved_proposal_is_looked_for_beside_the_network_file() {
    let folder = TestFolder::new();
    let at = |name: &str| folder.path().join(name);
    let config = Config { network_file: at("network.json"), ..Config::default() };
    assert!(config.load_approved().unwrap().is_none());
    let named = Config { approved_file: Some(at("approved.json")), ..config.clone() };
    assert!(matches!(named.load_approved(), Err(ConfigError::Io { .. })), "what is named has to be there");
    fs::write(at("approved.json"), "{}").unwrap();
    assert!(matches!(config.load_approved(), Err(ConfigError::Form { .. })));
    let approved = crate::testing::founded(0).0;
    fs::write(at("approved.json"), serde_json::to_string(&approved).unwrap()).unwrap();
    assert_eq!(config.load_approved().unwrap(), Some((at("approved.json"), approved)));
}
