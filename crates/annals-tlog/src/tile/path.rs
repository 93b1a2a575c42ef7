//! The paths at which tiles and bundles are served.

use std::{fmt, str::FromStr};

use super::{Bundle, Tile};

/// A level's place in the path of a bundle.
const ENTRIES: &str = "entries";
/// Between the index and the width of a partial tile.
const PARTIAL: &str = ".p/";
/// An index is written in groups of three digits.
const GROUP: u64 = 1000;

/// What a path below a log's prefix names: a tile or a bundle.
///
/// Read by [`FromStr`] from exactly the form in which it is shown: no slash in front, no superfluous zeros, a
/// width only if it is partial. A path that names what no tree can have, such as an index beyond
/// [`Tile::INDEX_MAX`], is refused like one that is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resource {
    /// Hashes.
    Tile(Tile),
    /// Entries.
    Entries(Bundle),
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Resource::Tile(tile) => tile.fmt(f),
            Resource::Entries(bundle) => bundle.fmt(f),
        }
    }
}

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, &self.level(), self)
    }
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_path(f, &ENTRIES, &self.tile())
    }
}

fn write_path(f: &mut fmt::Formatter<'_>, level: &dyn fmt::Display, tile: &Tile) -> fmt::Result {
    write!(f, "tile/{level}/")?;
    let index = tile.index();
    for power in (1..=index.checked_ilog(GROUP).unwrap_or(0)).rev() {
        write!(f, "x{:03}/", index / GROUP.pow(power) % GROUP)?;
    }
    write!(f, "{:03}", index % GROUP)?;
    if tile.is_full() { Ok(()) } else { write!(f, "{PARTIAL}{}", tile.width()) }
}

impl FromStr for Resource {
    type Err = ParsePathError;

    fn from_str(path: &str) -> Result<Resource, ParsePathError> {
        resource(path).ok_or(ParsePathError)
    }
}

fn resource(path: &str) -> Option<Resource> {
    let (level, place) = path.strip_prefix("tile/")?.split_once('/')?;
    let (index, width) = match place.split_once(PARTIAL) {
        Some((index, width)) => (index, number(width).filter(|width| *width < Tile::WIDTH_MAX)?),
        None => (place, Tile::WIDTH_MAX),
    };
    let index = parse_index(index)?;
    if level == ENTRIES {
        Bundle::new(index, width).map(Resource::Entries)
    } else {
        let level = u8::try_from(number(level)?).ok()?;
        Tile::new(level, index, width).map(Resource::Tile)
    }
}

/// An index in groups of three digits, all but the last of them marked with an `x`.
fn parse_index(text: &str) -> Option<u64> {
    let (marked, last) = text.rsplit_once('/').map_or((None, text), |(marked, last)| (Some(marked), last));
    let mut index: u64 = 0;
    for group in marked.into_iter().flat_map(|marked| marked.split('/')) {
        index = index.checked_mul(GROUP)?.checked_add(digits(group.strip_prefix('x')?)?)?;
        // A first group of zeros is superfluous, and later the index is no longer 0.
        if index == 0 {
            return None;
        }
    }
    index.checked_mul(GROUP)?.checked_add(digits(last)?)
}

/// Exactly three digits.
fn digits(group: &str) -> Option<u64> {
    let well_formed = group.len() == 3 && group.bytes().all(|byte| byte.is_ascii_digit());
    if well_formed { group.parse().ok() } else { None }
}

/// A number without superfluous zeros or a sign.
fn number(text: &str) -> Option<u16> {
    let well_formed = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
    if well_formed { text.parse().ok() } else { None }
}

/// The text is not the path of a tile or a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParsePathError;

impl fmt::Display for ParsePathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = "a path is `tile/<level>/<index>` or `tile/entries/<index>`";
        write!(f, "{form}, and `{PARTIAL}<width>` if it is partial")
    }
}

impl std::error::Error for ParsePathError {}
