//! The contract suites, on every engine, every store and every wrapper.

use std::sync::Arc;

use annals_store::contract::{Opened, blobs};
use annals_store::{Blobs, Faulty, Memory, Sqlite};
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;

use crate::sqlite::{directory, open};

mod memory {
    use super::*;

    fn memory() -> Opened {
        Opened::new(Memory::new())
    }

    annals_store::contract_tests!(memory);
}

mod sqlite {
    use super::*;

    fn sqlite() -> Opened {
        let directory = directory();
        Opened::with(open(&directory), directory)
    }

    annals_store::contract_tests!(sqlite);
}

mod faulty_memory {
    use super::*;

    fn faulty() -> Opened {
        Opened::new(Faulty::new(Arc::new(Memory::new())))
    }

    annals_store::contract_tests!(faulty);
}

mod faulty_sqlite {
    use super::*;

    fn faulty() -> Opened {
        let directory = directory();
        let sqlite: Arc<Sqlite> = Arc::new(open(&directory));
        Opened::with(Faulty::new(sqlite), directory)
    }

    annals_store::contract_tests!(faulty);
}

#[expect(clippy::unwrap_used, reason = "a test has nothing better to do without a directory")]
mod local_blobs {
    use super::*;

    fn local() -> blobs::Opened {
        let directory = directory();
        blobs::Opened::with(Blobs::local(&directory.path().join("blobs")).unwrap(), directory)
    }

    annals_store::blob_contract_tests!(local);
}

mod memory_blobs {
    use super::*;

    fn memory() -> blobs::Opened {
        blobs::Opened::with(Blobs::over(Arc::new(InMemory::new())), ())
    }

    annals_store::blob_contract_tests!(memory);
}

mod faulty_memory_blobs {
    use super::*;

    fn faulty() -> blobs::Opened {
        let faulty = Faulty::new(Arc::new(Memory::new()));
        blobs::Opened::with(Blobs::over(faulty.blobs(Arc::new(InMemory::new()))), ())
    }

    annals_store::blob_contract_tests!(faulty);
}

#[expect(clippy::unwrap_used, reason = "a test has nothing better to do without a directory")]
mod faulty_local_blobs {
    use super::*;

    fn faulty() -> blobs::Opened {
        let directory = directory();
        let faulty = Faulty::new(Arc::new(Memory::new()));
        let local = LocalFileSystem::new_with_prefix(directory.path()).unwrap();
        blobs::Opened::with(Blobs::over(faulty.blobs(Arc::new(local))), directory)
    }

    annals_store::blob_contract_tests!(faulty);
}
