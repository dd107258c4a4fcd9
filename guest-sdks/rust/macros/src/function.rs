//! Defines the smallest test: one function.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, ItemFn, Result, Signature};

use crate::arguments::Arguments;

/// Keeps the function and makes it the function `default` of a test without state.
pub(crate) fn expand(arguments: &Arguments, item: ItemFn) -> Result<TokenStream> {
    check(&item.sig)?;
    if let Some(argument) = item.sig.inputs.first() {
        return Err(Error::new_spanned(
            argument,
            "a test's function takes no arguments",
        ));
    }
    let name = &item.sig.ident;
    let options = arguments.options();
    Ok(quote! {
        #item

        const _: () = {
            use ::brunt_sdk::__private as sdk;
            use ::core::result::Result;
            use ::std::string::String;

            struct Alone;

            impl sdk::Test for Alone {
                const FUNCTIONS: &'static [sdk::Function<Self>] = &[sdk::Function {
                    name: "default",
                    run: |_| sdk::IntoOutcome::into_outcome(#name()),
                }];
                const PHASES: sdk::Phases =
                    sdk::Phases { setup: false, teardown: false, handle_summary: false };

                fn options() -> ::brunt_sdk::Options {
                    #options
                }
                fn init() -> Result<Self, String> {
                    Result::Ok(Alone)
                }
            }

            ::brunt_sdk::__export_test!(Alone);
        };
    })
}

/// Refuses what no function of a test can be.
pub(crate) fn check(signature: &Signature) -> Result<()> {
    if let Some(keyword) = &signature.asyncness {
        return Err(Error::new_spanned(
            keyword,
            "a test's functions are not `async`: a call that waits suspends its own VU only",
        ));
    }
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &signature.generics,
            "a test's functions can't be generic",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_error(item: &str, expected: &str) {
        let arguments = syn::parse_str("").expect("no arguments");
        let item = syn::parse_str(item).expect("a function");
        let error = expand(&arguments, item).expect_err("refused");
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn impossible_functions_are_refused() {
        check_error("async fn f() {}", "not `async`");
        check_error("fn f<T>() {}", "generic");
        check_error("fn f(x: u32) {}", "no arguments");
    }
}
