//! Defines the host's side of request bodies that are written while they are sent.

use std::time::Instant;

use send_wrapper::SendWrapper;
use wasmtime::component::Resource;

use crate::bindings::brunt::http::client::{self, RequestError};
use crate::http::{Request, Writer, upload};
use crate::interfaces::http::Pending;
use crate::interfaces::time::Waitable;
use crate::state::VuState;

/// The writing side of an upload. Dropping it before it was finished breaks the request off.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct BodyWriter(SendWrapper<Writer>);

impl VuState {
    /// Sends a request whose body is written while it is sent.
    pub(super) fn begin_upload(
        &mut self,
        request: &Resource<Request>,
        length: Option<u64>,
    ) -> wasmtime::Result<(Resource<BodyWriter>, Resource<Pending>)> {
        self.refuse_in_init("request.start-upload")?;
        let mut request = self.table.get(request)?.clone();
        let (writer, body) = upload(length, self.run.settings.limits.stream_buffer);
        request.set_upload(body);
        let ending = writer.ending();
        let (http, base) = (self.local.http.clone(), self.local.base.clone());
        let pending = self.start_sending(async move {
            let result = http.send(&request, &base).await;
            result.inspect_err(ending)
        })?;
        let writer = self.table.push(BodyWriter(SendWrapper::new(writer)))?;
        Ok((writer, pending))
    }
}

impl client::HostBodyWriter for VuState {
    async fn write(
        &mut self,
        writer: Resource<BodyWriter>,
        bytes: Vec<u8>,
    ) -> wasmtime::Result<Result<(), RequestError>> {
        let write = SendWrapper::new(self.table.get(&writer)?.0.write(bytes));
        let result = write.await;
        self.usage.resume(Instant::now());
        Ok(result.map_err(RequestError::from))
    }

    fn ready(&mut self, writer: Resource<BodyWriter>) -> wasmtime::Result<Resource<Waitable>> {
        let signal = self.table.get(&writer)?.0.writable();
        Ok(self.table.push(Waitable::On(SendWrapper::new(signal)))?)
    }

    fn finish(
        &mut self,
        writer: Resource<BodyWriter>,
    ) -> wasmtime::Result<Result<(), RequestError>> {
        let result = self.table.get(&writer)?.0.finish();
        Ok(result.map_err(RequestError::from))
    }

    fn drop(&mut self, writer: Resource<BodyWriter>) -> wasmtime::Result<()> {
        self.table.delete(writer)?;
        Ok(())
    }
}
