//! Reads the rows of an answer, by what `entidb_hot::rows` says of their form and nothing else.

use entidb::codec::bytes::Reader;
use entidb::codec::id::Id;
use entidb::codec::value::Value;

/// The rows of an answer.
pub struct Rows<'a> {
    answer: Reader<'a>,
    keys: Vec<String>,
    tokens: Reader<'a>,
    ascii: Reader<'a>,
    other: std::str::Chars<'a>,
}

impl<'a> Rows<'a> {
    pub fn new(answer: &'a [u8]) -> Self {
        let nothing = Reader::new(&[]);
        let answer = Reader::new(answer);
        Self { answer, keys: Vec::new(), tokens: nothing, ascii: nothing, other: "".chars() }
    }

    /// Whether there are no more rows. A block is left only when it is used up.
    pub fn is_done(&mut self) -> bool {
        if self.tokens.is_empty() && !self.answer.is_empty() {
            assert!(self.ascii.is_empty() && self.other.as_str().is_empty(), "text is left over");
            self.enter_block();
        }
        self.tokens.is_empty()
    }

    /// The next row, which is an id, encoded.
    pub fn id(&mut self) -> Vec<u8> {
        assert!(!self.is_done());
        let id = match self.value() {
            Value::Number(n) => Id::Int(n.to_string().parse().unwrap()),
            Value::Text(text) => Id::from(text),
            other => panic!("{other:?} is no id"),
        };
        id.encode().unwrap()
    }

    /// The document of the row, encoded; none where there is none.
    pub fn document(&mut self) -> Option<Vec<u8>> {
        assert!(!self.is_done());
        let entries = self.tokens.length().unwrap();
        (entries > 0).then(|| self.object(entries - 1).encode().unwrap())
    }

    fn enter_block(&mut self) {
        let lengths = [(); 4].map(|()| self.answer.length().unwrap());
        let [keys, tokens, ascii, other] = lengths.map(|length| self.answer.take(length).unwrap());
        let mut reader = Reader::new(keys);
        self.keys.clear();
        while !reader.is_empty() {
            self.keys.push(text(reader.slice().unwrap()));
        }
        assert!(ascii.is_ascii());
        self.tokens = Reader::new(tokens);
        self.ascii = Reader::new(ascii);
        self.other = std::str::from_utf8(other).unwrap().chars();
    }

    fn value(&mut self) -> Value {
        match self.tokens.u8().unwrap() {
            length @ ..0x40 => self.ascii(length.into()),
            0x40 => {
                let length = self.tokens.length().unwrap();
                assert!(length >= 0x40);
                self.ascii(length)
            }
            0x41 => self.other(),
            0x42 => Value::Null,
            bool @ 0x43..=0x44 => Value::Bool(bool == 0x44),
            0x45 => Value::Number(self.tokens.u32().unwrap().into()),
            0x46 => Value::Number(self.float()),
            0x47 => Value::Date(self.float().to_string().parse().unwrap()),
            0x48 => Value::BigInt(self.tokens.u64().unwrap().into()),
            0x49 => Value::BigInt(-1 - i128::from(self.tokens.u64().unwrap())),
            0x4a => Value::Bytes(self.tokens.slice().unwrap().to_vec()),
            0x4b => {
                let count = self.tokens.length().unwrap();
                Value::Array((0..count).map(|_| self.value()).collect())
            }
            0x4c => {
                let entries = self.tokens.length().unwrap();
                self.object(entries)
            }
            small @ 0x80.. => Value::Number((small & 0x7f).into()),
            token => panic!("no value begins with {token:02x}"),
        }
    }

    fn object(&mut self, entries: usize) -> Value {
        let mut object = Vec::new();
        for _ in 0..entries {
            let number = self.tokens.length().unwrap();
            let key = self.keys.get(number).unwrap().clone();
            object.push((key, self.value()));
        }
        Value::Object(object.into_iter().collect())
    }

    fn ascii(&mut self, length: usize) -> Value {
        Value::Text(text(self.ascii.take(length).unwrap()))
    }

    /// Lengths are counted as JavaScript counts them.
    fn other(&mut self) -> Value {
        let mut left = self.tokens.length().unwrap();
        let mut text = String::new();
        while left > 0 {
            let next = self.other.next().unwrap();
            left -= next.len_utf16();
            text.push(next);
        }
        assert!(!text.is_ascii());
        Value::Text(text)
    }

    fn float(&mut self) -> f64 {
        f64::from_le_bytes(self.tokens.array().unwrap())
    }
}

fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).unwrap().to_owned()
}
