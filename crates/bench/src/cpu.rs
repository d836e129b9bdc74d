//! CPU time of this thread and of a whole tree of processes; memory of a process.

use std::{collections::BTreeMap, fs};

use rustix::time::{ClockId, clock_gettime};

/// CPU microseconds of this thread so far.
pub(crate) fn thread_us() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e6 + time.tv_nsec as f64 / 1e3
}

/// Median CPU microseconds of this thread for one call, over several calls.
pub(crate) fn median_us(calls: usize, mut call: impl FnMut()) -> f64 {
    let mut samples: Vec<f64> = (0..calls)
        .map(|_| {
            let before = thread_us();
            call();
            thread_us() - before
        })
        .collect();
    crate::table::percentile(&mut samples, 0.5)
}

/// CPU milliseconds of a process and all its living descendants, ended children included.
pub(crate) fn tree_ms(root: u32) -> f64 {
    let mut parents: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // The command's name, in parentheses, may hold spaces: fields are counted after it.
        let Some((_, rest)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = rest.split(' ').collect();
        let number =
            |place: usize| fields.get(place).and_then(|field| field.parse::<u64>().ok()).unwrap_or(0);
        let parent = u32::try_from(number(1)).unwrap_or(0);
        parents.insert(pid, (parent, number(11) + number(12) + number(13) + number(14)));
    }
    let mut ticks = 0;
    for (pid, (_, own)) in &parents {
        let mut at = *pid;
        let mut depth = 0;
        while at != root && depth < 32 {
            match parents.get(&at) {
                Some((parent, _)) => at = *parent,
                None => break,
            }
            depth += 1;
        }
        if at == root {
            ticks += own;
        }
    }
    // USER_HZ is 100 on every Linux that Rust runs on.
    ticks as f64 * 10.0
}

/// CPU milliseconds of children of this process that have ended and were waited for.
pub(crate) fn ended_children_ms() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest).split(' ');
    let ticks: u64 = fields.skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    ticks as f64 * 10.0
}

/// One of the sizes in a living process's status, in bytes.
pub(crate) fn memory_bytes(process: u32, name: &str) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let (_, rest) = status.split_once(&format!("{name}:"))?;
    let kibibytes: f64 = rest.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024.0)
}
