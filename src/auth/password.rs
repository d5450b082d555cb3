//! Passwords: hashed with Argon2id, on threads that may take their time, a few at once.

use std::num::NonZero;
use std::sync::LazyLock;
use std::thread;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use rand::RngExt as _;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::common_passwords;
use crate::http::body::refused;
use crate::http::{Code, Problem};
use crate::said::say;

/// Shortest password accepted.
pub const MIN_LENGTH: usize = 10;
/// Longest password accepted, in bytes: hashing more only costs time.
pub const MAX_LENGTH: usize = 200;

/// So many wait for their turn.
const WAITING: usize = 64;
/// How long somebody waits for a turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whose turn it is: a hash takes a core and 19 MiB.
static TURNS: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(thread::available_parallelism().map_or(2, NonZero::get).max(2)));
/// Who waits for one or has one.
static PLACES: Semaphore = Semaphore::const_new(WAITING);

/// Verified when the login is unknown, so that the time taken says nothing about which logins exist.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    Argon2::default()
        .hash_password(b"nobody has this password")
        .map_or_else(|_| String::new(), |hash| hash.to_string())
});

/// The turn to hash a password. To be asked for before a connection is: whoever waits here should hold none.
#[derive(Debug)]
pub struct Turn {
    _turn: SemaphorePermit<'static>,
    _place: SemaphorePermit<'static>,
}

/// Waits for a turn.
///
/// # Errors
///
/// Where too many wait already, or it takes too long.
pub async fn turn() -> Result<Turn, Problem> {
    let busy = || {
        let detail = say!(
            "现在同时登录的人太多，请稍后再试",
            "too many passwords are being checked just now; try again"
        );
        Problem::new(Code::TooManyRequests, detail)
    };
    let place = PLACES.try_acquire().map_err(|_| busy())?;
    let turn = tokio::time::timeout(PATIENCE, TURNS.acquire()).await.map_err(|_| busy())?;
    Ok(Turn { _turn: turn.map_err(|error| Problem::internal(&error))?, _place: place })
}

/// Hashes a password, as a PHC string.
pub async fn hash(password: SecretString) -> Result<String, Problem> {
    let _turn = turn().await?;
    on_a_patient_thread(move || {
        Argon2::default()
            .hash_password(password.expose_secret().as_bytes())
            .map(|hash| hash.to_string())
            .map_err(|error| Problem::internal(&error))
    })
    .await?
}

/// Whether `password` is the one behind `hash`; with no hash it takes the same time and is wrong.
pub async fn verify(_: &Turn, password: SecretString, hash: Option<String>) -> Result<bool, Problem> {
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

/// Refuses a password that others would try first: for fields.
pub fn uncommon(password: &str, _: &()) -> garde::Result {
    match common_passwords::is_common(password) {
        true => Err(refused(&say!(
            "这是最先会被猜到的密码之一，请换一个",
            "this is among the passwords that are tried first; choose another"
        ))),
        false => Ok(()),
    }
}

/// Refuses a password that is the login with or without something around it: for fields.
pub fn unlike(login: &str) -> impl FnOnce(&String, &()) -> garde::Result {
    let login = login.to_lowercase();
    move |password, ()| match common_passwords::core(password) == common_passwords::core(&login) {
        true => {
            Err(refused(&say!("密码与登录名相同，请换一个", "this is the login over again; choose another")))
        }
        false => Ok(()),
    }
}

/// A password nobody can guess, without characters that look alike.
pub fn generate() -> String {
    const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut random = rand::rng();
    (0..16)
        .filter_map(|_| ALPHABET.get(random.random_range(0..ALPHABET.len())).copied().map(char::from))
        .collect()
}
