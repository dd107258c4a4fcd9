//! Defines the host's side of bodies that are streamed.

use std::time::Instant;

use send_wrapper::SendWrapper;
use wasmtime::component::Resource;

use crate::bindings::brunt::http::client::{self, RequestError};
use crate::http::BodyStream;
use crate::interfaces::time::Waitable;
use crate::state::VuState;

/// A body that is read while it comes. Dropping it cancels the rest.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct Stream(SendWrapper<BodyStream>);

impl Stream {
    pub(super) fn new(body: BodyStream) -> Self {
        Self(SendWrapper::new(body))
    }
}

impl client::HostBodyStream for VuState {
    async fn read(
        &mut self,
        stream: Resource<Stream>,
        most: u64,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, RequestError>> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let read = SendWrapper::new(self.table.get(&stream)?.0.read(most));
        let result = read.await;
        self.usage.resume(Instant::now());
        Ok(result.map_err(RequestError::from))
    }

    fn ready(&mut self, stream: Resource<Stream>) -> wasmtime::Result<Resource<Waitable>> {
        let signal = self.table.get(&stream)?.0.readable();
        Ok(self.table.push(Waitable::On(SendWrapper::new(signal)))?)
    }

    fn drop(&mut self, stream: Resource<Stream>) -> wasmtime::Result<()> {
        self.table.delete(stream)?;
        Ok(())
    }
}
