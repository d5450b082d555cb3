//! Access tokens: short-lived, signed with an Ed25519 key that the token names by its `kid`.

use std::collections::HashMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::access::Role;
use super::identity::Identity;
use super::verified::{Grant, Verified};

/// How long an access token is valid.
pub const ACCESS_LIFETIME: TimeDelta = TimeDelta::minutes(15);
const ISSUER: &str = "showfloor";
const AUDIENCE: &str = "showfloor-api";

/// Signs and verifies access tokens.
pub struct Tokens {
    signing_id: String,
    signing: EncodingKey,
    verifying: HashMap<String, DecodingKey>,
    validation: Validation,
    verified: Verified,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    iat: i64,
    exp: i64,
    /// The version of the login.
    #[serde(default)]
    ver: i32,
    roles: Vec<Role>,
    #[serde(skip_serializing_if = "Option::is_none")]
    employee: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<i64>,
}

impl Tokens {
    /// Reads the keys of a folder, making one if there is none. The key whose file name sorts last signs; all verify, so
    /// a key is replaced by adding one and removing the old one after [`ACCESS_LIFETIME`].
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the key folder {}", folder.display()))?;
        let mut files = key_files(folder)?;
        if files.is_empty() {
            write_key(folder)?;
            files = key_files(folder)?;
        }
        let mut keys = files.iter().map(|path| {
            let key = fs::read(path).with_context(|| format!("cannot read the key {}", path.display()))?;
            read_key(&key).with_context(|| format!("{} is not an Ed25519 key in PKCS#8", path.display()))
        });
        let mut tokens = None::<Self>;
        while let Some((id, signing, verifying)) = keys.next().transpose()? {
            let mut known = tokens.map(|tokens| tokens.verifying).unwrap_or_default();
            known.insert(id.clone(), verifying);
            tokens = Some(Self {
                signing_id: id,
                signing,
                verifying: known,
                validation: validation(),
                verified: Verified::default(),
            });
        }
        tokens.context("there is no signing key")
    }

    /// An access token for `identity`, valid from `now` for [`ACCESS_LIFETIME`].
    pub fn sign(&self, identity: &Identity, now: DateTime<Utc>) -> anyhow::Result<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: identity.user_id.to_string(),
            iat: now.timestamp(),
            exp: (now + ACCESS_LIFETIME).timestamp(),
            ver: identity.account_version,
            roles: identity.roles.clone(),
            employee: identity.employee_id,
            unit: identity.unit_id,
        };
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.signing_id.clone());
        Ok(encode(&header, &claims, &self.signing)?)
    }

    /// Who a token was given to, if it is one of ours and still valid at `now`.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Option<Identity> {
        self.verified.or_verify(token, now, || self.check(token))
    }

    /// What a token grants, if its signature is ours. The library would ask the machine's clock, so the time is not
    /// its business.
    fn check(&self, token: &str) -> Option<Grant> {
        let kid = decode_header(token).ok()?.kid?;
        let claims = decode::<Claims>(token, self.verifying.get(&kid)?, &self.validation).ok()?.claims;
        let identity = Identity {
            user_id: claims.sub.parse().ok()?,
            account_version: claims.ver,
            roles: claims.roles,
            employee_id: claims.employee,
            unit_id: claims.unit,
        };
        Some(Grant { identity, from: claims.iat, until: claims.exp })
    }
}

fn validation() -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    validation
}

fn key_files(folder: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read the key folder {}", folder.display()))?;
    let mut files = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "der"))
        .collect::<Vec<_>>();
    files.sort();
    Ok(files)
}

fn read_key(pkcs8: &[u8]) -> anyhow::Result<(String, EncodingKey, DecodingKey)> {
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| anyhow::anyhow!("the key is rejected"))?;
    let public = pair.public_key().as_ref();
    let mut id = base16ct::lower::encode_string(&Sha256::digest(public));
    id.truncate(16);
    Ok((id, EncodingKey::from_ed_der(pkcs8), DecodingKey::from_ed_der(public)))
}

/// Makes a key that only this account can read. Another process may do the same at the same time: the first one stays.
fn write_key(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;

    let pair = Ed25519KeyPair::generate().map_err(|_| anyhow::anyhow!("no key could be made"))?;
    let pkcs8 = pair.to_pkcs8v1().map_err(|_| anyhow::anyhow!("the new key could not be written down"))?;
    let unfinished = folder.join(format!("0001.{}", std::process::id()));
    let mut file =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(pkcs8.as_ref())?;
    file.sync_all()?;
    let linked = fs::hard_link(&unfinished, folder.join("0001.der"));
    fs::remove_file(&unfinished)?;
    match linked {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> Identity {
        Identity {
            user_id: 7,
            account_version: 2,
            roles: vec![Role::Hr],
            employee_id: Some(3),
            unit_id: None,
        }
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_400_000_000 + second, 0).unwrap()
    }

    #[test]
    fn a_token_is_valid_for_its_lifetime_and_with_its_key_only() {
        let (ours, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let tokens = Tokens::open(ours.path()).unwrap();
        let token = tokens.sign(&identity(), at(0)).unwrap();
        assert_eq!(tokens.verify(&token, at(899)), Some(identity()));
        assert_eq!(tokens.verify(&token, at(900)), None);
        assert_eq!(tokens.verify(&token, at(-1)), None);
        assert_eq!(tokens.verify(&token, at(0)), Some(identity()));
        assert_eq!(Tokens::open(ours.path()).unwrap().verify(&token, at(1)), Some(identity()));
        assert_eq!(Tokens::open(theirs.path()).unwrap().verify(&token, at(1)), None);
    }

    #[test]
    fn forged_and_broken_tokens_are_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(folder.path()).unwrap();
        let token = tokens.sign(&identity(), at(0)).unwrap();
        let (head, signature) = token.rsplit_once('.').unwrap();
        let (header, body) = head.split_once('.').unwrap();
        let unsigned = format!("{}.{body}.", "eyJhbGciOiJub25lIn0");
        for broken in [
            String::new(),
            "x".to_owned(),
            "a.b.c".to_owned(),
            unsigned,
            format!("{header}.{body}"),
            format!("{header}.{body}x.{signature}"),
            format!("{head}.{}", signature.chars().rev().collect::<String>()),
        ] {
            assert_eq!(tokens.verify(&broken, at(1)), None, "{broken}");
        }
    }
}
