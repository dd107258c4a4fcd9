//! Defines how values are encoded on the bridge: one after the other, little-endian, without names.
//!
//! | type | bytes |
//! | --- | --- |
//! | numbers, `bool`, `char` | as many as they have; 1; 4 |
//! | `string`, `list<u8>` | the length in 4, and the bytes |
//! | other lists | how many in 4, and each |
//! | `record`, `tuple` | each |
//! | `variant`, `enum`, `option`, `result` | which case in 1, or in 4 where there are more than 256, and its value |
//! | `flags` | a bit for each, in words of 4 |
//! | resources | a number in 4 |

use wasmtime::component::{ResourceAny, Val};

use super::types::Type;

/// What is wrong with encoded values: the fault of a runtime, never of a script.
pub(super) const TORN: &str =
    "extensions.call: the arguments are not encoded as the function wants them";

/// Where resources that cross the bridge are numbered.
pub(super) trait Handles {
    /// The resource with this number; given away with `owned`.
    fn resource(&mut self, number: u32, owned: bool) -> wasmtime::Result<ResourceAny>;

    /// A number for this resource.
    fn number(&mut self, resource: ResourceAny) -> wasmtime::Result<u32>;
}

/// Reads values from what a runtime sent.
pub(super) struct Reader<'a, H> {
    pub(super) bytes: &'a [u8],
    pub(super) handles: &'a mut H,
}

impl<H: Handles> Reader<'_, H> {
    pub(super) fn value(&mut self, ty: &Type) -> wasmtime::Result<Val> {
        Ok(match ty {
            Type::Bool => Val::Bool(self.fixed::<1>()? != [0]),
            Type::S8 => Val::S8(i8::from_le_bytes(self.fixed()?)),
            Type::U8 => Val::U8(u8::from_le_bytes(self.fixed()?)),
            Type::S16 => Val::S16(i16::from_le_bytes(self.fixed()?)),
            Type::U16 => Val::U16(u16::from_le_bytes(self.fixed()?)),
            Type::S32 => Val::S32(i32::from_le_bytes(self.fixed()?)),
            Type::U32 => Val::U32(self.word()?),
            Type::S64 => Val::S64(i64::from_le_bytes(self.fixed()?)),
            Type::U64 => Val::U64(u64::from_le_bytes(self.fixed()?)),
            Type::F32 => Val::Float32(f32::from_le_bytes(self.fixed()?)),
            Type::F64 => Val::Float64(f64::from_le_bytes(self.fixed()?)),
            Type::Char => Val::Char(char::from_u32(self.word()?).ok_or_else(torn)?),
            Type::String => {
                let text = std::str::from_utf8(self.counted()?).map_err(|_| torn())?;
                Val::String(text.to_owned())
            }
            Type::List(item) if **item == Type::U8 => {
                Val::List(self.counted()?.iter().map(|byte| Val::U8(*byte)).collect())
            }
            Type::List(item) => {
                let count = self.word()?;
                // A count that is a lie must not cost memory.
                let mut items = Vec::with_capacity((count as usize).min(self.bytes.len()));
                for _ in 0..count {
                    items.push(self.value(item)?);
                }
                Val::List(items)
            }
            Type::Tuple(items) => {
                let items = items.iter().map(|item| self.value(item));
                Val::Tuple(items.collect::<wasmtime::Result<_>>()?)
            }
            Type::Record(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(name, ty)| Ok((name.clone(), self.value(ty)?)));
                Val::Record(fields.collect::<wasmtime::Result<_>>()?)
            }
            Type::Variant(cases) => {
                let (name, ty) = self.case(cases)?;
                Val::Variant(name.clone(), self.boxed(ty.as_ref())?)
            }
            Type::Enum(names) => Val::Enum(self.case(names)?.clone()),
            Type::Option(some) => match self.fixed::<1>()? {
                [0] => Val::Option(None),
                _ => Val::Option(self.boxed(Some(some))?),
            },
            Type::Result(ok, err) => Val::Result(match self.fixed::<1>()? {
                [0] => Ok(self.boxed(ok.as_deref())?),
                _ => Err(self.boxed(err.as_deref())?),
            }),
            Type::Flags(names) => Val::Flags(self.flags(names)?),
            Type::Resource(_, owned) => {
                let number = self.word()?;
                Val::Resource(self.handles.resource(number, *owned)?)
            }
        })
    }

    fn boxed(&mut self, ty: Option<&Type>) -> wasmtime::Result<Option<Box<Val>>> {
        ty.map(|ty| self.value(ty).map(Box::new)).transpose()
    }

    fn case<'t, T>(&mut self, cases: &'t [T]) -> wasmtime::Result<&'t T> {
        let index = match cases.len() > SHORT {
            true => self.word()? as usize,
            false => usize::from(self.fixed::<1>()?[0]),
        };
        cases.get(index).ok_or_else(torn)
    }

    fn flags(&mut self, names: &[String]) -> wasmtime::Result<Vec<String>> {
        let mut set = Vec::new();
        for names in names.chunks(WORD) {
            let word = self.word()?;
            let named = names.iter().enumerate();
            let named = named.filter(|(bit, _)| word >> bit & 1 == 1);
            set.extend(named.map(|(_, name)| name.clone()));
        }
        Ok(set)
    }

    fn word(&mut self) -> wasmtime::Result<u32> {
        self.fixed().map(u32::from_le_bytes)
    }

    fn counted(&mut self) -> wasmtime::Result<&[u8]> {
        let length = self.word()? as usize;
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or_else(torn)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn fixed<const N: usize>(&mut self) -> wasmtime::Result<[u8; N]> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or_else(torn)?;
        self.bytes = rest;
        Ok(*taken)
    }
}

/// Writes a value for a runtime.
pub(super) fn write(
    to: &mut Vec<u8>,
    value: &Val,
    ty: &Type,
    handles: &mut impl Handles,
) -> wasmtime::Result<()> {
    match (value, ty) {
        (Val::Bool(value), _) => to.push(u8::from(*value)),
        (Val::S8(value), _) => to.extend(value.to_le_bytes()),
        (Val::U8(value), _) => to.push(*value),
        (Val::S16(value), _) => to.extend(value.to_le_bytes()),
        (Val::U16(value), _) => to.extend(value.to_le_bytes()),
        (Val::S32(value), _) => to.extend(value.to_le_bytes()),
        (Val::U32(value), _) => to.extend(value.to_le_bytes()),
        (Val::S64(value), _) => to.extend(value.to_le_bytes()),
        (Val::U64(value), _) => to.extend(value.to_le_bytes()),
        (Val::Float32(value), _) => to.extend(value.to_le_bytes()),
        (Val::Float64(value), _) => to.extend(value.to_le_bytes()),
        (Val::Char(value), _) => to.extend(u32::from(*value).to_le_bytes()),
        (Val::String(text), _) => {
            write_count(to, text.len());
            to.extend(text.as_bytes());
        }
        (Val::List(items), Type::List(item)) => {
            write_count(to, items.len());
            write_all(to, items.iter().map(|value| (value, &**item)), handles)?;
        }
        (Val::Tuple(items), Type::Tuple(types)) => write_all(to, items.iter().zip(types), handles)?,
        (Val::Record(fields), Type::Record(types)) => {
            let values = fields.iter().map(|(_, value)| value);
            write_all(to, values.zip(types.iter().map(|(_, ty)| ty)), handles)?;
        }
        (Val::Variant(name, value), Type::Variant(cases)) => {
            let index = cases
                .iter()
                .position(|(case, _)| case == name)
                .ok_or_else(torn)?;
            write_case(to, index, cases.len());
            let ty = cases[index].1.as_ref();
            write_all(to, value.as_deref().into_iter().zip(ty), handles)?;
        }
        (Val::Enum(name), Type::Enum(names)) => {
            let index = names
                .iter()
                .position(|case| case == name)
                .ok_or_else(torn)?;
            write_case(to, index, names.len());
        }
        (Val::Option(value), Type::Option(ty)) => {
            to.push(u8::from(value.is_some()));
            write_all(to, value.as_deref().map(|value| (value, &**ty)), handles)?;
        }
        (Val::Result(value), Type::Result(ok, err)) => {
            to.push(u8::from(value.is_err()));
            let (value, ty) = match value {
                Ok(value) => (value, ok),
                Err(value) => (value, err),
            };
            write_all(to, value.as_deref().zip(ty.as_deref()), handles)?;
        }
        (Val::Flags(set), Type::Flags(names)) => write_flags(to, set, names),
        (Val::Resource(resource), _) => to.extend(handles.number(*resource)?.to_le_bytes()),
        _ => return Err(torn()),
    }
    Ok(())
}

fn write_all<'a>(
    to: &mut Vec<u8>,
    values: impl IntoIterator<Item = (&'a Val, &'a Type)>,
    handles: &mut impl Handles,
) -> wasmtime::Result<()> {
    let mut values = values.into_iter();
    values.try_for_each(|(value, ty)| write(to, value, ty, handles))
}

fn write_count(to: &mut Vec<u8>, count: usize) {
    // What comes from a memory of 4 GiB has no more than that.
    to.extend((count as u32).to_le_bytes());
}

fn write_case(to: &mut Vec<u8>, index: usize, cases: usize) {
    match cases > SHORT {
        true => write_count(to, index),
        false => to.push(index as u8),
    }
}

fn write_flags(to: &mut Vec<u8>, set: &[String], names: &[String]) {
    for names in names.chunks(WORD) {
        let mut word = 0_u32;
        for (bit, name) in names.iter().enumerate() {
            word |= u32::from(set.contains(name)) << bit;
        }
        to.extend(word.to_le_bytes());
    }
}

fn torn() -> wasmtime::Error {
    crate::state::Misuse(TORN.into()).into()
}

/// Cases whose number is one byte.
const SHORT: usize = 256;

/// Flags in a word.
const WORD: usize = 32;
