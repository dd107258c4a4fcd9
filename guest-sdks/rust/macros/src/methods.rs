//! Defines a test with state: a type whose functions are the test's.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Error, ImplItem, ImplItemFn, ItemImpl, Result, Type, Visibility};

use crate::arguments::Arguments;
use crate::function::check;

/// Keeps the `impl` block and wires its functions to the phases of a test.
pub(crate) fn expand(arguments: &Arguments, item: ItemImpl) -> Result<TokenStream> {
    check_block(&item)?;
    let methods = Methods::of(&item)?;
    if methods.functions.is_empty() {
        return Err(Error::new_spanned(
            &item.self_ty,
            "a test needs a function to run: a `pub fn`, for example `pub fn default(&mut self)`",
        ));
    }
    if let (Some(options), false) = (methods.options, arguments.is_empty()) {
        return Err(Error::new_spanned(
            &options.sig.ident,
            "options stand either in the attribute or in `fn options()`",
        ));
    }
    let test = methods.test(arguments, &item.self_ty);
    Ok(quote! {
        // `pub` says here what the engine can run, even where no other crate can.
        #[allow(unreachable_pub)]
        #item

        #test
    })
}

/// The functions of the block by what they mean.
#[derive(Default)]
struct Methods<'a> {
    options: Option<&'a ImplItemFn>,
    init: Option<&'a ImplItemFn>,
    setup: Option<&'a ImplItemFn>,
    teardown: Option<&'a ImplItemFn>,
    handle_summary: Option<&'a ImplItemFn>,
    functions: Vec<&'a ImplItemFn>,
}

impl<'a> Methods<'a> {
    fn of(item: &'a ItemImpl) -> Result<Self> {
        let mut methods = Self::default();
        for item in &item.items {
            if let ImplItem::Fn(method) = item {
                methods.sort_in(method)?;
            }
        }
        Ok(methods)
    }

    fn sort_in(&mut self, method: &'a ImplItemFn) -> Result<()> {
        let (place, arguments) = match method.sig.ident.unraw().to_string().as_str() {
            "options" => (&mut self.options, 0),
            "init" => (&mut self.init, 0),
            "setup" => (&mut self.setup, 0),
            "teardown" => (&mut self.teardown, 0),
            "handle_summary" => (&mut self.handle_summary, 1),
            _ if matches!(method.vis, Visibility::Public(_)) => {
                check_method(method, 0)?;
                self.functions.push(method);
                return Ok(());
            }
            _ => return Ok(()),
        };
        check_method(method, arguments)?;
        *place = Some(method);
        Ok(())
    }

    /// The implementation of the trait behind it all, and the export.
    fn test(&self, arguments: &Arguments, ty: &Type) -> TokenStream {
        let functions = self.functions.iter().map(|method| {
            let name = method.sig.ident.unraw().to_string();
            let call = call(ty, method, quote!(vu), quote!());
            quote!(sdk::Function { name: #name, run: |vu| sdk::IntoOutcome::into_outcome(#call) })
        });
        let setup = self.setup.is_some();
        let teardown = self.teardown.is_some();
        let handle_summary = self.handle_summary.is_some();
        let start = self.start(arguments, ty);
        let phases = self.phases(ty);
        quote! {
            const _: () = {
                use ::brunt_sdk::__private as sdk;
                use ::core::option::Option;
                use ::core::result::Result;
                use ::std::string::String;
                use ::std::vec::Vec;

                impl sdk::Test for #ty {
                    const FUNCTIONS: &'static [sdk::Function<Self>] = &[#(#functions),*];
                    const PHASES: sdk::Phases = sdk::Phases {
                        setup: #setup,
                        teardown: #teardown,
                        handle_summary: #handle_summary,
                    };
                    #start
                    #phases
                }

                ::brunt_sdk::__export_test!(#ty);
            };
        }
    }

    /// Options and the making of a VU.
    fn start(&self, arguments: &Arguments, ty: &Type) -> TokenStream {
        let options = match self.options {
            Some(_) => quote!(<#ty>::options()),
            None => arguments.options(),
        };
        let init = match self.init {
            Some(_) => quote!(sdk::IntoOutcome::into_outcome(<#ty>::init())),
            None => quote!(Result::Ok(<#ty as ::core::default::Default>::default())),
        };
        quote! {
            fn options() -> ::brunt_sdk::Options {
                #options
            }
            fn init() -> Result<Self, String> {
                #init
            }
        }
    }

    /// The optional phases, those that there are.
    fn phases(&self, ty: &Type) -> TokenStream {
        let setup = self.setup.map(|method| {
            let call = call(ty, method, quote!(self), quote!());
            quote! {
                fn setup(&mut self) -> Result<Option<Vec<u8>>, String> {
                    sdk::setup_bytes(&sdk::IntoOutcome::into_outcome(#call)?)
                }
            }
        });
        let teardown = self.teardown.map(|method| {
            let call = call(ty, method, quote!(self), quote!());
            quote! {
                fn teardown(&mut self) -> Result<(), String> {
                    sdk::IntoOutcome::into_outcome(#call)
                }
            }
        });
        let handle_summary = self.handle_summary.map(|method| {
            let call = call(ty, method, quote!(self), quote!(sdk::summary_data(data)?));
            quote! {
                fn handle_summary(&mut self, data: &str) -> Result<::brunt_sdk::Summary, String> {
                    sdk::IntoOutcome::into_outcome(#call)
                }
            }
        });
        quote!(#setup #teardown #handle_summary)
    }
}

/// A call of the type's own function, not of the trait's of the same name.
fn call(ty: &Type, method: &ImplItemFn, vu: TokenStream, argument: TokenStream) -> TokenStream {
    let name = &method.sig.ident;
    match method.sig.receiver() {
        Some(_) => quote!(<#ty>::#name(#vu, #argument)),
        None => quote!({ let _ = #vu; <#ty>::#name(#argument) }),
    }
}

fn check_block(item: &ItemImpl) -> Result<()> {
    if let Some((_, path, _)) = &item.trait_ {
        return Err(Error::new_spanned(
            path,
            "#[brunt_sdk::test] stands on a type's own `impl` block, without a trait",
        ));
    }
    if !item.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &item.generics,
            "a test can't be generic",
        ));
    }
    Ok(())
}

fn check_method(method: &ImplItemFn, arguments: usize) -> Result<()> {
    check(&method.sig)?;
    let receiver = usize::from(method.sig.receiver().is_some());
    if method.sig.inputs.len() - receiver == arguments {
        return Ok(());
    }
    let name = &method.sig.ident;
    let message = match arguments {
        0 => format!(
            "`{name}` takes nothing besides `&mut self`; a function that is not the test's own is not `pub`"
        ),
        _ => {
            format!("`{name}` takes one argument besides `&mut self`: the data, for example `Json`")
        }
    };
    Err(Error::new_spanned(&method.sig.inputs, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(arguments: &str, item: &str) -> Result<String> {
        let arguments = syn::parse_str(arguments).expect("arguments");
        let item = syn::parse_str(item).expect("an impl block");
        expand(&arguments, item).map(|tokens| tokens.to_string())
    }

    #[track_caller]
    fn check_error(arguments: &str, item: &str, expected: &str) {
        let error = expanded(arguments, item).expect_err("refused");
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn public_functions_are_the_tests_functions() {
        let code = "impl T { pub fn a(&self) {} fn b() {} pub fn r#default() {} fn setup() {} }";
        let code = expanded("", code).expect("expanded");
        assert!(code.contains(r#"name : "a""#) && code.contains(r#"name : "default""#));
        assert!(!code.contains(r#"name : "b""#));
        assert!(code.contains("setup : true") && code.contains("teardown : false"));
    }

    #[test]
    fn impossible_blocks_are_refused() {
        check_error("", "impl T { fn default(&self) {} }", "a `pub fn`");
        check_error("", "impl Clone for T { }", "without a trait");
        check_error("", "impl<X> T<X> { pub fn a() {} }", "generic");
        check_error(
            "",
            "impl T { pub fn a(&self, x: u8) {} }",
            "`a` takes nothing",
        );
        check_error(
            "",
            "impl T { pub fn a() {} fn handle_summary() {} }",
            "one argument",
        );
        check_error("", "impl T { pub async fn a() {} }", "not `async`");
        check_error(
            "vus = 1",
            "impl T { pub fn a() {} fn options() -> Options { todo() } }",
            "either in the attribute",
        );
    }
}
