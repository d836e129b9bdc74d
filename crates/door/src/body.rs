//! Bodies of requests, within a length and a time.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

/// A body arrives within this, unless somebody says otherwise.
pub const WITHIN: Duration = Duration::from_secs(10);

/// Why a body was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is longer than it may be, or says that it will be.
    #[error("the body is too long")]
    TooLong,
    /// The caller stopped before its end.
    #[error("the body ended early")]
    EndedEarly,
    /// It came too slowly.
    #[error("the body did not arrive in time")]
    TooSlow,
}

/// Receives a whole body.
///
/// # Errors
/// If it is too long, ends early, or is not there in time. The connection ends after the answer, as the rest of the body
/// is still on it.
pub async fn receive(body: Body, bytes_max: usize, within: Duration) -> Result<Bytes, BodyError> {
    match tokio::time::timeout(within, Limited::new(body, bytes_max).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLong),
        Ok(Err(_)) => Err(BodyError::EndedEarly),
        Err(_) => Err(BodyError::TooSlow),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_has_a_length_and_a_time() {
        let receive = |body: Body, most: usize| receive(body, most, Duration::from_millis(20));
        assert_eq!(receive(Body::from("four"), 4).await.unwrap(), "four");
        assert_eq!(receive(Body::from("four"), 3).await, Err(BodyError::TooLong));
        let (mut sender, body) = http_body_util::channel::Channel::<Bytes, std::io::Error>::new(2);
        sender.send_data(Bytes::from_static(b"fo")).await.unwrap();
        assert_eq!(receive(Body::new(body), 4).await, Err(BodyError::TooSlow));
        let (mut sender, body) = http_body_util::channel::Channel::<Bytes, std::io::Error>::new(2);
        sender.send_data(Bytes::from_static(b"fours")).await.unwrap();
        assert_eq!(receive(Body::new(body), 4).await, Err(BodyError::TooLong), "also of an unknown length");
        let (sender, body) = http_body_util::channel::Channel::<Bytes, std::io::Error>::new(2);
        sender.abort(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!(receive(Body::new(body), 4).await, Err(BodyError::EndedEarly));
    }
}
