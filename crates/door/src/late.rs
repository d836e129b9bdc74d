//! Threads that have stepped back: what they compute for others waits for whatever else the process does.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// The priority of a thread that has stepped back: beside others it gets a third of the processor.
const LATE_NICE: i32 = 5;

/// Lowers the priority of this thread, for good.
///
/// # Errors
/// If the system does not allow it.
pub fn step_back() -> io::Result<()> {
    // On Linux this is the thread's own priority, and no other's.
    Ok(rustix::process::setpriority_process(None, LATE_NICE)?)
}

/// A few such threads. They end when this and what was asked of them is gone.
#[derive(Debug)]
pub struct LateThreads {
    jobs: mpsc::Sender<Job>,
}

impl LateThreads {
    /// Starts so many threads, each of which steps back first.
    ///
    /// # Errors
    /// If the system starts no thread.
    pub fn start(count: usize, step_back: fn() -> io::Result<()>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel::<Job>();
        let queue = Arc::new(Mutex::new(queue));
        for _ in 0..count {
            let queue = queue.clone();
            thread::Builder::new().name("late".to_owned()).spawn(move || work(&queue, step_back))?;
        }
        Ok(LateThreads { jobs })
    }

    /// Computes there; `None` if that panicked. How much may wait is for whoever asks to bound. It is done also if
    /// nobody waits for it any more.
    pub fn run<T: Send + 'static>(
        &self,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = Option<T>> + Send + 'static {
        let (tell, told) = oneshot::channel();
        // The only errors: the threads are gone, or nobody waits.
        let _ = self.jobs.send(Box::new(move || drop(tell.send(compute()))));
        async move { told.await.ok() }
    }
}

fn work(queue: &Mutex<mpsc::Receiver<Job>>, step_back: fn() -> io::Result<()>) {
    if let Err(error) = step_back() {
        tracing::warn!(%error, "a thread that computes for others keeps its priority");
    }
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        if catch_unwind(AssertUnwindSafe(job)).is_err() {
            tracing::error!("a read of the chain has panicked");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn late_threads_step_back_are_as_many_as_told_and_outlive_a_panic() {
        let threads = LateThreads::start(2, step_back).unwrap();
        let own = rustix::process::getpriority_process(None).unwrap();
        let nice = || rustix::process::getpriority_process(None).unwrap();
        assert_eq!(threads.run(nice).await, Some(LATE_NICE));
        for _ in 0..4 {
            assert_eq!(threads.run(|| -> u8 { panic!("on purpose") }).await, None);
        }
        assert_eq!(threads.run(nice).await, Some(LATE_NICE));
        assert_eq!(rustix::process::getpriority_process(None).unwrap(), own, "no other thread steps back");
        // Two are held: a third waits for one of them.
        let (first, second) = (mpsc::channel::<()>(), mpsc::channel::<()>());
        let held = [first.1, second.1].map(|gate| threads.run(move || gate.recv().is_ok()));
        let third = tokio::spawn(threads.run(|| 3));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(!third.is_finished());
        drop(first.0);
        assert_eq!(third.await.unwrap(), Some(3));
        drop(second.0);
        for one in held {
            assert!(one.await.is_some());
        }
    }
}
