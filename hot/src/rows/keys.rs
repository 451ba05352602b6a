//! The keys of the documents of a block, each with a number, and guesses which comes next.

use crate::bytes::put_slice;
use crate::{Malformed, Result};

/// What the keys of a document itself belong to.
pub(super) const ROOT: u32 = 0;
/// Keys that are looked through after a wrong guess. One that is further away is written again,
/// which costs a few bytes and no more.
const SEARCHED: usize = 32;

/// Keys in the order in which they were met.
#[derive(Debug)]
pub(super) struct Keys {
    encoded: Vec<u8>,
    /// The root, and behind it the keys.
    nodes: Vec<Node>,
    /// How many are looked through: none at first, as all keys of a document are new then.
    searched: usize,
}

/// A key, named by its place among the nodes.
#[derive(Clone, Copy, Debug, Default)]
struct Node {
    /// Where its text lies in `encoded`.
    start: usize,
    end: usize,
    /// The key that came after this one last time; the root stands for none.
    next: u32,
    /// The first key of the object that was its value last time.
    inner: u32,
    is_id: bool,
}

impl Default for Keys {
    fn default() -> Self {
        Self { encoded: Vec::new(), nodes: vec![Node::default()], searched: 0 }
    }
}

impl Keys {
    /// All keys, as they are written.
    pub fn encoded(&self) -> &[u8] {
        &self.encoded
    }

    /// Forgets all keys.
    pub fn clear(&mut self) {
        self.encoded.clear();
        self.nodes.truncate(1);
        self.nodes.fill(Node::default());
        self.searched = 0;
    }

    /// Notes that the keys of a whole row are known.
    pub fn end_row(&mut self) {
        self.searched = SEARCHED;
    }

    /// The number of a key as it is written.
    pub fn number(key: u32) -> u32 {
        key - 1
    }

    /// Whether the key is `id`.
    pub fn is_id(&self, key: u32) -> bool {
        self.node(key).is_id
    }

    /// The key with this text, which follows `last` in an object that is the value of `owner`.
    /// Fails where it may not follow: keys ascend, by length first.
    pub fn follow(&mut self, owner: u32, last: Option<u32>, text: &[u8]) -> Result<u32> {
        let guess = last.map_or(self.node(owner).inner, |last| self.node(last).next);
        if guess != ROOT && self.text(guess) == text {
            return Ok(guess);
        }
        if let Some(last) = last.map(|last| self.text(last))
            && (last.len(), last) >= (text.len(), text)
        {
            return Err(Malformed("the keys of an object are out of order"));
        }
        let key = self.find_or_add(text)?;
        let at = last.unwrap_or(owner);
        if let Some(node) = self.nodes.get_mut(as_usize(at)) {
            *(if last.is_some() { &mut node.next } else { &mut node.inner }) = key;
        }
        Ok(key)
    }

    fn find_or_add(&mut self, text: &[u8]) -> Result<u32> {
        let count = u32::try_from(self.nodes.len());
        let count = count.map_err(|_| Malformed("a document has too many keys"))?;
        let mut near = (1..count).rev().take(self.searched);
        if let Some(key) = near.find(|key| self.text(*key) == text) {
            return Ok(key);
        }
        if std::str::from_utf8(text).is_err() {
            return Err(Malformed("a key is not UTF-8"));
        }
        put_slice(&mut self.encoded, text);
        let end = self.encoded.len();
        let is_id = text == b"id";
        self.nodes.push(Node { start: end - text.len(), end, next: 0, inner: 0, is_id });
        Ok(count)
    }

    fn node(&self, key: u32) -> Node {
        self.nodes.get(as_usize(key)).copied().unwrap_or_default()
    }

    fn text(&self, key: u32) -> &[u8] {
        let Node { start, end, .. } = self.node(key);
        self.encoded.get(start..end).unwrap_or_default()
    }
}

fn as_usize(key: u32) -> usize {
    usize::try_from(key).unwrap_or(usize::MAX)
}
