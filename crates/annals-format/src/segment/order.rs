//! How the indexes of rows go with their positions, which are in the order of time.

/// What is known of the indexes of rows, one position after the other. Its number is part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Neither of the others.
    Mixed,
    /// Each is one more than the one before.
    Gapless,
    /// Each is greater than the one before, but some are left out.
    Ascending,
}

impl Order {
    pub(super) const ALL: [Self; 3] = [Self::Mixed, Self::Gapless, Self::Ascending];

    /// The order of these.
    pub(super) fn of(indexes: &[u64]) -> Self {
        let each = |holds: fn(u64, u64) -> bool| {
            indexes.windows(2).all(|pair| matches!(pair, [one, next] if holds(*one, *next)))
        };
        if each(|one, next| one.checked_add(1) == Some(next)) {
            Self::Gapless
        } else if each(|one, next| one < next) {
            Self::Ascending
        } else {
            Self::Mixed
        }
    }

    pub(super) fn number(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_in_the_list() {
        for (number, order) in (0..).zip(Order::ALL) {
            assert_eq!(order.number(), number);
        }
    }

    #[test]
    fn indexes_are_told_apart() {
        for gapless in [&[][..], &[7], &[7, 8, 9], &[u64::MAX - 1, u64::MAX]] {
            assert_eq!(Order::of(gapless), Order::Gapless);
        }
        assert_eq!(Order::of(&[7, 8, 10]), Order::Ascending);
        for mixed in [&[8, 7][..], &[7, 7], &[7, 9, 8], &[u64::MAX, 0]] {
            assert_eq!(Order::of(mixed), Order::Mixed);
        }
    }
}
