//! Defines the host's side of `brunt:sockets`: connections, how they are opened, and how TLS is spoken on them.

mod connection;
mod datagrams;
mod dial;

use wasmtime::component::Resource;

use crate::bindings::extending::brunt::sockets::network;
use crate::bindings::extending::brunt::sockets::network::SocketError;
use crate::bindings::extending::brunt::sockets::tcp;
use crate::http::RequestFailure;
use crate::net::TlsWishes;
use crate::state::VuState;

#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use connection::Connection;
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use datagrams::Datagrams;
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub use dial::{Dial, Pending};

/// How TLS is to be spoken.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
#[derive(Default)]
pub struct Options(TlsWishes);

impl From<RequestFailure> for SocketError {
    fn from(failure: RequestFailure) -> Self {
        Self {
            code: failure.code.into(),
            message: failure.message,
        }
    }
}

impl network::Host for VuState {}

impl tcp::Host for VuState {}

impl tcp::HostTlsOptions for VuState {
    fn new(&mut self) -> wasmtime::Result<Resource<Options>> {
        Ok(self.table.push(Options::default())?)
    }

    fn set_server_name(
        &mut self,
        options: Resource<Options>,
        name: String,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&options)?.0.server_name = Some(name);
        Ok(())
    }

    fn add_authorities(
        &mut self,
        options: Resource<Options>,
        pem: Vec<u8>,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&options)?.0.authorities.push(pem);
        Ok(())
    }

    fn set_client_certificate(
        &mut self,
        options: Resource<Options>,
        chain: Vec<u8>,
        key: Vec<u8>,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&options)?.0.client = Some((chain, key));
        Ok(())
    }

    fn set_protocols(
        &mut self,
        options: Resource<Options>,
        protocols: Vec<String>,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&options)?.0.protocols = protocols;
        Ok(())
    }

    fn set_insecure(&mut self, options: Resource<Options>, insecure: bool) -> wasmtime::Result<()> {
        self.table.get_mut(&options)?.0.insecure = Some(insecure);
        Ok(())
    }

    fn drop(&mut self, options: Resource<Options>) -> wasmtime::Result<()> {
        self.table.delete(options)?;
        Ok(())
    }
}
