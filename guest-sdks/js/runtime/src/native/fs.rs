//! Defines files that are read piece by piece, and the rows of CSV in them, for `k6/experimental/fs` and `k6/experimental/csv`.

use std::io::{self, Read};

use csv::{ReaderBuilder, StringRecord};
use rquickjs::class::{JsClass, Readable, Trace, Tracer, Writable};
use rquickjs::function::Constructor;
use rquickjs::{ArrayBuffer, Class, Ctx, Error, Exception, Function, JsLifetime, Object, Result};
use serde_json::Value as Json;

use super::lazy::Part;
use crate::bindings::brunt::data::{files, shared};
use crate::bindings::brunt::js::modules;
use crate::image::Remade;

/// Functions that read files.
pub(super) struct Files;

/// A file that the engine has read.
pub(crate) struct File(Remade<files::File>);

/// The rows that are left of a file of CSV.
pub(crate) struct Rows {
    reader: csv::Reader<Bytes>,
    /// The names of the columns, where rows are objects.
    columns: Option<StringRecord>,
    /// How many rows were read, those that were skipped too.
    read: u64,
    /// The number of the last row that is wanted.
    last: Option<u64>,
}

/// A file from some byte on.
struct Bytes {
    file: Remade<files::File>,
    offset: u64,
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len() as u64;
        let bytes = self.file.with(|file| file.read(self.offset, length));
        buffer[..bytes.len()].copy_from_slice(&bytes);
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }
}

// SAFETY: it holds no values of JavaScript.
unsafe impl JsLifetime<'_> for File {
    type Changed<'to> = File;
}

// SAFETY: as above.
unsafe impl JsLifetime<'_> for Rows {
    type Changed<'to> = Rows;
}

impl<'js> Trace<'js> for File {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> Trace<'js> for Rows {
    fn trace<'a>(&self, _: Tracer<'a, 'js>) {}
}

impl<'js> JsClass<'js> for File {
    const NAME: &'static str = "NativeFile";
    type Mutable = Readable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

impl<'js> JsClass<'js> for Rows {
    const NAME: &'static str = "NativeRows";
    type Mutable = Writable;

    fn constructor(_: &Ctx<'js>) -> Result<Option<Constructor<'js>>> {
        Ok(None)
    }
}

impl Part for Files {
    fn install<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
        native.set("open", Function::new(ctx.clone(), open)?)?;
        native.set("main", Function::new(ctx.clone(), modules::main)?)?;
        let size = |file: Class<'js, File>| file.borrow().0.with(files::File::size) as f64;
        native.set("size", Function::new(ctx.clone(), size)?)?;
        native.set("read", Function::new(ctx.clone(), read)?)?;
        native.set("rows", Function::new(ctx.clone(), rows)?)?;
        native.set("next", Function::new(ctx.clone(), next)?)?;
        native.set("share", Function::new(ctx.clone(), share)?)
    }
}

/// `open(path)`
fn open<'js>(ctx: Ctx<'js>, path: String) -> Result<Class<'js, File>> {
    let file = files::open(&path).map_err(|why| Exception::throw_message(&ctx, &why))?;
    let again = move || files::open(&path).expect("what was opened can be opened again");
    Class::instance(ctx, File(Remade::new(file, again)))
}

/// `read(file, offset, length)`: at most so many bytes; none at the end.
fn read<'js>(
    ctx: Ctx<'js>,
    file: Class<'js, File>,
    offset: f64,
    length: f64,
) -> Result<ArrayBuffer<'js>> {
    let bytes = file.borrow();
    let bytes = bytes.0.with(|file| file.read(offset as u64, length as u64));
    ArrayBuffer::new(ctx, bytes)
}

/// `rows(file, offset, {delimiter, skip, from, to, asObjects})`: `skip` rows are passed over, `to` is the last that is read.
fn rows<'js>(
    ctx: Ctx<'js>,
    file: Class<'js, File>,
    offset: f64,
    options: Object<'js>,
) -> Result<Class<'js, Rows>> {
    let file = file.borrow().0.clone();
    let delimiter: String = options.get("delimiter")?;
    let bytes = Bytes {
        file,
        offset: offset as u64,
    };
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .delimiter(*delimiter.as_bytes().first().unwrap_or(&b','))
        .from_reader(bytes);
    let as_objects: bool = options.get("asObjects")?;
    let skip: Option<f64> = options.get("skip")?;
    let last: Option<f64> = options.get("to")?;
    let mut columns = None;
    let mut read = 0;
    if as_objects {
        columns = Some(passed(
            &ctx,
            &mut reader,
            "the first line, which names the columns",
        )?);
        read += 1;
    }
    while (read as f64) < skip.unwrap_or(0.0) {
        passed(&ctx, &mut reader, "a line that is to be skipped")?;
        read += 1;
    }
    let last = last.map(|last| last as u64);
    Class::instance(
        ctx,
        Rows {
            reader,
            columns,
            read,
            last,
        },
    )
}

fn passed(ctx: &Ctx<'_>, reader: &mut csv::Reader<Bytes>, what: &str) -> Result<StringRecord> {
    let mut record = StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => Ok(record),
        Ok(false) => Err(Exception::throw_message(
            ctx,
            &format!("{what} is not there: the file has ended"),
        )),
        Err(why) => Err(Exception::throw_message(ctx, &format!("{what}: {why}"))),
    }
}

/// `next(rows)`: the next row as JSON; none at the end.
fn next<'js>(ctx: Ctx<'js>, rows: Class<'js, Rows>) -> Result<Option<String>> {
    rows.borrow_mut().next(&ctx)
}

/// `share(name, rows)`: makes a list that all VUs share of the rows that are left.
fn share<'js>(ctx: Ctx<'js>, name: String, rows: Class<'js, Rows>) -> Result<()> {
    let mut rows = rows.borrow_mut();
    let mut items = Vec::new();
    while let Some(row) = rows.next(&ctx)? {
        items.push(row);
    }
    let items: Vec<&[u8]> = items.iter().map(|item| item.as_bytes()).collect();
    let made = shared::SharedList::create(&name, &items);
    made.map(|_| ())
        .map_err(|why| Exception::throw_message(&ctx, &why))
}

impl Rows {
    fn next(&mut self, ctx: &Ctx<'_>) -> Result<Option<String>> {
        if self.last.is_some_and(|last| last > 0 && self.read > last) {
            return Ok(None);
        }
        let mut record = StringRecord::new();
        let more = self.reader.read_record(&mut record);
        if !more.map_err(|why| wrong(ctx, &why))? {
            return Ok(None);
        }
        self.read += 1;
        let row: Json = match &self.columns {
            None => record.iter().map(Json::from).collect(),
            Some(columns) => columns
                .iter()
                .zip(&record)
                .map(|(name, value)| (name.to_owned(), Json::from(value)))
                .collect(),
        };
        Ok(Some(row.to_string()))
    }
}

fn wrong(ctx: &Ctx<'_>, why: &csv::Error) -> Error {
    Exception::throw_message(ctx, &why.to_string())
}
