//! What was answered, and what groups' months came to, as long as it stands.
//!
//! Who asks again is told that an answer still stands. And a group's month is added up once for whoever reaches it alike, however it is
//! asked for: with other months, in another order, in another form.

use std::any::Any;
use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use tokio::sync::{Mutex as Turns, MutexGuard as Turn};

use super::unchanged::Standing;
use crate::auth::Context;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::said::say;

/// How many answers are remembered, and as many older ones.
const ANSWERS: usize = 50_000;
/// How many months of groups, and as many older ones.
const MONTHS: usize = 5_000;

/// Who asks for what on which day, as a hash.
pub type Question = [u8; 32];

/// The months on which one depends, itself among them.
pub type Span = fn(Period) -> Vec<Period>;

/// The hash of a question.
pub fn question(asked: &dyn std::fmt::Debug, cx: &Context) -> Question {
    // Answers are those of a login, of the roles and the reach that it has, and of a day.
    Sha256::digest(format!("{:?}", (&cx.identity, &cx.scope, cx.today(), asked))).into()
}

/// What was found by questions, each with how things stood before it was looked for.
#[derive(Debug)]
struct Memory<V> {
    most: usize,
    kept: Mutex<Kept<V>>,
}

#[derive(Debug)]
struct Kept<V> {
    young: HashMap<Question, Given<V>>,
    old: HashMap<Question, Given<V>>,
}

#[derive(Debug)]
struct Given<V> {
    standing: Standing,
    value: V,
}

impl<V: Clone> Memory<V> {
    fn of(most: usize) -> Self {
        Self { most, kept: Mutex::new(Kept { young: HashMap::new(), old: HashMap::new() }) }
    }

    /// What was found, if it stands.
    fn get(&self, question: &Question, now: &Standing) -> Option<V> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // What is asked for again stays longest.
        if let Some(given) = kept.old.remove(question) {
            kept.put(self.most, *question, given);
        }
        kept.young.get(question).filter(|given| given.standing.is_still(now)).map(|given| given.value.clone())
    }

    fn keep(&self, question: Question, standing: Standing, value: V) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.put(self.most, question, Given { standing, value });
    }
}

impl<V> Kept<V> {
    fn put(&mut self, most: usize, question: Question, given: Given<V>) {
        if self.young.len() >= most {
            self.old = mem::take(&mut self.young);
        }
        self.young.insert(question, given);
    }
}

/// What this server remembers.
#[derive(Debug)]
pub struct Answers {
    tags: Memory<String>,
    months: Memory<Arc<dyn Any + Send + Sync>>,
    /// Who adds up a group: of many who ask at once one does, and the others have what it found.
    adding_up: Turns<()>,
}

impl Default for Answers {
    fn default() -> Self {
        Self { tags: Memory::of(ANSWERS), months: Memory::of(MONTHS), adding_up: Turns::default() }
    }
}

impl Answers {
    /// The tag of the answer that was given to a question, if it stands.
    pub fn tag(&self, question: &Question, now: &Standing) -> Option<String> {
        self.tags.get(question, now)
    }

    /// Remembers the tag of an answer, and how things stood before it was made.
    pub fn keep(&self, question: Question, standing: Standing, tag: String) {
        self.tags.keep(question, standing, tag);
    }

    /// What is remembered of groups, where things stand like this.
    pub fn months<'a>(&'a self, standing: Option<&'a Standing>) -> GroupMonths<'a> {
        GroupMonths { answers: self, standing, turn: Mutex::default(), has_to_wait: AtomicBool::default() }
    }

    /// Reads something of which months of groups may be a part. Who has to wait while others add one up gives the connection back
    /// meanwhile, and then begins again: however many ask at once, those who read something else find one.
    ///
    /// # Errors
    ///
    /// Those of reading; where there is no connection to go on with.
    pub async fn read<T>(
        &self,
        mut cx: Context,
        standing: Option<&Standing>,
        read: impl AsyncFn(&mut Context, &GroupMonths<'_>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut months = self.months(standing);
        loop {
            let read = read(&mut cx, &months).await;
            if !months.has_to_wait.load(Ordering::Relaxed) {
                return read;
            }
            let paused = cx.pause()?;
            months = self.months(standing);
            months.turn = Mutex::new(Some(self.adding_up.lock().await));
            cx = paused.resume().await?;
        }
    }
}

/// The months of groups that have been added up before. Where nobody knows how things stand, nothing is remembered.
#[derive(Debug)]
pub struct GroupMonths<'a> {
    answers: &'a Answers,
    standing: Option<&'a Standing>,
    /// The turn to add up, of whoever has waited for it.
    turn: Mutex<Option<Turn<'a, ()>>>,
    /// Whether others are adding up: nothing was read.
    has_to_wait: AtomicBool,
}

impl GroupMonths<'_> {
    /// `what` each of some months came to for who asks: those that nobody remembers are read.
    ///
    /// # Errors
    ///
    /// Those of reading; unavailable while others add up, which [`Answers::read`] waits for.
    pub async fn of<T: Default + Send + Sync + 'static>(
        &self,
        cx: &mut Context,
        what: &str,
        months: &[Period],
        read: impl AsyncFnOnce(&mut Context, Vec<Period>) -> Result<HashMap<Period, T>, Problem>,
    ) -> Result<HashMap<Period, Arc<T>>, Problem> {
        self.of_spans(cx, what, (months, |month| vec![month]), read).await
    }

    /// The same where each month depends on others, too.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn of_spans<T: Default + Send + Sync + 'static>(
        &self,
        cx: &mut Context,
        what: &str,
        (months, span): (&[Period], Span),
        read: impl AsyncFnOnce(&mut Context, Vec<Period>) -> Result<HashMap<Period, T>, Problem>,
    ) -> Result<HashMap<Period, Arc<T>>, Problem> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner).take();
        let mut found = self.remembered(cx, what, (months, span));
        if found.len() == months.len() {
            return Ok(found);
        }
        let Some(_one_at_a_time) = turn.or_else(|| self.answers.adding_up.try_lock().ok()) else {
            self.has_to_wait.store(true, Ordering::Relaxed);
            let detail = say!("有人正在汇总集团的数据", "somebody is adding up a group");
            return Err(Problem::new(Code::Unavailable, detail));
        };
        found.extend(self.remembered(cx, what, (months, span)));
        let missing = months.iter().copied().filter(|month| !found.contains_key(month)).collect::<Vec<_>>();
        if missing.is_empty() {
            return Ok(found);
        }
        let mut read = read(cx, missing.clone()).await?;
        for month in missing {
            let value = Arc::new(read.remove(&month).unwrap_or_default());
            if let Some(standing) = self.standing.and_then(|standing| standing.of(&span(month))) {
                let kept: Arc<dyn Any + Send + Sync> = Arc::<T>::clone(&value);
                self.answers.months.keep(question(&(what, month), cx), standing, kept);
            }
            found.insert(month, value);
        }
        Ok(found)
    }

    fn remembered<T: Send + Sync + 'static>(
        &self,
        cx: &Context,
        what: &str,
        (months, span): (&[Period], Span),
    ) -> HashMap<Period, Arc<T>> {
        let known = months.iter().filter_map(|month| {
            let standing = self.standing?.of(&span(*month))?;
            let value = self.answers.months.get(&question(&(what, month), cx), &standing)?;
            Some((*month, value.downcast().ok()?))
        });
        known.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dashboard::unchanged::tests::standing;

    #[test]
    fn what_is_asked_for_again_is_remembered_and_the_rest_is_not_for_ever() {
        let memory = Memory::of(2);
        for question in 0..9 {
            memory.keep([question; 32], standing(5), question);
            assert_eq!(memory.get(&[0; 32], &standing(5)), Some(0), "{question}");
        }
        let remembered = (0..9).filter(|question| memory.get(&[*question; 32], &standing(5)).is_some());
        assert!(remembered.count() <= 4);
    }
}
