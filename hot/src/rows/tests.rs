use super::*;

/// What is written of a document whose bytes are given.
fn written(document: &[u8]) -> Result<Vec<u8>> {
    let mut rows = Rows::default();
    rows.document(document)?;
    rows.end_row();
    Ok(rows.finish(&[]))
}

#[test]
fn a_row_is_its_keys_tokens_and_texts() {
    // { "a": "xy", "b": [7, "\u{141}", null], "cc": { "a": 1.5 } }
    let document =
        b"\xa3\x61a\x62xy\x61b\x83\x07\x62\xc5\x81\xf6\x62cc\xa1\x61a\xf9\x3e\x00".as_slice();
    let expected = [
        // Lengths; keys, of which the first comes again, as all keys of a first row count as new.
        b"\x09\x19\x02\x02".as_slice(),
        b"\x01a\x01b\x02cc\x01a",
        // Four entries less one, and each by the number of its key.
        b"\x04\x00\x02\x01\x4b\x03\x87\x41\x01\x42\x02\x4c\x01\x03\x46",
        &1.5_f64.to_le_bytes(),
    ];
    let mut expected = expected.concat();
    expected[1] = 15 + 8;
    expected.extend(b"xy\xc5\x81");
    assert_eq!(written(document).unwrap(), expected);
}

#[test]
fn keys_of_rows_after_the_first_are_named_by_their_numbers() {
    let mut rows = Rows::default();
    for _ in 0..3 {
        rows.document(b"\xa2\x61a\x01\x61b\xa1\x61a\x02").unwrap();
        rows.end_row();
    }
    let row = b"\x03\x00\x81\x01\x4c\x01\x02\x82";
    let expected = [b"\x06\x18\x00\x00\x01a\x01b\x01a".as_slice(), &row.repeat(3)].concat();
    assert_eq!(rows.finish(&[]), expected);
}

#[test]
fn what_no_stored_document_can_be_is_refused() {
    let deep = |levels: usize| [b"\xa1\x61a".repeat(levels - 1), b"\xa0".to_vec()].concat();
    assert!(written(&deep(DEPTH_MAX)).is_ok());
    let refused: [&[u8]; 10] = [
        b"",
        b"\x01",
        b"\x80",
        b"\xa1\x62id\x01",
        b"\xa2\x61b\x01\x61a\x01",
        b"\xa2\x61a\x01\x61a\x01",
        b"\xa1\x61\xff\x01",
        b"\xa1\x61a\x61\xff",
        b"\xa0\x00",
        &deep(DEPTH_MAX + 1),
    ];
    for document in refused {
        assert!(written(document).is_err(), "{document:x?}");
    }
    // The id of a document is no property of it, but its parts may have one.
    assert!(written(b"\xa1\x61a\xa1\x62id\x01").is_ok());
}

#[test]
fn a_document_that_is_cut_off_is_refused() {
    let document = b"\xa3\x61a\x62xy\x61b\x83\x07\x62\xc5\x81\xf6\x62cc\xa1\x61a\xf9\x3e\x00";
    for end in 0..document.len() {
        assert!(written(&document[..end]).is_err(), "{end}");
    }
}

#[test]
fn keys_out_of_order_are_noticed_whatever_came_before() {
    let mut rows = Rows::default();
    for document in [b"\xa2\x61a\x01\x61c\x01", b"\xa2\x61c\x01\x61d\x01"] {
        rows.document(document).unwrap();
        rows.end_row();
    }
    assert!(rows.document(b"\xa2\x61c\x01\x61a\x01").is_err());
}
