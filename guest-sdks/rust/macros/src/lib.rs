//! Defines the attribute `#[brunt_sdk::test]`, which makes a function or a type a load test.

mod arguments;
mod function;
mod methods;

use proc_macro::TokenStream;
use syn::{Error, Item, parse_macro_input};

/// Makes a function, or the functions of a type, the load test that this crate is.
///
/// A crate is one test: the attribute can stand in it once.
///
/// # A function
///
/// ```ignore
/// #[brunt_sdk::test(vus = 10, duration = "30s")]
/// fn hello() -> Result<()> { … }
/// ```
///
/// is a test whose function `default` is `hello`.
///
/// # A type
///
/// On an `impl` block the type is the state of one VU, and every `pub fn` is a function that `default`, or a scenario's
/// `exec`, names. It takes `&mut self`, `&self` or nothing, and returns nothing or a `Result`. Functions of these
/// names have a meaning of their own, and each may be left out:
///
/// | function | when | without it |
/// | --- | --- | --- |
/// | `fn options() -> Options` | once | the attribute's arguments |
/// | `fn init() -> Result<Self>` | once per VU | `Default::default()` |
/// | `fn setup(&mut self) -> Result<T>` | once, before all; the `T: Serialize` is what `execution::setup_data` gives | |
/// | `fn teardown(&mut self) -> Result<()>` | once, after all | |
/// | `fn handle_summary(&mut self, data: Json) -> Result<Summary>` | once, at the end | the engine's summary |
///
/// Functions that are not `pub` and not in the table are the type's own.
///
/// ```ignore
/// struct Shop { users: SharedList<User> }
///
/// #[brunt_sdk::test]
/// impl Shop {
///     fn options() -> Options {
///         Options::new()
///             .scenario("browse", Scenario::constant_vus(10, "30s").exec("browse"))
///             .scenario("buy", Scenario::constant_arrival_rate(5, "30s").pre_allocated_vus(5).exec("buy"))
///     }
///     fn init() -> Result<Self> { … }
///     pub fn browse(&mut self) -> Result<()> { … }
///     pub fn buy(&mut self) -> Result<()> { … }
/// }
/// ```
///
/// # Arguments
///
/// Options under k6's names, in Rust's manner (`max_redirects = 3`), and `thresholds(metric = "condition", …)`, where a
/// metric with tags stands in quotes: `thresholds("http_req_duration{name:login}" = "p(95)<200")`.
#[proc_macro_attribute]
pub fn test(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let arguments = parse_macro_input!(arguments as arguments::Arguments);
    let expanded = match parse_macro_input!(item as Item) {
        Item::Fn(item) => function::expand(&arguments, item),
        Item::Impl(item) => methods::expand(&arguments, item),
        item => Err(Error::new_spanned(
            item,
            "#[brunt_sdk::test] stands on a `fn` or on an `impl` block",
        )),
    };
    expanded.unwrap_or_else(Error::into_compile_error).into()
}
