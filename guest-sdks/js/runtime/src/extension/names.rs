//! Defines how names of the contracts are written in JavaScript.

/// `echo-dark-point` as `echoDarkPoint`.
pub(super) fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let mut text = words.next().unwrap_or_default().to_owned();
    words.for_each(|word| push_capital(&mut text, word));
    text
}

/// `dark-point` as `DarkPoint`.
pub(super) fn pascal(name: &str) -> String {
    let mut text = String::new();
    name.split('-')
        .for_each(|word| push_capital(&mut text, word));
    text
}

fn push_capital(text: &mut String, word: &str) {
    let mut letters = word.chars();
    text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
    text.push_str(letters.as_str());
}
