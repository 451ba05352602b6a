//! Numbers that a seed repeats, and what is made of them: keys, values and words.

/// Words of which text is made, so that it compresses as text does.
pub const WORDS: [&str; 64] = [
    "amber", "anchor", "apple", "autumn", "basket", "bridge", "candle", "canyon", "carbon",
    "cedar", "circle", "copper", "coral", "cotton", "desert", "ember", "falcon", "feather",
    "forest", "garden", "granite", "harbor", "hazel", "island", "ivory", "jacket", "kettle",
    "lantern", "lemon", "linen", "maple", "marble", "meadow", "mirror", "morning", "needle",
    "ocean", "olive", "orchard", "paper", "pebble", "pepper", "pocket", "quartz", "raven",
    "ribbon", "river", "saddle", "salmon", "shadow", "silver", "spring", "summer", "timber",
    "tulip", "valley", "velvet", "walnut", "willow", "winter", "yarrow", "yellow", "zephyr",
    "zinnia",
];

/// Bytes of a key of the `kv` shape.
pub const KEY_BYTES: usize = 16;
/// Bytes of a value of the `kv` shape.
pub const VALUE_BYTES: usize = 290;

/// A key and its value.
pub type Pair = (Vec<u8>, Vec<u8>);

/// Random numbers (`SplitMix64`): the same for every peer and in every run of a seed.
pub struct Random(u64);

impl Random {
    /// Different parts of a seed give different sequences.
    pub fn new(part: &str, seed: u64) -> Self {
        let start = part.bytes().fold(seed, |state, byte| Self(state ^ u64::from(byte)).next());
        Self(start)
    }

    /// Any number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or(0)
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// The numbers below `count` in an order of its own.
    pub fn permutation(&mut self, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            order.swap(at, self.below(at + 1));
        }
        order
    }

    /// So many words.
    pub fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| *self.pick(&WORDS)).collect();
        words.join(" ")
    }

    /// A key of the `kv` shape: random, so that keys come in no order.
    pub fn key(&mut self) -> Vec<u8> {
        let halves = [self.next().to_be_bytes(), self.next().to_be_bytes()];
        halves.concat()
    }

    /// A value of the `kv` shape: text, which compresses to about a half.
    pub fn value(&mut self) -> Vec<u8> {
        let mut text = self.words(VALUE_BYTES / 4).into_bytes();
        text.truncate(VALUE_BYTES);
        text
    }
}

/// So many keys, each with a value.
pub fn pairs(part: &str, seed: u64, count: usize) -> Vec<Pair> {
    let mut random = Random::new(part, seed);
    (0..count).map(|_| (random.key(), random.value())).collect()
}

/// A number that equal answers in equal order share (FNV-1a), and how many there were.
pub struct Checksum {
    hash: u64,
    count: u64,
}

impl Checksum {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self { hash: 0xCBF2_9CE4_8422_2325, count: 0 }
    }

    /// Adds an answer, and its end, so that answers do not run into each other.
    pub fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes.iter().chain(&[0xFF]) {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
        self.count += 1;
    }

    /// As the runs compare it.
    pub fn text(&self) -> String {
        format!("{}:{:016x}", self.count, self.hash)
    }
}
