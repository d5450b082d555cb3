//! `showfloor plan funnel`: from deliveries back to leads.

use serde_json::json;

use crate::program::{json as run_json, run};

#[test]
fn march_takes_so_many_orders_visits_and_leads() {
    let showroom = ["plan", "funnel", "--channel", "showroom", "--deliveries", "89"];
    let expected =
        json!({"deliveries": 89, "orders": 94, "captured": 376, "first_visits": 443, "test_drives": 264});
    assert_eq!(run_json(0, &[showroom.as_slice(), &["--json"]].concat()), expected);
    let printed = run(&showroom);
    assert_eq!((printed.status, printed.err.as_str()), (0, ""));
    let row = printed.out.lines().find(|line| line.contains("captured leads")).unwrap();
    assert!(row.contains("25%") && row.contains("376"), "{}", printed.out);

    let phone_web = ["plan", "funnel", "--channel", "phone_web", "--deliveries", "33", "--json"];
    let expected =
        json!({"deliveries": 33, "orders": 35, "arrivals": 117, "valid_leads": 468, "raw_leads": 936});
    assert_eq!(run_json(0, &phone_web), expected);
    // 35 ÷ 0.7 = 50, ÷ 1 = 50, ÷ 0.3 = 166.7.
    let rates = ["--closing-rate", "0.7", "--arrival-rate", "1", "--valid-rate", "0.30"];
    let expected =
        json!({"deliveries": 33, "orders": 35, "arrivals": 50, "valid_leads": 50, "raw_leads": 167});
    assert_eq!(run_json(0, &[phone_web.as_slice(), &rates].concat()), expected);
}

#[test]
fn a_rate_that_makes_no_sense_is_named() {
    for (status, more, message) in [
        (1, ["--deliveries", "89", "--closing-rate", "0"], "closing rate"),
        (1, ["--deliveries", "89", "--order-rate", "95"], "the order rate: expected a number above 0"),
        (
            1,
            ["--deliveries", "89", "--valid-rate", "0.5"],
            "--valid-rate: the funnel of showroom has no such",
        ),
        (1, ["--deliveries=-1", "--order-rate", "1", "--json"], "deliveries: expected 0 or more, not -1"),
        (2, ["--deliveries", "89", "--order-rate", "all"], "expected a number such as 0.25"),
        (2, ["--deliveries", "many", "--order-rate", "1"], "many"),
    ] {
        let printed = run(&[["plan", "funnel", "--channel", "showroom"].as_slice(), &more].concat());
        assert_eq!((printed.status, printed.out.as_str()), (status, ""), "{more:?}: {printed:#?}");
        assert!(printed.err.contains(message), "{more:?}: {}", printed.err);
    }
}
