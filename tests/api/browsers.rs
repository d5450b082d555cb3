//! Pages of other origins, and the number of a request.

use reqwest::{Client, Method, Response};

use crate::cli::Served;
use crate::support::{Template, TestApp, database_url};

const PAGE: &str = "https://screen.example.com";

async fn ask(served: &Served, method: Method, origin: &str) -> Response {
    let request = Client::new()
        .request(method, format!("http://{}/v1/dashboard/funnel?period=2014-03", served.address));
    let request = request.header("Origin", origin).header("Access-Control-Request-Method", "GET");
    request.header("Access-Control-Request-Headers", "authorization").send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_pages_that_are_named_may_ask_from_a_browser() {
    let url = database_url(Template::Empty).await;
    let served = Served::start_with(&url, &["--cors-origin", PAGE]);
    let preflight = ask(&served, Method::OPTIONS, PAGE).await;
    assert_eq!(preflight.status(), 200);
    assert_eq!(header(&preflight, "access-control-allow-origin"), Some(PAGE));
    let allowed = header(&preflight, "access-control-allow-headers").unwrap().to_ascii_lowercase();
    assert!(
        ["authorization", "if-match", "idempotency-key"].iter().all(|name| allowed.contains(name)),
        "{allowed}"
    );
    // What is refused is told to the page as well, which otherwise could not say why.
    let answer = ask(&served, Method::GET, PAGE).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "access-control-allow-origin")), (401, Some(PAGE)));
    assert_eq!(header(&answer, "access-control-allow-credentials"), None);
    let foreign = ask(&served, Method::OPTIONS, "https://elsewhere.example.com").await;
    assert_eq!((foreign.status().as_u16(), header(&foreign, "access-control-allow-origin")), (400, None));
    assert_eq!(served.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_named_by_default_and_every_answer_has_a_number() {
    let app = TestApp::empty().await;
    let mut numbers = Vec::new();
    for path in ["/healthz", "/v1/me", "/v1/nothing", "/openapi.json"] {
        let answer = app.request(Method::GET, path).header("Origin", PAGE).send().await.unwrap();
        assert_eq!(header(&answer, "access-control-allow-origin"), None, "{path}");
        numbers.push(header(&answer, "x-request-id").unwrap().to_owned());
    }
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 4);
}
