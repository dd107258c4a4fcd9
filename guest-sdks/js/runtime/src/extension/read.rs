//! Defines how what extensions return is read as values of JavaScript.

use std::rc::Rc;

use rquickjs::{Array, BigInt, Class, Ctx, Object, Result, TypedArray, Value};

use super::resource;
use super::types::{Type, is_waitable};
use super::waitable::Waitable;
use crate::bindings::brunt::js::extensions;

/// Reads what a call returned. The engine wrote it by the same types.
pub(super) struct Reader<'a, 'js> {
    ctx: &'a Ctx<'js>,
    bytes: &'a [u8],
}

impl<'a, 'js> Reader<'a, 'js> {
    pub(super) fn new(ctx: &'a Ctx<'js>, bytes: &'a [u8]) -> Self {
        Self { ctx, bytes }
    }

    pub(super) fn optional(&mut self, ty: Option<&Type>) -> Result<Value<'js>> {
        match ty {
            Some(ty) => self.value(ty),
            None => Ok(Value::new_undefined(self.ctx.clone())),
        }
    }

    pub(super) fn value(&mut self, ty: &Type) -> Result<Value<'js>> {
        let ctx = self.ctx.clone();
        Ok(match ty {
            Type::Bool => Value::new_bool(ctx, self.byte() != 0),
            Type::Int(bytes, signed) => return self.integer(*bytes, *signed),
            Type::F32 => Value::new_number(ctx, f64::from(f32::from_le_bytes(self.fixed()))),
            Type::F64 => Value::new_number(ctx, f64::from_le_bytes(self.fixed())),
            Type::Char => {
                let letter = char::from_u32(self.word()).unwrap_or_default();
                self.text(letter.encode_utf8(&mut [0; 4]))?
            }
            Type::String => {
                let text = String::from_utf8_lossy(self.counted());
                self.text(&text)?
            }
            Type::Bytes => TypedArray::<u8>::new_copy(ctx, self.counted())?.into_value(),
            Type::List(item) => {
                let count = self.word() as usize;
                self.array(std::iter::repeat_n(&**item, count))?
            }
            Type::Tuple(items) => self.array(items.iter())?,
            Type::Option(some) => self.option(some)?,
            Type::Record(fields) => {
                let object = Object::new(ctx)?;
                for (name, ty) in fields {
                    object.set(name.as_str(), self.value(ty)?)?;
                }
                object.into_value()
            }
            Type::Flags(names) => self.flags(names)?,
            Type::Enum(names) => {
                let name = names.get(self.case(names.len()));
                self.text(name.map_or("", String::as_str))?
            }
            Type::Variant(cases) => {
                let index = self.case(cases.len());
                let Some((name, ty)) = cases.get(index) else {
                    return Ok(Value::new_undefined(ctx));
                };
                self.tagged(name, ty.as_ref())?
            }
            Type::Result(ok, err) => match self.byte() {
                0 => self.tagged("ok", ok.as_deref())?,
                _ => self.tagged("err", err.as_deref())?,
            },
            Type::Resource(name, _) => self.resource(name)?,
        })
    }

    fn text(&self, text: &str) -> Result<Value<'js>> {
        rquickjs::String::from_str(self.ctx.clone(), text).map(rquickjs::String::into_value)
    }

    fn array<'t>(&mut self, types: impl Iterator<Item = &'t Type>) -> Result<Value<'js>> {
        let array = Array::new(self.ctx.clone())?;
        for (index, ty) in types.enumerate() {
            array.set(index, self.value(ty)?)?;
        }
        Ok(array.into_value())
    }

    /// Nothing is `undefined`; where what there is can be nothing itself, that is `null`.
    fn option(&mut self, some: &Type) -> Result<Value<'js>> {
        if self.byte() == 0 {
            return Ok(Value::new_undefined(self.ctx.clone()));
        }
        let value = self.value(some)?;
        match (some, value.is_undefined()) {
            (Type::Option(_), true) => Ok(Value::new_null(self.ctx.clone())),
            _ => Ok(value),
        }
    }

    fn resource(&mut self, name: &str) -> Result<Value<'js>> {
        let number = self.word();
        if !is_waitable(name) {
            return resource::made(self.ctx, name, number, None);
        }
        let waitable = Rc::new(extensions::take_waitable(number));
        Class::instance(self.ctx.clone(), Waitable(waitable)).map(Class::into_value)
    }

    fn integer(&mut self, bytes: usize, signed: bool) -> Result<Value<'js>> {
        let (taken, rest) = self.bytes.split_at_checked(bytes).unwrap_or_default();
        self.bytes = rest;
        let is_negative = signed && taken.last().is_some_and(|last| *last >= 0x80);
        let mut wide = [if is_negative { 0xff } else { 0 }; 16];
        wide[..taken.len()].copy_from_slice(taken);
        let number = i128::from_le_bytes(wide);
        let ctx = self.ctx.clone();
        if number.abs() <= EXACT {
            return Ok(Value::new_number(ctx, number as f64));
        }
        let big = match signed {
            true => BigInt::from_i64(ctx, number as i64)?,
            false => BigInt::from_u64(ctx, number as u64)?,
        };
        Ok(big.into_value())
    }

    fn tagged(&mut self, tag: &str, ty: Option<&Type>) -> Result<Value<'js>> {
        let object = Object::new(self.ctx.clone())?;
        object.set("tag", tag)?;
        if ty.is_some() {
            object.set("val", self.optional(ty)?)?;
        }
        Ok(object.into_value())
    }

    fn flags(&mut self, names: &[String]) -> Result<Value<'js>> {
        let object = Object::new(self.ctx.clone())?;
        for names in names.chunks(32) {
            let word = self.word();
            for (bit, name) in names.iter().enumerate() {
                object.set(name.as_str(), word >> bit & 1 == 1)?;
            }
        }
        Ok(object.into_value())
    }

    fn case(&mut self, cases: usize) -> usize {
        match cases > 256 {
            true => self.word() as usize,
            false => usize::from(self.byte()),
        }
    }

    fn counted(&mut self) -> &'a [u8] {
        let length = self.word() as usize;
        let (taken, rest) = self.bytes.split_at_checked(length).unwrap_or_default();
        self.bytes = rest;
        taken
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.fixed::<1>()[0]
    }

    pub(super) fn word(&mut self) -> u32 {
        u32::from_le_bytes(self.fixed())
    }

    fn fixed<const N: usize>(&mut self) -> [u8; N] {
        let Some((taken, rest)) = self.bytes.split_first_chunk() else {
            return [0; N];
        };
        self.bytes = rest;
        *taken
    }
}

/// The greatest whole number up to which all are exact as numbers of JavaScript.
const EXACT: i128 = (1 << 53) - 1;
