//! What a loss of power could leave on the medium.

use std::cmp::Ordering;

use fastrand::Rng;

use super::image::{Image, Shared};
use super::journal::{Effect, Piece};
use crate::storage::FileId;

/// Journals of at most so many pieces are taken apart in every possible way.
pub const PIECES_EXHAUSTIVE_MAX: usize = 10;

/// Chances in percent, one drawn for each file and image, that a piece is kept: extremes are
/// common, so that whole files are old beside whole files that are new.
const KEPT_PERCENT: [u8; 6] = [0, 10, 50, 90, 100, 100];
/// Chances in percent, one drawn for each image, that a piece which is not lost is torn.
const TORN_PERCENT: [u8; 4] = [0, 0, 10, 50];

/// How the medium loses what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerCut {
    /// Size of a sector, the most that is kept or lost as one.
    pub sector_bytes: u32,
    /// Torn pieces are cut at multiples of this; the size of a sector means that nothing is torn.
    pub tear_bytes: u32,
    /// Whether torn pieces can have garbage in them.
    pub garbage: bool,
    /// Whether a file that became longer without its data can show what the medium held there
    /// before, rather than zeros.
    pub stale: bool,
}

impl Default for PowerCut {
    /// The harshest: sectors of 512 bytes, torn at any byte, with garbage and stale bytes.
    fn default() -> Self {
        Self { sector_bytes: 512, tear_bytes: 1, garbage: true, stale: true }
    }
}

impl PowerCut {
    pub(super) fn sector(self) -> usize {
        usize::try_from(self.sector_bytes).unwrap_or(usize::MAX).max(1)
    }

    fn tear(self) -> usize {
        usize::try_from(self.tear_bytes).unwrap_or(usize::MAX).max(1)
    }
}

/// All that one loss of power could leave.
#[derive(Clone, Debug)]
pub struct Cuts {
    model: PowerCut,
    remains: Remains,
}

#[derive(Clone, Debug)]
enum Remains {
    /// A durable image, and pieces each of which may be there or not.
    Pieces(Shared, Vec<Piece>),
    /// Barriers commit in order: these images and no others.
    Barriers(Vec<Shared>),
}

impl Cuts {
    pub(super) fn of_pieces(model: PowerCut, durable: Shared, pieces: Vec<Piece>) -> Self {
        Self { model, remains: Remains::Pieces(durable, pieces) }
    }

    pub(super) fn of_barriers(model: PowerCut, images: Vec<Shared>) -> Self {
        Self { model, remains: Remains::Barriers(images) }
    }

    /// Number of pieces that are at risk, or of barriers that may not have committed.
    pub fn at_risk(&self) -> usize {
        match &self.remains {
            Remains::Pieces(_, pieces) => pieces.len(),
            Remains::Barriers(images) => images.len().saturating_sub(1),
        }
    }

    /// The images to try: with at most [`PIECES_EXHAUSTIVE_MAX`] pieces at risk every subset of
    /// them, with more the empty and the full one; then `random` seeded ones, in which pieces can
    /// be torn. What cannot vary is not repeated.
    pub fn images(&self, random: usize, seed: u64) -> impl Iterator<Item = Image> + '_ {
        let exhaustive = self.at_risk() <= PIECES_EXHAUSTIVE_MAX;
        let (whole, random) = match &self.remains {
            Remains::Barriers(images) => (images.len(), 0),
            Remains::Pieces(_, pieces) if pieces.is_empty() => (1, 0),
            Remains::Pieces(_, pieces) if exhaustive => (1 << pieces.len(), random),
            Remains::Pieces(..) => (2, random),
        };
        let mut seeds = Rng::with_seed(seed);
        (0..whole + random).map(move |i| match &self.remains {
            Remains::Barriers(images) => whole_image(images, i),
            Remains::Pieces(..) if i >= whole => self.random(seeds.u64(..)),
            Remains::Pieces(..) if exhaustive => self.subset(|piece| i >> piece & 1 == 1),
            Remains::Pieces(..) => self.subset(|_| i == 1),
        })
    }

    /// Nothing that was at risk is kept.
    pub fn nothing_kept(&self) -> Image {
        self.subset(|_| false)
    }

    /// Everything that was at risk is kept.
    pub fn everything_kept(&self) -> Image {
        self.subset(|_| true)
    }

    /// The pieces whose number `keep` accepts are kept. Of barriers, those before the first refused
    /// one.
    pub fn subset(&self, mut keep: impl FnMut(usize) -> bool) -> Image {
        match &self.remains {
            Remains::Barriers(images) => {
                let committed = (0..self.at_risk()).take_while(|i| keep(*i)).count();
                whole_image(images, committed)
            }
            Remains::Pieces(durable, pieces) => {
                let mut medium = Medium::new(durable);
                for (_, piece) in pieces.iter().enumerate().filter(|(i, _)| keep(*i)) {
                    medium.keep(piece);
                }
                medium.into_image()
            }
        }
    }

    /// One image, drawn from `seed`.
    pub fn random(&self, seed: u64) -> Image {
        let mut rng = Rng::with_seed(seed);
        match &self.remains {
            Remains::Barriers(images) => whole_image(images, rng.usize(..images.len().max(1))),
            Remains::Pieces(durable, pieces) if rng.u8(..4) == 0 => {
                self.prefix(durable, pieces, &mut rng)
            }
            Remains::Pieces(durable, pieces) => self.scattered(durable, pieces, &mut rng),
        }
    }

    /// Everything up to some moment, the piece on its way torn: what a storage that keeps order
    /// leaves.
    fn prefix(&self, durable: &Shared, pieces: &[Piece], rng: &mut Rng) -> Image {
        let end = rng.usize(..=pieces.len());
        let shows_stale = self.model.stale && rng.bool();
        let mut medium = Medium::new(durable);
        for (at, piece) in pieces.iter().enumerate() {
            match at.cmp(&end) {
                Ordering::Less => medium.keep(piece),
                Ordering::Equal => medium.tear(piece, self.model, rng),
                Ordering::Greater if shows_stale => medium.lose(piece, rng),
                Ordering::Greater => {}
            }
        }
        medium.into_image()
    }

    fn scattered(&self, durable: &Shared, pieces: &[Piece], rng: &mut Rng) -> Image {
        let kept = FileId::ALL.map(|_| draw(&KEPT_PERCENT, rng));
        let torn = draw(&TORN_PERCENT, rng);
        let shows_stale = self.model.stale && rng.bool();
        let mut medium = Medium::new(durable);
        for piece in pieces {
            if rng.u8(..100) < torn {
                medium.tear(piece, self.model, rng);
            } else if rng.u8(..100) < *piece.file.of(&kept) {
                medium.keep(piece);
            } else if shows_stale {
                medium.lose(piece, rng);
            }
        }
        medium.into_image()
    }
}

fn whole_image(images: &[Shared], at: usize) -> Image {
    images.get(at).map(Shared::to_image).unwrap_or_default()
}

fn draw(from: &[u8], rng: &mut Rng) -> u8 {
    from.get(rng.usize(..from.len().max(1))).copied().unwrap_or(0)
}

/// The medium while pieces arrive: bytes and length apart, as either may come without the other.
struct Medium {
    content: Image,
    lens: [usize; 3],
}

impl Medium {
    fn new(durable: &Shared) -> Self {
        Self { content: durable.to_image(), lens: FileId::ALL.map(|file| durable.file(file).len()) }
    }

    fn keep(&mut self, piece: &Piece) {
        match &piece.effect {
            Effect::Bytes { offset, bytes } => self.put(piece.file, *offset, bytes),
            Effect::Length(len) => {
                *piece.file.of_mut(&mut self.lens) = *len;
                self.content.file_mut(piece.file).truncate(*len);
            }
        }
    }

    fn put(&mut self, file: FileId, offset: usize, bytes: &[u8]) {
        let content = self.content.file_mut(file);
        let end = offset.saturating_add(bytes.len());
        if content.len() < end {
            content.resize(end, 0);
        }
        if let Some(range) = content.get_mut(offset..end) {
            range.copy_from_slice(bytes);
        }
    }

    /// Has the medium show what it held before, where a lost piece made the file longer and its
    /// length is kept. What earlier pieces put there stays.
    fn lose(&mut self, piece: &Piece, rng: &mut Rng) {
        let Effect::Bytes { offset, bytes } = &piece.effect else { return };
        let content = self.content.file_mut(piece.file);
        let end = offset.saturating_add(bytes.len());
        if content.len() < end {
            content.resize(content.len().max(*offset), 0);
            content.resize(end, rng.u8(..));
        }
    }

    /// Keeps the front and the back of a piece, and puts nothing or garbage between. A length is
    /// not torn: it is kept or lost.
    fn tear(&mut self, piece: &Piece, model: PowerCut, rng: &mut Rng) {
        let Effect::Bytes { offset, bytes } = &piece.effect else {
            if rng.bool() {
                self.keep(piece);
            }
            return;
        };
        let cuts = bytes.len().div_ceil(model.tear());
        let mut cut = || (rng.usize(..=cuts) * model.tear()).min(bytes.len());
        let (a, b) = (cut(), cut());
        // A cut at the start or the end leaves one side only, which is the usual way to tear.
        let (front, back) = match rng.u8(..3) {
            0 => (a, bytes.len()),
            1 => (0, b),
            _ => (a.min(b), a.max(b)),
        };
        let mut middle = bytes.get(front..back).unwrap_or_default().to_vec();
        self.put(piece.file, *offset, bytes.get(..front).unwrap_or_default());
        self.put(piece.file, offset + back, bytes.get(back..).unwrap_or_default());
        if model.garbage && rng.bool() {
            rng.fill(&mut middle);
            self.put(piece.file, offset + front, &middle);
        }
    }

    fn into_image(mut self) -> Image {
        for file in FileId::ALL {
            self.content.file_mut(file).resize(*file.of(&self.lens), 0);
        }
        self.content
    }
}
