//! The contract suite, on every engine and every wrapper.

use std::sync::Arc;

use annals_store::contract::Opened;
use annals_store::{Faulty, Memory, Sqlite};

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
