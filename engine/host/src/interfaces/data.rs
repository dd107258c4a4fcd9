//! Defines the host's side of `brunt:data`.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime::component::Resource;

use crate::bindings::brunt::data::{files, shared};
use crate::data::SharedList;
use crate::state::{Phase, VuState};

/// A file's content, shared by all VUs.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct File(Arc<Vec<u8>>);

impl File {
    /// The whole content, shared and not copied.
    pub(crate) fn content(&self) -> Bytes {
        Bytes::from_owner(Content(self.0.clone()))
    }
}

struct Content(Arc<Vec<u8>>);

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A shared list.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct List(SharedList);

impl files::Host for VuState {
    fn open(&mut self, path: String) -> wasmtime::Result<Result<Resource<File>, String>> {
        if self.phase != Phase::Init {
            return Ok(Err(format!("{path}: files are opened in init only")));
        }
        match self.run.data.open(&path) {
            Ok(content) => Ok(Ok(self.table.push(File(content))?)),
            Err(error) => Ok(Err(error)),
        }
    }
}

impl files::HostFile for VuState {
    fn size(&mut self, file: Resource<File>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&file)?.0.len() as u64)
    }

    fn read(
        &mut self,
        file: Resource<File>,
        offset: u64,
        length: u64,
    ) -> wasmtime::Result<Vec<u8>> {
        let content = &self.table.get(&file)?.0;
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(content.len());
        let length = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(content.len() - start);
        Ok(content[start..start + length].to_vec())
    }

    fn drop(&mut self, file: Resource<File>) -> wasmtime::Result<()> {
        self.table.delete(file)?;
        Ok(())
    }
}

impl shared::Host for VuState {}

impl shared::HostSharedList for VuState {
    fn open(&mut self, name: String) -> wasmtime::Result<Option<Resource<List>>> {
        match self.run.data.list(&name) {
            Some(list) => Ok(Some(self.table.push(List(list))?)),
            None => Ok(None),
        }
    }

    fn create(
        &mut self,
        name: String,
        items: Vec<Vec<u8>>,
    ) -> wasmtime::Result<Result<Resource<List>, String>> {
        if self.phase != Phase::Init {
            return Ok(Err(format!(
                "{name}: shared lists are created in init only"
            )));
        }
        let list = self.run.data.create_list(name, items);
        Ok(Ok(self.table.push(List(list))?))
    }

    fn length(&mut self, list: Resource<List>) -> wasmtime::Result<u64> {
        Ok(self.table.get(&list)?.0.len() as u64)
    }

    fn item(&mut self, list: Resource<List>, index: u64) -> wasmtime::Result<Option<Vec<u8>>> {
        let items = &self.table.get(&list)?.0;
        Ok(usize::try_from(index)
            .ok()
            .and_then(|index| items.get(index))
            .cloned())
    }

    fn drop(&mut self, list: Resource<List>) -> wasmtime::Result<()> {
        self.table.delete(list)?;
        Ok(())
    }
}
