//! Defines the host's side of `brunt:js`.

use std::sync::Arc;

use crate::bindings::scripting::brunt::js::image;
use crate::bindings::scripting::brunt::js::modules::{Host, Kind, Source};
use crate::evaluation::{Evaluation, Snapshot};
use crate::image::Image;
use crate::modules::ModuleKind;
use crate::state::{Misuse, Phase, VuState};

impl Host for VuState {
    fn main(&mut self) -> wasmtime::Result<String> {
        let modules = self.run.data.modules();
        Ok(modules.map(|modules| modules.main()).unwrap_or_default())
    }

    fn resolve(
        &mut self,
        specifier: String,
        referrer: String,
    ) -> wasmtime::Result<Result<String, String>> {
        Ok(match self.run.data.modules() {
            Some(modules) => modules.resolve(&specifier, &referrer),
            None => Err(NO_SCRIPT.to_owned()),
        })
    }

    fn load(&mut self, name: String) -> wasmtime::Result<Result<Source, String>> {
        if self.phase != Phase::Init {
            return Ok(Err(format!("{name}: modules are loaded in init only")));
        }
        let Some(modules) = self.run.data.modules() else {
            return Ok(Err(NO_SCRIPT.to_owned()));
        };
        Ok(modules.load(&name).map(|source| Source {
            kind: match source.kind {
                ModuleKind::Module => Kind::Module,
                ModuleKind::CommonJs => Kind::Commonjs,
                ModuleKind::Json => Kind::Json,
            },
            text: source.text,
        }))
    }

    fn original(&mut self, name: String, line: u32, column: u32) -> wasmtime::Result<(u32, u32)> {
        Ok(match self.run.data.modules() {
            Some(modules) => modules.original(&name, line, column),
            None => (line, column),
        })
    }
}

impl image::Host for VuState {
    fn is_wanted(&mut self) -> wasmtime::Result<bool> {
        Ok(self.run.evaluation.is_wanted())
    }

    fn save(&mut self, start: u32, memory: Vec<u8>) -> wasmtime::Result<()> {
        if !self.run.evaluation.is_wanted() {
            return Ok(());
        }
        let Some(image) = Image::of_memory(start, &memory) else {
            return Err(Misuse("image.save: the bytes reach beyond 4 GiB".into()).into());
        };
        let snapshot = Snapshot(Arc::new(image));
        self.run.evaluation.say(Evaluation::Once(snapshot));
        Ok(())
    }

    fn refuse(&mut self, why: String) -> wasmtime::Result<()> {
        self.run.evaluation.say(Evaluation::ByEach(why));
        Ok(())
    }
}

const NO_SCRIPT: &str = "this test was started without a script";
