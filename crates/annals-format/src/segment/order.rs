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
        let mut steps = Steps::default();
        for index in indexes {
            steps.add(*index);
        }
        steps.order()
    }

    pub(super) fn number(self) -> u8 {
        self as u8
    }
}

/// Finds the order of indexes as they come.
#[derive(Debug, Default)]
pub(super) struct Steps {
    last: Option<u64>,
    /// Whether one was left out.
    gaps: bool,
    mixed: bool,
}

impl Steps {
    pub(super) fn add(&mut self, index: u64) {
        if let Some(last) = self.last {
            self.gaps |= last.checked_add(1) != Some(index);
            self.mixed |= index <= last;
        }
        self.last = Some(index);
    }

    /// The order of those that came.
    pub(super) fn order(&self) -> Order {
        match (self.mixed, self.gaps) {
            (true, _) => Order::Mixed,
            (false, true) => Order::Ascending,
            (false, false) => Order::Gapless,
        }
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
