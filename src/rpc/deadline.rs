//! How long a call may take, as its caller says in `grpc-timeout`: then nobody waits for the answer any more.
//!
//! A stream has so long to begin; how long it goes on is the caller's business. What was accepted for recording is kept
//! whether its caller waits or not.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{Service, http};

/// Most digits that gRPC allows for a time.
const DIGITS_MAX: usize = 8;

/// Ends calls that take longer than their callers wait.
#[derive(Clone)]
pub(super) struct Deadline<S>(pub(super) S);

impl<S> Service<http::Request<Body>> for Deadline<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>, Future: Unpin>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = InTime<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let header = request.headers().get("grpc-timeout");
        let limit = header.and_then(|value| parse(value.to_str().ok()?));
        let over = limit.map(|limit| Box::pin(tokio::time::sleep(limit)));
        InTime { answer: self.0.call(request), over }
    }
}

/// The answer, or that it comes too late.
pub(super) struct InTime<F> {
    answer: F,
    over: Option<Pin<Box<Sleep>>>,
}

impl<F, E> Future for InTime<F>
where
    F: Future<Output = Result<http::Response<Body>, E>> + Unpin,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if let Poll::Ready(answer) = Pin::new(&mut self.answer).poll(cx) {
            return Poll::Ready(answer);
        }
        if let Some(over) = &mut self.over
            && over.as_mut().poll(cx).is_ready()
        {
            let late = Status::deadline_exceeded("the call took longer than its caller waits");
            return Poll::Ready(Ok(late.into_http()));
        }
        Poll::Pending
    }
}

/// A time as gRPC writes it, such as `300m`. None where it is none: the caller's own clock ends the call then.
fn parse(text: &str) -> Option<Duration> {
    let (at, unit) = text.char_indices().next_back()?;
    let digits = &text[..at];
    if digits.is_empty() || digits.len() > DIGITS_MAX || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count = digits.parse().ok()?;
    match unit {
        'H' => Some(Duration::from_secs(count * 3600)),
        'M' => Some(Duration::from_secs(count * 60)),
        'S' => Some(Duration::from_secs(count)),
        'm' => Some(Duration::from_millis(count)),
        'u' => Some(Duration::from_micros(count)),
        'n' => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_grpc_writes_them() {
        let seconds = |text| parse(text).map(|limit| limit.as_secs_f64());
        assert_eq!(seconds("2H"), Some(7200.0));
        assert_eq!(seconds("2M"), Some(120.0));
        assert_eq!(seconds("99999999S"), Some(99_999_999.0));
        assert_eq!(seconds("300m"), Some(0.3));
        assert_eq!(seconds("5u"), Some(0.000_005));
        assert_eq!(seconds("7n"), Some(0.000_000_007));
        for none in ["", "S", "1", "1s", "-1S", "1.5S", "+1S", "123456789S", "1 S", "1é"] {
            assert_eq!(parse(none), None, "{none:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_takes_too_long_is_answered_in_time() {
        let never = tower::service_fn(|_| std::future::pending::<Result<http::Response<Body>, ()>>());
        let request = http::Request::builder().header("grpc-timeout", "2S").body(Body::empty()).unwrap();
        let began = tokio::time::Instant::now();
        let answer = Deadline(never).call(request).await.unwrap();
        assert_eq!(answer.headers()["grpc-status"], "4");
        assert_eq!(began.elapsed().as_secs(), 2);
    }
}
