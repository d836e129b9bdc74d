//! Which packages a project's actions use: exact versions in the sources, hashes of everything in `quorate.lock.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The lock's name.
pub(super) const FILE: &str = "quorate.lock.json";

/// An import of a package, as the bundler found it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Import {
    /// The package.
    pub(super) name: String,
    /// What follows `@` behind `npm:name`.
    pub(super) version: Option<String>,
    /// Whether it was written with `npm:`.
    pub(super) pinned: bool,
    /// The source that imports it.
    pub(super) file: String,
}

/// One version for each package that is imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pins(BTreeMap<String, String>);

impl Pins {
    /// Takes versions from the imports themselves, or from the project's `package.json`.
    ///
    /// # Errors
    /// A range instead of a version, a package without one, or two of the same package.
    pub(super) fn of(imports: &[Import], project: &Path) -> Result<Self> {
        let mut pins = BTreeMap::<String, String>::new();
        let manifest = manifest(project)?;
        // What is written out decides, wherever it is written.
        for import in imports.iter().filter(|import| import.pinned && import.version.is_some()) {
            let version = import.version.clone().unwrap_or_default();
            exact(&import.file, &import.name, &version)?;
            match pins.insert(import.name.clone(), version.clone()) {
                Some(other) if other != version => {
                    bail!("{} is imported as {other} and as {version}; choose one", import.name)
                }
                _ => {}
            }
        }
        for import in imports.iter().filter(|import| !pins.contains_key(&import.name)).collect::<Vec<_>>() {
            let name = &import.name;
            let listed = ["dependencies", "devDependencies"]
                .iter()
                .find_map(|list| manifest.get(list)?.get(name)?.as_str());
            let version = listed.with_context(|| {
                format!(
                    "{}: no version of {name}; write \"npm:{name}@1.2.3\", or list it in package.json",
                    import.file
                )
            })?;
            exact("package.json", name, version)?;
            pins.insert(name.clone(), version.to_owned());
        }
        Ok(Pins(pins))
    }
}

fn manifest(project: &Path) -> Result<Value> {
    let path = project.join("package.json");
    if !path.is_file() {
        return Ok(Value::Null);
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
}

/// A version is three numbers, and what may follow them; never a range, a tag or an address.
fn exact(file: &str, name: &str, version: &str) -> Result<()> {
    let (numbers, rest) = version.split_at(version.find(['-', '+']).unwrap_or(version.len()));
    let numbers: Vec<&str> = numbers.split('.').collect();
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let plain = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte));
    ensure!(
        numbers.len() == 3 && numbers.iter().all(is_number) && plain && version.len() <= 64,
        "{file}: {name} is pinned to {version:?}, which is not one version such as 1.2.3: what it means today it may \
         not mean tomorrow, and the action's CID would change"
    );
    Ok(())
}

/// `quorate.lock.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    /// Version of the format: 1.
    version: u32,
    /// The bundler.
    bundler: String,
    /// What actions import, by name.
    pub(super) imports: BTreeMap<String, String>,
    /// Every package that comes with it, by place, as npm's own lock describes it.
    packages: BTreeMap<String, Map<String, Value>>,
}

/// A package that a bundle has something of.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Package {
    /// Its name.
    pub(super) name: String,
    /// Its version.
    pub(super) version: String,
    /// Hash of what npm gave, which it checked.
    pub(super) integrity: String,
}

impl Lock {
    /// Reads a project's lock; one that is not there is empty.
    pub(super) fn read(path: &Path) -> Result<Self> {
        if !path.is_file() {
            let bundler = super::bundler::BUNDLER.to_owned();
            return Ok(Lock { version: 1, bundler, imports: BTreeMap::new(), packages: BTreeMap::new() });
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let lock: Lock =
            serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
        ensure!(lock.version == 1, "{}: version {} is not supported", path.display(), lock.version);
        ensure!(
            lock.bundler == super::bundler::BUNDLER,
            "{} was made with {}, this is {}, which may bundle the same sources to another CID; remove the file to go on",
            path.display(),
            lock.bundler,
            super::bundler::BUNDLER
        );
        lock.check().with_context(|| path.display().to_string())?;
        Ok(lock)
    }

    /// Whether every pin is in it.
    pub(super) fn covers(&self, pins: &Pins) -> bool {
        pins.0.iter().all(|(name, version)| self.imports.get(name) == Some(version))
    }

    /// What is not, for people.
    pub(super) fn missing(&self, pins: &Pins) -> String {
        let missing = pins.0.iter().filter(|(name, version)| self.imports.get(*name) != Some(version));
        missing.map(|(name, version)| format!("{name}@{version}")).collect::<Vec<_>>().join(", ")
    }

    /// The same with these pins; what they bring along is not known yet.
    pub(super) fn with(mut self, pins: &Pins) -> Self {
        self.imports.extend(pins.0.clone());
        self
    }

    /// npm's `package.json` for it.
    pub(super) fn manifest(&self) -> Value {
        serde_json::json!({ "name": "locked", "private": true, "dependencies": self.imports })
    }

    /// npm's `package-lock.json` for it.
    pub(super) fn npm_lock(&self) -> Value {
        let mut packages = Map::new();
        packages.insert(String::new(), serde_json::json!({ "name": "locked", "dependencies": self.imports }));
        packages.extend(self.packages.iter().map(|(place, entry)| (place.clone(), entry.clone().into())));
        serde_json::json!({ "name": "locked", "lockfileVersion": 3, "requires": true, "packages": packages })
    }

    /// Takes what npm has resolved.
    pub(super) fn resolved(mut self, npm_lock: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct NpmLock {
            packages: BTreeMap<String, Map<String, Value>>,
        }
        let mut found: NpmLock = serde_json::from_str(npm_lock).context("npm's lock")?;
        found.packages.remove("");
        for entry in found.packages.values_mut() {
            // Where a package was downloaded from, and who pays for it, says nothing about what it is.
            entry.remove("resolved");
            entry.remove("funding");
        }
        self.packages = found.packages;
        self.check()?;
        Ok(self)
    }

    /// The file's text.
    pub(super) fn text(&self) -> Result<String> {
        Ok(format!("{}\n", serde_json::to_string_pretty(self)?))
    }

    /// The package at a place.
    pub(super) fn package(&self, place: &str) -> Option<Package> {
        let entry = self.packages.get(place)?;
        let text = |member| entry.get(member).and_then(Value::as_str).map(str::to_owned);
        let name = place.rsplit_once("node_modules/")?.1.to_owned();
        Some(Package { name, version: text("version")?, integrity: text("integrity")? })
    }

    /// Every package has a hash, every import is there in its version, and no place leaves the folder.
    fn check(&self) -> Result<()> {
        for (place, entry) in &self.packages {
            let parts: BTreeSet<&str> = place.split('/').collect();
            ensure!(
                place.starts_with("node_modules/") && !parts.contains("..") && !parts.contains("."),
                "{place:?} is no place of a package"
            );
            check_package(place, entry)?;
        }
        for (name, version) in &self.imports {
            let package = self.package(&format!("node_modules/{name}"));
            ensure!(
                package.is_some_and(|package| package.version == *version),
                "{name}@{version} is not locked"
            );
        }
        Ok(())
    }
}

/// A package is what the registry has under the name of its place, in one version and with its hash; and so is all that
/// it brings along.
fn check_package(place: &str, entry: &Map<String, Value>) -> Result<()> {
    let text = |member| entry.get(member).and_then(Value::as_str).unwrap_or_default();
    let elsewhere = ["resolved", "link", "inBundle"].iter().any(|member| entry.contains_key(*member));
    ensure!(!elsewhere, "{place} comes from elsewhere than the registry");
    // npm would follow that list, which is in no hash of this lock, to wherever it leads.
    ensure!(!entry.contains_key("hasShrinkwrap"), "{place} brings a list of packages of its own along");
    ensure!(is_hash(text("integrity")), "{place} has no SHA-512 hash");
    let name = place.rsplit_once("node_modules/").map_or(place, |(_, name)| name);
    if let Some(other) = entry.get("name") {
        bail!(
            "{place} is another name for the package {other}; only packages under their own names are bundled"
        );
    }
    exact(FILE, name, text("version"))?;
    for list in ["dependencies", "optionalDependencies", "peerDependencies"] {
        for (wanted, range) in entry.get(list).and_then(Value::as_object).into_iter().flatten() {
            ensure!(
                range.as_str().is_some_and(is_range),
                "{place} wants {wanted} as {range}, which is no range of versions: what comes by another name, a tag or \
                 an address is not bundled"
            );
        }
    }
    Ok(())
}

/// Whether a text is one SHA-512 hash and nothing beside it: npm passes over what it does not understand, and takes the rest.
fn is_hash(text: &str) -> bool {
    let digits = text.strip_prefix("sha512-");
    digits.and_then(|digits| STANDARD.decode(digits).ok()).is_some_and(|hash| hash.len() == 64)
}

/// Whether a text names versions of a package by their numbers, and by nothing else.
fn is_range(text: &str) -> bool {
    let part = |part: &str| {
        let number = part.trim_start_matches(['^', '~', '<', '>', '=', 'v']);
        let any = matches!(number, "" | "*" | "x" | "X" | "-");
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || b".-+*".contains(&byte);
        any || (number.starts_with(|first: char| first.is_ascii_digit()) && number.bytes().all(letters))
    };
    text.len() <= 256 && text.split("||").flat_map(|all| all.split(' ')).all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str) -> Import {
        let (name, version) =
            text.split_once('=').map_or((text, None), |(name, version)| (name, Some(version)));
        let version = version.map(str::to_owned);
        Import { name: name.to_owned(), pinned: version.is_some(), version, file: "a.ts".to_owned() }
    }

    fn pins(imports: &[&str], manifest: &str) -> Result<Pins> {
        let folder = std::env::temp_dir().join(format!("quorate-pins-{}-{:p}", std::process::id(), imports));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("package.json"), manifest).unwrap();
        let imports: Vec<Import> = imports.iter().map(|text| import(text)).collect();
        let pins = Pins::of(&imports, &folder);
        std::fs::remove_dir_all(folder).unwrap();
        pins
    }

    /// Puts hashes where the tests below write `sha512-x`.
    fn hashed(text: &str) -> String {
        text.replace("sha512-x", &format!("sha512-{}==", "A".repeat(86)))
    }

    #[test]
    fn a_hash_is_whole_and_has_nothing_beside_it() {
        let good = hashed("sha512-x");
        assert!(is_hash(&good));
        for bad in ["sha512-", "sha512- sha1-x", "sha1-x", &good[..93], &good.replace("==", "")] {
            assert!(!is_hash(bad), "{bad}");
        }
        for more in [" sha1-x", "\u{1b}[2K", " ", "\n", "?options"] {
            assert!(!is_hash(&format!("{good}{more}")), "{more:?}");
        }
    }

    #[test]
    fn a_version_is_written_once_and_exactly() {
        let manifest =
            r#"{"dependencies":{"viem":"2.0.0","ethers":"^6.0.0"},"devDependencies":{"@a/b":"1.0.0-rc.1"}}"#;
        let found = pins(&["viem", "@a/b", "zod=3.1.2", "zod"], manifest).unwrap();
        let expected = [("@a/b", "1.0.0-rc.1"), ("viem", "2.0.0"), ("zod", "3.1.2")];
        assert_eq!(found.0, expected.map(|(name, version)| (name.to_owned(), version.to_owned())).into());
        for imports in [&["ethers"][..], &["left-pad"], &["zod=3.1.2", "zod=3.1.3"]] {
            assert!(pins(imports, manifest).is_err(), "{imports:?}");
        }
        for version in
            ["^1.0.0", "~1.0.0", "1", "1.0", "1.x.0", "latest", "", "1.0.0 || 2.0.0", ">=1.0.0", "file:../x"]
        {
            let import = format!("zod={version}");
            assert!(pins(&[&import], "{}").is_err(), "{version}");
        }
    }

    #[test]
    fn a_lock_has_a_hash_for_everything_and_stays_in_its_folder() {
        let entry = |members: &str| {
            format!(r#"{{"packages":{{"":{{}},"node_modules/zod":{{"version":"3.1.2"{members}}}}}}}"#)
        };
        let empty = Lock {
            version: 1,
            bundler: String::new(),
            imports: [("zod".to_owned(), "3.1.2".to_owned())].into(),
            packages: BTreeMap::new(),
        };
        let good = entry(r#","integrity":"sha512-x","resolved":"elsewhere""#);
        let lock = empty.clone().resolved(&hashed(&good)).unwrap();
        assert_eq!(lock.package("node_modules/zod").unwrap().integrity, hashed("sha512-x"));
        assert!(!lock.text().unwrap().contains("elsewhere"));
        assert_eq!(serde_json::from_str::<Lock>(&lock.text().unwrap()).unwrap(), lock);
        for bad in [
            entry(""),
            entry(r#","integrity":"sha1-x""#),
            entry(r#","integrity":"sha512-x","link":true"#),
            good.replace("3.1.2", "3.1.3"),
            good.replace("node_modules/zod", "node_modules/../../zod"),
            good.replace("node_modules/zod", "/zod"),
            entry(r#","integrity":"sha512-x","name":"not-zod""#),
            entry(r#","integrity":"sha512-x","inBundle":true"#),
            entry(r#","integrity":"sha512-x","hasShrinkwrap":true"#),
        ] {
            assert!(empty.clone().resolved(&hashed(&bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_packages_bring_along_is_pinned_as_they_are() {
        let lock = |second: &str| {
            let text = format!(
                r#"{{"packages":{{"":{{}},"node_modules/zod":{{"version":"3.1.2","integrity":"sha512-x"}},
                    "node_modules/zod/node_modules/@a/b":{{"integrity":"sha512-x",{second}}}}}}}"#
            );
            let imports = [("zod".to_owned(), "3.1.2".to_owned())].into();
            let empty = Lock { version: 1, bundler: String::new(), imports, packages: BTreeMap::new() };
            empty.resolved(&hashed(&text)).map(|_| ()).map_err(|error| error.to_string())
        };
        for good in [
            r#""version":"1.0.0-rc.1","dependencies":{"c":"^1.2.3","d":">=1 <2.0.0 || ~3.x","e":"*","f":"1.0.0 - 2","g":""}"#,
            r#""version":"1.0.0","peerDependencies":{"h":"^3 >=3.22.0 || ^4.0.0-beta.1"}"#,
        ] {
            assert_eq!(lock(good), Ok(()), "{good}");
        }
        for version in [
            "^1.0.0",
            "latest",
            "",
            "file:../x",
            "git+ssh://a.example/b.git",
            "http://a.example/b.tgz",
            "1.x",
        ] {
            let error = lock(&format!(r#""version":{version:?}"#)).unwrap_err();
            assert!(error.contains("not one version"), "{version}: {error}");
        }
        for range in [
            "npm:other@1.0.0",
            "file:../x",
            "git+https://a.example/b",
            "http://a.example/b.tgz",
            "a/b",
            "latest",
            "next",
        ] {
            for list in ["dependencies", "optionalDependencies", "peerDependencies"] {
                let error = lock(&format!(r#""version":"1.0.0","{list}":{{"c":{range:?}}}"#)).unwrap_err();
                assert!(error.contains("no range of versions"), "{range}: {error}");
            }
        }
    }
}
