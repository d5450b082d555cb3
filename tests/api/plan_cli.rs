//! A plan from nothing to its re-plan, on the command line.

use calamine::{Reader as _, Xlsx};
use serde_json::{Value, json};

use crate::program::run as run_alone;
use crate::support::{Printed, Template, database_url, showfloor};

struct Shop {
    url: String,
}

impl Shop {
    fn run(&self, login: &str, args: &[&str]) -> Printed {
        let mut all = vec!["plan"];
        all.extend(args);
        all.extend(["--as", login, "--password-stdin", "--database-url", &self.url]);
        showfloor(&all, b"showfloor-demo\n")
    }

    #[track_caller]
    fn well(&self, login: &str, args: &[&str]) -> String {
        let printed = self.run(login, args);
        assert_eq!(printed.status, 0, "{args:?}: {printed:?}");
        printed.out
    }

    #[track_caller]
    fn json(&self, login: &str, args: &[&str]) -> Value {
        let mut all = args.to_vec();
        all.push("--json");
        serde_json::from_str(&self.well(login, &all)).unwrap()
    }
}

fn cells(row: &str) -> Vec<&str> {
    row.split(['│', '┆']).map(str::trim).filter(|cell| !cell.is_empty()).collect()
}

#[test]
fn every_command_says_how_it_is_used() {
    for command in [
        "suggest", "try", "create", "template", "show", "pin", "submit", "approve", "return", "next",
        "replan", "follow",
    ] {
        let help = run_alone(&["plan", command, "--help"]);
        assert_eq!(help.status, 0, "{command}");
        assert!(
            help.out.contains("Example") && help.out.contains(&format!("  showfloor plan {command} ")),
            "{}",
            help.out
        );
    }
    for (args, message) in [
        (["plan", "create", "--as", "x"].as_slice(), "--unit"),
        (&["plan", "try", "--unit", "JC", "--year", "2027", "--total", "5", "--as", "x"], "--method"),
        (
            &[
                "plan", "suggest", "--unit", "JC", "--year", "2027", "--total", "5", "--method", "best",
                "--as", "x",
            ],
            "equal-per-head",
        ),
        (&["plan", "pin", "3", "2027-13=1", "--as", "x"], "2014-Q1"),
        (&["plan", "approve", "3", "--as", "x"], "--from"),
        (&["plan", "create", "--file", "x.json", "--unit", "JC", "--as", "x"], "--unit"),
    ] {
        let wrong = run_alone(args);
        assert!(wrong.status == 2 && wrong.err.contains(message), "{args:?}: {wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_all_the_way_on_the_command_line() {
    let shop = Shop { url: database_url(Template::Demo).await };
    let wish = ["--unit", "JC", "--year", "2027", "--total", "1690"];
    let with = |first: &[&'static str], more: &[&'static str]| [first, &wish, more].concat();
    // Suggested: months across, the store first; the notes apart from the table.
    let suggested = shop.run("manager", &with(&["suggest"], &[]));
    assert_eq!(suggested.status, 0, "{suggested:?}");
    let store = suggested.out.lines().find(|line| line.contains(" JC ")).unwrap();
    // domain.md, "Worked example, total 1690".
    assert_eq!(
        cells(store),
        ["JC", "160", "108", "149", "137", "134", "133", "117", "126", "148", "150", "156", "172", "1690"]
    );
    assert!(suggested.err.contains("2014"), "{}", suggested.err);
    // Tried: a method a row. One that cannot split it ends with 1.
    let tried = shop.well("manager", &with(&["try"], &["--method", "equal", "--method", "equal-per-head"]));
    assert!(tried.contains("equal_per_head"), "{tried}");
    let refused = shop.run("manager", &with(&["try"], &["--method", "equal", "--method", "history=2020"]));
    assert!(refused.status == 1 && refused.err.contains("history"), "{refused:?}");
    // Created of a file that a suggestion gave.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("plan.json");
    let plan = shop
        .json("manager", &with(&["suggest"], &["--from-plan", "2014", "--line", "insurance_policies=72%"]));
    assert_eq!(plan["units"][0]["weight"], 36);
    assert!(plan["lines"][0]["penetration"].to_string().contains("0.72"), "{plan:#}");
    std::fs::write(&file, plan.to_string()).unwrap();
    let created = shop.well("manager", &["create", "--file", file.to_str().unwrap()]);
    // 1690 × 0.72 = 1216.8
    assert!(created.contains("insurance_policies: 1217"), "{created}");
    let team = created.lines().find(|line| line.contains(" G1 ")).unwrap();
    assert_eq!(
        cells(team)[2..],
        ["58", "39", "53", "50", "48", "48", "42", "45", "53", "54", "57", "61", "608"]
    );
    let twice = shop.run("manager", &with(&["create"], &[]));
    assert!(twice.status == 1 && twice.err.contains("draft"), "{twice:?}");
    let plans = shop.json("manager", &["list", "--unit", "JC", "--year", "2027"]);
    let id = plans[0]["id"].to_string();
    // Pinned by quarter, for a person: 16, 11 and 15 of 42 in 60.
    let pinned = shop.json("manager", &["pin", &id, "--unit", "G1", "--person", "A01", "2027-Q1=60"]);
    assert_eq!(
        pinned["units"][0]["members"][0]["months"].as_array().unwrap()[..3],
        [json!(23), json!(16), json!(21)]
    );
    let wrong = shop.run("manager", &["pin", &id, "--unit", "G9", "2027-01=1"]);
    assert!(wrong.status == 1 && wrong.err.contains("G9"), "{wrong:?}");
    // What is refused names the cells as they were typed, the pins that stand in the way, and how one is released.
    for (cells, said) in [
        (
            &["--unit", "G1", "--person", "A01", "2027-Q1=60", "2027-02=20"][..],
            "2027-02=20: 2027-02 of JC/G1/A01 is held by 2027-Q1=60 already",
        ),
        (&["--unit", "G1", "--person", "A01", "2027-05=2000"], "\n  2027-05=2000: deliveries: "),
        (&["--unit", "G1", "2027-01=10"], "JC/G1/A01 2027-01: pinned at 23: "),
        (&["--unit", "G1", "2027-01=10"], &format!("plan pin {id} --unit CODE --person NUMBER 2027-01= ")),
    ] {
        let refused = shop.run("manager", &[&["pin", &id][..], cells].concat());
        assert!(refused.status == 1 && refused.err.contains(said), "{said}: {refused:?}");
    }
    // Handed in, handed back, handed in, approved: never by who wrote it.
    shop.well("manager", &["submit", &id]);
    let back = shop.well("gm", &["return", &id, "--note", "三组太少"]);
    assert!(back.contains(", draft"), "{back}");
    shop.well("manager", &["submit", &id]);
    let own = shop.run("manager", &["approve", &id, "--from", "2027-01"]);
    assert_eq!(own.status, 1, "{own:?}");
    let approved = shop.json("gm", &["approve", &id, "--from", "2027-01"]);
    assert_eq!((&approved["status"], &approved["effective_from"]), (&json!("approved"), &json!("2027-01")));
    let shown = shop.well("consultant", &["list", "--unit", "JC", "--year", "2027"]);
    assert!(!shown.contains("2027-01"), "{shown}");
    // Everybody is where the plan has them.
    let follow = shop.well("manager", &["follow", &id]);
    assert!(follow.contains("follows the postings"), "{follow}");
    // 10 are left for eleven months, of which A01's February and March alone are pinned at 37.
    let results = ["--results", "deliveries=150", "--results", "insurance_policies=100"];
    let replan = ["replan", &id, "--from", "2027-02", "--total", "160"];
    let refused = shop.run("manager", &[&replan[..], &results].concat());
    for said in ["JC/G1/A01 2027-02: pinned at 16: ", "--release-pins", &format!("showfloor plan next {id} ")]
    {
        assert!(refused.status == 1 && refused.err.contains(said), "{said}: {refused:?}");
    }
    // Planned again: 1690 − 150 over eleven months, January as it was.
    let again = shop.json(
        "manager",
        &[
            "replan",
            &id,
            "--from",
            "2027-02",
            "--results",
            "deliveries=150",
            "--results",
            "insurance_policies=100",
        ],
    );
    let months: Vec<i64> =
        again["months"].as_array().unwrap().iter().map(|month| month.as_i64().unwrap()).collect();
    assert_eq!((months[0], months[1..].iter().sum::<i64>()), (160, 1540));
    assert_eq!(again["version"], 2);
    let again = again["id"].to_string();
    let shown = shop.well("manager", &["show", &again]);
    assert!(shown.contains("deliveries: 1690, results 150, remaining 1540, targets 1700"), "{shown}");
    let next = shop.run("manager", &["next", &id]);
    assert!(next.status == 1 && next.err.contains("draft"), "{next:?}");
    // The manufacturer's sheet of targets: 10 in January, 20 in February, and so on.
    let sheet = folder.path().join("任务.csv");
    let rows: String = (1..=12).map(|month| format!("{month}月,{}\n", month * 10)).collect();
    std::fs::write(&sheet, format!("月份,提车任务\n{rows}")).unwrap();
    let of_sheet = ["suggest", "--unit", "JC", "--year", "2028", "--targets", sheet.to_str().unwrap()];
    let suggested = shop.json("manager", &of_sheet);
    assert_eq!((&suggested["total"], &suggested["method"]["manual"][11]), (&json!(780), &json!(120)));
    let unknown = shop.run("manager", &[&of_sheet[..], &["--mapping", "X"]].concat());
    assert!(unknown.status == 1 && unknown.err.contains("column mapping"), "{unknown:?}");
    // A workbook is Chinese unless English is asked for, whatever the terminal speaks.
    for (lang, name) in [(&[][..], "交车台数·组织"), (&["--lang", "en"][..], "Deliveries·Organisation")]
    {
        let file = folder.path().join(format!("{}.xlsx", lang.len()));
        shop.well("manager", &[&["export", &id, file.to_str().unwrap()][..], lang].concat());
        let book: Xlsx<_> = calamine::open_workbook(&file).unwrap();
        assert_eq!(book.sheet_names()[0], name);
    }
    // A template of another year, empty: the total is asked for.
    let book = folder.path().join("计划.xlsx");
    let book = book.to_str().unwrap();
    shop.well("manager", &["template", book, "--unit", "JC", "--year", "2028"]);
    let kept = shop.run("manager", &["template", book, "--unit", "JC", "--year", "2028"]);
    assert!(kept.status == 1 && kept.err.contains("--force"), "{kept:?}");
    let empty = shop.run("manager", &["create", "--template", book]);
    assert!(empty.status == 1 && empty.err.contains("'Year's target'"), "{empty:?}");
}
