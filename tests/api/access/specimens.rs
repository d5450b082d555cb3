//! One of each that operations are about: of the own store, and of another.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::TestApp;

/// Whose something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The consultant's, A02's, or the own store's.
    Own,
    /// Of A05, in another team of the own store.
    Colleague,
    /// The other store's.
    Other,
}

/// What stands in the place of a path's parameter, or of a parameter of a query.
pub struct Specimens(Vec<(&'static str, [String; 3])>);

fn id(value: &Value) -> String {
    let id = &value["id"];
    assert!(id.is_i64(), "{value:#}");
    id.to_string()
}

impl Specimens {
    /// Makes them. The months have been published, and there is the second store.
    pub async fn make(app: &TestApp) -> Self {
        super::second_store(app).await;
        app.publish().await;
        let post = async |login: &str, path: &str, body: Value| app.post(login, path, body).await.expect(201);
        let first = async |path: &str| id(&app.get("group", path).await.expect(200)["items"][0]);
        let of = async |path: &str| {
            [
                first(&format!("{path}A02")).await,
                first(&format!("{path}A05")).await,
                first(&format!("{path}B02")).await,
            ]
        };
        let cycle =
            async |store: &str| first(&format!("/v1/review-cycles?period=2014-03&store={store}")).await;
        let both = |own: String, other: String| [own.clone(), own, other];

        let event = |employee_no: &str| {
            json!({"kind": "late", "employee_no": employee_no, "day": "2014-05-12", "detail": {"count": 1},
                "evidence": [{"name": "门岗监控", "sha256": "a".repeat(64)}]})
        };
        let mut events = Vec::new();
        for (login, employee_no) in [("hr", "A02"), ("hr", "A05"), ("hd_hr", "B02")] {
            events.push(id(&post(login, "/v1/events", event(employee_no)).await));
        }
        let training = |employee_no: &str| json!({"kind": "training", "day": "2014-05-16", "topic": "产品知识", "people": [employee_no]});
        let mut activities = Vec::new();
        for (login, employee_no) in [("hr", "A02"), ("hd_hr", "B02")] {
            activities.push(id(&post(login, "/v1/activities", training(employee_no)).await));
        }
        let report =
            json!({"kind": "summary", "cadence": "daily", "day": "2014-05-15", "content": "回访 20 位"});
        let mut reports = Vec::new();
        for login in ["consultant", "hd_consultant"] {
            reports.push(id(&post(login, "/v1/work-reports", report.clone()).await));
        }
        let record = |employee_no: &str| {
            json!({"period": "2014-04", "source_system": "test",
                "rows": [{"employee_no": employee_no, "facts": {"exam_score": 91}}]})
        };
        for employee_no in ["A02", "A05", "B02"] {
            app.post("group", "/v1/facts", record(employee_no)).await.expect(200);
        }
        let facts = of("/v1/facts/history?period=2014-04&metric=exam_score&employee_no=").await;

        let mut drafts = Vec::new();
        let mut backtests = Vec::new();
        for login in ["hr", "hd_hr"] {
            let draft = id(&post(login, "/v1/rules/drafts", json!({"note": "试"})).await);
            let what = json!({"draft": draft.parse::<i64>().unwrap(), "from": "2014-03", "to": "2014-03"});
            let begun = app.post(login, "/v1/rules/backtests", what).await.expect(202);
            drafts.push(draft);
            backtests.push(id(&begun));
        }
        let mut holds = Vec::new();
        for (gm, employee_no) in [("gm", "A02"), ("hd_gm", "B02")] {
            let hold = json!({"employee_no": employee_no, "reason": "劳动仲裁"});
            holds.push(id(&post(gm, "/v1/legal-holds", hold).await));
        }
        let plan = json!({"unit": "HD", "year": 2015, "metric": "deliveries", "total": 120,
            "season": vec![1000; 12],
            "units": [{"unit": "H1", "weight": 1, "members": [
                {"employee_no": "B01", "weight": 1}, {"employee_no": "B02", "weight": 1}]}]});
        let plan = id(&post("group", "/v1/plans", plan).await);
        let own_plan = first("/v1/plans?unit=JC&status=approved").await;
        let appeal = async |login: &str, employee_no: &str| {
            let path =
                format!("/v1/reviews?period=2014-03&position=sales_consultant&employee_no={employee_no}");
            let review = first(&path).await;
            let new = json!({"rule": "50_attendance", "text": "请再核对"});
            id(&post(login, &format!("/v1/reviews/{review}/appeals"), new).await)
        };
        let appeals = both(appeal("consultant", "A02").await, appeal("hd_consultant", "B02").await);

        let words = |words: [&str; 3]| words.map(str::to_owned);
        let pair = |mut two: Vec<String>| {
            let other = two.pop().unwrap();
            both(two.pop().unwrap(), other)
        };
        Self(vec![
            ("/v1/org-units/{code}", words(["G1", "G2", "H1"])),
            ("/v1/employees/{employee_no}", words(["A02", "A05", "B02"])),
            ("/v1/assignments/{id}", of("/v1/assignments?employee_no=").await),
            ("/v1/team-leaderships/{id}", {
                let of = async |unit: &str| first(&format!("/v1/team-leaderships?unit={unit}")).await;
                [of("G1").await, of("G2").await, of("H1").await]
            }),
            ("/v1/facts/{id}", facts),
            ("/v1/work-calendars/{store}", words(["JC", "JC", "HD"])),
            ("/v1/work-reports/{id}", pair(reports)),
            ("/v1/events/{id}", events.try_into().unwrap()),
            ("/v1/activities/{id}", pair(activities)),
            ("/v1/plans/{id}", both(own_plan, plan)),
            ("/v1/rules/drafts/{id}", pair(drafts)),
            ("/v1/rules/backtests/{id}", pair(backtests)),
            ("/v1/review-cycles/{id}", both(cycle("JC").await, cycle("HD").await)),
            ("/v1/review-terms/{store}", words(["JC", "JC", "HD"])),
            ("/v1/grade-guidelines/{store}", words(["JC", "JC", "HD"])),
            (
                "/v1/reviews/{id}",
                of("/v1/reviews?period=2014-03&position=sales_consultant&employee_no=").await,
            ),
            ("/v1/review-summaries/{employee_no}", words(["A02", "A05", "B02"])),
            ("/v1/appeals/{id}", appeals),
            ("/v1/legal-holds/{id}", pair(holds)),
            // What a list is asked for.
            ("unit", words(["G1", "G2", "H1"])),
            ("store", words(["JC", "JC", "HD"])),
            ("employee_no", words(["A02", "A05", "B02"])),
        ])
    }

    fn of(&self, place: &str, whose: Of) -> Option<&str> {
        let (_, of) = self.0.iter().find(|(known, _)| *known == place)?;
        Some(
            of[match whose {
                Of::Own => 0,
                Of::Colleague => 1,
                Of::Other => 2,
            }]
            .as_str(),
        )
    }

    /// A parameter of a query that names whose something is.
    pub fn parameter(&self, name: &str, whose: Of) -> Option<&str> {
        self.of(name, whose)
    }

    /// The path of an operation that is about something of somebody's; none where it has no parameter, or one for which there is
    /// nothing.
    pub fn path(&self, path: &str, whose: Of) -> Option<String> {
        let (begin, _) = path.split_once('}')?;
        let place = format!("{begin}}}");
        let named = self.of(&place, whose)?;
        let (before, _) = begin.split_once('{').unwrap();
        Some(super::filled(&path.replacen(&place, &format!("{before}{named}"), 1)))
    }

    /// Whether what an operation is about belongs to one person.
    pub fn is_of_person(path: &str) -> bool {
        ["/v1/reviews/", "/v1/events/", "/v1/review-summaries/"].iter().any(|begin| path.starts_with(begin))
    }
}
