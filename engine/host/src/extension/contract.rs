//! Defines what an extension's file tells of its contract: the WIT of what it exports.

use anyhow::Result;
use wit_component::{DecodedWasm, WitPrinter};

use crate::error::{Error, ErrorKind};
use crate::extension::file::Extension;

impl Extension {
    /// The packages that it exports interfaces of, as WIT.
    ///
    /// # Errors
    /// When the file has none that can be read.
    pub fn contract(&self) -> Result<String, Error> {
        read(self).map_err(|error| {
            let message = format!(
                "{}: its types can't be read: {error:#}",
                self.path().display()
            );
            Error::new(ErrorKind::NotAComponent, message)
                .hint("is the file whole? build it again with the tools of this version of brunt")
        })
    }
}

fn read(extension: &Extension) -> Result<String> {
    let bytes = extension.bytes();
    let resolve = match wasmparser::Parser::is_component(bytes) {
        true => match wit_component::decode(bytes)? {
            DecodedWasm::Component(resolve, _) | DecodedWasm::WitPackage(resolve, _) => resolve,
        },
        false => wit_component::metadata::decode(bytes)?.1.resolve,
    };
    let mut wit = String::new();
    for (id, package) in resolve.packages.iter() {
        let name = package.name.to_string();
        let is_its = |of: &&super::Interface| match &of.version {
            Some(version) => name == format!("{}@{version}", of.package),
            None => name == of.package,
        };
        if extension.exports().iter().find(is_its).is_none() {
            continue;
        }
        let mut printer = WitPrinter::default();
        printer.print(&resolve, id, &[])?;
        wit.push_str(&printer.output.to_string());
    }
    Ok(wit)
}
