//! The catalogue that counts: what may be collected for a month, and who may enter it, is what the releases of the rules say
//! that score the month or will score later ones, so that data can be collected before it counts. What comes late for a month
//! that is frozen is measured by the release that scores it, whatever has been released since. The rules folder says it only
//! until something has been released.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::metric::{Catalogue, CatalogueError};
use crate::auth::Context;
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::said::say;

/// The file of a bundle, and of the rules folder, that has the catalogue.
pub const CATALOGUE_FILE: &str = "metrics.toml";

/// Most catalogues kept. The months that people work on have few different ones.
const KEPT: usize = 8;

/// The catalogues of months. How the releases stand is asked of the database each time, so that programs that share one never
/// differ; which of them count is asked when they stand otherwise than before, and what they say is read once.
#[derive(Debug)]
pub struct Catalogues {
    folder: FolderCatalogue,
    /// What counts for a month that no store has frozen, while the releases stand like this; the one found last at the end.
    counting: Mutex<VecDeque<(Period, Released, Arc<Catalogue>)>>,
    /// By the hashes of the bundles that they are of, the one used last at the end.
    kept: Mutex<VecDeque<(Vec<String>, Arc<Catalogue>)>>,
}

impl Catalogues {
    /// The catalogues of releases, and that of a rules folder for a database that has none.
    pub fn of_folder(folder: &Path) -> Self {
        Self {
            folder: FolderCatalogue::open(folder.join(CATALOGUE_FILE)),
            counting: Mutex::default(),
            kept: Mutex::default(),
        }
    }

    /// What may be collected for a month.
    ///
    /// # Errors
    ///
    /// `rules-broken` where nothing has been released and the folder's file could never be used, or where this program
    /// refuses a catalogue that an earlier one accepted.
    pub async fn of(&self, connection: &AsyncPgConnection, month: Period) -> Result<Arc<Catalogue>, Problem> {
        let released = released(connection, month).await?;
        if let Some(catalogue) = self.counting(month, released) {
            return Ok(catalogue);
        }
        let bundles = counting(connection, month).await?;
        if bundles.is_empty() || released.is_frozen {
            return self.of_bundles(connection, bundles).await;
        }
        let catalogue = self.of_bundles(connection, bundles).await?;
        let mut counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        counting.retain(|(of, ..)| *of != month);
        if counting.len() >= KEPT {
            counting.pop_front();
        }
        counting.push_back((month, released, Arc::clone(&catalogue)));
        Ok(catalogue)
    }

    fn counting(&self, month: Period, released: Released) -> Option<Arc<Catalogue>> {
        let counting = self.counting.lock().unwrap_or_else(PoisonError::into_inner);
        let found = counting.iter().find(|(of, then, _)| (*of, *then) == (month, released));
        found.map(|(.., catalogue)| Arc::clone(catalogue))
    }

    /// What may be corrected in a store's month: where it is frozen, what the release says that scores it.
    ///
    /// # Errors
    ///
    /// Those of [`Self::of`].
    pub async fn of_store(
        &self,
        connection: &mut AsyncPgConnection,
        month: Period,
        store_id: i64,
    ) -> Result<Arc<Catalogue>, Problem> {
        let bundles = counting_in_store(connection, month, store_id).await?;
        self.of_bundles(connection, bundles).await
    }

    async fn of_bundles(
        &self,
        connection: &AsyncPgConnection,
        bundles: Vec<String>,
    ) -> Result<Arc<Catalogue>, Problem> {
        if bundles.is_empty() {
            return self.folder.current();
        }
        if let Some(catalogue) = self.kept(&bundles) {
            return Ok(catalogue);
        }
        let catalogue = Arc::new(read(connection, &bundles).await?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((bundles, Arc::clone(&catalogue)));
        Ok(catalogue)
    }

    /// What may be collected for the month that it is.
    ///
    /// # Errors
    ///
    /// Those of [`Self::of`].
    pub async fn of_today(&self, cx: &Context) -> Result<Arc<Catalogue>, Problem> {
        self.of(cx.shared(), Period::containing(cx.today())).await
    }

    /// Reads the folder's file again. One that is broken replaces nothing that works.
    pub fn renew(&self) {
        self.folder.renew();
    }

    fn kept(&self, bundles: &[String]) -> Option<Arc<Catalogue>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let index = kept.iter().position(|(known, _)| known == bundles)?;
        let entry = kept.remove(index)?;
        let catalogue = Arc::clone(&entry.1);
        kept.push_back(entry);
        Some(catalogue)
    }
}

/// How the releases stand, which are only added; and whether some store has frozen a month, for which other ones may count then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
struct Released {
    #[diesel(sql_type = BigInt)]
    releases: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    last: Option<i64>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    published_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Bool)]
    is_frozen: bool,
}

async fn released(mut connection: &AsyncPgConnection, month: Period) -> Result<Released, Problem> {
    Ok(sql("SELECT count(*) AS releases, max(id) AS last, max(published_at) AS published_at,
             EXISTS (SELECT FROM month_close c WHERE c.period = $1) AS is_frozen
         FROM rule_release")
    .bind::<Date, _>(month)
    .get_result(&mut connection)
    .await?)
}

/// A release whose catalogue counts, by its bundle.
#[derive(QueryableByName)]
struct Counting {
    #[diesel(sql_type = Text)]
    bundle_hash: String,
}

/// The bundles whose catalogues count for a month, each once.
async fn counting(mut connection: &AsyncPgConnection, month: Period) -> Result<Vec<String>, Problem> {
    let counting = sql("SELECT bundle_hash FROM counting_bundles($1)").bind::<Date, _>(month);
    let counting: Vec<Counting> = counting.load(&mut connection).await?;
    Ok(each_once(counting))
}

/// The same of a month in one store: where it is frozen, of the release that scores it.
async fn counting_in_store(
    connection: &mut AsyncPgConnection,
    month: Period,
    store_id: i64,
) -> Result<Vec<String>, Problem> {
    let counting: Vec<Counting> = sql("SELECT r.bundle_hash
         FROM (SELECT 0 AS place, release_in_force($1,
                   (SELECT c.frozen_at FROM month_close c WHERE c.store_id = $2 AND c.period = $1)) AS id
               UNION ALL SELECT 1, u.id FROM upcoming_releases($1) u) c
         JOIN rule_release r ON r.id = c.id ORDER BY c.place, r.effective_from")
    .bind::<Date, _>(month)
    .bind::<BigInt, _>(store_id)
    .load(connection)
    .await?;
    Ok(each_once(counting))
}

fn each_once(counting: Vec<Counting>) -> Vec<String> {
    let mut bundles = Vec::<String>::with_capacity(counting.len());
    for Counting { bundle_hash } in counting {
        if !bundles.contains(&bundle_hash) {
            bundles.push(bundle_hash);
        }
    }
    bundles
}

/// What these stored bundles say.
async fn read(mut connection: &AsyncPgConnection, bundles: &[String]) -> Result<Catalogue, Problem> {
    #[derive(QueryableByName)]
    struct StoredFile {
        #[diesel(sql_type = Text)]
        bundle_hash: String,
        #[diesel(sql_type = Binary)]
        content: Vec<u8>,
    }
    let files: Vec<StoredFile> =
        sql("SELECT bundle_hash, content FROM rule_file WHERE bundle_hash = ANY ($1) AND path = $2")
            .bind::<Array<Text>, _>(bundles)
            .bind::<Text, _>(CATALOGUE_FILE)
            .load(&mut connection)
            .await?;
    let mut catalogues = Vec::with_capacity(bundles.len());
    for bundle in bundles {
        let file = files.iter().find(|file| file.bundle_hash == *bundle);
        let text = file.map(|file| String::from_utf8_lossy(&file.content)).unwrap_or_default();
        catalogues.push(Arc::new(Catalogue::parse(&text).map_err(|error| broken(CATALOGUE_FILE, &error))?));
    }
    Catalogue::union(&catalogues).map_err(|error| broken(CATALOGUE_FILE, &error))
}

fn broken(file: impl std::fmt::Display, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(Code::RulesBroken, say!("{file}：{error}", "{file}: {error}"))
}

/// The catalogue of the rules folder: read when the program starts, and again when the watch of the folder says so; no request
/// reads it. While it cannot be used, the last one that could be stays.
#[derive(Debug)]
struct FolderCatalogue {
    path: PathBuf,
    held: RwLock<Result<Arc<Catalogue>, Problem>>,
}

impl FolderCatalogue {
    fn open(path: PathBuf) -> Self {
        let held = RwLock::new(read_file(&path));
        Self { path, held }
    }

    fn current(&self) -> Result<Arc<Catalogue>, Problem> {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn renew(&self) {
        let read = read_file(&self.path);
        if let Err(problem) = &read {
            tracing::warn!(path = %self.path.display(), %problem, "the catalogue cannot be used");
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if read.is_ok() || held.is_err() {
            *held = read;
        }
    }
}

fn read_file(path: &Path) -> Result<Arc<Catalogue>, Problem> {
    let text = std::fs::read_to_string(path).map_err(|error| broken(path.display(), &error))?;
    let read = Catalogue::parse(&text).map(Arc::new);
    read.map_err(|error: CatalogueError| broken(path.display(), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[[metric]]\nname = \"calls\"\nzh = \"电话\"\nen = \"Calls\"\nunit = \"个\"\n\
        kind = \"count\"\nmissing = \"na\"\ndirection = \"up\"\nstep = 1\n";

    fn label(folder: &FolderCatalogue) -> String {
        folder.current().unwrap().listed()[0].zh.clone()
    }

    #[test]
    fn the_folder_is_read_when_told_and_a_broken_file_replaces_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(CATALOGUE_FILE);
        let file = FolderCatalogue::open(path.clone());
        assert_eq!(file.current().unwrap_err().code, Code::RulesBroken);
        std::fs::write(&path, TEXT).unwrap();
        assert!(file.current().is_err());
        file.renew();
        assert_eq!(label(&file), "电话");
        std::fs::write(&path, TEXT.replace("电话", "来电")).unwrap();
        file.renew();
        assert_eq!(label(&file), "来电");
        for broken in ["name", ""] {
            std::fs::write(&path, broken).unwrap();
            file.renew();
            assert_eq!(label(&file), "来电");
        }
        std::fs::remove_file(&path).unwrap();
        file.renew();
        assert_eq!(label(&file), "来电");
    }

    #[test]
    fn of_two_catalogues_the_first_is_right_and_the_second_adds_to_it() {
        let one = Arc::new(Catalogue::parse(TEXT).unwrap());
        let more = TEXT.replace("电话", "来电") + &TEXT.replace("calls", "visits");
        let two = Arc::new(Catalogue::parse(&more).unwrap());
        let both = Catalogue::union(&[one, two]).unwrap();
        let names = both.listed().iter().map(|metric| (metric.name.as_str(), metric.zh.as_str()));
        assert_eq!(names.collect::<Vec<_>>(), [("calls", "电话"), ("visits", "电话")]);
        assert!(both.find("visits_target").is_some());
    }
}
