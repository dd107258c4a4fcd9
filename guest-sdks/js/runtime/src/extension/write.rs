//! Defines how values of JavaScript are encoded for extensions.

use rquickjs::{
    Array, ArrayBuffer, Class, Coerced, Ctx, Exception, Object, Result, TypedArray, Value,
};

use super::resource;
use super::types::{Type, is_waitable};
use super::waitable::Waitable;
use crate::bindings::brunt::js::extensions;

/// Encodes the arguments of a call.
pub(super) struct Writer<'a, 'js> {
    ctx: &'a Ctx<'js>,
    function: &'a str,
    /// The parts of the path to the value that is written now.
    path: Vec<Step<'a>>,
    pub(super) bytes: Vec<u8>,
}

enum Step<'a> {
    Name(&'a str),
    Index(usize),
}

impl<'a, 'js> Writer<'a, 'js> {
    pub(super) fn new(ctx: &'a Ctx<'js>, function: &'a str) -> Self {
        Self {
            ctx,
            function,
            path: Vec::new(),
            bytes: Vec::new(),
        }
    }

    /// Encodes a parameter.
    pub(super) fn parameter(
        &mut self,
        name: &'a str,
        value: &Value<'js>,
        ty: &'a Type,
    ) -> Result<()> {
        self.step(Step::Name(name), value, ty)
    }

    /// Encodes the number of a resource that is lent.
    pub(super) fn resource(&mut self, what: &str, value: &Value<'js>, name: &str) -> Result<()> {
        let place = || format!("{}(): {what}", self.function);
        let number = resource::number(self.ctx, value, name, false, &place)?;
        self.word(number);
        Ok(())
    }

    fn step(&mut self, step: Step<'a>, value: &Value<'js>, ty: &'a Type) -> Result<()> {
        self.path.push(step);
        self.value(value, ty)?;
        self.path.pop();
        Ok(())
    }

    fn value(&mut self, value: &Value<'js>, ty: &'a Type) -> Result<()> {
        match ty {
            Type::Bool => match value.as_bool() {
                Some(value) => self.bytes.push(u8::from(value)),
                None => return self.refuse(value, "true or false"),
            },
            Type::Int(bytes, signed) => self.integer(value, *bytes, *signed)?,
            Type::F32 => {
                let number = self.number(value)? as f32;
                self.bytes.extend(number.to_le_bytes());
            }
            Type::F64 => {
                let number = self.number(value)?;
                self.bytes.extend(number.to_le_bytes());
            }
            Type::Char => self.char(value)?,
            Type::String => match value.as_string() {
                Some(text) => {
                    let text = text.clone().to_cstring()?;
                    self.counted(text.as_str().as_bytes());
                }
                None => return self.refuse(value, "a string"),
            },
            Type::Bytes => self.bytes_of(value)?,
            Type::List(item) => {
                let items = self.array(value, "an array")?;
                self.word(items.len() as u32);
                for (index, item_value) in items.iter::<Value<'js>>().enumerate() {
                    self.step(Step::Index(index), &item_value?, item)?;
                }
            }
            Type::Tuple(types) => {
                let items = self.array(value, "an array")?;
                if items.len() != types.len() {
                    return self.refuse(value, &format!("an array of {}", types.len()));
                }
                for (index, ty) in types.iter().enumerate() {
                    self.step(Step::Index(index), &items.get(index)?, ty)?;
                }
            }
            Type::Option(some) => self.option(value, some)?,
            Type::Record(fields) => {
                let Some(object) = value.as_object() else {
                    return self.refuse(value, "an object");
                };
                for (name, ty) in fields {
                    self.step(Step::Name(name), &object.get(name.as_str())?, ty)?;
                }
            }
            Type::Flags(names) => self.flags(value, names)?,
            Type::Enum(names) => {
                let name = value
                    .as_string()
                    .map(rquickjs::String::to_string)
                    .transpose()?;
                match names.iter().position(|known| Some(known) == name.as_ref()) {
                    Some(index) => self.case(index, names.len()),
                    None => return self.refuse(value, &one_of(names.iter())),
                }
            }
            Type::Variant(cases) => self.variant(value, cases)?,
            Type::Result(ok, err) => self.result(value, ok.as_deref(), err.as_deref())?,
            Type::Resource(name, owned) => self.handle(value, name, *owned)?,
        }
        Ok(())
    }

    fn integer(&mut self, value: &Value<'js>, bytes: usize, signed: bool) -> Result<()> {
        let bits = bytes as u32 * 8;
        let (least, most) = match signed {
            true => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
            false => (0, (1_i128 << bits) - 1),
        };
        let number = match whole(value) {
            Some(number) => Some(number),
            None if value.is_big_int() => value.get::<Coerced<String>>()?.0.parse().ok(),
            None => None,
        };
        match number.filter(|number| (least..=most).contains(number)) {
            Some(number) => self.bytes.extend(&number.to_le_bytes()[..bytes]),
            None => return self.refuse(value, &format!("a whole number from {least} to {most}")),
        }
        Ok(())
    }

    fn number(&self, value: &Value<'js>) -> Result<f64> {
        match value.as_number() {
            Some(number) => Ok(number),
            None => self.refuse(value, "a number"),
        }
    }

    fn char(&mut self, value: &Value<'js>) -> Result<()> {
        let text = value
            .as_string()
            .map(rquickjs::String::to_string)
            .transpose()?;
        let text = text.unwrap_or_default();
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) => self.word(u32::from(letter)),
            _ => return self.refuse(value, "a string of one character"),
        }
        Ok(())
    }

    /// Text, or what has bytes: an `ArrayBuffer`, or a view of one.
    fn bytes_of(&mut self, value: &Value<'js>) -> Result<()> {
        if let Some(text) = value.as_string() {
            let text = text.clone().to_cstring()?;
            self.counted(text.as_str().as_bytes());
            return Ok(());
        }
        let Some(object) = value.as_object() else {
            return self.refuse(value, BYTES);
        };
        if let Ok(array) = TypedArray::<u8>::from_object(object.clone())
            // SAFETY: they are copied before any script runs that could detach the buffer.
            && let Some(bytes) = unsafe { array.as_bytes() }
        {
            self.counted(bytes);
            return Ok(());
        }
        if let Some(buffer) = ArrayBuffer::from_object(object.clone())
            // SAFETY: as above.
            && let Some(bytes) = unsafe { buffer.as_bytes() }
        {
            self.counted(bytes);
            return Ok(());
        }
        self.view(object, value)
    }

    /// Another view of a buffer: of its bytes as they are.
    fn view(&mut self, object: &Object<'js>, value: &Value<'js>) -> Result<()> {
        let buffer: Value<'js> = object.get("buffer")?;
        let buffer = buffer.into_object().and_then(ArrayBuffer::from_object);
        let (Some(buffer), Some(start), Some(length)) = (
            buffer,
            object.get::<_, Option<usize>>("byteOffset")?,
            object.get::<_, Option<usize>>("byteLength")?,
        ) else {
            return self.refuse(value, BYTES);
        };
        // SAFETY: as above.
        let all = unsafe { buffer.as_bytes() }.unwrap_or_default();
        let bytes = all.get(start..start + length).unwrap_or_default();
        self.counted(bytes);
        Ok(())
    }

    fn array(&self, value: &Value<'js>, expected: &str) -> Result<Array<'js>> {
        match value.as_array() {
            Some(array) => Ok(array.clone()),
            None => self.refuse(value, expected),
        }
    }

    /// `undefined` and `null` are nothing; where what there may be can be nothing itself, `null` is that.
    fn option(&mut self, value: &Value<'js>, some: &'a Type) -> Result<()> {
        let is_nothing = match some {
            Type::Option(_) => value.is_undefined(),
            _ => value.is_undefined() || value.is_null(),
        };
        self.bytes.push(u8::from(!is_nothing));
        match is_nothing {
            true => Ok(()),
            false => self.value(value, some),
        }
    }

    fn flags(&mut self, value: &Value<'js>, names: &[String]) -> Result<()> {
        let Some(object) = value.as_object() else {
            return self.refuse(value, "an object of booleans");
        };
        for names in names.chunks(32) {
            let mut word = 0_u32;
            for (bit, name) in names.iter().enumerate() {
                let flag: Value<'js> = object.get(name.as_str())?;
                word |= u32::from(flag.as_bool().unwrap_or(false)) << bit;
            }
            self.word(word);
        }
        Ok(())
    }

    fn variant(&mut self, value: &Value<'js>, cases: &'a [(String, Option<Type>)]) -> Result<()> {
        let (tag, payload) = self.tagged(value)?;
        let index = cases
            .iter()
            .position(|(name, _)| Some(name) == tag.as_ref());
        let Some(index) = index else {
            let names = one_of(cases.iter().map(|(name, _)| name));
            return self.refuse(value, &format!("{{ tag, val }} with tag {names}"));
        };
        self.case(index, cases.len());
        match &cases[index].1 {
            Some(ty) => self.step(Step::Name("val"), &payload, ty),
            None => Ok(()),
        }
    }

    fn result(
        &mut self,
        value: &Value<'js>,
        ok: Option<&'a Type>,
        err: Option<&'a Type>,
    ) -> Result<()> {
        let (tag, payload) = self.tagged(value)?;
        let ty = match tag.as_deref() {
            Some("ok") => ok,
            Some("err") => err,
            _ => return self.refuse(value, "{ tag, val } with tag \"ok\" or \"err\""),
        };
        self.bytes.push(u8::from(tag.as_deref() == Some("err")));
        match ty {
            Some(ty) => self.step(Step::Name("val"), &payload, ty),
            None => Ok(()),
        }
    }

    /// `{ tag, val }`, or the tag alone.
    fn tagged(&self, value: &Value<'js>) -> Result<(Option<String>, Value<'js>)> {
        let nothing = Value::new_undefined(self.ctx.clone());
        let (tag, payload) = match value.as_object() {
            Some(object) => (object.get::<_, Value<'js>>("tag")?, object.get("val")?),
            None => (value.clone(), nothing),
        };
        let tag = tag
            .as_string()
            .map(rquickjs::String::to_string)
            .transpose()?;
        Ok((tag, payload))
    }

    fn handle(&mut self, value: &Value<'js>, name: &str, owned: bool) -> Result<()> {
        if is_waitable(name) {
            let Ok(waitable) = Class::<Waitable>::from_value(value) else {
                return self.refuse(value, "something to wait for");
            };
            let number = extensions::keep_waitable(&waitable.borrow().0);
            self.word(number);
            return Ok(());
        }
        let place = || self.place();
        let number = resource::number(self.ctx, value, name, owned, &place)?;
        self.word(number);
        Ok(())
    }

    fn counted(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u32);
        self.bytes.extend_from_slice(bytes);
    }

    fn case(&mut self, index: usize, cases: usize) {
        match cases > 256 {
            true => self.word(index as u32),
            false => self.bytes.push(index as u8),
        }
    }

    fn word(&mut self, word: u32) {
        self.bytes.extend(word.to_le_bytes());
    }

    fn refuse<T>(&self, value: &Value<'js>, expected: &str) -> Result<T> {
        let words = match value.is_undefined() {
            true => format!("{} is missing: it must be {expected}", self.place()),
            false => format!("{} must be {expected}, not {}", self.place(), shown(value)),
        };
        Err(Exception::throw_type(self.ctx, &words))
    }

    /// Where the value is: `publish(): message.headers[0]`.
    fn place(&self) -> String {
        let mut place = format!("{}(): ", self.function);
        for (depth, step) in self.path.iter().enumerate() {
            match step {
                Step::Name(name) if depth == 0 => place.push_str(name),
                Step::Name(name) => place.push_str(&format!(".{name}")),
                Step::Index(index) => place.push_str(&format!("[{index}]")),
            }
        }
        place
    }
}

const BYTES: &str = "a Uint8Array, an ArrayBuffer or a string";

/// A number that is whole, exactly.
fn whole(value: &Value<'_>) -> Option<i128> {
    if let Some(number) = value.as_int() {
        return Some(i128::from(number));
    }
    let number = value.as_float()?;
    (number.fract() == 0.0 && number.abs() <= 2_f64.powi(64)).then_some(number as i128)
}

fn one_of<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    names.join(" or ")
}

/// A value as a message shows it.
pub(super) fn shown(value: &Value<'_>) -> String {
    if value.is_undefined() || value.is_null() {
        return match value.is_null() {
            true => "null".to_owned(),
            false => "undefined".to_owned(),
        };
    }
    if value.is_function() {
        return "a function".to_owned();
    }
    if value.is_array() {
        return "an array".to_owned();
    }
    if value.is_object() {
        return "an object".to_owned();
    }
    let text = value
        .get::<Coerced<String>>()
        .map_or_else(|_| String::new(), |text| text.0);
    match value.is_string() {
        true if text.chars().count() > MOST => {
            format!("{:?}…", text.chars().take(MOST).collect::<String>())
        }
        true => format!("{text:?}"),
        false => text,
    }
}

/// Letters of a text that a message shows.
const MOST: usize = 40;
