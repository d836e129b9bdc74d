//! What one payer's requests leave to others.

use tokio::{sync::RwLock, task::JoinSet};

use super::*;
use crate::egress::resolve::Names;

fn payer(mark: u8) -> [Payer; 1] {
    [Payer::of_source(IpAddr::from([192, 0, 2, mark]))[0]]
}

/// A server that takes requests and never answers; it says when one has come.
async fn silent() -> (SocketAddr, tokio::sync::mpsc::Receiver<tokio::net::TcpStream>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (took, taken) = tokio::sync::mpsc::channel(64);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if took.send(stream).await.is_err() {
                return;
            }
        }
    });
    (address, taken)
}

#[tokio::test]
async fn requests_to_a_silent_server_leave_places_to_those_of_others() {
    let (silent, mut taken) = silent().await;
    let (honest, _asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
    let egress =
        Arc::new(Egress { total: Duration::from_secs(5), ..egress(&[silent.port(), honest.port()]) });
    let mut greedy = JoinSet::new();
    for _ in 0..10 {
        let egress = egress.clone();
        greedy.spawn(async move { egress.fetch(fetch(&format!("http://{silent}/")), &payer(1)).await });
    }
    let held = [taken.recv().await, taken.recv().await];
    assert!(held.iter().all(Option::is_some));
    let answer = egress.fetch(fetch(&format!("http://{honest}/")), &payer(2)).await;
    assert_eq!(answer.unwrap().body, b"hi");
    assert!(taken.try_recv().is_err(), "two of four places are one payer's share");
    drop((held, taken));
    while let Some(failed) = greedy.join_next().await {
        assert_eq!(failed.unwrap().map(|_| ()), Err(FetchError::Failed));
    }
    assert!(egress.places.try_take(&payer(1), 4).is_some(), "all are given back");
}

#[tokio::test]
async fn names_whose_servers_keep_silent_leave_look_ups_to_others() {
    let (honest, _asked) = server("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").await;
    let resolver = Resolver::of(Names::Silent("known.test", RwLock::default()));
    let places = Egress { places: Places::new(400), ..egress(&[honest.port()]) };
    let egress = Arc::new(Egress { total: Duration::from_millis(50), resolver, ..places });
    let Names::Silent(_, silence) = egress.resolver.names() else { panic!("silence") };
    let url = |name: &str| format!("http://{name}:{}/", honest.port());
    let held = silence.write().await;
    // Those who ask are gone long before the look-ups are.
    let mut greedy = JoinSet::new();
    for number in 0..200 {
        let (egress, url) = (egress.clone(), url(&format!("x{number}.silent.test")));
        greedy.spawn(async move { egress.fetch(fetch(&url), &payer(1)).await });
    }
    while let Some(failed) = greedy.join_next().await {
        assert_eq!(failed.unwrap().map(|_| ()), Err(FetchError::Failed));
    }
    let plan = Plan::new(fetch(&url("known.test"))).unwrap();
    let (one, other) = (payer(1), payer(2));
    let look_up =
        |payers| tokio::time::timeout(Duration::from_secs(20), egress.resolver.resolve(&plan, payers));
    assert!(look_up(&other).await.expect("another payer's look-up is not kept waiting").is_ok());
    drop(held);
    // The look-ups end, and others follow.
    assert!(look_up(&one).await.expect("the share is free again").is_ok());
}
