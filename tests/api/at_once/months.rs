//! Months in the states in which people decide about them.

use diesel_async::SimpleAsyncConnection as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::review_life::{cycle, freeze, move_to, review_of, step_to, walk_to};
use crate::support::TestApp;

/// Two servers on one database, and the months.
pub struct Stage {
    /// On 15 May 2014.
    pub app: TestApp,
    /// On 20 June 2014, when the terms of May have ended.
    pub june: TestApp,
    /// January, published; everybody was told, and in June A02 once more, and has confirmed.
    pub january: i64,
    /// February, checked by HR.
    pub february: i64,
    /// March, published.
    pub march: i64,
}

impl Stage {
    pub async fn set() -> Self {
        let app = TestApp::demo().await.in_english();
        let june = app.at("2014-06-20T02:00:00Z").in_english();
        let mut cycles = Vec::new();
        for (month, state) in [
            ("2014-01", "published"),
            ("2014-02", "hr_check"),
            ("2014-03", "published"),
            ("2014-04", "self_review"),
        ] {
            let cycle = cycle(&app, month).await;
            freeze(&app, cycle).await;
            walk_to(&app, cycle, state).await;
            cycles.push(cycle);
        }
        let stage = Self { app, june, january: cycles[0], february: cycles[1], march: cycles[2] };
        stage.check_february().await;
        stage.tell_january().await;
        stage
    }

    /// Runs a statement, for what no month has by itself.
    pub async fn run(&self, statement: &str) {
        self.app.pool.get().await.unwrap().batch_execute(statement).await.unwrap();
    }

    /// The id of somebody's review in force as a consultant.
    pub async fn sold(&self, employee_no: &str, month: &str) -> i64 {
        review_of(&self.app, employee_no, month, "sales_consultant").await
    }

    /// A cycle as it is.
    pub async fn cycle(&self, id: i64) -> Value {
        self.app.get("hr", &format!("/v1/review-cycles/{id}")).await.expect(200)
    }

    /// HR answers for every review of February.
    async fn check_february(&self) {
        let path = format!("/v1/review-cycles/{}/hr-check", self.february);
        self.app.post("hr", &path, json!({"text": ""})).await.expect(200);
    }

    async fn tell_january(&self) {
        let told = json!({"act": "told", "how": "by_hand"});
        let page = self.app.get("hr", "/v1/reviews?period=2014-01&limit=500").await.expect(200);
        for review in page["items"].as_array().unwrap() {
            if review["acknowledgement"] == "outstanding" {
                let path = format!("/v1/reviews/{}/acknowledgements", review["id"]);
                self.app.post("hr", &path, told.clone()).await.expect(201);
            }
        }
        let own = format!("/v1/reviews/{}/acknowledgements", self.sold("A02", "2014-01").await);
        self.june.post("hr", &own, told).await.expect(201);
        self.june.post("consultant", &own, json!({"act": "confirmed"})).await.expect(201);
    }

    /// February in `hr_check`, checked, wherever it was.
    pub async fn february_checked(&self) -> Value {
        let state = self.cycle(self.february).await["state"].clone();
        match state.as_str().unwrap() {
            "published" => {
                let back = move_to(&self.app, "gm", self.february, "hr_check", Some("again")).await;
                back.expect(200);
            }
            "computed" => {
                for state in ["self_review", "leader_review", "manager_review", "hr_check"] {
                    step_to(&self.app, self.february, state).await;
                }
            }
            _ => {}
        }
        self.check_february().await;
        self.cycle(self.february).await
    }

    /// January published, with no appeal open, wherever it was.
    pub async fn january_published(&self) -> Value {
        if self.cycle(self.january).await["state"] == "locked" {
            move_to(&self.june, "group", self.january, "published", Some("again")).await.expect(200);
        }
        let open = self.june.get("consultant", "/v1/appeals?period=2014-01&state=filed").await.expect(200);
        for appeal in open["items"].as_array().unwrap() {
            let path = format!("/v1/appeals/{}/withdraw", appeal["id"]);
            self.june.change("consultant", Method::POST, &path, "*", None).await.expect(200);
        }
        self.cycle(self.january).await
    }
}
