//! Query strings, read strictly: what is wrong with one names its parameter.

use std::borrow::Cow;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::{library_words, parameters, years};

/// A query string. Its operation declares `params(T)`.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

/// Reads a query string, naming the parameter at fault.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let pairs = form_urlencoded::parse(text.as_bytes()).collect::<Vec<_>>();
    if let Some((name, _)) = pairs.iter().find(|(_, value)| years::is_impossible_day(value)) {
        return Err(Problem::field(name.clone(), years::EXPECTED));
    }
    pairs.iter().try_for_each(|(name, value)| parameters::check(name, value))?;
    read(&pairs).map_err(|(path, message)| {
        // Serde names a missing, doubled or unknown parameter in backquotes and not in its path.
        let named = message.split('`').nth(1).filter(|_| message.contains("field")).map(str::to_owned);
        let by_path = Some(path).filter(|path| path != ".");
        let name = named.or(by_path).or_else(|| blamed::<T>(&pairs, &message));
        Problem::field(name.unwrap_or_else(|| "query".to_owned()), library_words::said(&message))
    })
}

type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// What the pairs say; otherwise the path of what is wrong, as far as it is known, and what is wrong with it.
fn read<T: DeserializeOwned>(pairs: &[Pair<'_>]) -> Result<T, (String, String)> {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
    serde_path_to_error::deserialize(pairs)
        .map_err(|error| (error.path().to_string(), error.into_inner().to_string()))
}

/// The parameter without which the query would be good, or wrong in another way.
fn blamed<T: DeserializeOwned>(pairs: &[Pair<'_>], message: &str) -> Option<String> {
    pairs.iter().map(|(name, _)| name).find_map(|name| {
        let others = pairs.iter().filter(|(other, _)| other != name).cloned().collect::<Vec<_>>();
        let is_at_fault = read::<T>(&others).map_or_else(|(_, other)| other != message, |_| true);
        is_at_fault.then(|| name.clone().into_owned())
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "what is read is not looked at")]
    struct Asked {
        year: i32,
        on: Option<chrono::NaiveDate>,
        unit: Option<String>,
        reason: Option<String>,
        draft: Option<i64>,
        top: Option<u8>,
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, name) in [
            ("", "year"),
            ("year=x", "year"),
            ("year=0", "year"),
            ("year=10000", "year"),
            ("year=2014&on=2014-02-30", "on"),
            ("year=2014&on=%2B10000-01-01", "on"),
            ("top=300&year=2014", "top"),
            ("year=2014&year=2015", "year"),
            ("year=2014&tpo=3", "tpo"),
            ("year=2014&unit=a%00b", "unit"),
        ] {
            let problem = parse::<Asked>(query).unwrap_err();
            assert_eq!(problem.errors[0].field, name, "{query}: {problem}");
        }
        assert!(parse::<Asked>("year=2014&on=2014-02-28&top=3").is_ok());
    }

    #[test]
    fn what_is_beyond_its_bounds_is_refused() {
        let asked = |name: &str, length: usize| format!("year=2014&{name}={}", "组".repeat(length));
        for (name, most) in [("unit", 32), ("reason", 1000)] {
            assert!(parse::<Asked>(&asked(name, most)).is_ok());
            assert_eq!(parse::<Asked>(&asked(name, most + 1)).unwrap_err().errors[0].field, name);
        }
        assert!(parse::<Asked>("year=2014&draft=1").is_ok());
        assert_eq!(parse::<Asked>("year=2014&draft=0").unwrap_err().errors[0].field, "draft");
    }
}
