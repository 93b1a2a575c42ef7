//! Layers that only some requests go through, so that all others do not pay for them.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::future::{BoxFuture, Either};
use tower::{Layer, Service, ServiceExt as _};

/// A layer around a service for those requests that it concerns; the others go past it.
#[derive(Clone)]
pub(super) struct Only<L> {
    layer: Arc<L>,
    concerns: fn(&Request) -> bool,
}

impl<L> Only<L> {
    /// Puts `layer` around what `concerns` is true of.
    pub(super) fn those(concerns: fn(&Request) -> bool, layer: L) -> Self {
        Self { layer: Arc::new(layer), concerns }
    }
}

impl<S, L> Layer<S> for Only<L> {
    type Service = Passed<S, L>;

    fn layer(&self, inner: S) -> Self::Service {
        Passed { inner, layer: Arc::clone(&self.layer), concerns: self.concerns }
    }
}

/// A service with a layer that some requests go past.
pub(super) struct Passed<S, L> {
    inner: S,
    layer: Arc<L>,
    concerns: fn(&Request) -> bool,
}

impl<S: Clone, L> Clone for Passed<S, L> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: Arc::clone(&self.layer), concerns: self.concerns }
    }
}

impl<S, L> Service<Request> for Passed<S, L>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
    L: Layer<S>,
    L::Service: Service<Request, Response: IntoResponse, Error = Infallible, Future: Send> + Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, Infallible>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !(self.concerns)(&request) {
            return Either::Left(self.inner.call(request));
        }
        let layered = self.layer.layer(self.inner.clone());
        Either::Right(Box::pin(async move {
            let Ok(response) = layered.oneshot(request).await;
            Ok(response.into_response())
        }))
    }
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::HeaderValue};
    use tower::{service_fn, util::MapResponseLayer};

    use super::*;

    #[tokio::test]
    async fn a_layer_is_around_those_requests_only_that_it_concerns() {
        let answer = service_fn(async |request: Request| {
            Ok(Response::new(Body::from(request.uri().path().to_owned())))
        });
        let mark = MapResponseLayer::new(|mut response: Response| {
            response.headers_mut().insert("marked", HeaderValue::from_static("yes"));
            response
        });
        let service = Only::those(|request| request.uri().path() == "/in", mark).layer(answer);
        for (path, marked) in [("/in", true), ("/out", false), ("/in", true)] {
            let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
            let Ok(response) = service.clone().oneshot(request).await;
            assert_eq!(response.headers().contains_key("marked"), marked, "{path}");
            let body = axum::body::to_bytes(response.into_body(), 100).await.expect("a body");
            assert_eq!(body, path);
        }
    }
}
