//! What was expected and what came, as lines that are equal, gone or new.

/// Longest texts that are compared line by line; longer ones are shown whole, up to this.
const LINES_MAX: usize = 400;

/// The lines of both texts: `-` before what was expected, `+` before what came, neither before what is in both.
pub(super) fn readable(expected: &str, actual: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (lines(expected), lines(actual));
    let mut shown = vec!["- expected".to_owned(), "+ actual".to_owned()];
    let lengths = common_lengths(&a, &b);
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        if i < a.len() && j < b.len() && a[i] == b[j] {
            shown.push(format!("  {}", a[i]));
            i += 1;
            j += 1;
        } else if j == b.len() || (i < a.len() && lengths[i + 1][j] >= lengths[i][j + 1]) {
            shown.push(format!("- {}", a[i]));
            i += 1;
        } else {
            shown.push(format!("+ {}", b[j]));
            j += 1;
        }
    }
    shown.join("\n")
}

fn lines(text: &str) -> Vec<&str> {
    text.split('\n').take(LINES_MAX).collect()
}

/// `lengths[i][j]`: how many lines the rests from `i` and `j` have in common, in order.
fn common_lengths(a: &[&str], b: &[&str]) -> Vec<Vec<u16>> {
    let mut lengths = vec![vec![0u16; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i][j] = if a[i] == b[j] {
                lengths[i + 1][j + 1] + 1
            } else {
                lengths[i + 1][j].max(lengths[i][j + 1])
            };
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_only_what_differs_as_different() {
        let shown = readable("{\n  \"a\": 1,\n  \"b\": 2\n}", "{\n  \"a\": 1,\n  \"b\": 3\n}");
        assert_eq!(shown, "- expected\n+ actual\n  {\n    \"a\": 1,\n-   \"b\": 2\n+   \"b\": 3\n  }");
        assert_eq!(readable("a", "a\nb"), "- expected\n+ actual\n  a\n+ b");
        assert_eq!(readable("", "b"), "- expected\n+ actual\n- \n+ b");
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(readable(&"a\n".repeat(10_000), "b").lines().count(), 2 + LINES_MAX + 1);
    }
}
