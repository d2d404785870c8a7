//! Which answer of a shard belongs to which command.

/// What an answer is awaited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    Publish,
    Subscribe,
    Presence,
    PresenceStats,
    History,
    MapPage,
}

/// A request's token: what it is for, and the command's id (of a subscribe: the subscription's number).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) pending: Pending,
    pub(super) id: u32,
}

const KINDS: [Pending; 6] = [
    Pending::Publish,
    Pending::Subscribe,
    Pending::Presence,
    Pending::PresenceStats,
    Pending::History,
    Pending::MapPage,
];

impl Token {
    pub(super) fn pack(pending: Pending, id: u32) -> u64 {
        (pending as u64) << 32 | u64::from(id)
    }

    pub(super) fn unpack(token: u64) -> Self {
        let pending = KINDS[(token >> 32) as usize % KINDS.len()];
        Self { pending, id: token as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, Token};

    #[test]
    fn a_token_unpacks_to_what_was_packed() {
        for pending in KINDS {
            assert_eq!(Token::unpack(Token::pack(pending, u32::MAX)), Token { pending, id: u32::MAX });
        }
    }
}
