//! What an event changed: `changed_values` and `unchanged_values`.

use super::json;
use super::kinds::FIELDS_MAX;
use super::objects::{Object, Step};
use super::random::Random;
use super::values::Values;

/// The two maps of an event, as JSON text.
pub(super) struct Changes {
    pub(super) changed: String,
    pub(super) unchanged: String,
}

impl Changes {
    pub(super) fn new() -> Changes {
        Changes { changed: String::new(), unchanged: String::new() }
    }

    /// Carries out a step: replaces the maps by those of the step, and changes an object that is updated.
    pub(super) fn carry_out(&mut self, values: &Values, random: &mut Random, step: &mut Step<'_>) {
        self.changed.clear();
        self.unchanged.clear();
        self.changed.push('{');
        self.unchanged.push('{');
        match step {
            Step::Create(object) => self.whole(values, object, "[null,", "]"),
            Step::Destroy(object) => self.whole(values, object, "[", ",null]"),
            Step::Update(object) => self.update(values, random, object),
        }
        self.changed.push('}');
        self.unchanged.push('}');
    }

    /// Writes all fields that are not null as changed, each value between `before` and `after`.
    fn whole(&mut self, values: &Values, object: &Object, before: &str, after: &str) {
        for (at, (key, shape)) in object.kind.fields.iter().enumerate() {
            let start = self.changed.len();
            json::key(&mut self.changed, key);
            self.changed.push_str(before);
            let value = self.changed.len();
            values.write(&mut self.changed, shape, object.seed, at, object.changes[at]);
            if &self.changed[value..] == "null" {
                self.changed.truncate(start);
            } else {
                self.changed.push_str(after);
            }
        }
    }

    fn update(&mut self, values: &Values, random: &mut Random, object: &mut Object) {
        let touched = touched(random, object.kind.fields.len());
        for (at, (key, shape)) in object.kind.fields.iter().enumerate() {
            let changes = &mut object.changes[at];
            if !touched[at] {
                json::key(&mut self.unchanged, key);
                values.write(&mut self.unchanged, shape, object.seed, at, *changes);
                continue;
            }
            json::key(&mut self.changed, key);
            self.changed.push('[');
            let old = self.changed.len();
            values.write(&mut self.changed, shape, object.seed, at, *changes);
            self.changed.push(',');
            let new = self.changed.len();
            // The value drawn next may happen to be the same: that would be no change.
            loop {
                *changes = changes.wrapping_add(1);
                values.write(&mut self.changed, shape, object.seed, at, *changes);
                if self.changed[old..new - 1] != self.changed[new..] {
                    break;
                }
                self.changed.truncate(new);
            }
            self.changed.push(']');
        }
    }
}

/// Which of an object's fields an update changes: mostly one, at most three, and rarely the title, the first.
fn touched(random: &mut Random, fields: usize) -> [bool; FIELDS_MAX] {
    let mut touched = [false; FIELDS_MAX];
    let count = match random.below(100) {
        0..70 => 1,
        70..92 => 2,
        _ => 3,
    };
    for _ in 0..count {
        let at = if random.chance(80) { 0 } else { 1 + random.index(fields - 1) };
        touched[at] = true;
    }
    touched
}
