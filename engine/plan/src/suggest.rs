//! Defines the near name that an error message suggests for a word it does not know.

/// The candidate that `word` is probably a slip for, if any is near: about a third of its letters may differ.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    let near = |candidate: &'a str| {
        (
            distance(&word.to_lowercase(), &candidate.to_lowercase()),
            candidate,
        )
    };
    let (best, candidate) = candidates
        .into_iter()
        .map(near)
        .min_by_key(|(edits, _)| *edits)?;
    (best <= limit).then_some(candidate)
}

/// `; did you mean "x"?` for the nearest candidate, or nothing.
pub fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates)
        .map(|near| format!("; did you mean {near:?}?"))
        .unwrap_or_default()
}

/// Insertions, deletions and replacements between two words (Levenshtein), one row of the table at a time.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_slips_and_nothing_else() {
        let known = ["vus", "duration", "maxDuration", "preAllocatedVUs"];
        let cases = [
            ("maxDuraton", Some("maxDuration")),
            ("preallocatedvus", Some("preAllocatedVUs")),
            ("vu", Some("vus")),
            ("flavour", None),
        ];
        for (word, near) in cases {
            assert_eq!(nearest(word, known), near, "{word}");
        }
        assert_eq!(hint("vu", known), "; did you mean \"vus\"?");
        assert_eq!(nearest("vus", []), None);
    }
}
