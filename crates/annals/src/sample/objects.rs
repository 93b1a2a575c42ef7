//! The objects of a sample while they exist, and what happens to which of them.

use super::kinds::{FIELDS_MAX, KINDS, Kind};
use super::random::{Random, nth};
use super::values::{Shape, Values};

/// A company has so many objects before it works with them as usual.
const STOCK: usize = 40;
/// Of 1,000 events, so many create an object until then …
const STOCKING_PER_MILLE: u64 = 600;
/// … so many from then on …
const CREATED_PER_MILLE: u64 = 40;
/// … and so many destroy one.
const DESTROYED_PER_MILLE: u64 = 12;
/// Of 1,000 events by somebody who has just done something, so many are about the same object.
const SAME_PER_MILLE: u64 = 450;

/// An object that was created and not yet destroyed. There may be very many: what can be computed is not
/// kept.
pub(super) struct Object {
    /// What the token, the title and all values follow from; no two objects have the same.
    pub(super) seed: u64,
    pub(super) kind: &'static Kind,
    /// How often each field was changed. May wrap around: its values repeat then.
    pub(super) changes: [u16; FIELDS_MAX],
}

impl Object {
    /// Writes the title that the object has now, or null.
    pub(super) fn write_title(&self, out: &mut String, values: &Values) {
        match self.kind.fields {
            [(_, shape @ Shape::Title(_)), ..] => values.write(out, shape, self.seed, 0, self.changes[0]),
            _ => out.push_str("null"),
        }
    }
}

/// What happens to an object.
pub(super) enum Step<'a> {
    Create(&'a Object),
    Update(&'a mut Object),
    Destroy(Object),
}

/// The objects that exist, the most popular first.
pub(super) struct Objects {
    seed: u64,
    /// Objects ever created.
    created: u64,
    live: Vec<Object>,
    /// The position of the object that the latest event was about, while it exists.
    latest: Option<usize>,
}

impl Objects {
    pub(super) fn new(seed: u64) -> Objects {
        Objects { seed, created: 0, live: Vec::new(), latest: None }
    }

    /// Chooses what happens next. `same` says that it is done by who did what happened before.
    pub(super) fn step(&mut self, random: &mut Random, same: bool) -> Step<'_> {
        let live = self.live.len();
        let (created_per_mille, destroyed_per_mille) =
            if live < STOCK { (STOCKING_PER_MILLE, 0) } else { (CREATED_PER_MILLE, DESTROYED_PER_MILLE) };
        if live == 0 || random.chance(created_per_mille) {
            return Step::Create(self.create(random));
        }
        if random.chance(destroyed_per_mille) {
            // What is destroyed is rarely popular. The least popular object takes its place.
            let at = live / 2 + random.index(live - live / 2);
            self.latest = None;
            return Step::Destroy(self.live.swap_remove(at));
        }
        let again = self.latest.filter(|_| same && random.chance(SAME_PER_MILLE));
        let at = again.unwrap_or_else(|| random.zipf(live));
        self.latest = Some(at);
        Step::Update(&mut self.live[at])
    }

    fn create(&mut self, random: &mut Random) -> &Object {
        let seed = nth(self.seed, self.created);
        self.created += 1;
        self.live.push(Object { seed, kind: kind(random), changes: [0; FIELDS_MAX] });
        // Now and then a new object becomes popular at once, and the one before it is forgotten.
        let last = self.live.len() - 1;
        let at = random.index(self.live.len());
        self.live.swap(at, last);
        self.latest = Some(at);
        &self.live[at]
    }
}

/// A type of object, each as often as its share says.
fn kind(random: &mut Random) -> &'static Kind {
    let mut rest = random.below(100);
    for kind in &KINDS {
        match rest.checked_sub(kind.share) {
            Some(less) => rest = less,
            None => return kind,
        }
    }
    &KINDS[0]
}
