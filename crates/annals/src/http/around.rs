//! What is done around handlers. Like axum's `middleware::from_fn`, but without copies of the service within, in boxes, for each request.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use axum::{extract::Request, response::Response};
use futures_util::future::BoxFuture;
use tower::{Layer, Service};

/// A service that answers whatever it is asked.
pub(super) trait Inner:
    Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

impl<S> Inner for S where
    S: Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
}

/// Something that is done around a service.
pub(super) trait Surround: Clone {
    /// Answers a request, most often with what the service within answers.
    fn answer(
        self,
        request: Request,
        inner: impl Inner,
    ) -> impl Future<Output = Result<Response, Infallible>> + Send + 'static;
}

/// The layer that does it.
#[derive(Clone)]
pub(super) struct Around<D>(pub(super) D);

impl<S, D: Clone> Layer<S> for Around<D> {
    type Service = Surrounded<S, D>;

    fn layer(&self, inner: S) -> Self::Service {
        Surrounded { inner, does: self.0.clone() }
    }
}

/// A service with something around it.
#[derive(Clone)]
pub(super) struct Surrounded<S, D> {
    inner: S,
    does: D,
}

impl<S: Inner, D: Surround> Service<Request> for Surrounded<S, D> {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        Box::pin(self.does.clone().answer(request, self.inner.clone()))
    }
}
