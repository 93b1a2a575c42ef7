//! Tiles and entry bundles: a path or a bundle is read in one form only.

use annals_tlog::{
    Edge,
    tile::{Bundle, Resource, Tile},
};

/// Checks a path of a resource and, when it names one, its place in trees; then a bundle, whose number of entries is
/// one more than the first byte.
pub fn tile(input: &[u8]) {
    if let Ok(path) = std::str::from_utf8(input) {
        check_path(path);
    }
    let Some((width, bytes)) = input.split_first() else { return };
    let bundle = Bundle::new(0, u16::from(*width) + 1).expect("a bundle has 1 to 256 entries");
    check_path(&bundle.to_string());
    if let Ok(entries) = bundle.decode(bytes) {
        assert_eq!(entries.len(), usize::from(bundle.tile().width()));
        assert_eq!(bundle.encode(entries).as_deref(), Ok(bytes));
    }
}

fn check_path(path: &str) {
    let Ok(resource) = path.parse::<Resource>() else { return };
    assert_eq!(resource.to_string(), path);
    let tile = match resource {
        Resource::Tile(tile) => tile,
        Resource::Entries(bundle) => bundle.tile(),
    };
    let positions = tile.positions();
    assert_eq!(positions.end - positions.start, u64::from(tile.width()));
    for size in [0, 1, positions.end, Edge::SIZE_MAX, u64::MAX] {
        let there = Tile::in_tree(tile.level(), tile.index(), size);
        assert_eq!(tile.fits(size), there.is_some_and(|there| there.width() >= tile.width()));
        let added = Tile::added(tile.level(), positions.start, size).next();
        assert!(added.is_none_or(|added| added.fits(size)));
    }
}
