use super::*;

fn march() -> Period {
    Period::new(2014, 3).unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn tenure(unit_id: i64, employee_id: i64, from: &str, to: &str) -> Tenure {
    let validity = Validity { from: day(from), to: (!to.is_empty()).then(|| day(to)) };
    Tenure { leadership: Leadership { unit_id, employee_id }, validity }
}

#[test]
fn a_team_is_led_by_who_led_it_on_most_days() {
    let tenures = [
        // 1–10 and 21–31 against 11–20: 21 days to 10.
        tenure(2, 5, "2014-01-01", "2014-03-11"),
        tenure(2, 6, "2014-03-11", "2014-03-21"),
        tenure(2, 5, "2014-03-21", ""),
        // 15 days each, nobody on the 1st: the later one.
        tenure(1, 9, "2014-03-17", ""),
        tenure(1, 8, "2014-03-02", "2014-03-17"),
        // Not in March.
        tenure(3, 7, "2014-04-01", ""),
    ];
    let led = led_in(march(), &tenures);
    assert_eq!(led, [Leadership { unit_id: 1, employee_id: 9 }, Leadership { unit_id: 2, employee_id: 5 }]);
}
