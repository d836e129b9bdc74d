//! Nodes that have moved: a client with an old file finds them by their own signed words, which other nodes tell.

use quorate_wire::PrivateEndpoint;

use super::*;

/// A port that nobody listens on.
fn nowhere() -> String {
    format!("http://{}", StdListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap())
}

/// The network with its servers, and a client whose file has node 1 at another place.
async fn with_old_file(old: NodeEndpoint) -> (Net, Client) {
    let net = start(&[Some(Manner::Honest); 3]).await;
    let mut file = net.client.network_file().clone();
    file.endpoints[0] = old;
    assert_eq!(file.id(), net.client.network_file().id(), "endpoints are no part of the id");
    let client = Client::new(file, ClientOptions::default()).unwrap();
    (net, client)
}

impl Net {
    fn place(&self, number: usize) -> String {
        self.client.network_file().endpoints[number - 1].http.clone()
    }

    /// Has a node say that node 1 is there.
    fn tells(&self, number: usize, endpoint: NodeEndpoint) {
        self.servers[number - 1].as_ref().unwrap().told.lock().unwrap().push((1, endpoint));
    }

    fn viewed(&self, number: usize) -> usize {
        self.servers[number - 1].as_ref().unwrap().viewed.load(Ordering::Relaxed)
    }
}

fn at(http: &str) -> NodeEndpoint {
    NodeEndpoint::unsigned(http, "127.0.0.1:1")
}

#[tokio::test]
async fn a_node_that_has_moved_is_found_by_what_another_says() {
    let (net, client) = with_old_file(at(&nowhere())).await;
    net.tells(3, at(&net.place(1)).signed(1, &statement_signer(1)));
    assert_eq!(client.network(index(1)).await.unwrap().node, index(1));
    let asked = net.viewed(2) + net.viewed(3);
    assert_eq!(client.network(index(1)).await.unwrap().node, index(1));
    assert_eq!(net.viewed(2) + net.viewed(3), asked, "what is known needs no asking");
}

#[tokio::test]
async fn a_node_whose_place_another_node_has_now_is_found() {
    let (net, _) = with_old_file(at(&nowhere())).await;
    let mut file = net.client.network_file().clone();
    file.endpoints[0] = at(&net.place(2)).signed(4, &statement_signer(1));
    let client = Client::new(file, ClientOptions::default()).unwrap();
    net.tells(2, at(&net.place(1)).signed(5, &statement_signer(1)));
    assert_eq!(client.network(index(1)).await.unwrap().node, index(1));
}

#[tokio::test]
async fn what_any_view_tells_is_known_before_a_node_is_missed() {
    let (net, client) = with_old_file(at(&nowhere())).await;
    net.tells(2, at(&net.place(1)).signed(1, &statement_signer(1)));
    client.network(index(2)).await.unwrap();
    client.network(index(1)).await.unwrap();
    assert_eq!(net.viewed(3), 0, "nobody had to be asked");
}

#[tokio::test]
async fn words_of_others_and_older_words_lead_nowhere_and_nodes_are_asked_once_a_minute() {
    let (net, client) = with_old_file(at(&nowhere()).signed(2, &statement_signer(1))).await;
    let place = net.place(1);
    net.tells(2, at(&place));
    net.tells(2, at(&place).signed(9, &statement_signer(2)));
    net.tells(3, at(&place).signed(2, &statement_signer(1)));
    net.tells(3, at("no address").signed(9, &statement_signer(1)));
    for _ in 0..3 {
        let error = client.network(index(1)).await.unwrap_err();
        assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    }
    assert_eq!((net.viewed(1), net.viewed(2), net.viewed(3)), (0, 1, 1));
    net.tells(2, at(&place).signed(3, &statement_signer(1)));
    client.network(index(2)).await.unwrap();
    client.network(index(1)).await.unwrap();
}

#[tokio::test]
async fn a_private_place_is_asked_only_when_the_public_one_does_not_answer() {
    let net = start(&[Some(Manner::Honest); 3]).await;
    let private = |http: String| Some(PrivateEndpoint { http, quic: "127.0.0.1:1".to_owned() });
    let client = |public: String, hidden: String| {
        let mut file = net.client.network_file().clone();
        file.endpoints[0] = NodeEndpoint { private: private(hidden), ..at(&public) };
        Client::new(file, ClientOptions::default()).unwrap()
    };
    assert_eq!(client(nowhere(), net.place(1)).network(index(1)).await.unwrap().node, index(1));
    assert_eq!(net.viewed(1), 1);
    client(net.place(1), net.place(2)).network(index(1)).await.unwrap();
    assert_eq!((net.viewed(1), net.viewed(2)), (2, 0));
}

#[tokio::test]
async fn an_execution_reaches_a_node_that_has_moved_in_the_same_call() {
    let (net, client) = with_old_file(at(&nowhere())).await;
    for number in [2, 3] {
        net.tells(number, at(&net.place(1)).signed(1, &statement_signer(1)));
    }
    let action = ActionSource::Code("Lit.Actions.setResponse({response: 'done'})".to_owned());
    let call = ExecutionCall::new(action, &serde_json::json!({})).unwrap();
    let execution = client.execute(&net.login, &call).await.unwrap();
    assert_eq!(execution.node, index(1));
    assert_eq!(net.seen(1).len(), 1);
}
