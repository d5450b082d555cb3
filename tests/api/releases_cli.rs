//! The way of a draft at the command line: who acts signs in.

use crate::support::{Printed, Template, database_url, shipped_rules, showfloor};

/// Runs `showfloor rules …` as a login of the demonstration, or as nobody in particular.
fn rules(url: &str, login: Option<&str>, args: &[&str]) -> Printed {
    let mut all = vec!["rules"];
    all.extend(args);
    all.extend(["--database-url", url]);
    if let Some(login) = login {
        all.extend(["--as", login, "--password-stdin"]);
    }
    showfloor(&all, b"showfloor-demo\n")
}

#[track_caller]
fn well(printed: Printed) -> String {
    assert_eq!(printed.status, 0, "{}{}", printed.out, printed.err);
    printed.out
}

#[track_caller]
fn refused(printed: Printed) -> String {
    assert_eq!(printed.status, 1, "{}{}", printed.out, printed.err);
    printed.err
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_begun_changed_tried_approved_and_exported() {
    let url = database_url(Template::Demo).await;
    let (hr, gm) = (Some("hr"), Some("gm"));
    assert!(well(rules(&url, hr, &["draft", "--note", "试行"])).contains("draft 2 begun"));
    let too_much = ["edit", "2", "--set", "sales_consultant.attainment_floor=1.5"];
    assert!(refused(rules(&url, hr, &too_much)).contains("outside its range 0 to 1"));
    let set = ["edit", "2", "--set", "sales_consultant.attainment_floor=0.9"];
    assert!(well(rules(&url, hr, &set)).contains("version 2"));
    let diff = well(rules(&url, None, &["diff", "2"]));
    assert!(diff.contains("\n-value = 0.60\n+value = 0.9\n"), "{diff}");

    let submit =
        |month| ["submit", "2", "--effective", month, "--consulted", "2026-01-10", "--note", "提高得分线"];
    assert!(refused(rules(&url, hr, &submit("2014-06"))).contains("2014-06 has begun"));
    assert!(refused(rules(&url, gm, &submit("2999-01"))).contains("your roles do not allow this"));
    assert!(well(rules(&url, hr, &submit("2999-01"))).contains("draft 2 submitted"));
    let approve = ["approve", "2", "--note", "同意"];
    assert!(refused(rules(&url, hr, &approve)).contains("your roles do not allow this"));
    assert!(refused(rules(&url, gm, &approve)).contains("not backtested"));
    let report =
        well(rules(&url, None, &["backtest", "--draft", "2", "--from", "2014-03", "--to", "2014-03"]));
    assert!(report.contains("10_sales_attainment"), "{report}");
    // What was looked at before it was handed in is another version than what would be published.
    let looked = rules(&url, None, &["diff", "2"]);
    assert!(looked.err.contains("draft 2, version 3, against release 1"), "{}", looked.err);
    let approve_seen = |version| ["approve", "2", "--note", "同意", "--seen", version];
    assert!(refused(rules(&url, gm, &approve_seen("2"))).contains("changed since you read it"));
    assert!(well(rules(&url, gm, &approve_seen("3"))).contains("release 2"));
    assert!(refused(rules(&url, gm, &approve)).contains("cannot be approved"));
    let releases = well(rules(&url, None, &["releases"]));
    assert!(releases.contains("2999-01") && releases.contains("提高得分线"), "{releases}");

    // Out to a folder and back in: byte for byte.
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("release-2");
    let target = target.to_str().unwrap();
    assert!(well(rules(&url, None, &["export", target])).contains("release 2"));
    assert!(refused(rules(&url, None, &["export", target])).contains("not an empty folder"));
    let script = "sales_consultant/70_complaints.rhai";
    let exported = std::fs::read(format!("{target}/{script}")).unwrap();
    assert_eq!(exported, std::fs::read(shipped_rules().join(script)).unwrap());
    assert!(well(rules(&url, hr, &["draft", "--from", target])).contains("draft 3 begun"));
    assert_eq!(well(rules(&url, None, &["diff", "3"])), "");
    // A folder that was exported from an older version overwrites nobody's change.
    assert!(
        well(rules(&url, hr, &["edit", "3", "--set", "sales_consultant.bonus_cap=4"])).contains("version 2")
    );
    let stale = ["edit", "3", "--from", target, "--seen", "1"];
    assert!(refused(rules(&url, hr, &stale)).contains("changed since you read it"));
    assert!(well(rules(&url, hr, &["discard", "3"])).contains("given up"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_does_nothing() {
    let url = database_url(Template::Demo).await;
    let args = ["rules", "draft", "--as", "hr", "--password-stdin", "--database-url", &url];
    let printed = showfloor(&args, b"not the password\n");
    assert!(refused(printed).contains("login or password is wrong"));
    let drafts = well(rules(&url, None, &["drafts", "--all", "--json"]));
    let drafts: serde_json::Value = serde_json::from_str(&drafts).unwrap();
    assert_eq!(drafts.as_array().unwrap().len(), 1);
}
