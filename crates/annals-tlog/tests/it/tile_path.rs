//! Paths of tiles and bundles: one form for each, and nothing else read.

use annals_tlog::tile::{Bundle, ParsePathError, Resource, Tile};
use proptest::prelude::*;

fn tile(level: u8, index: u64, width: u16) -> Resource {
    Resource::Tile(Tile::new(level, index, width).expect("within bounds"))
}

fn entries(index: u64, width: u16) -> Resource {
    Resource::Entries(Bundle::new(index, width).expect("within bounds"))
}

/// The path that `tlog_tiles` prints, which has the height of tiles and another name for entries.
fn path_by_tlog_tiles(resource: Resource) -> String {
    let (tile, is_data) = match resource {
        Resource::Tile(tile) => (tile, false),
        Resource::Entries(bundle) => (bundle.tile(), true),
    };
    let (level, index, width) = (tile.level(), tile.index(), u32::from(tile.width()));
    let path = tlog_tiles::Tile::new(8, level, index, width, is_data).path();
    path.replacen("tile/8/data/", "tile/entries/", 1).replacen("tile/8/", "tile/", 1)
}

#[test]
fn paths_of_the_specification() {
    for (resource, path) in [
        (tile(0, 0, 256), "tile/0/000"),
        (tile(0, 273, 112), "tile/0/273.p/112"),
        (tile(1, 0, 256), "tile/1/000"),
        (tile(2, 0, 1), "tile/2/000.p/1"),
        (tile(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (tile(63, 1_234_067, 255), "tile/63/x001/x234/067.p/255"),
        (tile(10, 999, 256), "tile/10/999"),
        (tile(0, 1_000, 256), "tile/0/x001/000"),
        (tile(0, 1_000_000, 256), "tile/0/x001/x000/000"),
        (tile(0, Tile::INDEX_MAX, 256), "tile/0/x036/x028/x797/x018/x963/967"),
        (entries(0, 1), "tile/entries/000.p/1"),
        (entries(1_234_067, 256), "tile/entries/x001/x234/067"),
    ] {
        assert_eq!(resource.to_string(), path);
        assert_eq!(path.parse(), Ok(resource));
    }
}

#[test]
fn other_paths_are_refused() {
    for path in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "/tile/0/000",
        "tile/0/000/",
        "tile//000",
        "tile/0//000",
        "Tile/0/000",
        "tile/data/000",
        "tile/Entries/000",
        "tile/entries/0/000",
        // Levels.
        "tile/00/000",
        "tile/01/000",
        "tile/+1/000",
        "tile/-1/000",
        "tile/ 1/000",
        "tile/x/000",
        "tile/64/000",
        "tile/256/000",
        "tile/65536/000",
        "tile/8/200/000",
        "tile/99999999999999999999/000",
        // Indexes.
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/1234",
        "tile/0/+12",
        "tile/0/-12",
        "tile/0/0x1",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/x000/001",
        "tile/0/x000/x001/002",
        "tile/0/x1/002",
        "tile/0/x0001/002",
        "tile/0/X001/002",
        "tile/0/xx01/002",
        "tile/0/x001//002",
        "tile/0/x001/",
        "tile/0/é1",
        "tile/0/٠٠٠",
        "tile/0/x036/x028/x797/x018/x963/968",
        "tile/0/x018/x446/x744/x073/x709/x551/615",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/999",
        // Widths.
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/00",
        "tile/0/000.p/01",
        "tile/0/000.p/+1",
        "tile/0/000.p/-1",
        "tile/0/000.p/256",
        "tile/0/000.p/257",
        "tile/0/000.p/65537",
        "tile/0/000.p/1/",
        "tile/0/000.p/1.p/1",
        "tile/0/x001.p/1/000",
        "tile/0/.p/1",
        "tile/0/000.P/1",
        "tile/0/000p/1",
    ] {
        assert_eq!(path.parse::<Resource>(), Err(ParsePathError), "{path:?}");
    }
    let many = format!("tile/0/{}000", "x000/".repeat(100_000));
    assert_eq!(many.parse::<Resource>(), Err(ParsePathError));
}

#[test]
fn the_error_shows_the_form() {
    let form =
        "a path is `tile/<level>/<index>` or `tile/entries/<index>`, and `.p/<width>` if it is partial";
    assert_eq!(ParsePathError.to_string(), form);
}

fn resources() -> impl Strategy<Value = Resource> {
    // Indexes of all lengths: most of all numbers have seven groups.
    let indexes = (0..=Tile::INDEX_MAX, 0..55_u32).prop_map(|(index, shift)| index >> shift);
    (prop::option::of(0..=Tile::LEVEL_MAX), indexes, 1..=Tile::WIDTH_MAX).prop_map(|(level, index, width)| {
        match level {
            Some(level) => tile(level, index, width),
            None => entries(index, width),
        }
    })
}

proptest! {
    #[test]
    fn paths_are_those_of_tlog_tiles_and_read_back(resource in resources()) {
        let path = resource.to_string();
        prop_assert_eq!(&path, &path_by_tlog_tiles(resource));
        prop_assert_eq!(path.parse(), Ok(resource));
    }

    #[test]
    fn what_is_read_is_shown_as_it_was(
        path in "tile/([0-9]{1,2}|entries)/(x?[0-9]{3}/){0,7}x?[0-9]{3}(\\.p/[0-9]{1,3})?",
    ) {
        if let Ok(resource) = path.parse::<Resource>() {
            prop_assert_eq!(resource.to_string(), path);
        }
    }

    #[test]
    fn a_path_with_a_change_is_another_or_none(
        resource in resources(),
        at in any::<prop::sample::Index>(),
        change in "[x0-9./ep+]?",
        removed in 0..2_usize,
    ) {
        let path = resource.to_string();
        let at = at.index(path.len());
        let changed = [&path[..at], &change, &path[at + removed..]].concat();
        match changed.parse::<Resource>() {
            Ok(other) => prop_assert_eq!(other.to_string(), changed),
            Err(ParsePathError) => prop_assert_ne!(changed, path),
        }
    }

    #[test]
    fn no_text_panics(text in "(tile/)?\\PC{0,40}") {
        if let Ok(resource) = text.parse::<Resource>() {
            prop_assert_eq!(resource.to_string(), text);
        }
    }
}
