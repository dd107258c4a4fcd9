//! Defines documents of HTML, for the module `k6/html`: parsed once, then only read.
//!
//! A node is its number in the order of the document, which JavaScript keeps in place of an object for each.

use std::collections::HashMap;

use dom_query::{Document as Parsed, Matcher, NodeId, NodeRef};
use rquickjs::class::{JsClass, Readable, Trace, Tracer};
use rquickjs::function::Constructor;
use rquickjs::{Class, Ctx, Exception, Function, JsLifetime, Object, Result};

use super::lazy::Part;

/// Functions that parse and read HTML.
pub(super) struct Documents;

/// A document.
pub(crate) struct Document {
    parsed: Parsed,
    /// All nodes in the document's order.
    nodes: Vec<NodeId>,
    numbers: HashMap<NodeId, u32>,
}

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for Document {
    type Changed<'to> = Document;
}

impl<'js> Trace<'js> for Document {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for Document {
    const NAME: &'static str = "NativeDocument";
    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

type This<'js> = Class<'js, Document>;

impl Document {
    fn new(text: &str) -> Self {
        let parsed = Parsed::from(text);
        let root = parsed.root();
        let mut nodes = vec![root.id];
        nodes.extend(root.descendants_it().map(|node| node.id));
        let numbers = nodes.iter().zip(0..);
        let numbers = numbers.map(|(id, number)| (*id, number)).collect();
        Self {
            parsed,
            nodes,
            numbers,
        }
    }

    fn node(&self, number: u32) -> Option<NodeRef<'_>> {
        self.parsed.tree.get(self.nodes.get(number as usize)?)
    }

    fn number(&self, node: Option<NodeRef<'_>>) -> Option<u32> {
        self.numbers.get(&node?.id).copied()
    }
}

impl Part for Documents {
    fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
        let parse = |ctx, text: String| Class::instance(ctx, Document::new(&text));
        native.set("parse", Function::new(ctx.clone(), parse)?)?;
        native.set("relative", Function::new(ctx.clone(), relative)?)?;
        native.set("type", Function::new(ctx.clone(), type_of)?)?;
        native.set("name", Function::new(ctx.clone(), name)?)?;
        native.set("namespace", Function::new(ctx.clone(), namespace)?)?;
        native.set("attribute", Function::new(ctx.clone(), attribute)?)?;
        native.set("attributes", Function::new(ctx.clone(), attributes)?)?;
        native.set("text", Function::new(ctx.clone(), text)?)?;
        native.set("html", Function::new(ctx.clone(), html)?)?;
        native.set("find", Function::new(ctx.clone(), find)?)?;
        native.set("matching", Function::new(ctx.clone(), matching)?)
    }
}

/// `relative(document, node, which)`: the parent, the first or last child, the next or previous sibling.
fn relative(this: This<'_>, node: u32, which: String) -> Option<u32> {
    let this = this.borrow();
    let node = this.node(node)?;
    let found = match which.as_str() {
        "parent" => node.parent(),
        "first" => node.first_child(),
        "last" => node.last_child(),
        "next" => node.next_sibling(),
        _ => node.prev_sibling(),
    };
    this.number(found)
}

/// `type(document, node)`: the DOM's number for it.
fn type_of(this: This<'_>, node: u32) -> Option<u32> {
    let this = this.borrow();
    let node = this.node(node)?;
    let types = [
        (node.is_element(), 1),
        (node.is_text(), 3),
        (node.is_comment(), 8),
        (node.is_document(), 9),
        (node.is_doctype(), 10),
    ];
    types.iter().find(|(is, _)| *is).map(|(_, number)| *number)
}

/// `name(document, node)`: of an element its tag.
fn name(this: This<'_>, node: u32) -> Option<String> {
    let this = this.borrow();
    let node = this.node(node)?;
    let other = if node.is_text() {
        "#text"
    } else if node.is_comment() {
        "#comment"
    } else if node.is_document() {
        "#document"
    } else {
        "html"
    };
    let name = node.node_name();
    Some(name.map_or_else(|| other.to_owned(), |name| name.to_string()))
}

/// `namespace(document, node)`: its URI.
fn namespace(this: This<'_>, node: u32) -> Option<String> {
    let this = this.borrow();
    let node = this.node(node)?;
    let name = node.qual_name_ref()?;
    Some(name.ns.to_string())
}

/// `attribute(document, node, name)`
fn attribute(this: This<'_>, node: u32, name: String) -> Option<String> {
    let this = this.borrow();
    let value = this.node(node)?.attr(&name)?;
    Some(value.to_string())
}

/// `attributes(document, node)`: lists of a name, a value, a prefix and a namespace.
fn attributes(this: This<'_>, node: u32) -> Vec<Vec<String>> {
    let this = this.borrow();
    let attributes = this.node(node).map(|node| node.attrs()).unwrap_or_default();
    let parts = attributes.into_iter().map(|attribute| {
        let prefix = attribute.name.prefix.map(|prefix| prefix.to_string());
        vec![
            attribute.name.local.to_string(),
            attribute.value.to_string(),
            prefix.unwrap_or_default(),
            attribute.name.ns.to_string(),
        ]
    });
    parts.collect()
}

/// `text(document, node)`: of a comment its content.
fn text(this: This<'_>, node: u32) -> String {
    let this = this.borrow();
    let Some(node) = this.node(node) else {
        return String::new();
    };
    if !node.is_comment() {
        return node.text().to_string();
    }
    let html = node.html();
    let content = html
        .strip_prefix("<!--")
        .and_then(|html| html.strip_suffix("-->"));
    content.unwrap_or_default().to_owned()
}

/// `html(document, node)`: what is inside of it.
fn html(this: This<'_>, node: u32) -> Option<String> {
    let this = this.borrow();
    let html = this.node(node)?.try_inner_html()?;
    Some(html.to_string())
}

/// `find(document, nodes, selector, most)`: at most so many of the nodes' descendants that match.
fn find<'js>(
    ctx: Ctx<'js>,
    this: This<'js>,
    nodes: Vec<u32>,
    selector: String,
    most: Option<usize>,
) -> Result<Vec<u32>> {
    let matcher = matcher(&ctx, &selector)?;
    let this = this.borrow();
    let most = most.unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut seen = vec![false; this.nodes.len()];
    for node in nodes {
        let Some(node) = this.node(node) else {
            continue;
        };
        for one in node.descendants_it().filter(|one| one.is_match(&matcher)) {
            let Some(number) = this.number(Some(one)) else {
                continue;
            };
            if found.len() < most && !std::mem::replace(&mut seen[number as usize], true) {
                found.push(number);
            }
        }
    }
    Ok(found)
}

/// `matching(document, nodes, selector)`: those of the nodes that match.
fn matching<'js>(
    ctx: Ctx<'js>,
    this: This<'js>,
    mut nodes: Vec<u32>,
    selector: String,
) -> Result<Vec<u32>> {
    let matcher = matcher(&ctx, &selector)?;
    let this = this.borrow();
    nodes.retain(|node| {
        let node = this.node(*node);
        node.is_some_and(|node| node.is_element() && node.is_match(&matcher))
    });
    Ok(nodes)
}

fn matcher(ctx: &Ctx<'_>, selector: &str) -> Result<Matcher> {
    Matcher::new(selector).map_err(|_| {
        let words = format!("{selector:?} is no selector that brunt understands");
        Exception::throw_syntax(ctx, &words)
    })
}
