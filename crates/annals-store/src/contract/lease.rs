//! How leases keep others from doing the same work.

use std::sync::Arc;

use super::Outcome;
use super::support::at;
use crate::catalog::Catalog;

/// While one holds a lease no other gets it, nor gives it back.
pub async fn a_lease_has_one_holder(catalog: &Arc<dyn Catalog>) -> Outcome {
    assert!(catalog.acquire("work", "me", at(10), at(20)).await?);
    for (now, until) in [(10, 30), (19, 99), (-5, 30), (15, 15), (15, 10)] {
        assert!(!catalog.acquire("work", "you", at(now), at(until)).await?, "from {now} until {until}");
    }
    assert!(catalog.acquire("work", "me", at(19), at(21)).await?);
    Ok(())
}

/// From its end on anybody gets it, and then the first holder has to wait.
pub async fn a_lease_ends_by_itself(catalog: &Arc<dyn Catalog>) -> Outcome {
    assert!(catalog.acquire("work", "me", at(10), at(20)).await?);
    assert!(catalog.acquire("work", "you", at(20), at(30)).await?);
    assert!(!catalog.acquire("work", "me", at(29), at(40)).await?);
    assert!(catalog.acquire("work", "me", at(31), at(40)).await?);
    Ok(())
}

/// The holder may prolong it, before or after its end, shorten it, and give it back, also if it is not held at all.
pub async fn a_lease_is_prolonged_and_given_back(catalog: &Arc<dyn Catalog>) -> Outcome {
    assert!(catalog.acquire("work", "me", at(10), at(20)).await?);
    assert!(catalog.acquire("work", "me", at(15), at(40)).await?);
    assert!(!catalog.acquire("work", "you", at(25), at(50)).await?);
    assert!(catalog.acquire("work", "me", at(25), at(30)).await?);
    assert!(catalog.acquire("work", "you", at(30), at(50)).await?);

    for until in [35, 34] {
        assert!(catalog.acquire("work", "you", at(35), at(until)).await?);
        // Also for somebody whose clock is behind.
        assert!(catalog.acquire("work", "me", at(1), at(50)).await?);
        assert!(!catalog.acquire("work", "you", at(1), at(50)).await?);
        assert!(catalog.acquire("work", "me", at(1), at(1)).await?);
        assert!(catalog.acquire("work", "you", at(1), at(50)).await?);
    }
    Ok(())
}

/// Other names are other leases.
pub async fn leases_are_apart(catalog: &Arc<dyn Catalog>) -> Outcome {
    assert!(catalog.acquire("work", "me", at(10), at(20)).await?);
    assert!(catalog.acquire("other work", "you", at(10), at(20)).await?);
    assert!(!catalog.acquire("other work", "me", at(10), at(20)).await?);
    assert!(catalog.acquire("work", "me", at(10), at(10)).await?);
    assert!(!catalog.acquire("other work", "me", at(10), at(20)).await?);
    Ok(())
}
