//! The forms in which rows are answered: JSON, CSV for spreadsheets and BI tools, and a JSON object a line (NDJSON).
//!
//! Every answer has an ETag of its bytes: who asks again with `If-None-Match` gets 304 and no body while nothing has changed, mostly
//! before anything is read ([`super::unchanged`]).

use std::cmp::Reverse;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{
    ACCEPT, Accept, CONTENT_TYPE, ETAG, EntityTag, Header as _, IF_NONE_MATCH, IfNoneMatch, Quality, VARY,
};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use csv::{QuoteStyle, Terminator, WriterBuilder};
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::remembered::{Answers, GroupMonths, Question, question};
use super::shape::{Shape, cell};
use super::unchanged::Subject;
use crate::auth::Context;
use crate::http::{Code, Problem};
use crate::said::say;
use crate::spreadsheets::export::neutral::neutral;

/// What each form is called on the web, the one that is answered when anything will do first.
const FORMS: [(&str, Kind); 3] =
    [("application/json", Kind::Json), ("text/csv", Kind::Csv), ("application/x-ndjson", Kind::Lines)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Csv,
    Lines,
}

impl Kind {
    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Lines => "application/x-ndjson",
        }
    }
}

/// A row that can be a line of a table.
pub trait Row: Serialize {
    /// Its columns: the names of its JSON, those within another with a point.
    fn columns() -> Vec<String>;
}

/// The form that the caller likes best of those that there are, and what it has already.
#[derive(Debug)]
pub struct RowForm {
    kind: Kind,
    known: Option<IfNoneMatch>,
    /// What is asked for.
    address: String,
    answers: Data<Answers>,
}

impl FromRequest for RowForm {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let kind = match Accept::parse(request) {
            Ok(accept) if request.headers().contains_key(ACCEPT) => liked(&accept),
            _ => Some(Kind::Json),
        };
        let known =
            IfNoneMatch::parse(request).ok().filter(|_| request.headers().contains_key(IF_NONE_MATCH));
        let Some(answers) = request.app_data::<Data<Answers>>().cloned() else {
            return ready(Err(Problem::internal(&"the server was built without a memory of answers")));
        };
        let address = request.uri().to_string();
        ready(kind.map(|kind| Self { kind, known, address, answers }).ok_or_else(|| {
            let forms = FORMS.map(|(name, _)| name).join(", ");
            Problem::new(
                Code::NotAcceptable,
                say!("有 {forms}：请在 Accept 里写其中一种", "there is {forms}: send one of them as Accept"),
            )
        }))
    }
}

/// The best liked of the forms; none where no form will do. Of forms liked as much it is the first of ours.
fn liked(accept: &Accept) -> Option<Kind> {
    let fits = |range: &str, name: &str| {
        let kind = range.strip_suffix("/*");
        range == name || range == "*/*" || kind.is_some_and(|kind| name.split('/').next() == Some(kind))
    };
    let is_refused = |name: &str| {
        let mut named = accept.iter().filter(|range| range.item.essence_str() == name);
        named.any(|range| range.quality == Quality::ZERO)
    };
    let forms = FORMS.iter().filter(|(name, _)| !is_refused(name)).collect::<Vec<_>>();
    let wanted = accept.iter().filter(|range| range.quality > Quality::ZERO);
    // Those liked most come first, and of those liked as much the closest.
    let mut wanted = wanted.collect::<Vec<_>>();
    wanted.sort_by_key(|range| (Reverse(range.quality), range.item.essence_str().matches('*').count()));
    wanted.iter().find_map(|range| {
        let form = forms.iter().find(|(name, _)| fits(range.item.essence_str(), name));
        form.map(|(_, kind)| *kind)
    })
}

impl RowForm {
    /// Answers rows in this form and shape: they are not read where whoever asks has the answer already, and nothing has changed of
    /// its subject. An answer without a subject is always made.
    pub async fn answer<R: Row>(
        &self,
        mut cx: Context,
        subject: Option<Subject>,
        shape: &Shape,
        rows: impl AsyncFn(&mut Context, &GroupMonths<'_>) -> Result<Vec<R>, Problem>,
    ) -> Result<HttpResponse, Problem> {
        let standing = match subject {
            Some(subject) => Some(subject.standing(&mut cx).await?),
            None => None,
        };
        let question = self.question(&cx);
        let remembered = standing.as_ref().and_then(|standing| self.answers.tag(&question, standing));
        if let Some(tag) = remembered.map(EntityTag::new_strong).filter(|tag| self.has(tag)) {
            return Ok(tagged(HttpResponse::NotModified(), &tag).finish());
        }
        let body = self.body(&self.answers.read(cx, standing.as_ref(), rows).await?, shape)?;
        let tag = EntityTag::new_strong(URL_SAFE_NO_PAD.encode(Sha256::digest(&body)));
        if let Some(standing) = standing {
            self.answers.keep(question, standing, tag.tag().to_owned());
        }
        Ok(match self.has(&tag) {
            true => tagged(HttpResponse::NotModified(), &tag).finish(),
            false => tagged(HttpResponse::Ok(), &tag)
                .insert_header((CONTENT_TYPE, self.kind.content_type()))
                .body(body),
        })
    }

    /// Who asks for what, in which language and form.
    fn question(&self, cx: &Context) -> Question {
        question(&(cx.language, self.kind, &self.address), cx)
    }

    /// Whether whoever asks has this answer.
    fn has(&self, tag: &EntityTag) -> bool {
        match &self.known {
            Some(IfNoneMatch::Any) => true,
            Some(IfNoneMatch::Items(known)) => known.iter().any(|one| is_same(one, tag)),
            None => false,
        }
    }

    fn body<R: Row>(&self, rows: &[R], shape: &Shape) -> Result<Vec<u8>, Problem> {
        match self.kind {
            Kind::Csv => table(&shape.shaped(values(rows)?), shape),
            // What is answered as it is goes there without a detour.
            _ if shape.is_plain() => self.text(rows),
            _ => self.text(&shape.shaped(values(rows)?)),
        }
    }

    /// Rows as JSON, in one list or a line each.
    fn text(&self, rows: &[impl Serialize]) -> Result<Vec<u8>, Problem> {
        let failed = |error: serde_json::Error| Problem::internal(&error);
        if self.kind == Kind::Json {
            return serde_json::to_vec(rows).map_err(failed);
        }
        let mut lines = Vec::new();
        for row in rows {
            serde_json::to_writer(&mut lines, row).map_err(failed)?;
            lines.push(b'\n');
        }
        Ok(lines)
    }
}

fn tagged(mut answer: HttpResponseBuilder, tag: &EntityTag) -> HttpResponseBuilder {
    answer.insert_header((ETAG, tag.to_string())).append_header((VARY, "Accept"));
    answer
}

/// Whether a tag is ours: a proxy that packs answers marks theirs (`-gzip`), or calls them weak.
fn is_same(known: &EntityTag, ours: &EntityTag) -> bool {
    let tag = known.tag();
    tag.strip_suffix("-gzip").unwrap_or(tag) == ours.tag()
}

fn values(rows: &[impl Serialize]) -> Result<Vec<Value>, Problem> {
    let values = rows.iter().map(serde_json::to_value).collect::<Result<_, _>>();
    values.map_err(|error| Problem::internal(&error))
}

/// Rows as CSV (RFC 4180): UTF-8, a header, numbers as they are in JSON, and nothing where JSON has null.
fn table(rows: &[Value], shape: &Shape) -> Result<Vec<u8>, Problem> {
    let failed = |error: csv::Error| Problem::internal(&error);
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .quote_style(QuoteStyle::Necessary)
        .from_writer(Vec::new());
    writer.write_record(shape.columns()).map_err(failed)?;
    for row in rows {
        let cells = shape.columns().iter().map(|column| match cell(row, column) {
            Some(Value::String(text)) => neutral(text),
            Some(Value::Null) | None => String::new(),
            Some(value) => value.to_string(),
        });
        writer.write_record(cells.collect::<Vec<_>>()).map_err(failed)?;
    }
    writer.into_inner().map_err(|error| Problem::internal(&error))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn the_form_liked_best_is_answered() {
        for (accept, expected) in [
            ("*/*", Some(Kind::Json)),
            ("application/json", Some(Kind::Json)),
            ("text/csv", Some(Kind::Csv)),
            ("TEXT/CSV", Some(Kind::Csv)),
            ("text/*", Some(Kind::Csv)),
            ("text/html, */*;q=0.1", Some(Kind::Json)),
            ("application/json;q=0.5, text/csv;q=0.9", Some(Kind::Csv)),
            ("application/json;q=0, */*", Some(Kind::Csv)),
            ("application/x-ndjson", Some(Kind::Lines)),
            ("application/*;q=0.2, application/x-ndjson", Some(Kind::Lines)),
            ("text/html", None),
            ("text/csv;q=0", None),
        ] {
            let request = TestRequest::default().insert_header((ACCEPT, accept)).to_http_request();
            assert_eq!(liked(&Accept::parse(&request).unwrap()), expected, "{accept}");
        }
    }

    #[derive(Serialize)]
    struct Car {
        name: &'static str,
        sold: Option<i64>,
        of: Of,
    }

    #[derive(Serialize)]
    struct Of {
        team: i64,
    }

    impl Row for Car {
        fn columns() -> Vec<String> {
            ["name", "sold", "of.team"].map(str::to_owned).into()
        }
    }

    #[test]
    fn a_table_has_a_header_and_nothing_for_null() {
        let cars = [
            Car { name: "A系, \"新\"", sold: Some(3), of: Of { team: 4 } },
            Car { name: "=1+1", sold: None, of: Of { team: 0 } },
        ];
        let text =
            String::from_utf8(table(&values(&cars).unwrap(), &Shape::whole::<Car>()).unwrap()).unwrap();
        assert_eq!(text, "name,sold,of.team\r\n\"A系, \"\"新\"\"\",3,4\r\n'=1+1,,0\r\n");
        assert_eq!(table(&[], &Shape::whole::<Car>()).unwrap(), b"name,sold,of.team\r\n");
    }
}
