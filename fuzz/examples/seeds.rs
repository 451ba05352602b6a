//! Where the fuzzers begin: `cargo run --example seeds` puts the databases, documents and messages
//! that there are into the corpora, each in the form that its target takes.

use std::fs;
use std::path::Path;

use entidb::codec::bytes::{Reader, put_slice, put_varint};
use entidb::codec::cbor;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../engine/fixtures");
/// Bytes of a log that a seed has at most: its frames are at its beginning.
const LOG_BYTES_MAX: usize = 3 * 1024;

fn main() {
    for image in ["closed", "killed"] {
        let read = |file: &str| fs::read(format!("{FIXTURES}/images/v1/{image}/{file}"));
        for file in ["log.a", "log.b"] {
            let log = read(file).expect("an image");
            let log = &log[..log.len().min(LOG_BYTES_MAX)];
            for flags in 0..4 {
                save("log", &format!("{image}-{file}-{flags}"), &[&[flags, 9], log]);
            }
        }
        volume(image, &read("volume").expect("an image"));
    }
    for name in ["documents", "invalid"] {
        vectors(name);
    }
    messages();
}

/// Superblock, roots, manifest and catalog of a volume.
fn volume(image: &str, bytes: &[u8]) {
    for (kind, range) in [(0, 0..132), (1, 0..132), (2, 8192..10_344), (3, 12_288..14_440)] {
        save("manifest", &format!("{image}-{kind}"), &[&[kind], &bytes[range]]);
    }
    let number = |at: usize| {
        let bytes = bytes[at..at + 8].try_into().expect("eight bytes");
        usize::try_from(u64::from_le_bytes(bytes)).expect("a place in memory")
    };
    let (offset, len) = (number(8192 + 16), number(8192 + 24) & 0xffff_ffff);
    let manifest = &bytes[offset..offset + len];
    save("manifest", &format!("{image}-4"), &[&[4], manifest]);
    let find = |text: &[u8]| manifest.windows(text.len()).position(|window| window == text);
    for start in [find(b"\xa2\x65bytes"), find(b"\xa3\x67next_id")].into_iter().flatten() {
        let mut reader = Reader::new(&manifest[start..]);
        let message = cbor::value(&mut reader).expect("a catalog");
        save("manifest", &format!("{image}-5-{start}"), &[&[5], message]);
    }
}

fn vectors(name: &str) {
    let json = fs::read(format!("{FIXTURES}/vectors/{name}.json")).expect("vectors");
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&json).expect("rows");
    for (at, row) in rows.iter().enumerate() {
        let Some(hex) = row["bytes"].as_str() else { continue };
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits");
        let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(digits).collect();
        if bytes.len() < 512 {
            save("document", &format!("{name}-{at}"), &[&[0], &bytes]);
        }
    }
}

/// Each call that takes a message, with one that it takes.
fn messages() {
    let id = |n: u8| [1, 0x80, 0, 0, 0, 0, 0, 0, n];
    let task = b"\xa2\x65title\x61x\x67project\x01";
    let write = |code: u8, n: u8, rest: &[&[u8]]| {
        let mut op = vec![code];
        put_varint(&mut op, 1);
        put_slice(&mut op, &id(n));
        for slice in rest {
            put_slice(&mut op, slice);
        }
        op
    };
    let mut update = write(5, 1, &[b"\xa1\x65title\x61z"]);
    update.push(1);
    put_slice(&mut update, b"project");
    let batch = [write(1, 9, &[task]), write(4, 8, &[task]), write(2, 1, &[task])].concat();
    let mut ids = Vec::new();
    (0..4).for_each(|n| put_slice(&mut ids, &id(n)));
    let name = b"\xa2\x64name\x64more\x67indexes\x81\xa1\x66fields\x82\x61a\x63b.c";
    let spec = b"\xa3\x64kind\x64hash\x64each\xf4\x66fields\x81\x67project";
    let index =
        b"\xa5\x65index\xa3\x66fields\x81\x67project\x65lower\xa2\x66values\x81\x41\x00\x64\
          open\xf5\x65upper\xa1\x66values\x81\x41\x07\x64take\x03\x64skip\x01\x67reverse\xf5\x6a\
          collection\x01";
    let scan = b"\xa3\x64scan\xa1\x65lower\xa1\x62id\x49\x01\x80\0\0\0\0\0\0\x01\x66output\x63ids\
          \x6acollection\x01";
    let declaration = b"\xa2\x6aundeclared\x64drop\x6bcollections\x81\xa2\x64name\x65tasks\x67\
          indexes\x81\xa2\x66fields\x81\x64tags\x64each\xf5";
    let calls: [(&str, u8, u8, &[u8]); 16] = [
        ("stage", 0, 0, &batch),
        ("update", 0, 0, &update),
        ("delete", 0, 0, &write(6, 1, &[])),
        ("get", 7, 0, &id(1)),
        ("get-many", 8, 0, &ids),
        ("hash", 10, 0, &id(1)),
        ("declare", 12, 0, declaration),
        ("create", 13, 0, name),
        ("create-index", 14, 0, spec),
        ("drop-index", 15, 0, b"\xa1\x66fields\x81\x67project"),
        ("query-index", 19, 0, index),
        ("query-page", 20, 0, scan),
        ("query-count", 23, 0, index),
        ("explain", 24, 0, scan),
        ("explain-index", 24, 0, index),
        ("tx", 4, 4, &batch),
    ];
    let call = |call: u8, argument: u8, message: &[u8]| {
        let len = u16::try_from(message.len()).expect("a short message").to_le_bytes();
        [&[call, argument], &len[..], message].concat()
    };
    // In a transaction, which has the first number; then committed, built and closed.
    let (begin, end) = (call(3, 0, &[]), [call(2, 0, &[]), call(18, 9, &[])].concat());
    for (name, number, argument, message) in calls {
        let one = call(number, argument, message);
        save("message", name, &[&one, &end]);
        save("message", &format!("{name}-in-tx"), &[&begin, &one, &call(5, 4, &[]), &end]);
    }
}

fn save(target: &str, name: &str, parts: &[&[u8]]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join(name), parts.concat()).expect("a seed");
}
