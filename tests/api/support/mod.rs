//! A server of its own for every test, each with a database of its own copied from a template.

mod cluster;
pub mod statements;
pub mod strict;

use showfloor::auth::Context;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use reqwest::{Method, Response, StatusCode};
use serde_json::Value;
use showfloor::auth::Identity;
use showfloor::auth::access::Role;
use showfloor::auth::token::Tokens;
use showfloor::clock::Clock;
use showfloor::config::Policy;
use showfloor::db::{Pool, pool};
use showfloor::ledger::catalogue::Catalogues;
use showfloor::rules::folder::RulesFolder;
use showfloor::server::{self, Shared};

pub use cluster::{GROWING, Template};

/// The rules that ship.
pub fn shipped_rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

/// A copy of the shipped rules that a test may edit.
pub fn copied_rules() -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(shipped_rules()).unwrap().map(Result::unwrap) {
        // What is no part of the rules would only be checked once more by every test.
        if entry.file_name() == "examples" {
            continue;
        }
        let target = copy.path().join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).unwrap();
            for file in std::fs::read_dir(entry.path()).unwrap().map(Result::unwrap) {
                std::fs::copy(file.path(), target.join(file.file_name())).unwrap();
            }
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
    copy
}

/// A running server.
pub struct TestApp {
    address: SocketAddr,
    client: reqwest::Client,
    pub tokens: Arc<Tokens>,
    pub catalogues: Arc<Catalogues>,
    pub clock: Clock,
    pub pool: Pool,
    _keys: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub etag: Option<String>,
    pub location: Option<String>,
    pub retry_after: Option<String>,
    pub content_type: String,
    pub body: Value,
}

impl Answer {
    /// Reads an answer that a test has asked for by itself.
    pub async fn of(response: Response) -> Self {
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (etag, location, retry_after) = (header("etag"), header("location"), header("retry-after"));
        let content_type = header("content-type").unwrap_or_default();
        let status = response.status();
        let bytes = response.bytes().await.unwrap();
        let body = match serde_json::from_slice(&bytes) {
            Ok(body) => {
                strict::check(&bytes);
                body
            }
            Err(_) => Value::String(String::from_utf8_lossy(&bytes).into_owned()),
        };
        Self { status, etag, location, retry_after, content_type, body }
    }

    /// The body, if the status is the one expected.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self.body
    }

    /// The problem's code, if the status is the one expected and the body is a problem.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        assert_eq!(self.content_type, "application/problem+json", "{:?}", self.body);
        let body = self.expect(status);
        assert_eq!(body["status"], status);
        assert!(body["title"].is_string() && body["detail"].is_string(), "{body:#}");
        body["code"].as_str().unwrap().to_owned()
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum As<'a> {
    /// Nobody: no token.
    Nobody,
    /// A demonstration login or one that the test has made.
    Login(&'a str),
}

impl TestApp {
    /// A server on an empty, migrated database, with the shipped rules.
    pub async fn empty() -> Self {
        Self::start(Template::Empty, &shipped_rules()).await
    }

    /// A server on the demonstration with all its reviews, with the shipped rules.
    pub async fn demo() -> Self {
        Self::start(Template::Demo, &shipped_rules()).await
    }

    /// The demonstration with every month published, for tests of what is read then. How a month comes there is another
    /// test's.
    /// The same beside a group of 2,500 stores with 40 people each.
    pub async fn group() -> Self {
        Self::start(Template::Group, &shipped_rules()).await
    }

    pub async fn published() -> Self {
        Self::published_over(16).await
    }

    /// The same over so many connections: few where a test opens all of them, for each plans every statement by itself.
    pub async fn published_over(connections: usize) -> Self {
        let app = Self::demo_over(connections).await;
        app.publish().await;
        app
    }

    /// Publishes every month that there is.
    pub async fn publish(&self) {
        use diesel_async::SimpleAsyncConnection as _;
        let publish = "UPDATE review_cycle SET state = 'published', version = version + 1";
        self.pool.get().await.unwrap().batch_execute(publish).await.unwrap();
    }

    /// A server on a copy of a template, with the rules of a folder.
    pub async fn start(template: Template, rules: &Path) -> Self {
        Self::start_over(template, rules, 16).await
    }

    /// The same over so many connections.
    pub async fn start_over(template: Template, rules: &Path, connections: usize) -> Self {
        let url = cluster::database(template).await;
        Self::serve(pool::open(&url, connections).unwrap(), "2014-05-15T08:00:00Z", rules)
    }

    /// The demonstration, over so many connections.
    pub async fn demo_over(connections: usize) -> Self {
        Self::start_over(Template::Demo, &shipped_rules(), connections).await
    }

    /// The same, asked by somebody who reads English.
    pub fn in_english(self) -> Self {
        let headers = [(reqwest::header::ACCEPT_LANGUAGE, reqwest::header::HeaderValue::from_static("en"))];
        let client = reqwest::Client::builder().default_headers(headers.into_iter().collect());
        Self { client: client.build().unwrap(), ..self }
    }

    /// Another server on the same database, with the shipped rules, at another time.
    pub fn at(&self, now: &str) -> Self {
        Self::serve(self.pool.clone(), now, &shipped_rules())
    }

    /// Another server on the same database, with the shipped rules, that is run by another policy.
    pub fn under(&self, policy: Policy) -> Self {
        Self::serve_by(self.pool.clone(), self.clock, &shipped_rules(), policy)
    }

    fn serve(pool: Pool, now: &str, rules: &Path) -> Self {
        Self::serve_by(pool, Clock::Fixed(now.parse().unwrap()), rules, Policy::default())
    }

    fn serve_by(pool: Pool, clock: Clock, rules: &Path, policy: Policy) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let tokens = Arc::new(Tokens::open(keys.path()).unwrap());
        let catalogues = Arc::new(Catalogues::of_folder(rules));
        let shared = Shared {
            pool: pool.clone(),
            tokens: Arc::clone(&tokens),
            rules: Arc::new(RulesFolder::new(rules, false)),
            catalogues: Arc::clone(&catalogues),
            library: Arc::default(),
            clock,
            policy,
        };
        let (server, address) =
            server::build(shared, server::bind("127.0.0.1:0".parse().unwrap()).unwrap()).unwrap();
        tokio::spawn(server);
        Self { address, client: reqwest::Client::new(), tokens, catalogues, clock, pool, _keys: keys }
    }

    /// The address of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request that a test finishes by itself.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, who: As<'_>, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, path);
        if let As::Login(login) = who {
            request = request.bearer_auth(self.token(login).await);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// `GET` as a login.
    pub async fn get(&self, login: &str, path: &str) -> Answer {
        self.send(As::Login(login), Method::GET, path, None).await
    }

    /// `POST` as a login.
    pub async fn post(&self, login: &str, path: &str, body: Value) -> Answer {
        self.send(As::Login(login), Method::POST, path, Some(body)).await
    }

    /// `POST` without a body as a login.
    pub async fn post_empty(&self, login: &str, path: &str) -> Answer {
        self.send(As::Login(login), Method::POST, path, None).await
    }

    /// A request with `If-Match` as a login.
    pub async fn change(
        &self,
        login: &str,
        method: Method,
        path: &str,
        seen: &str,
        body: Option<Value>,
    ) -> Answer {
        let mut request =
            self.request(method, path).bearer_auth(self.token(login).await).header("If-Match", seen);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// Uploads a file as a login.
    pub async fn upload(&self, login: &str, path: &str, file: Vec<u8>) -> Answer {
        let request = self.request(Method::POST, path).bearer_auth(self.token(login).await).body(file);
        Answer::of(request.send().await.unwrap()).await
    }

    /// An access token for a login of the database, without its password: hashing is for the tests of signing in.
    pub async fn token(&self, login: &str) -> String {
        self.tokens.sign(&self.identity(login).await, self.clock.now()).unwrap()
    }

    /// A token for a login's person with other roles than the login has.
    pub async fn token_with(&self, login: &str, roles: Vec<Role>) -> String {
        let identity = Identity { roles, ..self.identity(login).await };
        self.tokens.sign(&identity, self.clock.now()).unwrap()
    }

    /// Who a login of the database is.
    async fn identity(&self, login: &str) -> Identity {
        use diesel::{ExpressionMethods as _, QueryDsl as _};
        use diesel_async::RunQueryDsl as _;
        use showfloor::db::schema::user_account;

        let mut connection = self.pool.get().await.unwrap();
        type Row = (i64, i32, Vec<Role>, Option<i64>, Option<i64>);
        let (user_id, account_version, roles, employee_id, unit_id): Row = user_account::table
            .filter(user_account::login.eq(login))
            .select((
                user_account::id,
                user_account::version,
                user_account::roles,
                user_account::employee_id,
                user_account::unit_id,
            ))
            .first(&mut connection)
            .await
            .unwrap_or_else(|error| panic!("no login {login}: {error}"));
        Identity { user_id, account_version, roles, employee_id, unit_id }
    }

    /// A token for roles that belong to no login's employee.
    pub async fn token_of(&self, login: &str, roles: Vec<Role>) -> String {
        let me = self.get(login, "/v1/me").await.expect(200);
        let user_id = me["id"].as_i64().unwrap();
        let account_version = i32::try_from(me["version"].as_i64().unwrap()).unwrap();
        let identity = Identity { user_id, account_version, roles, employee_id: None, unit_id: None };
        self.tokens.sign(&identity, self.clock.now()).unwrap()
    }

    /// Makes a login as the operator would.
    pub async fn add_user(&self, login: &str, roles: &[Role], employee_no: Option<&str>, unit: Option<&str>) {
        let new = showfloor::auth::users::NewUser {
            login: login.to_owned(),
            password: "a password for tests".to_owned(),
            roles: roles.to_vec(),
            employee_no: employee_no.map(str::to_owned),
            unit: unit.map(str::to_owned),
        };
        let mut cx = Context::operator(&self.pool, self.clock.now()).await.unwrap();
        showfloor::auth::users::create(&mut cx, new).await.unwrap();
    }
}

/// What the command line printed and ended with.
#[derive(Debug)]
pub struct Printed {
    pub status: i32,
    pub out: String,
    pub err: String,
}

/// Runs the program with some standard input, at a terminal that is English.
pub fn showfloor(args: &[&str], input: &[u8]) -> Printed {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    let mut child = Command::new(env!("CARGO_BIN_EXE_showfloor"))
        .args(args)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("LC_ALL", "C")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // A program that ends early closes its input; that is for the test to judge.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Printed {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The address of a copy of a test's database. Its connections are closed.
pub async fn copy_of(name: &str) -> String {
    cluster::copy_of(name).await
}

/// The address of a database of its own, for tests of the command line.
pub async fn database_url(template: Template) -> String {
    cluster::database(template).await
}
