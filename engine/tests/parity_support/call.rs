//! One call as a line of an op log.

use entidb::Geometry;
use serde_json::{Value, json};

/// A method and its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub name: String,
    args: Vec<Value>,
}

impl Call {
    /// `args` is a JSON array.
    pub fn new(name: &str, args: Value) -> Self {
        let Value::Array(args) = args else { panic!("the arguments of {name} are a list") };
        Self { name: name.to_owned(), args }
    }

    pub fn line(&self) -> String {
        let mut whole = vec![Value::from(self.name.as_str())];
        whole.extend(self.args.iter().cloned());
        Value::Array(whole).to_string()
    }

    pub fn parse(line: &str) -> Self {
        let mut args: Vec<Value> = serde_json::from_str(line).unwrap();
        let name = args.remove(0).as_str().unwrap().to_owned();
        Self { name, args }
    }

    pub fn number(&self, at: usize) -> u64 {
        self.args[at].as_u64().unwrap()
    }

    pub fn handle(&self, at: usize) -> u32 {
        u32::try_from(self.number(at)).unwrap()
    }

    pub fn size(&self, at: usize) -> usize {
        usize::try_from(self.number(at)).unwrap()
    }

    pub fn flag(&self, at: usize) -> bool {
        self.args[at].as_bool().unwrap()
    }

    pub fn bytes(&self, at: usize) -> Vec<u8> {
        unhex(self.args[at].as_str().unwrap())
    }

    pub fn object(&self, at: usize) -> &Value {
        &self.args[at]
    }
}

pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|n| char::from(DIGITS[usize::from(n)]));
    bytes.iter().flat_map(digits).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digit = |digit: u8| u8::try_from(char::from(digit).to_digit(16).unwrap()).unwrap();
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// The sizes of a geometry under the names that JavaScript has for them.
pub fn sizes(geometry: &Geometry) -> Value {
    json!({
        "unitBytes": geometry.unit_bytes,
        "segmentUnitsMax": geometry.segment_units_max,
        "manifestAreaBytes": geometry.manifest_area_bytes,
        "logBytesMin": geometry.log_bytes_min,
        "logBytesMax": geometry.log_bytes_max,
        "memtableBytes": geometry.memtable_bytes,
        "blockBytes": geometry.block_bytes,
        "chunkBytes": geometry.chunk_bytes,
    })
}

pub fn geometry(sizes: &Value) -> Geometry {
    let size = |name: &str| u32::try_from(sizes[name].as_u64().unwrap()).unwrap();
    Geometry {
        unit_bytes: size("unitBytes"),
        segment_units_max: size("segmentUnitsMax"),
        manifest_area_bytes: size("manifestAreaBytes"),
        log_bytes_min: size("logBytesMin"),
        log_bytes_max: size("logBytesMax"),
        memtable_bytes: size("memtableBytes"),
        block_bytes: size("blockBytes"),
        chunk_bytes: size("chunkBytes"),
    }
}
