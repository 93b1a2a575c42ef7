//! What the catalog keeps beside entries: accounts, workspaces, users and access tokens.

use std::fmt;

use annals_format::{Retention, Timestamp};

/// Names an account inside one catalog: small, dense, never reused, and at most [`AccountId::MAX`].
///
/// It leads every key of the catalog, so that no statement can reach across accounts by accident. Outside, an
/// account is known by its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(pub u32);

impl AccountId {
    /// The largest id: engines pack an account and an index into one signed 64-bit key.
    pub const MAX: Self = Self((1 << 23) - 1);
}

/// A tenant, with one log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id inside this catalog.
    pub id: AccountId,
    /// `acct_` and 16 hexadecimal digits.
    pub token: String,
    /// What people call it.
    pub title: String,
    /// When it was created.
    pub created_at: Timestamp,
    /// The workspace of events that name none.
    pub default_workspace: Option<String>,
    /// Whether anyone may read the tiles and checkpoints of its log, in which there is nothing personal.
    pub log_public: bool,
    /// For how long its entries are kept; for ever if there is none.
    pub retention: Option<Retention>,
}

/// Why entries are kept whatever else is wanted: neither retention nor erasure touches those that match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// `hold_` and 16 hexadecimal digits.
    pub token: String,
    /// Which entries: the filters of a list, as in the query of its address.
    pub filter: String,
    /// Why.
    pub reason: String,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it was released, if so.
    pub released_at: Option<Timestamp>,
}

/// A part of an account that events belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// `wrkspc_` and 16 hexadecimal digits, or whatever an import brought.
    pub token: String,
    /// What people call it.
    pub name: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A person who may hold personal access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Unique in the account, among users and service tokens together.
    pub id: i64,
    /// What people call them.
    pub name: String,
    /// What they may do at most.
    pub role: Role,
    /// When the user was created.
    pub created_at: Timestamp,
    /// When the user was removed, if so.
    pub removed_at: Option<Timestamp>,
}

/// What a user or token may do at most; each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees workspaces, but no audit logs.
    Viewer,
    /// Also records events.
    Editor,
    /// Also reads audit logs.
    Owner,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Editor, Self::Owner];

    /// The word for it: `viewer`, `editor` or `owner`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }

    /// The role with this word, if any.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}

/// One thing that an access token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Reading.
    Read,
    /// Recording events.
    Write,
    /// Recording history: events keep their `token`, and unknown workspaces are created.
    Import,
    /// Erasing what is personal.
    Admin,
}

impl Scope {
    /// All scopes, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Import, Self::Admin];

    /// The word for it: `read`, `write`, `import` or `admin`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Import => "import",
            Self::Admin => "admin",
        }
    }

    /// The scope with this word, if any.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u8);

impl Scopes {
    /// Whether the set holds `scope`.
    pub fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// The scopes in the set, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// Whether every scope of this set is in `other`.
    pub fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// The set as the catalog keeps it: a bit for each of [`Scope::ALL`].
    pub fn bits(self) -> u8 {
        self.0
    }

    /// The set with these bits; bits without a scope are dropped.
    pub fn from_bits(bits: u8) -> Self {
        Scope::ALL.into_iter().filter(|scope| bits & scope.bit() != 0).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

/// Words separated by spaces, as in OAuth 2.0.
impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.iter().map(Scope::as_str).collect();
        f.write_str(&words.join(" "))
    }
}

/// SHA-256 of a secret access token: all that is ever stored of it.
pub type TokenHash = [u8; 32];

/// Whose an access token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A user's; it ends with the user.
    Personal {
        /// The user's id.
        user_id: i64,
    },
    /// A program's own.
    Service,
    /// Issued for a short time to the holder of a service token; it ends with that token.
    Grant,
}

/// An access token without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// `tkn_` and 16 hexadecimal digits: names the token, is no secret, and is its OAuth 2.0 client id. A grant has
    /// the id of the token it was issued for, and no row in lists.
    pub id: String,
    /// Unique in the account among users and service tokens; who acted, for entries recorded with this token.
    pub number: i64,
    /// Whose it is.
    pub kind: TokenKind,
    /// What people call it.
    pub name: String,
    /// What is kept of the secret.
    pub hash: TokenHash,
    /// What it may be used for.
    pub scopes: Scopes,
    /// What it may do at most.
    pub role: Role,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it ends by itself, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if so.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<Timestamp>,
}

/// Who a secret belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The account, which everything the caller does is confined to.
    pub account: AccountId,
    /// The token. For a grant `revoked_at` is that of the token it was issued for; for a personal token of a removed
    /// user it is set.
    pub token: AccessToken,
}
