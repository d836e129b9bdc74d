//! What a test file can ask for.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use quorate_actions::Engine;
use quorate_wire::{HostCall, HostReply};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Tested, diff};
use crate::action::readable::Readable;
use crate::action::simulate::{Fixtures, Simulation};

/// Where the harness sends its questions.
const HOST: &str = "https://host.quorate.invalid/";
/// The name that the engine gives to the script that it runs.
const SCRIPT: &str = "action.js";
/// Largest file that a test reads.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Answers one test file.
pub(super) struct Answers<'a> {
    engine: &'a Engine,
    path: &'a Path,
    readable: Readable,
    /// Random values that it has drawn.
    randoms: u32,
    pub(super) tested: Vec<Tested>,
    /// The test that has begun and not ended.
    pub(super) running: Option<String>,
}

/// A question of the harness.
#[derive(Deserialize)]
#[serde(untagged)]
enum Question {
    Simulate { simulate: What },
    Names { names: What },
    Read { read: String },
    Begins { begins: String },
    Result(TestResult),
}

/// Which of the questions that are long it is.
#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow, default)]
    simulate: Option<&'a RawValue>,
    #[serde(borrow, default)]
    names: Option<&'a RawValue>,
}

/// What to simulate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct What {
    /// A file.
    #[serde(default)]
    action: Option<String>,
    /// The source itself.
    #[serde(default)]
    code: Option<String>,
    /// An object, or a file with one.
    #[serde(default)]
    params: Value,
    /// An object, or a file with one.
    #[serde(default)]
    fixtures: Option<Box<RawValue>>,
}

/// How a test ended.
#[derive(Deserialize)]
struct TestResult {
    result: String,
    ok: bool,
    #[serde(default)]
    message: String,
    #[serde(default)]
    stack: String,
    #[serde(default)]
    expected: Option<String>,
    #[serde(default)]
    actual: Option<String>,
}

impl<'a> Answers<'a> {
    pub(super) fn new(engine: &'a Engine, path: &'a Path) -> Result<Self> {
        Ok(Self {
            engine,
            path,
            readable: Readable::by(path)?,
            randoms: 0,
            tested: Vec::new(),
            running: None,
        })
    }

    /// Answers a host call of the test file.
    pub(super) fn answer(&mut self, op: &HostCall) -> HostReply {
        let asked = match op {
            HostCall::Fetch(fetch) if fetch.url == HOST => &fetch.body,
            // The same in every run of the file, so that a test that fails can be repeated.
            HostCall::Random => {
                self.randoms += 1;
                let hash = Sha256::digest(format!("quorate/test-file-random/v1\0{}", self.randoms));
                return HostReply::Value(json!(hex::encode(hash)).to_string());
            }
            _ => {
                return HostReply::Error {
                    code: "not_supported".to_owned(),
                    message: "a test file has no network and no keys; it has `simulate`".to_owned(),
                };
            }
        };
        let answer = match self.question(asked) {
            Ok(value) => json!({ "value": value }),
            Err(error) => json!({ "error": format!("{error:#}") }),
        };
        HostReply::Fetched {
            status: 200,
            headers: Vec::new(),
            body: answer.to_string().into_bytes(),
            url: HOST.to_owned(),
        }
    }

    fn question(&mut self, asked: &[u8]) -> Result<Value> {
        // Told apart by hand: the error of an untagged enum does not say which member is wrong.
        // From the text itself, so that fixtures keep the order of their members and the digits of their numbers.
        let what =
            |text: &RawValue, name: &'static str| serde_json::from_str::<What>(text.get()).context(name);
        let question = match serde_json::from_slice(asked)? {
            Asked { simulate: Some(text), .. } => Question::Simulate { simulate: what(text, "simulate")? },
            Asked { names: Some(text), .. } => Question::Names { names: what(text, "names")? },
            Asked { .. } => serde_json::from_slice(asked)?,
        };
        match question {
            Question::Simulate { simulate } => self.simulation(simulate)?.run(self.engine, None),
            Question::Names { names } => self.simulation(names)?.names(),
            Question::Read { read } => Ok(json!(self.read(&read)?)),
            Question::Begins { begins } => {
                self.running = Some(begins);
                Ok(Value::Null)
            }
            Question::Result(result) => {
                self.running = None;
                self.tested.push(self.tested(result));
                Ok(Value::Null)
            }
        }
    }

    fn simulation(&self, what: What) -> Result<Simulation> {
        let code = match (what.action, what.code) {
            (Some(path), None) => self.read(&path)?,
            (None, Some(code)) => code,
            _ => bail!("simulate takes `action`, a file, or `code`, a text"),
        };
        let fixtures = match what.fixtures.as_deref().map(RawValue::get) {
            None => Fixtures::default(),
            Some(text) => match serde_json::from_str::<String>(text) {
                Ok(path) => Fixtures::read(&self.readable.file(&path, FILE_BYTES_MAX)?)?,
                Err(_) => Fixtures::from_json(text)?,
            },
        };
        let params = match what.params {
            Value::Null => "{}".to_owned(),
            Value::String(path) => self.read(&path)?,
            object => object.to_string(),
        };
        Ok(Simulation { code: code.into_bytes(), params, fixtures, readable: self.readable.clone() })
    }

    fn read(&self, path: &str) -> Result<String> {
        let path = self.readable.file(path, FILE_BYTES_MAX)?;
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }

    fn tested(&self, result: TestResult) -> Tested {
        if result.ok {
            return Tested { name: result.result, failure: None };
        }
        let mut failure = result.message;
        if let (Some(expected), Some(actual)) = (&result.expected, &result.actual) {
            failure.push('\n');
            failure.push_str(&diff::readable(expected, actual));
        }
        // The frames of the test file itself; those of the harness are all on its first line.
        let frames = result.stack.lines().map(str::trim);
        let own = frames.filter(|frame| frame.contains(&format!("{SCRIPT}:")) && !in_harness(frame));
        for frame in own {
            failure.push('\n');
            failure.push_str(&with_file(frame, self.path));
        }
        Tested { name: result.result, failure: Some(failure) }
    }
}

/// A stack frame's text with the test file's name in it.
pub(super) fn with_file(text: &str, path: &Path) -> String {
    text.replace(&format!("{SCRIPT}:"), &format!("{}:", path.display()))
}

fn in_harness(frame: &str) -> bool {
    frame.contains(&format!("{SCRIPT}:1:"))
}
