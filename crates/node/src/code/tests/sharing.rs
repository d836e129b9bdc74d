//! Who may fill the store and read from it, and what goes when it is full.

use std::path::Path;

use super::*;

/// Each text takes three blocks of 4 KiB.
const EACH: u64 = 12_288;

fn put(store: &Store, by: u8, number: usize) -> Result<bool, CodeError> {
    store.write(login(by), text(number).0, &text(number).1, Standing::Stored)
}

fn use_of(store: &Store, number: usize) {
    if store.used(text(number).0) {
        store.raise(text(number).0, Standing::Used);
    }
}

fn held(store: &Store, numbers: impl IntoIterator<Item = usize>) -> Vec<usize> {
    numbers.into_iter().filter(|&number| store.holds(text(number).0)).collect()
}

#[test]
fn a_full_store_drops_what_was_never_wanted_and_keeps_what_runs_and_grants_use() {
    let folder = TestFolder::new();
    let open = || Store::open(folder.path(), 8 * EACH, 4 * EACH).unwrap();
    let store = open();
    for number in 0..4 {
        assert_eq!(put(&store, 1, number), Ok(true));
    }
    assert_eq!(put(&store, 1, 3), Ok(false));
    assert_eq!(put(&store, 2, 3), Ok(false));
    assert_eq!(put(&store, 1, 4), Err(CodeError::Quota));
    use_of(&store, 1);
    use_of(&store, 2);
    let granted = store.write(login(2), text(7).0, &text(7).1, Standing::Granted);
    assert_eq!(granted, Ok(true));
    // What each is good for survives a restart.
    drop(store);
    let store = open();
    // Throwaway wallets: each with one file of its own.
    for number in 10..40 {
        assert_eq!(put(&store, u8::try_from(number).unwrap(), number), Ok(true));
    }
    assert_eq!(held(&store, 0..40), [1, 2, 7, 35, 36, 37, 38, 39]);
    for number in [1, 2, 7, 39] {
        assert_eq!(store.read(text(number).0).as_deref(), Some(text(number).1.as_str()));
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 8);
    // What has gone is no part of the wallet's share any more.
    assert_eq!(put(&store, 1, 0), Ok(true));
    assert_eq!(put(&store, 1, 3), Ok(true));
    assert_eq!(put(&store, 1, 4), Err(CodeError::Quota));
}

#[test]
fn what_stays_leaves_some_room_for_what_is_new() {
    let folder = TestFolder::new();
    let store = Store::open(folder.path(), 8 * EACH, 8 * EACH).unwrap();
    assert_eq!(store.write(login(1), text(0).0, &text(0).1, Standing::Granted), Ok(true));
    for number in 1..8 {
        assert_eq!(put(&store, 1, number), Ok(true));
    }
    for number in [1, 2, 3, 4, 5, 1] {
        use_of(&store, number);
    }
    // Six of eight stay. What is longer than the rest does not fit, and drops nothing in the attempt.
    let long = "x".repeat(30_000);
    let refused = store.write(login(2), ActionCid::of_code(long.as_bytes()), &long, Standing::Stored);
    assert_eq!(refused, Err(CodeError::Full));
    assert_eq!(held(&store, 0..8).len(), 8);
    // With a seventh, the one that was used least recently is merely stored again, and goes in its turn.
    use_of(&store, 6);
    for number in 10..12 {
        assert_eq!(put(&store, 2, number), Ok(true));
    }
    assert_eq!(held(&store, 0..12), [0, 1, 3, 4, 5, 6, 10, 11]);
}

#[test]
fn what_is_damaged_is_given_up_and_so_is_its_share() {
    let folder = TestFolder::new();
    let store = Store::open(folder.path(), 8 * EACH, EACH).unwrap();
    assert_eq!(put(&store, 1, 0), Ok(true));
    use_of(&store, 0);
    let name = format!("{}-{}-used", files::file_name(text(0).0), "01".repeat(32));
    fs::write(folder.path().join(name), "x").unwrap();
    assert!(store.read(text(0).0).is_none());
    assert_eq!(put(&store, 1, 1), Ok(true));
    // A file that somebody has taken away is found to be gone when it is to be renamed.
    let name = format!("{}-{}", files::file_name(text(1).0), "01".repeat(32));
    fs::remove_file(folder.path().join(name)).unwrap();
    use_of(&store, 1);
    assert_eq!(held(&store, 0..2), [] as [usize; 0]);
}

fn node(folder: &Path, config: &CodeConfig) -> CodeFinder {
    let guard = Egress::new(Policy::default(), AddressGuard::default(), 1).unwrap();
    let sources = Sources::new(endpoints(&network()), config, Arc::new(guard));
    CodeFinder::open(folder, config, sources, Metrics::new()).unwrap()
}

async fn keep(node: &CodeFinder, by: u8, number: usize) -> Result<bool, CodeError> {
    node.keep(login(by), text(number).0, text(number).1.into(), false).await
}

#[tokio::test]
async fn a_run_marks_what_it_uses() {
    let folder = TestFolder::new();
    let node = node(folder.path(), &CodeConfig::default());
    keep(&node, 1, 0).await.unwrap();
    keep(&node, 1, 1).await.unwrap();
    assert!(node.find(text(0).0, &[]).await.is_ok());
    let name = |number: usize, mark: &str| {
        let name = format!("{}-{}{mark}", files::file_name(text(number).0), "01".repeat(32));
        folder.path().join("store").join(name)
    };
    // The run does not wait until that is written down.
    while !name(0, "-used").exists() {
        tokio::task::yield_now().await;
    }
    assert!(name(1, "").exists());
    // What a stranger looks at is not used by that.
    assert!(node.show(text(1).0, [192, 0, 2, 1].into()).await.is_ok());
    assert!(!node.0.store.used(text(0).0), "it is known already");
    assert!(name(1, "").exists() && !name(1, "-used").exists());
}

#[tokio::test]
async fn wallets_and_addresses_have_a_share_of_each_hour() {
    let folder = TestFolder::new();
    let config = CodeConfig {
        store_bytes_per_login_hour: 2 * EACH,
        store_bytes_per_source_hour: 100,
        ..CodeConfig::default()
    };
    let node = node(folder.path(), &config);
    assert_eq!(keep(&node, 1, 0).await, Ok(true));
    assert_eq!(keep(&node, 1, 1).await, Ok(true));
    assert!(matches!(keep(&node, 1, 2).await, Err(CodeError::TooFast { .. })));
    assert_eq!(keep(&node, 1, 0).await, Ok(false), "what is there already costs nothing");
    assert_eq!(keep(&node, 2, 2).await, Ok(true));
    let [one, neighbour, other] =
        ["2001:db8::1", "2001:db8::2", "192.0.2.1"].map(|address| address.parse().unwrap());
    assert_eq!(node.may_send(one, 60), Ok(()));
    assert!(matches!(node.may_send(neighbour, 60), Err(CodeError::TooFast { .. })));
    assert_eq!(node.may_send(other, 60), Ok(()));
}

#[tokio::test]
async fn strangers_read_the_disk_few_at_a_time_and_what_is_popular_not_at_all() {
    let folder = TestFolder::new();
    let stranger = |number: u8| IpAddr::from([192, 0, 2, number]);
    let node = node(folder.path(), &CodeConfig::default());
    for number in 0..3 {
        keep(&node, 1, number).await.unwrap();
    }
    drop(node);
    let node = super::sharing::node(folder.path(), &CodeConfig::default());
    assert!(node.show(text(0).0, stranger(1)).await.is_ok());
    // It is in memory now: the file is not needed.
    for entry in fs::read_dir(folder.path().join("store")).unwrap() {
        let path = entry.unwrap().path();
        if path.display().to_string().contains(&files::file_name(text(0).0)) {
            fs::remove_file(path).unwrap();
        }
    }
    let all = node.0.readers.try_take(&[], READERS).unwrap();
    assert!(node.show(text(0).0, stranger(1)).await.is_ok());
    assert_eq!(node.show(text(1).0, stranger(1)).await, Err(CodeError::Busy));
    assert!(node.find(text(2).0, &[]).await.is_ok(), "runs do not wait for strangers");
    drop(all);
    assert!(node.show(text(1).0, stranger(1)).await.is_ok());
    assert_eq!(node.show(text(9).0, stranger(1)).await, Err(CodeError::Missing));
}

#[tokio::test]
async fn strangers_at_one_address_leave_readers_to_others() {
    let folder = TestFolder::new();
    let config = CodeConfig { memory_bytes: 1_000, ..CodeConfig::default() };
    let node = node(folder.path(), &config);
    keep(&node, 1, 0).await.unwrap();
    let [one, other] = [1, 2].map(|number| IpAddr::from([192, 0, 2, number]));
    let _reading: Vec<_> =
        (0..READERS / 2).map(|_| node.0.readers.try_take(&Payer::of_source(one), 1).unwrap()).collect();
    assert_eq!(node.show(text(0).0, one).await, Err(CodeError::Busy));
    assert!(node.show(text(0).0, other).await.is_ok());
}

#[tokio::test]
async fn what_is_here_is_found_while_all_searches_are_for_what_is_nowhere() {
    let folder = TestFolder::new();
    let stored = node(folder.path(), &CodeConfig::default());
    keep(&stored, 1, 0).await.unwrap();
    let node = node(folder.path(), &CodeConfig::default());
    let mut searches = tokio::task::JoinSet::new();
    let mut begun = 0;
    loop {
        let (node, cid) = (node.clone(), text(1_000 + begun).0);
        let mut search = Box::pin(async move { node.0.flights.join(cid, &[], std::future::pending).await });
        // It is begun as soon as it is looked at.
        let over =
            std::future::poll_fn(|context| std::task::Poll::Ready(search.as_mut().poll(context))).await;
        if over.is_ready() {
            break;
        }
        searches.spawn(search);
        begun += 1;
    }
    assert!(begun > 1);
    assert_eq!(node.find(text(2_000).0, &[]).await, Err(CodeError::Busy));
    assert!(node.find(text(0).0, &[]).await.is_ok());
}

#[tokio::test]
async fn one_stranger_reads_the_disk_so_often_and_others_still_do() {
    let folder = TestFolder::new();
    // No room for anything in memory: every look is one at the disk.
    let config = CodeConfig { memory_bytes: 1_000, ..CodeConfig::default() };
    let node = node(folder.path(), &config);
    keep(&node, 1, 0).await.unwrap();
    let [one, other] = [1, 2].map(|number| IpAddr::from([192, 0, 2, number]));
    let mut shown = 0;
    // The share comes back meanwhile: two of them would take twice as long as it.
    while node.show(text(0).0, one).await.is_ok() {
        shown += 1;
        assert!(shown < 100 * READS, "there is no end to it");
    }
    assert!(shown >= READS);
    assert!(matches!(node.show(text(0).0, one).await, Err(CodeError::TooFast { .. })));
    assert!(node.show(text(0).0, other).await.is_ok());
    assert!(node.find(text(0).0, &[]).await.is_ok());
}

#[tokio::test]
async fn one_stranger_asks_so_often_even_for_what_is_in_memory() {
    let folder = TestFolder::new();
    let node = node(folder.path(), &CodeConfig::default());
    keep(&node, 1, 0).await.unwrap();
    let [one, other] = [1, 2].map(|number| IpAddr::from([192, 0, 2, number]));
    let mut shown = 0;
    while node.show(text(0).0, one).await.is_ok() {
        shown += 1;
        assert!(shown < 100 * SHOWS, "there is no end to it");
    }
    assert!(shown >= SHOWS);
    assert!(matches!(node.show(text(0).0, one).await, Err(CodeError::TooFast { .. })));
    assert!(node.show(text(0).0, other).await.is_ok());
}
