//! Defines the types of an extension's interface, as the engine tells them.

use serde_json::Value as Json;

use super::names::{camel, pascal};

/// An interface.
pub(super) struct Interface {
    pub(super) name: String,
    pub(super) resources: Vec<String>,
    pub(super) functions: Vec<Function>,
}

/// A function of an interface.
pub(super) struct Function {
    pub(super) number: u32,
    pub(super) kind: Kind,
    /// Its own name, as in the contract.
    pub(super) name: String,
    /// What messages call it: `Counter.add`.
    pub(super) shown: String,
    /// Its parameters, those of a method without the resource itself.
    pub(super) parameters: Vec<(String, Type)>,
    pub(super) result: Option<Type>,
    /// The resource whose method it is, by its full name.
    pub(super) of: Option<String>,
}

/// What a function belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Free,
    Constructor(String),
    Method(String),
    Static(String),
}

/// A type.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    Bool,
    /// A whole number of so many bytes, with a sign or without.
    Int(usize, bool),
    F32,
    F64,
    Char,
    String,
    Bytes,
    List(Box<Type>),
    Option(Box<Type>),
    Tuple(Vec<Type>),
    /// Fields by their names in JavaScript.
    Record(Vec<(String, Type)>),
    Variant(Vec<(String, Option<Type>)>),
    Enum(Vec<String>),
    /// Flags by their names in JavaScript.
    Flags(Vec<String>),
    Result(Option<Box<Type>>, Option<Box<Type>>),
    /// A resource, by its full name; given away with `true`.
    Resource(String, bool),
}

/// The resource that is the engine's own.
pub(super) fn is_waitable(resource: &str) -> bool {
    resource.starts_with("brunt:time/waiting@") && resource.ends_with("#waitable")
}

type Outcome<T> = Result<T, String>;

impl Interface {
    pub(super) fn parse(name: &str, json: &Json) -> Outcome<Self> {
        let functions = list(&json["functions"])?.iter();
        Ok(Self {
            name: name.to_owned(),
            resources: texts(&json["resources"])?,
            functions: functions
                .map(|of| Function::parse(name, of))
                .collect::<Outcome<_>>()?,
        })
    }
}

impl Function {
    fn parse(interface: &str, json: &Json) -> Outcome<Self> {
        let (kind, name) = Kind::parse(text(&json["name"])?);
        let mut parameters = named(&json["parameters"], Type::parse)?;
        if matches!(kind, Kind::Method(_)) && !parameters.is_empty() {
            parameters.remove(0);
        }
        let shown = match kind.resource() {
            None => camel(&name),
            Some(resource) if matches!(kind, Kind::Constructor(_)) => {
                format!("new {}", pascal(resource))
            }
            Some(resource) => format!("{}.{}", pascal(resource), camel(&name)),
        };
        let parameters = parameters.into_iter();
        Ok(Self {
            number: json["number"].as_u64().unwrap_or_default() as u32,
            of: match &kind {
                Kind::Method(resource) => Some(format!("{interface}#{resource}")),
                _ => None,
            },
            kind,
            name,
            shown,
            parameters: parameters.map(|(name, ty)| (camel(&name), ty)).collect(),
            result: optional(&json["result"])?,
        })
    }
}

impl Kind {
    fn parse(name: &str) -> (Self, String) {
        let parts = name.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let Some((kind, rest)) = parts else {
            return (Self::Free, name.to_owned());
        };
        let (resource, own) = rest.split_once('.').unwrap_or((rest, ""));
        let resource = resource.to_owned();
        let kind = match kind {
            "constructor" => Self::Constructor(resource),
            "method" => Self::Method(resource),
            _ => Self::Static(resource),
        };
        (kind, own.to_owned())
    }

    /// The resource that it belongs to.
    pub(super) fn resource(&self) -> Option<&str> {
        match self {
            Self::Free => None,
            Self::Constructor(of) | Self::Method(of) | Self::Static(of) => Some(of),
        }
    }
}

impl Type {
    fn parse(json: &Json) -> Outcome<Self> {
        if let Some(name) = json.as_str() {
            return Ok(match name {
                "bool" => Self::Bool,
                "f32" => Self::F32,
                "f64" => Self::F64,
                "char" => Self::Char,
                "string" => Self::String,
                _ => return integer(name),
            });
        }
        let (kind, of) = json
            .as_object()
            .and_then(|object| object.iter().next())
            .ok_or_else(|| format!("no type: {json}"))?;
        let boxed = |ty| optional(ty).map(|ty| ty.map(Box::new));
        Ok(match kind.as_str() {
            "list" if of == "u8" => Self::Bytes,
            "list" => Self::List(Box::new(Self::parse(of)?)),
            "option" => Self::Option(Box::new(Self::parse(of)?)),
            "tuple" => Self::Tuple(list(of)?.iter().map(Self::parse).collect::<Outcome<_>>()?),
            "record" => {
                let fields = named(of, Self::parse)?.into_iter();
                Self::Record(fields.map(|(name, ty)| (camel(&name), ty)).collect())
            }
            "variant" => Self::Variant(named(of, optional)?),
            "enum" => Self::Enum(texts(of)?),
            "flags" => Self::Flags(texts(of)?.iter().map(|name| camel(name)).collect()),
            "result" => Self::Result(boxed(&of[0])?, boxed(&of[1])?),
            "own" => Self::Resource(text(of)?.to_owned(), true),
            "borrow" => Self::Resource(text(of)?.to_owned(), false),
            _ => return Err(format!("no type: {json}")),
        })
    }

    /// Calls this with every resource that the type mentions.
    pub(super) fn each_resource(&self, call: &mut dyn FnMut(&str)) {
        match self {
            Self::Resource(name, _) => call(name),
            Self::List(of) | Self::Option(of) => of.each_resource(call),
            Self::Tuple(items) => items.iter().for_each(|item| item.each_resource(call)),
            Self::Record(fields) => fields.iter().for_each(|(_, ty)| ty.each_resource(call)),
            Self::Variant(cases) => {
                let types = cases.iter().filter_map(|(_, ty)| ty.as_ref());
                types.for_each(|ty| ty.each_resource(call));
            }
            Self::Result(ok, err) => {
                let both = [ok, err].into_iter().flatten();
                both.for_each(|ty| ty.each_resource(call));
            }
            _ => {}
        }
    }
}

fn integer(name: &str) -> Outcome<Type> {
    let signed = name.starts_with('s');
    let bits: usize = name[1..].parse().map_err(|_| format!("no type: {name}"))?;
    Ok(Type::Int(bits / 8, signed))
}

fn optional(json: &Json) -> Outcome<Option<Type>> {
    match json.is_null() {
        true => Ok(None),
        false => Type::parse(json).map(Some),
    }
}

fn named<T>(json: &Json, read: impl Fn(&Json) -> Outcome<T>) -> Outcome<Vec<(String, T)>> {
    let pairs = list(json)?.iter();
    pairs
        .map(|pair| Ok((text(&pair[0])?.to_owned(), read(&pair[1])?)))
        .collect()
}

fn texts(json: &Json) -> Outcome<Vec<String>> {
    let names = list(json)?.iter();
    names.map(|name| text(name).map(str::to_owned)).collect()
}

fn list(json: &Json) -> Outcome<&Vec<Json>> {
    json.as_array().ok_or_else(|| format!("no list: {json}"))
}

fn text(json: &Json) -> Outcome<&str> {
    json.as_str().ok_or_else(|| format!("no text: {json}"))
}
