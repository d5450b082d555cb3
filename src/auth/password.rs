//! Passwords: hashed with Argon2id, on threads that may take their time.

use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use rand::RngExt as _;
use secrecy::{ExposeSecret, SecretString};

use crate::http::Problem;

/// Shortest password accepted.
pub const MIN_LENGTH: usize = 10;
/// Longest password accepted, in bytes: hashing more only costs time.
pub const MAX_LENGTH: usize = 200;

/// Verified when the login is unknown, so that the time taken says nothing about which logins exist.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    Argon2::default()
        .hash_password(b"nobody has this password")
        .map_or_else(|_| String::new(), |hash| hash.to_string())
});

/// Hashes a password, as a PHC string.
pub async fn hash(password: SecretString) -> Result<String, Problem> {
    on_a_patient_thread(move || {
        Argon2::default()
            .hash_password(password.expose_secret().as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| Problem::internal(&error))
    })
    .await?
}

/// Whether `password` is the one behind `hash`; with no hash it takes the same time and is wrong.
pub async fn verify(password: SecretString, hash: Option<String>) -> Result<bool, Problem> {
    on_a_patient_thread(move || {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let matches =
            Argon2::default().verify_password(password.expose_secret().as_bytes(), hash.as_str()).is_ok();
        matches && is_known
    })
    .await
}

async fn on_a_patient_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Problem::internal(&error))
}

/// A password nobody can guess, without characters that look alike.
pub fn generate() -> String {
    const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut random = rand::rng();
    (0..16)
        .filter_map(|_| ALPHABET.get(random.random_range(0..ALPHABET.len())).copied().map(char::from))
        .collect()
}
