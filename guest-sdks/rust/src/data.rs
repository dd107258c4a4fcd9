//! Defines data: files that are opened in `init`, and lists that all VUs share.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::bindings::brunt::data::{files, shared};
use crate::{Error, Result, random};

/// A file, read once by the engine and shared by all VUs. It enters the VU's memory only when it is read.
#[derive(Debug)]
pub struct File {
    path: String,
    inner: files::File,
}

impl File {
    /// Opens a file in `init`, by a path relative to the test's own folder.
    ///
    /// Errors: not in `init`; no such file; a path that leaves the test's folder where the run does not allow it; a
    /// file that the first VU did not open.
    pub fn open(path: &str) -> Result<Self> {
        let inner = files::open(path)
            .map_err(|error| Error::new(error).context(format_args!("opening {path}")))?;
        let path = path.to_owned();
        Ok(Self { path, inner })
    }

    /// How many bytes it has.
    pub fn size(&self) -> u64 {
        self.inner.size()
    }

    /// The whole file.
    pub fn bytes(&self) -> Vec<u8> {
        self.read_at(0, self.size())
    }

    /// At most `length` bytes from `offset`; fewer, or none, at the end.
    pub fn read_at(&self, offset: u64, length: u64) -> Vec<u8> {
        self.inner.read(offset, length)
    }

    /// The whole file as text. Errors: it isn't UTF-8.
    pub fn text(&self) -> Result<String> {
        String::from_utf8(self.bytes()).map_err(|error| self.reading(error))
    }

    /// The whole file, read as JSON. Errors: it isn't JSON, or not of this type.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.bytes()).map_err(|error| self.reading(error))
    }

    pub(crate) fn inner(&self) -> &files::File {
        &self.inner
    }

    fn reading(&self, error: impl std::error::Error) -> Error {
        Error::from(error).context(format_args!("reading {}", self.path))
    }
}

/// A read-only list: one copy in the engine for all VUs, of which a VU reads one element at a time.
///
/// ```no_run
/// # use brunt_sdk::prelude::*;
/// #[derive(Serialize, Deserialize)]
/// struct User {
///     username: String,
/// }
///
/// # fn init() -> Result<()> {
/// let users: SharedList<User> = SharedList::new("users", || File::open("users.json")?.json())?;
/// # Ok(()) }
/// # fn iterate(users: SharedList<User>) -> Result<()> {
/// let user = users.random()?;
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct SharedList<T> {
    name: String,
    inner: shared::SharedList,
    element: PhantomData<fn() -> T>,
}

impl<T: Serialize + DeserializeOwned> SharedList<T> {
    /// The list of this name; `load` is called only in a VU that finds none. In `init` only.
    ///
    /// Errors: not in `init`; what `load` returns; an element that can't be written as JSON.
    pub fn new(name: &str, load: impl FnOnce() -> Result<Vec<T>>) -> Result<Self> {
        let inner = match shared::SharedList::open(name) {
            Some(list) => list,
            None => create(name, &load()?)
                .map_err(|error| error.context(format_args!("shared list {name:?}")))?,
        };
        let name = name.to_owned();
        Ok(Self {
            name,
            inner,
            element: PhantomData,
        })
    }

    /// How many elements it has.
    pub fn len(&self) -> u64 {
        self.inner.length()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One element. Errors: `index` is beyond the end; the element isn't a `T`.
    pub fn get(&self, index: u64) -> Result<T> {
        let Some(item) = self.inner.item(index) else {
            let name = &self.name;
            return Err(Error::new(format_args!(
                "shared list {name:?} has no element {index}: it has {}",
                self.len()
            )));
        };
        serde_json::from_slice(&item).map_err(|error| {
            Error::from(error).context(format_args!(
                "element {index} of shared list {:?}",
                self.name
            ))
        })
    }

    /// A random element. Errors: the list is empty; the element isn't a `T`.
    pub fn random(&self) -> Result<T> {
        self.get(random::range(0..self.len()))
    }
}

fn create<T: Serialize>(name: &str, items: &[T]) -> Result<shared::SharedList> {
    let items: Vec<Vec<u8>> = items
        .iter()
        .map(serde_json::to_vec)
        .collect::<Result<_, _>>()?;
    let items: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    shared::SharedList::create(name, &items).map_err(Error::new)
}

/// Text of bytes that should be UTF-8; what isn't is replaced.
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}
