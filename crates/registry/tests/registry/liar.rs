//! A chain process that says whatever a test wants.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, routing::post};
use serde_json::{Value, json};

type Answer = Arc<dyn Fn(&Value) -> (Duration, Value) + Send + Sync>;
type Answers = Arc<Mutex<HashMap<&'static str, Answer>>>;

/// Answers every method with what was last set for it.
pub(crate) struct Liar {
    pub(crate) url: String,
    answers: Answers,
    task: tokio::task::JoinHandle<()>,
}

impl Liar {
    pub(crate) async fn start() -> Self {
        let answers = Answers::default();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().route("/", post(answer)).with_state(Arc::clone(&answers));
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, answers, task }
    }

    pub(crate) fn says(&self, method: &'static str, answer: Value) {
        self.answers_by(method, move |_| (Duration::ZERO, answer.clone()));
    }

    /// Answers by what it is asked, after a while.
    pub(crate) fn answers_by(
        &self,
        method: &'static str,
        answer: impl Fn(&Value) -> (Duration, Value) + Send + Sync + 'static,
    ) {
        self.answers.lock().unwrap().insert(method, Arc::new(answer));
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(State(answers): State<Answers>, body: String) -> String {
    let request: Value = serde_json::from_str(&body).unwrap();
    let answer = answers.lock().unwrap().get(request["method"].as_str().unwrap()).cloned();
    let (delay, result) = answer.map_or((Duration::ZERO, Value::Null), |answer| answer(&request["params"]));
    // A real chain holds a long poll; this one at least lets others run.
    tokio::task::yield_now().await;
    tokio::time::sleep(delay).await;
    json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }).to_string()
}
