//! Defines where places of a text were before types were stripped from it.

use oxc_sourcemap::SourceMap;

/// Places of a text, each with the place that it came from.
#[derive(Debug, Default)]
pub(crate) struct Positions(Vec<Position>);

/// Lines and columns from 0.
#[derive(Debug)]
struct Position {
    now: (u32, u32),
    before: (u32, u32),
}

impl Positions {
    pub(crate) fn of(map: &SourceMap<'_>) -> Self {
        let mut all: Vec<Position> = map
            .get_tokens()
            .filter(|token| token.get_source_id().is_some())
            .map(|token| Position {
                now: (token.get_dst_line(), token.get_dst_col()),
                before: (token.get_src_line(), token.get_src_col()),
            })
            .collect();
        all.sort_unstable_by_key(|position| position.now);
        Self(all)
    }

    /// Where this place was, lines and columns from 1; the place itself where nothing is known.
    pub(crate) fn before(&self, line: u32, column: u32) -> (u32, u32) {
        let now = (line.saturating_sub(1), column.saturating_sub(1));
        let after = self.0.partition_point(|position| position.now <= now);
        let known = after.checked_sub(1).map(|at| &self.0[at]);
        match known.filter(|position| position.now.0 == now.0) {
            Some(position) => (position.before.0 + 1, position.before.1 + 1),
            None => (line, column),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_where_the_last_known_one_before_it_in_its_line_was() {
        let at = |now, before| Position { now, before };
        let positions = Positions(vec![
            at((0, 0), (2, 0)),
            at((0, 8), (2, 20)),
            at((3, 4), (9, 4)),
        ]);
        for (asked, answer) in [
            ((1, 1), (3, 1)),
            ((1, 12), (3, 21)),
            ((4, 5), (10, 5)),
            ((2, 7), (2, 7)),
        ] {
            assert_eq!(positions.before(asked.0, asked.1), answer, "{asked:?}");
        }
    }
}
