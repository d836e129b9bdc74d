//! Results in the form that continuous integration services read.

use quorate_auth::is_invisible;

use super::{TestedFile, counts};

/// The JUnit XML document of these results.
pub(super) fn document(files: &[TestedFile]) -> String {
    let (passed, failed) = counts(files);
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{}\" failures=\"{failed}\">\n",
        passed + failed
    );
    for file in files {
        let (passed, failed) = counts(std::slice::from_ref(file));
        let name = escaped(&file.path.display().to_string());
        xml.push_str(&format!(
            "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{failed}\">\n",
            passed + failed
        ));
        for test in &file.tests {
            let test_name = escaped(&test.name);
            xml.push_str(&format!("    <testcase classname=\"{name}\" name=\"{test_name}\""));
            match &test.failure {
                None => xml.push_str("/>\n"),
                Some(why) => {
                    let first = escaped(why.lines().next().unwrap_or_default());
                    let why = escaped(why);
                    xml.push_str(&format!(
                        ">\n      <failure message=\"{first}\">{why}</failure>\n    </testcase>\n"
                    ));
                }
            }
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Text for XML; characters that XML does not have, or that are not seen, become marks.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || is_invisible(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}')
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Tested;
    use super::*;

    #[test]
    fn names_and_texts_cannot_break_out() {
        let tests = vec![
            Tested { name: "a <b> & \"c\"".to_owned(), failure: None },
            Tested { name: "d".to_owned(), failure: Some("x < y\u{1b}\nmore".to_owned()) },
        ];
        let xml = document(&[TestedFile { path: "a.test.js".into(), tests, log: String::new() }]);
        assert!(xml.contains("name=\"a &lt;b&gt; &amp; &quot;c&quot;\"/>"));
        assert!(xml.contains("<failure message=\"x &lt; y\u{fffd}\">x &lt; y\u{fffd}\nmore</failure>"));
        assert!(xml.contains("tests=\"2\" failures=\"1\""));
    }
}
