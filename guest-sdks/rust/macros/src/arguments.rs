//! Defines the arguments of the attribute: options of the run, written as `name = literal`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, Lit, LitStr, Result, Token, parenthesized};

/// Everything between the attribute's parentheses.
pub(crate) struct Arguments {
    arguments: Vec<Argument>,
}

enum Argument {
    Option { name: Ident, value: Lit },
    Thresholds(Vec<Threshold>),
}

struct Threshold {
    metric: String,
    condition: LitStr,
}

impl Arguments {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.arguments.is_empty()
    }

    /// An expression of the type `Options`.
    pub(crate) fn options(&self) -> TokenStream {
        let start = quote!(::brunt_sdk::Options::new());
        self.arguments
            .iter()
            .fold(start, |options, argument| match argument {
                Argument::Option { name, value } => {
                    let name = name.unraw().to_string();
                    quote!(::brunt_sdk::__private::option(#options, #name, #value))
                }
                Argument::Thresholds(thresholds) => {
                    let metric = thresholds.iter().map(|threshold| &threshold.metric);
                    let condition = thresholds.iter().map(|threshold| &threshold.condition);
                    quote!(#options #(.threshold(#metric, #condition))*)
                }
            })
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> Result<Self> {
        let arguments = Punctuated::<Argument, Token![,]>::parse_terminated(input)?;
        Ok(Self {
            arguments: arguments.into_iter().collect(),
        })
    }
}

impl Parse for Argument {
    fn parse(input: ParseStream) -> Result<Self> {
        let name = Ident::parse_any(input)?;
        if name == "thresholds" {
            let content;
            parenthesized!(content in input);
            let thresholds = Punctuated::<Threshold, Token![,]>::parse_terminated(&content)?;
            return Ok(Self::Thresholds(thresholds.into_iter().collect()));
        }
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        match value {
            Lit::Str(_) | Lit::Int(_) | Lit::Float(_) | Lit::Bool(_) => {
                Ok(Self::Option { name, value })
            }
            other => Err(Error::new_spanned(
                other,
                "an option's value here is a text, a number or a truth value; `fn options()` takes others",
            )),
        }
    }
}

impl Parse for Threshold {
    fn parse(input: ParseStream) -> Result<Self> {
        let metric = if input.peek(LitStr) {
            input.parse::<LitStr>()?.value()
        } else {
            Ident::parse_any(input)?.unraw().to_string()
        };
        input.parse::<Token![=]>()?;
        let condition = input.parse()?;
        Ok(Self { metric, condition })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: &str, expected: TokenStream) {
        let arguments: Arguments = syn::parse_str(arguments).expect("arguments");
        assert_eq!(arguments.options().to_string(), expected.to_string());
    }

    #[track_caller]
    fn check_error(arguments: &str, expected: &str) {
        let error = syn::parse_str::<Arguments>(arguments)
            .err()
            .expect("an error");
        assert!(error.to_string().contains(expected), "{error}");
    }

    #[test]
    fn options_become_calls() {
        check("", quote!(::brunt_sdk::Options::new()));
        check(
            "vus = 10",
            quote!(::brunt_sdk::__private::option(
                ::brunt_sdk::Options::new(),
                "vus",
                10
            )),
        );
    }

    #[test]
    fn thresholds_take_names_and_texts() {
        check(
            r#"thresholds(checks = "rate>0.9", "a{b:c}" = "avg<1")"#,
            quote!(
                ::brunt_sdk::Options::new()
                    .threshold("checks", "rate>0.9")
                    .threshold("a{b:c}", "avg<1")
            ),
        );
    }

    #[test]
    fn other_values_are_refused() {
        check_error("vus = 'x'", "a text, a number or a truth value");
        check_error("vus", "expected `=`");
        check_error("thresholds(checks = 1)", "expected string literal");
    }
}
