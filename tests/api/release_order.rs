//! Nobody's release takes back what somebody else has had approved: a draft knows what it replaces, is tried against that,
//! and is put onto what was released since it began.

use reqwest::Method;
use serde_json::{Value, json};
use showfloor::auth::Context;
use showfloor::rules::folder::{FolderState, RulesFolder};
use showfloor::rules::{in_force, library::Library};

use crate::releases::{backtest, begin, read, release, set, write};
use crate::support::{Answer, Template, TestApp, copied_rules};

const SCHEME: &str = "sales_consultant/scheme.toml";
const SCRIPT: &str = "sales_consultant/70_complaints.rhai";

async fn submit_with(app: &TestApp, draft: i64, more: Value) -> Answer {
    let mut body = json!({"effective_from": "2014-06", "consulted_on": "2014-05-10", "note": "调整"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    app.change("hr", Method::POST, &format!("/v1/rules/drafts/{draft}/submit"), "*", Some(body)).await
}

async fn submit(app: &TestApp, draft: i64) -> Answer {
    submit_with(app, draft, json!({})).await
}

async fn step(app: &TestApp, login: &str, draft: i64, what: &str, body: Option<Value>) -> Answer {
    app.change(login, Method::POST, &format!("/v1/rules/drafts/{draft}/{what}"), "*", body).await
}

async fn approve(app: &TestApp, draft: i64) -> Answer {
    step(app, "gm", draft, "approve", Some(json!({"note": "同意"}))).await
}

async fn rebase(app: &TestApp, draft: i64, body: Value) -> Answer {
    step(app, "hr", draft, "rebase", Some(body)).await
}

/// Puts a draft onto what was released, has it tried and approved: the release.
async fn caught_up(app: &TestApp, draft: i64) -> i64 {
    rebase(app, draft, json!({})).await.expect(200);
    release(app, draft).await
}

#[track_caller]
fn refused(answer: Answer, part: &str) {
    let detail = answer.body["detail"].as_str().unwrap_or_default().to_owned();
    assert!(detail.contains(part), "{:#}", answer.body);
    assert_eq!(answer.problem(409), "conflict");
}

async fn look(folder: &RulesFolder, app: &TestApp) -> Option<i64> {
    folder.sync(&mut Context::operator(&app.pool, app.clock.now()).await.unwrap()).await.unwrap();
    folder.status().draft
}

/// The values of two parameters in what scores June.
async fn june(app: &TestApp) -> (String, String) {
    let june = app.get("hr", "/v1/rules?period=2014-06").await.expect(200);
    let schemes = june["schemes"].as_array().unwrap();
    let consultant = schemes.iter().find(|one| one["name"] == "sales_consultant").unwrap();
    let value = |name: &str| {
        let parameters = consultant["parameters"].as_array().unwrap();
        parameters.iter().find(|one| one["name"] == name).unwrap()["value"].to_string()
    };
    (value("attainment_floor"), value("bonus_cap"))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_drafts_of_one_release_the_second_is_put_onto_the_first() {
    let app = TestApp::demo().await.in_english();
    let (one, two) = (begin(&app).await, begin(&app).await);
    set(&app, one, "attainment_floor", json!(0.9)).await.expect(200);
    set(&app, two, "bonus_cap", json!(4)).await.expect(200);
    // Both are handed in and tried against the same release.
    let shown = submit(&app, two).await.expect(200);
    assert_eq!(shown["replaces"], 1);
    assert!(shown["changes"][0]["diff"].as_str().unwrap().contains("\n+value = 4\n"), "{shown:#}");
    backtest(&app, two).await;
    assert_eq!(release(&app, one).await, 2);
    refused(approve(&app, two).await, "would replace release 2 and take back");
    // Trying it again changes nothing about that.
    backtest(&app, two).await;
    refused(approve(&app, two).await, "showfloor rules rebase");
    step(&app, "hr", two, "withdraw", None).await.expect(200);
    refused(submit(&app, two).await, "release 2");
    let rebased = rebase(&app, two, json!({})).await.expect(200);
    assert_eq!(rebased["base_release"], 2);
    assert_eq!(rebase(&app, two, json!({})).await.expect(200)["version"], rebased["version"]);
    let shown = submit(&app, two).await.expect(200);
    assert_eq!((&shown["replaces"], shown["changes"].as_array().unwrap().len()), (&json!(2), 1));
    refused(approve(&app, two).await, "not backtested against release 2");
    backtest(&app, two).await;
    let approved = approve(&app, two).await.expect(200);
    assert_eq!((&approved["release"], &approved["replaces"]), (&json!(3), &json!(2)));
    assert_eq!(june(&app).await, ("0.9".to_owned(), "4".to_owned()));
    let status = app.get("hr", "/v1/rules/status").await.expect(200);
    assert_eq!((&status["upcoming"][0]["id"], &status["upcoming"][1]), (&json!(3), &Value::Null));
    assert_eq!(
        (&status["superseded"][0]["id"], &status["superseded"][0]["superseded_by"]),
        (&json!(2), &json!(3))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_left_behind_takes_nothing_back() {
    let rules = copied_rules();
    let app = TestApp::start(Template::Demo, rules.path()).await.in_english();
    let folder = RulesFolder::new(rules.path(), false);
    look(&folder, &app).await;
    let draft = begin(&app).await;
    set(&app, draft, "attainment_floor", json!(0.9)).await.expect(200);
    assert_eq!(release(&app, draft).await, 2);
    // The folder still says 0.60, and somebody edits another line of the same file.
    let path = rules.path().join(SCHEME);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("zh = \"销量达成得分线\"", "zh = \"销量得分线\"", 1)).unwrap();
    let edit = look(&folder, &app).await.unwrap();
    let begun = app.get("hr", &format!("/v1/rules/drafts/{edit}")).await.expect(200);
    assert_eq!((&begun["origin"], &begun["base_release"]), (&json!("folder"), &json!(1)));
    refused(submit(&app, edit).await, "would replace release 2");
    assert_eq!(caught_up(&app, edit).await, 3);
    assert_eq!(june(&app).await.0, "0.9");
    assert!(read(&app, edit, SCHEME).await.contains("zh = \"销量得分线\""));
    // Looked at again by another program, the same folder is the same draft.
    let again = RulesFolder::new(rules.path(), false);
    assert_eq!(look(&again, &app).await, Some(edit));
    // The next edit begins from where the folder was, and keeps everything once more.
    let script = rules.path().join(SCRIPT);
    std::fs::write(&script, std::fs::read_to_string(&script).unwrap() + "// 三\n").unwrap();
    let next = look(&again, &app).await.unwrap();
    assert_ne!(next, edit);
    refused(submit(&app, next).await, "would replace release 3");
    assert_eq!(caught_up(&app, next).await, 4);
    assert_eq!(june(&app).await.0, "0.9");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_of_one_is_told_what_its_folder_lacks() {
    let rules = copied_rules();
    let app = TestApp::start(Template::Demo, rules.path()).await.in_english();
    let draft = begin(&app).await;
    set(&app, draft, "attainment_floor", json!(0.9)).await.expect(200);
    assert_eq!(release(&app, draft).await, 2);
    let (folder, library) = (RulesFolder::new(rules.path(), true), Library::default());
    let cx = &mut Context::operator(&app.pool, app.clock.now()).await.unwrap();
    let script = rules.path().join(SCRIPT);
    std::fs::write(&script, std::fs::read_to_string(&script).unwrap() + "// 改\n").unwrap();
    let may = in_force::of(cx, &folder, &library, "2014-05".parse().unwrap(), None).await.unwrap();
    assert_eq!(may.release.id, 1);
    let status = folder.status();
    assert_eq!(status.state, FolderState::Broken);
    assert_eq!((status.findings[0].code, status.findings[0].place.file.as_str()), ("stale-folder", SCHEME));
    // Brought up to date, it is released.
    let scheme = rules.path().join(SCHEME);
    let text = std::fs::read_to_string(&scheme).unwrap();
    std::fs::write(&scheme, text.replacen("value = 0.60", "value = 0.9", 1)).unwrap();
    let may = in_force::of(cx, &folder, &library, "2014-05".parse().unwrap(), None).await.unwrap();
    assert_eq!((may.release.id, may.release.is_automatic), (3, true));
    // June, for which release 2 was approved, does not take the folder's change back.
    for month in ["2014-06", "2014-12"] {
        let coming = in_force::of(cx, &folder, &library, month.parse().unwrap(), None).await.unwrap();
        assert_eq!(coming.release.id, 3, "{month}");
    }
    let status = app.get("hr", "/v1/rules/status").await.expect(200);
    assert_eq!((&status["in_force"]["id"], &status["upcoming"]), (&json!(3), &json!([])));
    assert_eq!(
        (&status["superseded"][0]["id"], &status["superseded"][0]["superseded_by"]),
        (&json!(2), &json!(3))
    );
    // And a draft of what was in force before is a change of what is replaced now.
    let draft = begin(&app).await;
    assert_eq!(app.get("hr", &format!("/v1/rules/drafts/{draft}")).await.expect(200)["base_release"], 3);
}

/// What is released by itself counts at once and from then on: it takes back nothing that was approved for a month to come.
#[tokio::test(flavor = "multi_thread")]
async fn a_shop_of_one_takes_nothing_back_that_was_approved_for_later() {
    let rules = copied_rules();
    let app = TestApp::start(Template::Demo, rules.path()).await.in_english();
    let later = begin(&app).await;
    set(&app, later, "bonus_cap", json!(4)).await.expect(200);
    submit_with(&app, later, json!({"effective_from": "2014-08"})).await.expect(200);
    backtest(&app, later).await;
    assert_eq!(approve(&app, later).await.expect(200)["release"], 2);
    // June's change is meant for the months before, and the folder is brought up to date with it.
    let june = begin(&app).await;
    rebase(&app, june, json!({"onto": 1})).await.expect(200);
    set(&app, june, "attainment_floor", json!(0.9)).await.expect(200);
    submit_with(&app, june, json!({"until_next": true})).await.expect(200);
    backtest(&app, june).await;
    assert_eq!(approve(&app, june).await.expect(200)["release"], 3);
    let scheme = rules.path().join(SCHEME);
    let text = std::fs::read_to_string(&scheme).unwrap().replacen("value = 0.60", "value = 0.9", 1);
    std::fs::write(&scheme, &text).unwrap();
    let folder = RulesFolder::new(rules.path(), true);
    look(&folder, &app).await;
    assert_eq!(folder.status().release, Some(3));
    // Its next edit would count in August, too, where the bonus was cut.
    std::fs::write(&scheme, format!("{text}# 注\n")).unwrap();
    look(&folder, &app).await;
    let status = folder.status();
    assert_eq!((status.state, status.release), (FolderState::Broken, None));
    let told = status.findings.iter().find(|finding| finding.code == "stale-folder").unwrap();
    assert!(told.message.starts_with("release 2 has a change") && told.place.file == SCHEME, "{told}");
    let both = text.replacen("name = \"bonus_cap\"", "#\nname = \"bonus_cap\"", 1).replacen(
        "value = 5\n",
        "value = 4\n",
        1,
    );
    std::fs::write(&scheme, both).unwrap();
    look(&folder, &app).await;
    assert_eq!(folder.status().release, Some(4), "{:#?}", folder.status().findings);
}

/// A folder that was put back to older rules is a change of these, although a draft of it was approved meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_was_put_back_is_a_change_of_what_it_was_put_back_to() {
    let rules = copied_rules();
    let app = TestApp::start(Template::Demo, rules.path()).await.in_english();
    let folder = RulesFolder::new(rules.path(), false);
    let look_at = async |moment: &str| {
        let cx = &mut Context::operator(&app.pool, moment.parse().unwrap()).await.unwrap();
        folder.sync(cx).await.unwrap();
        folder.status()
    };
    let scheme = rules.path().join(SCHEME);
    let text = std::fs::read_to_string(&scheme).unwrap();
    let save = |text: &str| std::fs::write(&scheme, text).unwrap();
    assert_eq!(look_at("2014-05-15T02:00:00Z").await.release, Some(1));
    save(&text.replacen("value = 0.60", "value = 0.9", 1));
    let draft = look_at("2014-05-15T02:01:00Z").await.draft.unwrap();
    save(&text);
    assert_eq!(look_at("2014-05-15T02:02:00Z").await.release, Some(1));
    assert_eq!(release(&app, draft).await, 2);
    // Somebody who knows nothing of that goes on writing.
    save(&format!("{text}# 注\n"));
    let next = look_at("2014-05-15T02:03:00Z").await.draft.unwrap();
    assert_eq!(app.get("hr", &format!("/v1/rules/drafts/{next}")).await.expect(200)["base_release"], 1);
    refused(submit(&app, next).await, "would replace release 2");
    assert_eq!(caught_up(&app, next).await, 3);
    assert_eq!(june(&app).await.0, "0.9");
    // A file that is none of the rules comes and goes, and is told for as long as it is there.
    let stray = rules.path().join("sales_consultant/70_complaints.rhai.txt");
    for is_there in [true, false] {
        if is_there { std::fs::write(&stray, "x") } else { std::fs::remove_file(&stray) }.unwrap();
        let findings = look_at("2014-05-15T02:04:00Z").await.findings;
        let told = findings.iter().any(|finding| finding.place.file.ends_with("70_complaints.rhai.txt"));
        assert_eq!(told, is_there, "{findings:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_sent_are_a_change_of_what_they_come_from() {
    let app = TestApp::demo().await.in_english();
    let one = begin(&app).await;
    let files = app.get("hr", &format!("/v1/rules/drafts/{one}")).await.expect(200)["files"].clone();
    let mut sent = serde_json::Map::new();
    for path in files.as_object().unwrap().keys() {
        sent.insert(path.clone(), read(&app, one, path).await.into());
    }
    let text = sent[SCRIPT].as_str().unwrap().to_owned();
    sent.insert(SCRIPT.to_owned(), format!("{text}// 导入\n").into());
    set(&app, one, "attainment_floor", json!(0.9)).await.expect(200);
    release(&app, one).await;
    // They are a change of release 1, whether or not that is said.
    for body in [json!({"files": sent}), json!({"files": sent, "base": 1})] {
        let draft = app.post("hr", "/v1/rules/drafts", body).await.expect(201);
        assert_eq!(draft["base_release"], 1);
        refused(submit(&app, draft["id"].as_i64().unwrap()).await, "would replace release 2");
    }
    assert_eq!(
        app.post("hr", "/v1/rules/drafts", json!({"files": sent, "base": 9})).await.problem(404),
        "not-found"
    );
    assert_eq!(
        app.post("hr", "/v1/rules/drafts", json!({"base": 1})).await.problem(422),
        "validation-failed"
    );
    let draft = app.post("hr", "/v1/rules/drafts", json!({"files": sent})).await.expect(201);
    caught_up(&app, draft["id"].as_i64().unwrap()).await;
    assert_eq!(june(&app).await.0, "0.9");
    // Taking back what was released, knowingly: a copy of the first replaces the last.
    let back = app.post("hr", "/v1/rules/drafts", json!({"release": 1})).await.expect(201);
    assert_eq!(back["base_release"], 3);
    release(&app, back["id"].as_i64().unwrap()).await;
    assert_eq!(june(&app).await.0, "0.6");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_both_have_changed_is_told_place_by_place() {
    let app = TestApp::demo().await.in_english();
    let (one, two) = (begin(&app).await, begin(&app).await);
    let text = read(&app, one, SCRIPT).await;
    let first = text.lines().next().unwrap();
    for (draft, floor, title) in [(one, 0.9, "// 投诉（一）"), (two, 0.8, "// 投诉（二）")] {
        set(&app, draft, "attainment_floor", json!(floor)).await.expect(200);
        write(&app, draft, SCRIPT, &text.replacen(first, title, 1)).await.expect(200);
    }
    set(&app, two, "bonus_cap", json!(4)).await.expect(200);
    release(&app, one).await;
    let before = app.get("hr", &format!("/v1/rules/drafts/{two}")).await.expect(200);
    let told = rebase(&app, two, json!({})).await;
    let mut errors = told.body["errors"].as_array().unwrap().clone();
    errors.sort_by_key(|error| error["field"].to_string());
    assert_eq!(errors[0]["field"], SCRIPT);
    assert_eq!(errors[1]["field"], format!("{SCHEME}#attainment_floor"));
    assert_eq!(errors[1]["message"], format!("was «0.6»; draft {two} says «0.8», release 2 says «0.9»"));
    assert_eq!(told.problem(409), "conflict");
    assert_eq!(app.get("hr", &format!("/v1/rules/drafts/{two}")).await.expect(200), before);
    let rebased = rebase(&app, two, json!({"prefer": "release"})).await.expect(200);
    assert_eq!(rebased["base_release"], 2);
    assert!(read(&app, two, SCRIPT).await.starts_with("// 投诉（一）"));
    release(&app, two).await;
    assert_eq!(june(&app).await, ("0.9".to_owned(), "4".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_for_a_later_month_takes_nothing_back_unknown() {
    let app = TestApp::demo().await.in_english();
    let (later, now) = (begin(&app).await, begin(&app).await);
    set(&app, later, "bonus_cap", json!(4)).await.expect(200);
    submit_with(&app, later, json!({"effective_from": "2014-08"})).await.expect(200);
    backtest(&app, later).await;
    assert_eq!(approve(&app, later).await.expect(200)["release"], 2);
    // June's change would be gone in August.
    set(&app, now, "attainment_floor", json!(0.9)).await.expect(200);
    let told = submit(&app, now).await;
    assert!(
        told.body["errors"][0]["message"].as_str().unwrap().contains("release 2 takes over from 2014-08")
    );
    assert_eq!(told.problem(422), "validation-failed");
    // What August has is no part of June's, and the other way round.
    let nowhere = rebase(&app, now, json!({"onto": 9})).await;
    assert_eq!(nowhere.body["errors"][0]["field"], "onto");
    assert_eq!(nowhere.problem(422), "validation-failed");
    rebase(&app, now, json!({"onto": 2})).await.expect(200);
    refused(submit(&app, now).await, "would replace release 1");
    rebase(&app, now, json!({"onto": 1})).await.expect(200);
    assert!(!read(&app, now, SCHEME).await.contains("value = 4\n"));
    let shown = submit_with(&app, now, json!({"until_next": true})).await.expect(200);
    assert_eq!((&shown["yields_to"], &shown["replaces"]), (&json!(2), &json!(1)));
    backtest(&app, now).await;
    // Somebody else's July comes in between.
    let july = begin(&app).await;
    rebase(&app, july, json!({"onto": 1})).await.expect(200);
    write(&app, july, SCRIPT, &(read(&app, july, SCRIPT).await + "// 七月\n")).await.expect(200);
    submit_with(&app, july, json!({"effective_from": "2014-07", "until_next": true})).await.expect(200);
    backtest(&app, july).await;
    assert_eq!(approve(&app, july).await.expect(200)["release"], 3);
    refused(approve(&app, now).await, "release 3 was published since");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_is_given_up_only_in_words() {
    let app = TestApp::demo().await.in_english();
    let draft = begin(&app).await;
    let path = "telesales_specialist/scheme.toml";
    let scheme = read(&app, draft, path).await;
    let misspelt = scheme.replace("\"telesales_specialist\"", "\"clerk\"");
    write(&app, draft, path, &misspelt).await.expect(200);
    let verdict = app.get("hr", &format!("/v1/rules/drafts/{draft}/verdict")).await.expect(200);
    let codes = verdict["findings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap());
    assert!(codes.collect::<Vec<_>>().contains(&"position-vanished"), "{verdict:#}");
    assert_eq!(submit(&app, draft).await.problem(409), "rules-broken");
    let word = "[[unscored]]\nposition = \"telesales_specialist\"\nreason = \"并入内勤\"\n";
    write(&app, draft, "unscored.toml", word).await.expect(200);
    let shown = submit(&app, draft).await.expect(200);
    // Others are held, and neither scored nor spoken of.
    assert!(shown["unscored"].as_array().unwrap().contains(&json!("sales_manager")), "{shown:#}");
    assert!(!shown["unscored"].as_array().unwrap().contains(&json!("telesales_specialist")));
    let report = backtest(&app, draft).await["report"].clone();
    let named = report["withdrawn_first"].as_array().unwrap();
    assert_eq!(report["withdrawn"].as_u64().unwrap(), u64::try_from(named.len()).unwrap());
    assert!(
        !named.is_empty()
            && named.iter().all(|one| one["person"]["employee_no"].as_str().unwrap().starts_with('T'))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_change_of_a_total_is_told_rule_by_rule_to_the_cent() {
    let app = TestApp::demo().await.in_english();
    let draft = begin(&app).await;
    // Nobody's complaints count any more: the rule leaves the denominator.
    let text = "fn score(complaints_minor, complaints_serious, complaints_major) {\n    \
        note(`${complaints_minor} ${complaints_serious} ${complaints_major}`);\n    skip(\"不再考核\")\n}\n";
    write(&app, draft, SCRIPT, text).await.expect(200);
    crate::releases::remove_cases(&app, draft, "70_complaints").await;
    set(&app, draft, "attainment_floor", json!(0.9)).await.expect(200);
    let report = backtest(&app, draft).await["report"].clone();
    let movers = ["gainers", "losers"].map(|side| report[side].as_array().unwrap().clone()).concat();
    assert!(!movers.is_empty());
    let dec = |value: &Value| value.to_string().parse::<rust_decimal::Decimal>().unwrap();
    let mut named = std::collections::BTreeSet::new();
    for mover in &movers {
        let parts = mover["parts"].as_array().unwrap();
        let sum: rust_decimal::Decimal = parts.iter().map(|part| dec(&part["change"])).sum();
        assert_eq!(sum, dec(&mover["change"]), "{mover:#}");
        named.extend(mover["rule"]["rule"].as_str().map(str::to_owned));
    }
    assert!(named.contains("70_complaints"), "{named:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_handed_in_does_not_take_back_what_was_released_by_itself() {
    let rules = copied_rules();
    let app = TestApp::start(Template::Demo, rules.path()).await.in_english();
    let draft = begin(&app).await;
    set(&app, draft, "bonus_cap", json!(4)).await.expect(200);
    submit(&app, draft).await.expect(200);
    backtest(&app, draft).await;
    // Meanwhile the folder is released by itself, with another number.
    let scheme = rules.path().join(SCHEME);
    let text = std::fs::read_to_string(&scheme).unwrap();
    std::fs::write(&scheme, text.replacen("value = 0.60", "value = 0.9", 1)).unwrap();
    let folder = RulesFolder::new(rules.path(), true);
    look(&folder, &app).await;
    assert_eq!(folder.status().release, Some(2));
    refused(approve(&app, draft).await, "would replace release 2 and take back");
    step(&app, "hr", draft, "withdraw", None).await.expect(200);
    assert_eq!(caught_up(&app, draft).await, 3);
    assert_eq!(june(&app).await, ("0.9".to_owned(), "4".to_owned()));
    // And the folder, which has none of the draft, does not come back by itself.
    std::fs::write(&scheme, text.replacen("value = 0.60", "value = 0.9", 1) + "# 注\n").unwrap();
    look(&folder, &app).await;
    assert_eq!((folder.status().state, folder.status().release), (FolderState::Broken, None));
    assert!(folder.status().findings.iter().any(|finding| finding.code == "stale-folder"));
    assert_eq!(june(&app).await, ("0.9".to_owned(), "4".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_are_set_and_files_that_are_brought_back_do_not_undo_each_other() {
    let app = TestApp::demo().await;
    let draft = begin(&app).await;
    let files = app.get("hr", &format!("/v1/rules/drafts/{draft}")).await;
    let (seen, text) = (files.etag.clone().unwrap(), read(&app, draft, SCHEME).await);
    // One sets a number while the other one edits what was exported before.
    set(&app, draft, "attainment_floor", json!(0.9)).await.expect(200);
    let edited = text.replacen("title = {", "# 注\ntitle = {", 1);
    let path = format!("/v1/rules/drafts/{draft}/files/{SCHEME}");
    let put = async |seen: &str, text: &str| {
        let request = app.request(Method::PUT, &path).bearer_auth(app.token("hr").await);
        Answer::of(request.header("If-Match", seen).body(text.to_owned()).send().await.unwrap()).await
    };
    assert_eq!(put(&seen, &edited).await.problem(412), "precondition-failed");
    assert!(read(&app, draft, SCHEME).await.contains("value = 0.9\n"));
    let now = app.get("hr", &format!("/v1/rules/drafts/{draft}")).await.etag.unwrap();
    let edited = read(&app, draft, SCHEME).await.replacen("title = {", "# 注\ntitle = {", 1);
    put(&now, &edited).await.expect(200);
    // And a number that is set after that leaves the edit where it is.
    set(&app, draft, "bonus_cap", json!(4)).await.expect(200);
    let both = read(&app, draft, SCHEME).await;
    assert!(both.contains("# 注\n") && both.contains("value = 0.9\n") && both.contains("value = 4\n"));
}

/// Two servers that each release a folder of their own: neither takes back in silence what came from the other's.
#[tokio::test(flavor = "multi_thread")]
async fn two_folders_that_are_released_by_themselves_do_not_undo_each_other() {
    let (one, other) = (copied_rules(), copied_rules());
    let app = TestApp::start(Template::Demo, one.path()).await.in_english();
    let folders = [&one, &other].map(|rules| RulesFolder::new(rules.path(), true));
    let [first, second] = &folders;
    let text = std::fs::read_to_string(one.path().join(SCHEME)).unwrap();
    let with = |floor: &str, cap: &str| {
        let cap = format!("value = {cap}\n");
        text.replacen("value = 0.60", &format!("value = {floor}"), 1).replacen("value = 5\n", &cap, 1)
    };
    for folder in &folders {
        look(folder, &app).await;
        assert_eq!(folder.status().release, Some(1));
    }
    std::fs::write(one.path().join(SCHEME), with("0.9", "5")).unwrap();
    look(first, &app).await;
    assert_eq!(first.status().release, Some(2));
    // The other server starts anew, and its folder holds what it always held.
    let again = RulesFolder::new(other.path(), true);
    look(&again, &app).await;
    let status = again.status();
    assert_eq!((status.state, status.release), (FolderState::Broken, None));
    assert!(status.findings.iter().any(|finding| finding.code == "stale-folder"), "{:#?}", status.findings);
    // Nor does its own change count while it lacks the first one's.
    std::fs::write(other.path().join(SCHEME), with("0.60", "4")).unwrap();
    look(second, &app).await;
    assert_eq!((second.status().state, second.status().release), (FolderState::Broken, None));
    std::fs::write(other.path().join(SCHEME), with("0.9", "4")).unwrap();
    look(second, &app).await;
    assert_eq!(second.status().release, Some(3), "{:#?}", second.status().findings);
    // And the first one, in its turn, lacks what the second has added, also where it is put back on purpose.
    std::fs::write(one.path().join(SCHEME), with("0.60", "5")).unwrap();
    look(first, &app).await;
    assert_eq!((first.status().state, first.status().release), (FolderState::Broken, None));
    // A folder that is put back where it released last is changed on purpose.
    std::fs::write(other.path().join(SCHEME), with("0.60", "4")).unwrap();
    look(second, &app).await;
    assert_eq!(second.status().release, Some(4), "{:#?}", second.status().findings);
}
