//! `showfloor close`: what a month waits for, whom it waits for, and freezing it.

use crate::program::{json as run_json, run};
use crate::support::{Template, database_url};

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_frozen_once_nothing_is_missing_or_somebody_says_why() {
    let url = database_url(Template::Demo).await;
    let close =
        |args: &[&str]| run(&[&["close", "--lang", "zh", "--database-url", url.as_str()], args].concat());
    // March of the demonstration is complete; its facts can still change.
    let march = run_json(0, &["close", "2014-03", "--json", "--database-url", &url]);
    assert_eq!((&march[0]["is_complete"], &march[0]["cycle"]["facts_frozen_at"]), (&true.into(), &().into()));
    // Nothing has come for January 2015: every person and source is named, in Chinese.
    let open = close(&["2015-01"]);
    assert_eq!(open.status, 1, "{open:#?}");
    for part in ["客户投诉", "唐雅琴", "A12  ┆ 罗天成 ┆ 考勤", "应出勤天数"] {
        assert!(open.out.contains(part), "{part}\n{}", open.out);
    }
    assert!(!open.out.contains("交车台数"), "{}", open.out);
    assert!(close(&["2015-01", "--people"]).out.contains("交车台数"));
    let refused = close(&["2015-01", "--freeze"]);
    assert_eq!((refused.status, refused.out.as_str()), (1, ""), "{refused:#?}");
    assert!(refused.err.contains("还缺计分要用的数据"), "{}", refused.err);
    assert_eq!(close(&["2015-01", "--freeze", "--accept-missing"]).status, 2, "a note is asked for");
    let frozen = close(&["2015-01", "--freeze", "--accept-missing", "--note", "客服休假"]);
    assert!(frozen.out.contains("数据已冻结"), "{frozen:#?}");
    let again = close(&["2015-01", "--freeze", "--accept-missing", "--note", "x"]);
    assert!(again.status == 1 && again.err.contains("关账"), "{again:#?}");
    // What the files bring afterwards is refused, and nothing of it is written.
    let file = "tests/fixtures/dms-funnel-2015-01.csv";
    let late = run(&["import", file, "--kind", "dms-funnel", "--period", "2015-01", "--database-url", &url]);
    assert!(late.status == 1 && late.err.contains("frozen"), "{late:#?}");
}
