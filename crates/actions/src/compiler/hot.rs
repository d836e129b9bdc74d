//! Finds the hot pages: runs scripts as people write them and asks the kernel which pages they wrote.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use wasmtime::{Result, bail};

use crate::engine::{Engine, EngineOptions};
use crate::execution::{Execution, RunInputs};
use crate::hot::HotPages;
use crate::limits::ActionLimits;

/// What actions do before they first wait for the network.
const SCRIPTS: [&str; 6] = [
    "Lit.Actions.signEcdsa({ toSign: new Uint8Array(32), publicKey: '02'.padEnd(66, '1'), sigName: 'sig' });",
    "(async () => {
        const policy = JSON.parse('{\"max\": \"1000000000000000000\", \"to\": [\"0xaa\", \"0xbb\"]}');
        if (BigInt(policy.max) < 5n || !policy.to.includes('0xbb')) throw new Error('denied');
        await Lit.Actions.signEcdsa({ toSign: new Uint8Array(32), publicKey: '02'.padEnd(66, '1'), sigName: 'sig' });
    })();",
    "async function main({ amount }) {
        const response = await fetch('https://example.test/price');
        return (await response.json()).price * amount;
    }",
    "(async () => {
        const toSign = ethers.utils.arrayify(ethers.utils.keccak256(ethers.utils.toUtf8Bytes('hello')));
        await Lit.Actions.signEcdsa({ toSign, publicKey: '02'.padEnd(66, '1'), sigName: 'sig' });
    })();",
    "(async () => {
        const chainId = await Lit.Actions.getRpcUrl({ chain: 'ethereum' });
    })();",
    "const go = async () => {
        const permitted = await Lit.Actions.isPermittedAction({ tokenId: '1', ipfsId: Lit.Auth.actionIpfsIdStack[0] });
        Lit.Actions.setResponse({ response: JSON.stringify({ permitted }) });
    };
    go();",
];
/// A page is hot if at least so many of the scripts write it.
const OF_SCRIPTS: usize = 4;

/// Finds the hot pages of an image by running scripts in instances of it.
///
/// # Errors
/// If the image does not fit this build, or the kernel does not tell.
pub fn hot_pages(image: File) -> Result<HotPages> {
    let engine = Engine::of_image(image, HotPages::default(), EngineOptions { instances: 1 })?;
    let mut written = BTreeMap::<usize, usize>::new();
    for code in SCRIPTS {
        let (execution, progress) =
            Execution::start(&engine, &inputs(code), Instant::now(), Arc::new(AtomicBool::new(false)));
        let Some(execution) = execution else { bail!("a script does not wait: {progress:?}") };
        for page in written_pages(execution.memory())? {
            *written.entry(page).or_default() += 1;
        }
    }
    let hot = written.into_iter().filter(|(_, scripts)| *scripts >= OF_SCRIPTS);
    Ok(HotPages::of(hot.map(|(page, _)| page), rustix::param::page_size()))
}

fn inputs(code: &str) -> RunInputs {
    RunInputs {
        code: Arc::from(code.as_bytes()),
        params: r#"{"amount":2}"#.into(),
        auth: r#"{"actionIpfsIdStack":["QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"]}"#.into(),
        time_ms: 1_700_000_000_000,
        random_seed: [1; 32],
        limits: ActionLimits::default(),
    }
}

/// Numbers of the pages that are this process' own: present, and not the image file's any more. See
/// `Documentation/admin-guide/mm/pagemap.rst` of Linux.
fn written_pages(memory: &[u8]) -> Result<Vec<usize>> {
    const PRESENT: u64 = 1 << 63;
    const OF_FILE: u64 = 1 << 61;
    let page_bytes = rustix::param::page_size();
    let first = memory.as_ptr().addr() / page_bytes;
    let mut entries = vec![0; memory.len() / page_bytes * 8];
    File::open("/proc/self/pagemap")?.read_exact_at(&mut entries, u64::try_from(first * 8)?)?;
    let entries = entries.as_chunks::<8>().0.iter().map(|entry| u64::from_le_bytes(*entry));
    let own = entries.enumerate().filter(|(_, entry)| entry & (PRESENT | OF_FILE) == PRESENT);
    Ok(own.map(|(page, _)| page).collect())
}
