//! Tokens that have been verified: a signature is checked once and not at every request.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};

use super::identity::Identity;

/// Most tokens that are remembered, about as many as a large group uses in their quarter of an hour; then it begins anew.
const MOST: usize = 50_000;

/// Who a token was given to, and for how long.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) identity: Identity,
    /// Second from which it is valid.
    pub(super) from: i64,
    /// First second at which it no longer is.
    pub(super) until: i64,
}

impl Grant {
    /// Who it is, if the token is valid at `now`.
    pub(super) fn at(&self, now: DateTime<Utc>) -> Option<&Identity> {
        (self.from..self.until).contains(&now.timestamp()).then_some(&self.identity)
    }
}

/// Grants by the SHA-256 of their tokens, which themselves are not kept. What a token says never changes and the keys are
/// those with which the program began, so a grant is good for as long as its token.
#[derive(Default)]
pub(super) struct Verified(RwLock<HashMap<[u8; 32], Grant>>);

impl Verified {
    /// The grant of `token`, or what `verify` says of one that has not been seen.
    pub(super) fn or_verify(
        &self,
        token: &str,
        now: DateTime<Utc>,
        verify: impl FnOnce() -> Option<Grant>,
    ) -> Option<Identity> {
        let hash = Sha256::digest(token).into();
        if let Some(grant) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&hash) {
            return grant.at(now).cloned();
        }
        let grant = verify()?;
        let identity = grant.at(now).cloned()?;
        let mut grants = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if grants.len() >= MOST {
            grants.clear();
        }
        grants.insert(hash, grant);
        Some(identity)
    }
}

#[cfg(test)]
mod tests {
    use super::super::access::Role;
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn grant(user_id: i64) -> Grant {
        let identity =
            Identity { user_id, account_version: 1, roles: vec![Role::Hr], employee_id: None, unit_id: None };
        Grant { identity, from: 100, until: 200 }
    }

    #[test]
    fn a_token_is_verified_once_and_known_for_its_life_only() {
        let verified = Verified::default();
        let known = |second| verified.or_verify("a", at(second), || panic!("it is known"));
        assert_eq!(verified.or_verify("a", at(100), || Some(grant(7))), Some(grant(7).identity));
        assert_eq!(known(199), Some(grant(7).identity));
        assert_eq!((known(99), known(200), known(100_000)), (None, None, None));
        assert_eq!(verified.or_verify("b", at(150), || Some(grant(8))), Some(grant(8).identity));
        assert_eq!(known(150), Some(grant(7).identity));
    }

    #[test]
    fn what_is_refused_is_never_known() {
        let verified = Verified::default();
        for _ in 0..2 {
            assert_eq!(verified.or_verify("forged", at(150), || None), None);
            assert_eq!(verified.or_verify("late", at(200), || Some(grant(7))), None);
        }
        assert_eq!(verified.0.read().unwrap().len(), 0);
    }

    #[test]
    fn many_tokens_do_not_fill_the_memory() {
        let verified = Verified::default();
        for user_id in 0..120_000 {
            let known = verified.or_verify(&user_id.to_string(), at(150), || Some(grant(user_id)));
            assert_eq!(known, Some(grant(user_id).identity));
        }
        assert!(verified.0.read().unwrap().len() <= MOST);
    }
}
