//! Node.js and npm as the user has installed them: no program, no setting and no variable that a project could have put in
//! their way.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output as Ended, Stdio};

use anyhow::{Context as _, Result};

/// Lines of a program's own words that are shown when it fails: its code and what it wanted come first.
const LINES_SHOWN: usize = 4;
/// Of npm's settings in the environment: how it reaches a registry. What it gives is compared with hashes.
const NPM_SETTINGS: &[&str] = &[
    "registry",
    "cache",
    "userconfig",
    "globalconfig",
    "proxy",
    "https_proxy",
    "noproxy",
    "ca",
    "cafile",
    "cert",
    "key",
    "offline",
    "prefer_offline",
];
/// What Node.js gets of the environment while it bundles, beside its path.
const NODE_VARIABLES: &[&str] = &["HOME", "TMPDIR", "LANG"];

/// A command for Node.js that runs in this folder.
pub(super) fn node(folder: &Path) -> Result<Command> {
    let mut command = installed("node", std::env::var_os("PATH"), folder)?;
    let path = command.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, value)| value);
    let path = path.map(OsStr::to_owned);
    command.env_clear();
    for name in NODE_VARIABLES {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    command.envs(path.map(|path| ("PATH", path)));
    Ok(command)
}

/// A command for npm that runs in this folder, by the settings of it and of the user.
pub(super) fn npm(folder: &Path) -> Result<Command> {
    let mut command = installed("npm", std::env::var_os("PATH"), folder)?;
    for (name, _) in std::env::vars_os().filter(|(name, _)| !is_kept(name)) {
        command.env_remove(name);
    }
    // Without the first, npm looks above the folder for a project that names it as a part of its own.
    command.args([
        "--no-workspaces",
        "--ignore-scripts",
        "--include=optional",
        "--no-audit",
        "--no-fund",
        "--prefer-offline",
        "--fetch-retries=1",
        "--loglevel=error",
    ]);
    Ok(command)
}

/// Whether npm gets a variable. `npm run` passes everything on that the `.npmrc` of a project says.
fn is_kept(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    match name.strip_prefix("npm_") {
        None => !matches!(name.as_str(), "node_options" | "node_path" | "init_cwd"),
        Some(rest) => rest.strip_prefix("config_").is_some_and(|setting| {
            // A registry of a scope, and what one asks its users for.
            let of_registry = setting.starts_with('@') || setting.starts_with("//");
            of_registry || NPM_SETTINGS.contains(&setting.replace('-', "_").as_str())
        }),
    }
}

/// A program of the search path, in folders that do not depend on where this program was started.
fn installed(name: &str, path: Option<OsString>, folder: &Path) -> Result<Command> {
    let trusted = |folder: &PathBuf| {
        folder.is_absolute() && !folder.components().any(|part| part.as_os_str() == "node_modules")
    };
    let path = path.unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).filter(trusted).collect();
    let program = folders.iter().map(|folder| folder.join(name)).find(|program| program.is_file());
    let program = program.with_context(|| {
        format!("{name} is not installed; bundling needs Node.js 18 or later and npm, on Debian: apt-get install nodejs npm")
    })?;
    let mut command = Command::new(program);
    command.env("PATH", std::env::join_paths(folders)?).current_dir(folder);
    Ok(command)
}

/// Runs a program to its end.
pub(super) fn run(command: &mut Command, input: &[u8]) -> Result<Ended> {
    let name = command.get_program().to_string_lossy().into_owned();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("{name} cannot be started"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that has ended early says why by itself.
        let _ = stdin.write_all(input);
    }
    child.wait_with_output().with_context(|| format!("running {name}"))
}

/// The beginning of what a program said.
pub(super) fn first_lines(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[..lines.len().min(LINES_SHOWN)].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_a_project_are_not_found() {
        let folder = std::env::temp_dir().join(format!("quorate-tools-{}", std::process::id()));
        let (theirs, ours) = (folder.join("project/node_modules/.bin"), folder.join("bin"));
        for place in [&theirs, &ours] {
            std::fs::create_dir_all(place).unwrap();
            std::fs::write(place.join("npm"), "").unwrap();
        }
        let path = std::env::join_paths([Path::new("."), Path::new("node_modules/.bin"), &theirs, &ours]);
        let command = installed("npm", Some(path.unwrap()), &folder).unwrap();
        assert_eq!(command.get_program(), ours.join("npm"));
        let path = command.get_envs().find(|(name, _)| *name == "PATH").unwrap().1;
        assert_eq!(path, Some(ours.as_os_str()));
        assert!(installed("npm", Some(theirs.into()), &folder).is_err());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn npm_is_told_how_to_reach_a_registry_and_nothing_else() {
        for kept in [
            "PATH",
            "HTTPS_PROXY",
            "npm_config_registry",
            "NPM_CONFIG_USERCONFIG",
            "npm_config_https-proxy",
            "npm_config_@a:registry",
            "npm_config_//registry.example/:_authToken",
        ] {
            assert!(is_kept(kept.as_ref()), "{kept}");
        }
        for dropped in [
            "NODE_OPTIONS",
            "npm_config_node_options",
            "npm_config_script_shell",
            "npm_config_workspace",
            "npm_config_ignore_scripts",
            "npm_config_prefix",
            "npm_config_local_prefix",
            "npm_config_git",
            "npm_execpath",
            "npm_package_json",
        ] {
            assert!(!is_kept(dropped.as_ref()), "{dropped}");
        }
    }
}
