//! Defines where modules come from: the runtime's own `k6/*`, and the script's, which the engine finds and reads.

use rquickjs::loader::{ImportAttributes, Loader, Resolver};
use rquickjs::module::Declared;
use rquickjs::{Ctx, Error, Exception, Function, Module, Object, Result, Value};

use crate::bindings::brunt::js::modules::{self, Kind};
use crate::{extension, native, origin, require};

/// What the runtime's own modules are built on. No script can import it.
pub(crate) const NATIVE: &str = "brunt:native";

/// The runtime's own modules.
const OWN: &[(&str, &str)] = &[
    ("k6", include_str!("../js/k6.js")),
    ("k6/crypto", include_str!("../js/crypto.js")),
    ("k6/crypto/x509", include_str!("../js/x509.js")),
    ("k6/data", include_str!("../js/data.js")),
    ("k6/encoding", include_str!("../js/encoding.js")),
    ("k6/execution", include_str!("../js/execution.js")),
    (
        "k6/experimental/csv",
        include_str!("../js/experimental/csv.js"),
    ),
    (
        "k6/experimental/fs",
        include_str!("../js/experimental/fs.js"),
    ),
    (
        "k6/experimental/streams",
        include_str!("../js/experimental/streams.js"),
    ),
    ("k6/experimental/timers", include_str!("../js/timers.js")),
    (
        "k6/experimental/webcrypto",
        include_str!("../js/experimental/webcrypto.js"),
    ),
    ("k6/html", include_str!("../js/html.js")),
    ("k6/http", include_str!("../js/http.js")),
    ("k6/metrics", include_str!("../js/metrics.js")),
    ("k6/secrets", include_str!("../js/secrets.js")),
    ("k6/timers", include_str!("../js/timers.js")),
    ("brunt:addresses", include_str!("../js/addresses.js")),
    ("brunt:closed/fs", include_str!("../js/closed/fs.js")),
    ("brunt:events", include_str!("../js/events.js")),
    ("brunt:globals", include_str!("../js/globals.js")),
    ("brunt:html/element", include_str!("../js/html/element.js")),
    (
        "brunt:html/elements",
        include_str!("../js/html/elements.js"),
    ),
    ("brunt:pages", include_str!("../js/pages.js")),
    (
        "brunt:streams/queue",
        include_str!("../js/streams/queue.js"),
    ),
    (
        "brunt:streams/readable",
        include_str!("../js/streams/readable.js"),
    ),
    (
        "brunt:streams/writable",
        include_str!("../js/streams/writable.js"),
    ),
    ("brunt:text", include_str!("../js/text.js")),
    ("brunt:webcrypto", include_str!("../js/webcrypto.js")),
    (
        "brunt:webcrypto/failure",
        include_str!("../js/webcrypto/failure.js"),
    ),
    (
        "brunt:webcrypto/keys",
        include_str!("../js/webcrypto/keys.js"),
    ),
    (
        "brunt:webcrypto/pairs",
        include_str!("../js/webcrypto/pairs.js"),
    ),
    (
        "brunt:webcrypto/secrets",
        include_str!("../js/webcrypto/secrets.js"),
    ),
    (
        "brunt:webcrypto/subtle",
        include_str!("../js/webcrypto/subtle.js"),
    ),
];

/// Modules of the runtime's own that scripts can import beside `k6` and what begins with it.
const PUBLIC: [&str; 1] = ["brunt:events"];
/// Modules that read files of this machine, and what modules from the network get instead.
const OF_FILES: [(&str, &str); 1] = [("k6/experimental/fs", "brunt:closed/fs")];

/// How a name is resolved.
pub(crate) struct Names;

/// How a module is loaded.
pub(crate) struct Sources;

impl Resolver for Names {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        resolve(ctx, base, name)
    }
}

impl Loader for Sources {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        if name == NATIVE {
            return Module::declare_def::<native::Natives, _>(ctx.clone(), name);
        }
        if let Some(natives) = native::lazy::declare(ctx, name) {
            return natives;
        }
        if let Some(text) = own(name) {
            return Module::declare(ctx.clone(), name, text);
        }
        if let Some(module) = extension::declare(ctx, name) {
            return module;
        }
        let source = load(ctx, name)?;
        declare(ctx, name, source)
    }
}

/// Makes an ECMAScript module of a module of the script.
pub(crate) fn declare<'js>(
    ctx: &Ctx<'js>,
    name: &str,
    source: modules::Source,
) -> Result<Module<'js, Declared>> {
    let text = match source.kind {
        Kind::Module => source.text,
        Kind::Commonjs => require::as_module(ctx, name, &source.text)?,
        Kind::Json => format!("export default {};", source.text),
    };
    let module = Module::declare(ctx.clone(), name, text)?;
    describe_itself(ctx, &module, name)?;
    Ok(module)
}

/// The full name of what `name` means in the module `base`.
pub(crate) fn resolve(ctx: &Ctx<'_>, base: &str, name: &str) -> Result<String> {
    let by = By::of(base);
    let is_closed = OF_FILES.iter().any(|(_, closed)| *closed == name);
    let is_ours = name.starts_with("brunt:") && by == By::Runtime;
    if is_closed || is_ours || PUBLIC.contains(&name) {
        return Ok(name.to_owned());
    }
    if own(name).is_some_and(|_| !name.starts_with("brunt:")) {
        return Ok(match OF_FILES.iter().find(|(known, _)| *known == name) {
            Some((_, closed)) if by.is_foreign() => (*closed).to_owned(),
            _ => name.to_owned(),
        });
    }
    if extension::is_interface(name) {
        return Ok(name.to_owned());
    }
    if let Some(name) = extension::resolve(name) {
        return Ok(name);
    }
    if extension::is_like_one(name) {
        return Err(Exception::throw_message(ctx, &extension::missing(name)));
    }
    if name == "k6" || name.starts_with("k6/") {
        return Err(unknown(ctx, name));
    }
    let main;
    let referrer = match by {
        By::Script | By::Network => base,
        By::Unknown if origin::is_network_there() && !name.starts_with("https://") => {
            let words = format!(
                "\"{name}\" can't be imported by code made of text, as the script has modules from https://, which see no files of this machine"
            );
            return Err(Exception::throw_message(ctx, &words));
        }
        By::Unknown | By::Runtime => {
            main = modules::main();
            &main
        }
    };
    modules::resolve(name, referrer).map_err(|why| Exception::throw_message(ctx, &why))
}

/// Who imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The runtime itself.
    Runtime,
    /// A file of the script, or a script that came with an extension.
    Script,
    /// A module from an `https://` address.
    Network,
    /// Code made of text, by `eval` or `Function`: it may be anyone's.
    Unknown,
}

impl By {
    fn of(base: &str) -> Self {
        if base.is_empty() || own(base).is_some() || extension::is_interface(base) {
            Self::Runtime
        } else if base.starts_with("file://") {
            Self::Script
        } else if origin::is_network(base) {
            Self::Network
        } else if extension::is_module(base) {
            Self::Script
        } else {
            Self::Unknown
        }
    }

    /// Whether it may be from the network.
    fn is_foreign(self) -> bool {
        self == Self::Network || self == Self::Unknown && origin::is_network_there()
    }
}

/// Reads a module of the script.
pub(crate) fn load(ctx: &Ctx<'_>, name: &str) -> Result<modules::Source> {
    if origin::is_network(name) {
        origin::network_is_there();
    }
    modules::load(name).map_err(|why| match why.strip_prefix("SyntaxError: ") {
        Some(why) => Exception::throw_syntax(ctx, why),
        None => Exception::throw_message(ctx, &why),
    })
}

/// Whether this is one of the runtime's own modules.
pub(crate) fn is_own(name: &str) -> bool {
    own(name).is_some()
}

/// Evaluates one of the runtime's own modules at once, and gives its exports. To be called once for each.
pub(crate) fn evaluate_own<'js>(ctx: &Ctx<'js>, name: &str) -> Result<Object<'js>> {
    let Some(text) = own(name) else {
        return Err(unknown(ctx, name));
    };
    let (module, promise) = Module::declare(ctx.clone(), name, text)?.eval()?;
    promise
        .result::<Value<'js>>()
        .unwrap_or(Ok(Value::new_undefined(ctx.clone())))?;
    module.namespace()
}

fn own(name: &str) -> Option<&'static str> {
    let (_, text) = OWN.iter().find(|(known, _)| *known == name)?;
    Some(text)
}

fn unknown(ctx: &Ctx<'_>, name: &str) -> Error {
    let names = OWN.iter().map(|(name, _)| *name);
    let known: Vec<&str> = names.filter(|name| name.starts_with("k6")).collect();
    let words = format!(
        "there is no module \"{name}\" in this version of brunt; it has {}",
        known.join(", ")
    );
    Exception::throw_message(ctx, &words)
}

/// Sets `import.meta.url` and `import.meta.resolve`.
fn describe_itself<'js>(ctx: &Ctx<'js>, module: &Module<'js, Declared>, name: &str) -> Result<()> {
    let meta = module.meta()?;
    meta.set("url", name)?;
    let referrer = name.to_owned();
    let of = move |ctx: Ctx<'js>, specifier: String| resolve(&ctx, &referrer, &specifier);
    meta.set("resolve", Function::new(ctx.clone(), of)?)
}
