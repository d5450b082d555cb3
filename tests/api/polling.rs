//! Whoever asks a dashboard again and again has a 304 while nothing has changed, and the new numbers at once when something has.

use diesel_async::SimpleAsyncConnection as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

/// A reader that keeps what it has read, with its tag.
struct Screen<'a> {
    app: &'a TestApp,
    path: &'a str,
    tag: String,
    shown: Value,
}

impl<'a> Screen<'a> {
    async fn open(app: &'a TestApp, path: &'a str) -> Self {
        let answer = app.get("hr", path).await;
        Self { app, path, tag: answer.etag.clone().unwrap(), shown: answer.expect(200) }
    }

    /// Asks again: whether there was anything new.
    async fn ask(&mut self) -> bool {
        let request = self.app.request(Method::GET, self.path).bearer_auth(self.app.token("hr").await);
        let answer = request.header("If-None-Match", &self.tag).send().await.unwrap();
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        match answer.status().as_u16() {
            304 => {
                assert_eq!(tag, self.tag);
                assert_eq!(answer.text().await.unwrap(), "");
                false
            }
            status => {
                assert_eq!(status, 200);
                assert_ne!(tag, self.tag);
                (self.tag, self.shown) = (tag, answer.json().await.unwrap());
                // It stays what it is now.
                assert_eq!(self.app.get("hr", self.path).await.etag, Some(self.tag.clone()));
                true
            }
        }
    }

    fn of_store(&self, field: &str) -> i64 {
        self.shown.as_array().unwrap().iter().find(|row| row["unit"] == "JC").unwrap()[field]
            .as_i64()
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_screen_that_asks_again_has_the_new_numbers_at_once_and_nothing_else() {
    let app = TestApp::published().await;
    let mut cars = Screen::open(&app, "/v1/dashboard/attainment?period=2014-03").await;
    let mut funnel = Screen::open(&app, "/v1/dashboard/funnel?period=2014-03&unit=G1").await;
    let mut board = Screen::open(&app, "/v1/dashboard/leaderboard?period=2014-03&top=100").await;
    let mut grades = Screen::open(&app, "/v1/dashboard/distribution?period=2014-03").await;
    let mut december = Screen::open(&app, "/v1/dashboard/attainment?period=2014-12").await;
    for screen in [&mut cars, &mut funnel, &mut board, &mut grades, &mut december] {
        assert!(!screen.ask().await, "{}", screen.path);
    }

    // A correction.
    let facts = app.get("hr", "/v1/facts?period=2014-03&employee_no=A12").await.expect(200);
    let (sold, store) =
        (facts["items"][0]["facts"]["deliveries"].as_i64().unwrap(), cars.of_store("deliveries"));
    let corrected = json!({"period": "2014-03", "source_system": "dms",
        "rows": [{"employee_no": "A12", "facts": {"deliveries": sold + 3}}]});
    app.post("clerk", "/v1/facts", corrected).await.expect(200);
    assert!(cars.ask().await);
    assert_eq!(cars.of_store("deliveries"), store + 3);
    for screen in [&mut cars, &mut funnel, &mut board, &mut grades, &mut december] {
        assert!(!screen.ask().await, "{}", screen.path);
    }

    // A month that is opened again, generated and published.
    let cycle = app.get("hr", "/v1/review-cycles?period=2014-03").await.expect(200)["items"][0]["id"].clone();
    let move_to = async |state: &str| {
        let sql =
            format!("UPDATE review_cycle SET state = '{state}', version = version + 1 WHERE id = {cycle}");
        app.pool.get().await.unwrap().batch_execute(&sql).await.unwrap();
    };
    move_to("computed").await;
    assert!(board.ask().await && grades.ask().await);
    assert_eq!((&board.shown, &grades.shown), (&json!([]), &json!([])));
    app.post_empty("hr", &format!("/v1/review-cycles/{cycle}/generate")).await.expect(200);
    assert!(!board.ask().await && !grades.ask().await);
    move_to("published").await;
    assert!(board.ask().await && grades.ask().await);
    let review = "/v1/reviews?period=2014-03&employee_no=A12";
    let review = app.get("hr", review).await.expect(200)["items"][0].clone();
    assert_eq!(review["revision"], 2);
    let place = board.shown.as_array().unwrap().iter().find(|place| place["employee_no"] == "A12").unwrap();
    assert_eq!(place["total"], review["total"]);

    // A posting that ends.
    let people = december.of_store("people");
    let end = "UPDATE assignment SET valid_to = '2014-11-20', version = version + 1
        WHERE employee_id = (SELECT id FROM employee WHERE employee_no = 'A12') AND valid_to IS NULL";
    app.pool.get().await.unwrap().batch_execute(end).await.unwrap();
    assert!(december.ask().await);
    assert_eq!(december.of_store("people"), people - 1);
    for screen in [&mut cars, &mut funnel, &mut board, &mut grades, &mut december] {
        assert!(!screen.ask().await, "{}", screen.path);
    }
}
