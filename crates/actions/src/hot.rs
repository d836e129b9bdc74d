//! The pages of the guest's memory that nearly every execution writes.
//!
//! The first write to a page of the image traps into the kernel, which copies the page. For a short action
//! these traps cost more than its script. So the build tool notes which pages they are, and a fresh
//! instance gets its own copies of them at once.

use rustix::mm::{Advice, madvise};
use serde::{Deserialize, Serialize};

/// Pages of a guest's memory that are worth copying before it runs. A hint: it changes no content.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HotPages(Vec<Span>);

/// Pages in a row: offset of the first byte, and how many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Span(usize, usize);

impl HotPages {
    /// Copies the pages of a fresh instance's memory. It stops where a kernel refuses, as those before Linux 5.14
    /// do, and at a span that does not fit; from there on the first write copies a page as ever.
    pub(crate) fn populate(&self, memory: &mut [u8]) {
        for Span(start, len) in &self.0 {
            let Some(pages) = start.checked_add(*len).and_then(|end| memory.get_mut(*start..end)) else {
                return;
            };
            #[expect(unsafe_code, reason = "a hint to the kernel about memory has no safe form")]
            // SAFETY: the range is a slice that nobody else holds, and this advice leaves its bytes as they are.
            let told = unsafe { madvise(pages.as_mut_ptr().cast(), pages.len(), Advice::LinuxPopulateWrite) };
            if told.is_err() {
                return;
            }
        }
    }

    /// Of some page numbers in ascending order.
    #[cfg(feature = "guest-compiler")]
    pub(crate) fn of(pages: impl IntoIterator<Item = usize>, page_bytes: usize) -> Self {
        let mut spans: Vec<Span> = Vec::new();
        for page in pages {
            let at = page * page_bytes;
            match spans.last_mut() {
                Some(Span(start, len)) if *start + *len == at => *len += page_bytes,
                _ => spans.push(Span(at, page_bytes)),
            }
        }
        Self(spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn populating_changes_no_byte_and_minds_no_nonsense() {
        let mut memory = vec![7_u8; 1 << 20];
        let page = rustix::param::page_size();
        let base = memory.as_ptr().addr().next_multiple_of(page) - memory.as_ptr().addr();
        let spans =
            vec![Span(base, page), Span(base + 4 * page, 3 * page), Span(usize::MAX, 2), Span(1 << 20, page)];
        HotPages(spans).populate(&mut memory);
        assert!(memory.iter().all(|byte| *byte == 7));
    }

    #[test]
    fn is_an_array_of_pairs_in_a_manifest() {
        let hot: HotPages = serde_json::from_str("[[4096,8192]]").unwrap();
        assert_eq!(hot, HotPages(vec![Span(4096, 8192)]));
    }
}
