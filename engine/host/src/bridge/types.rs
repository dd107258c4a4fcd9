//! Defines the types of values that cross the bridge, as the engine and the runtime of scripts agree on them.

use serde_json::{Value, json};
use wasmtime::component::ResourceType;
use wasmtime::component::types;

/// A type of a parameter or a result.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    List(Box<Type>),
    Option(Box<Type>),
    Tuple(Vec<Type>),
    Record(Vec<(String, Type)>),
    Variant(Vec<(String, Option<Type>)>),
    Enum(Vec<String>),
    Flags(Vec<String>),
    Result(Option<Box<Type>>, Option<Box<Type>>),
    /// A resource, by its name; given away with `true`.
    Resource(String, bool),
}

/// Resources and their names: `sample:kinds/kinds@0.1.0#counter`.
pub(super) type Resources = Vec<(ResourceType, String)>;

impl Type {
    /// The type, with resources by their names.
    ///
    /// # Errors
    /// What scripts have no values for.
    pub(super) fn of(ty: &types::Type, resources: &Resources) -> Result<Self, String> {
        use types::Type as Of;
        let of = |ty: &Of| Self::of(ty, resources);
        let boxed = |ty: Option<Of>| ty.map(|ty| of(&ty).map(Box::new)).transpose();
        let texts = |names: &mut dyn Iterator<Item = &str>| names.map(str::to_owned).collect();
        Ok(match ty {
            Of::Bool => Self::Bool,
            Of::S8 => Self::S8,
            Of::U8 => Self::U8,
            Of::S16 => Self::S16,
            Of::U16 => Self::U16,
            Of::S32 => Self::S32,
            Of::U32 => Self::U32,
            Of::S64 => Self::S64,
            Of::U64 => Self::U64,
            Of::Float32 => Self::F32,
            Of::Float64 => Self::F64,
            Of::Char => Self::Char,
            Of::String => Self::String,
            Of::List(list) => Self::List(Box::new(of(&list.ty())?)),
            Of::Option(option) => Self::Option(Box::new(of(&option.ty())?)),
            Of::Tuple(tuple) => {
                Self::Tuple(tuple.types().map(|ty| of(&ty)).collect::<Result<_, _>>()?)
            }
            Of::Record(record) => {
                let fields = record.fields();
                let fields = fields.map(|field| Ok((field.name.to_owned(), of(&field.ty)?)));
                Self::Record(fields.collect::<Result<_, String>>()?)
            }
            Of::Variant(variant) => {
                let cases = variant.cases().map(|case| {
                    let ty = case.ty.as_ref().map(of).transpose()?;
                    Ok((case.name.to_owned(), ty))
                });
                Self::Variant(cases.collect::<Result<_, String>>()?)
            }
            Of::Enum(of) => Self::Enum(texts(&mut of.names())),
            Of::Flags(of) => Self::Flags(texts(&mut of.names())),
            Of::Result(result) => Self::Result(boxed(result.ok())?, boxed(result.err())?),
            Of::Own(resource) => Self::Resource(name(resource, resources)?, true),
            Of::Borrow(resource) => Self::Resource(name(resource, resources)?, false),
            Of::Map(_)
            | Of::Future(_)
            | Of::Stream(_)
            | Of::ErrorContext
            | Of::FixedLengthList(_) => {
                return Err(format!("{} can't be had in a script", kind(ty)));
            }
        })
    }

    /// What the runtime of scripts is told.
    pub(super) fn to_json(&self) -> Value {
        let optional = |ty: &Option<Box<Self>>| ty.as_ref().map_or(Value::Null, |ty| ty.to_json());
        match self {
            Self::Bool => json!("bool"),
            Self::S8 => json!("s8"),
            Self::U8 => json!("u8"),
            Self::S16 => json!("s16"),
            Self::U16 => json!("u16"),
            Self::S32 => json!("s32"),
            Self::U32 => json!("u32"),
            Self::S64 => json!("s64"),
            Self::U64 => json!("u64"),
            Self::F32 => json!("f32"),
            Self::F64 => json!("f64"),
            Self::Char => json!("char"),
            Self::String => json!("string"),
            Self::List(item) => json!({ "list": item.to_json() }),
            Self::Option(some) => json!({ "option": some.to_json() }),
            Self::Tuple(items) => {
                json!({ "tuple": items.iter().map(Self::to_json).collect::<Vec<_>>() })
            }
            Self::Record(fields) => {
                let fields = fields.iter().map(|(name, ty)| json!([name, ty.to_json()]));
                json!({ "record": fields.collect::<Vec<_>>() })
            }
            Self::Variant(cases) => {
                let cases = cases.iter().map(|(name, ty)| {
                    json!([name, ty.as_ref().map_or(Value::Null, Self::to_json)])
                });
                json!({ "variant": cases.collect::<Vec<_>>() })
            }
            Self::Enum(names) => json!({ "enum": names }),
            Self::Flags(names) => json!({ "flags": names }),
            Self::Result(ok, err) => json!({ "result": [optional(ok), optional(err)] }),
            Self::Resource(name, true) => json!({ "own": name }),
            Self::Resource(name, false) => json!({ "borrow": name }),
        }
    }
}

fn name(resource: &ResourceType, resources: &Resources) -> Result<String, String> {
    let found = resources.iter().find(|(known, _)| known == resource);
    let (_, name) = found.ok_or("a resource of it is exported by no interface")?;
    Ok(name.clone())
}

fn kind(ty: &types::Type) -> &'static str {
    use types::Type as Of;
    match ty {
        Of::Map(_) => "a map",
        Of::Future(_) => "a future",
        Of::Stream(_) => "a stream",
        Of::ErrorContext => "an error context",
        _ => "a list of fixed length",
    }
}
