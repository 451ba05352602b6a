use super::*;
use crate::bytes::put_varint;

/// Keys, sequence numbers and values, in the order of a block.
type Model = Vec<(Vec<u8>, u64, Option<Vec<u8>>)>;

/// Entries and restart points, one every `interval` entries.
fn built(model: &Model, interval: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut entries, mut restarts) = (Vec::new(), Vec::new());
    let mut last: &[u8] = &[];
    for (at, (key, delta, value)) in model.iter().enumerate() {
        let mut shared = common(key, last);
        if at % interval == 0 {
            shared = 0;
            restarts.extend_from_slice(&u16::try_from(entries.len()).unwrap().to_le_bytes());
        }
        let bytes = value.as_deref().unwrap_or_default();
        let kind = if value.is_some() { PUT } else { DELETE };
        let tag = (bytes.len() as u64) << KIND_BITS | u64::from(kind);
        for n in [shared as u64, (key.len() - shared) as u64, tag, *delta] {
            put_varint(&mut entries, n);
        }
        entries.extend_from_slice(&key[shared..]);
        entries.extend_from_slice(bytes);
        last = key;
    }
    (entries, restarts)
}

fn random_model(rng: &mut fastrand::Rng) -> Model {
    let letters = rng.u8(1..4);
    let long = rng.bool();
    let mut model = Model::new();
    for _ in 0..rng.usize(1..60) {
        let len = if long { rng.usize(0..300) } else { rng.usize(0..12) };
        let key: Vec<u8> = (0..len).map(|_| rng.u8(0..=letters)).collect();
        let longest = *rng.choice(&[1, 40, 600]).unwrap();
        let value = rng.bool().then(|| vec![7; rng.usize(0..longest)]);
        let greatest = *rng.choice(&[3, 300, 1 << 40]).unwrap();
        model.push((key, rng.u64(0..greatest), value));
    }
    model.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    model.dedup_by(|a, b| (&a.0, a.1) == (&b.0, b.1));
    model
}

#[test]
fn every_entry_is_found_and_followed_by_the_next_one() {
    for seed in 0..600 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let model = random_model(&mut rng);
        let (bytes, restarts) = built(&model, rng.usize(1..20));
        let entries = Entries::new(&bytes, &restarts);
        for (at, (key, delta, value)) in model.iter().enumerate() {
            let found = entries.seek(Target { key, delta: Some(*delta) }).unwrap().unwrap();
            let Entry { suffix_at, value_at, end, is_delete, .. } = found.entry;
            let whole = [&key[..found.prefix], &bytes[suffix_at..value_at]].concat();
            assert_eq!((&whole, found.entry.delta), (key, *delta), "seed {seed}");
            assert_eq!(&bytes[value_at..end], value.as_deref().unwrap_or_default());
            assert_eq!(is_delete, value.is_none());
            let (mut entry, mut key) = (found.entry, key.clone());
            let stepped = entries.step(&mut entry, &mut key).unwrap();
            let next = model.get(at + 1).map(|(key, delta, _)| (key, *delta));
            assert_eq!(stepped.then_some((&key, entry.delta)), next, "seed {seed}");
        }
    }
}

#[test]
fn what_is_not_there_leads_to_what_comes_next() {
    for seed in 0..600 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let model = random_model(&mut rng);
        let (bytes, restarts) = built(&model, rng.usize(1..20));
        let entries = Entries::new(&bytes, &restarts);
        for _ in 0..40 {
            let mut key = rng.choice(&model).unwrap().0.clone();
            key.truncate(rng.usize(0..=key.len()));
            key.extend((0..rng.usize(0..3)).map(|_| rng.u8(0..5)));
            let delta = rng.bool().then(|| rng.u64(0..400));
            let found = entries.seek(Target { key: &key, delta }).unwrap();
            let is_after = |(own, own_delta, _): &(Vec<u8>, u64, _)| {
                *own > key || *own == key && delta.is_some_and(|max| *own_delta <= max)
            };
            let wanted = model.iter().find(|entry| is_after(entry));
            let found = found.map(|found| {
                let suffix = &bytes[found.entry.suffix_at..found.entry.value_at];
                ([&key[..found.prefix], suffix].concat(), found.entry.delta)
            });
            assert_eq!(found, wanted.map(|(key, delta, _)| (key.clone(), *delta)), "seed {seed}");
        }
    }
}

#[test]
fn bytes_of_any_kind_are_refused_or_read_but_never_beyond_their_end() {
    for seed in 0..3_000 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let model = random_model(&mut rng);
        let (mut bytes, restarts) = built(&model, 4);
        for _ in 0..rng.usize(1..4) {
            let at = rng.usize(..bytes.len());
            bytes[at] = rng.u8(..);
        }
        let entries = Entries::new(&bytes, &restarts);
        for (key, delta, _) in &model {
            if let Ok(Some(found)) = entries.seek(Target { key, delta: Some(*delta) }) {
                let Entry { suffix_at, value_at, end, .. } = found.entry;
                assert!(found.prefix <= key.len(), "seed {seed}");
                assert!(suffix_at <= value_at && value_at <= end && end <= bytes.len());
                let (mut entry, mut key) = (found.entry, key.clone());
                while let Ok(true) = entries.step(&mut entry, &mut key) {}
            }
        }
    }
}
