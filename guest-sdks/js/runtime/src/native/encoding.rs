//! Defines base64 for the module `k6/encoding`.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, Encoding};
use rquickjs::{ArrayBuffer, Ctx, Exception, Function, Object, Result, Value};

pub(super) fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set("b64encode", Function::new(ctx.clone(), encode)?)?;
    native.set("b64decode", Function::new(ctx.clone(), decode)?)
}

/// `b64encode(input, encoding)`
fn encode<'js>(ctx: Ctx<'js>, input: Value<'js>, encoding: String) -> Result<String> {
    let encoding = named(&ctx, &encoding)?;
    let Some(bytes) = super::bytes_of(&input)? else {
        let words = "b64encode takes a string, an ArrayBuffer or a typed array";
        return Err(Exception::throw_type(&ctx, words));
    };
    Ok(encoding.encode(&bytes))
}

/// `b64decode(input, encoding, asText)`: an `ArrayBuffer`, or text.
fn decode<'js>(ctx: Ctx<'js>, input: String, encoding: String, text: bool) -> Result<Value<'js>> {
    let encoding = named(&ctx, &encoding)?;
    let bytes = encoding
        .decode(input.as_bytes())
        .map_err(|error| Exception::throw_message(&ctx, &format!("b64decode: {error}")))?;
    if text {
        let text = String::from_utf8_lossy(&bytes);
        return rquickjs::String::from_str(ctx, &text).map(|text| text.into_value());
    }
    ArrayBuffer::new(ctx, bytes).map(ArrayBuffer::into_value)
}

fn named(ctx: &Ctx<'_>, encoding: &str) -> Result<Encoding> {
    match encoding {
        "std" => Ok(BASE64),
        "rawstd" => Ok(BASE64_NOPAD),
        "url" => Ok(BASE64URL),
        "rawurl" => Ok(BASE64URL_NOPAD),
        other => {
            let words =
                format!("there is no base64 encoding {other:?}: it is std, rawstd, url or rawurl");
            Err(Exception::throw_message(ctx, &words))
        }
    }
}
