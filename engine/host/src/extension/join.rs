//! Defines how a test and the extensions that it imports become one component, in which calls go from guest to guest.

use anyhow::{Context, Result};
use wac_graph::types::Package;
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};
use wasmtime::AsContextMut;
use wasmtime::component::{Component, ComponentExportIndex, Instance, TypedFunc};

use crate::extension::LIFECYCLE;
use crate::extension::interface::Interface;
use crate::extension::shape::Shape;
use crate::world;

/// One component of these: the test's imports of the extensions' interfaces are joined to their exports, and what is left to
/// import is shared by all. It exports the test's lifecycle, and that of each extension under [`export_name`].
///
/// # Errors
/// When an extension's interface is not what the test was built for.
pub(crate) fn join(test: &[u8], extensions: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let test = add(&mut graph, "test", test)?;
    for (index, bytes) in extensions.iter().enumerate() {
        let name = export_name(index);
        let extension = add(&mut graph, &name, bytes)?;
        connect(&mut graph, &test, &extension)?;
        let lifecycle = lifecycle(&extension.shape).context("it has no lifecycle")?;
        let lifecycle = graph.alias_instance_export(extension.node, lifecycle)?;
        graph.export(lifecycle, name)?;
    }
    let lifecycle = graph.alias_instance_export(test.node, world::LIFECYCLE)?;
    graph.export(lifecycle, world::LIFECYCLE)?;
    let options = EncodeOptions {
        define_components: true,
        validate: false,
        processor: None,
    };
    Ok(graph.encode(options)?)
}

/// The name under which a joined component exports the lifecycle of the extension with this index.
pub(crate) fn export_name(index: usize) -> String {
    format!("extension{index}")
}

struct Part {
    node: NodeId,
    shape: Shape,
}

fn add(graph: &mut CompositionGraph, name: &str, bytes: &[u8]) -> Result<Part> {
    let package = Package::from_bytes(name, None, bytes.to_vec(), graph.types_mut())?;
    let package = graph.register_package(package)?;
    Ok(Part {
        node: graph.instantiate(package),
        shape: Shape::of(bytes)?,
    })
}

fn connect(graph: &mut CompositionGraph, test: &Part, extension: &Part) -> Result<()> {
    for import in &test.shape.imports {
        let Some(wanted) = Interface::parse(import) else {
            continue;
        };
        let mut exports = extension.shape.exports.iter();
        let offers =
            |export: &&String| Interface::parse(export).is_some_and(|name| name.fits(&wanted));
        if let Some(export) = exports.find(offers) {
            let alias = graph.alias_instance_export(extension.node, export)?;
            graph
                .set_instantiation_argument(test.node, import, alias)
                .with_context(|| format!("{export} is not what the test was built for"))?;
        }
    }
    Ok(())
}

fn lifecycle(shape: &Shape) -> Option<&str> {
    let wanted = Interface::parse(LIFECYCLE)?;
    let mut exports = shape.exports.iter();
    let found =
        exports.find(|export| Interface::parse(export).is_some_and(|name| name.fits(&wanted)))?;
    Some(found)
}

/// Where the functions of an extension's lifecycle are in a component.
#[derive(Clone, Copy)]
pub(crate) struct Lifecycle {
    init: ComponentExportIndex,
    attend: ComponentExportIndex,
}

/// `init` of one instance.
pub(crate) type Init = TypedFunc<(), (std::result::Result<(), String>,)>;

/// `attend` of one instance.
pub(crate) type Attend = TypedFunc<(), (Option<u64>,)>;

impl Lifecycle {
    /// The functions of the lifecycle that the component exports under this name.
    pub(crate) fn find(component: &Component, name: &str) -> Option<Self> {
        let lifecycle = component.get_export_index(None, name)?;
        Some(Self {
            init: component.get_export_index(Some(&lifecycle), "init")?,
            attend: component.get_export_index(Some(&lifecycle), "attend")?,
        })
    }

    /// The functions in this instance.
    pub(crate) fn of(
        &self,
        mut store: impl AsContextMut,
        instance: &Instance,
    ) -> wasmtime::Result<(Init, Attend)> {
        Ok((
            instance.get_typed_func(&mut store, self.init)?,
            instance.get_typed_func(&mut store, self.attend)?,
        ))
    }
}
