use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;
use crate::http::body::{check, parse};

/// The fields at fault in `body`, sorted.
fn faults<T: DeserializeOwned + Validate<Context = ()>>(body: Value) -> Vec<String> {
    let read = parse::<T>(body.to_string().as_bytes()).and_then(|value| check(&value));
    let mut fields: Vec<_> =
        read.err().into_iter().flat_map(|problem| problem.errors).map(|error| error.field).collect();
    fields.sort();
    fields
}

fn unit(key: &str, value: Value) -> Value {
    let mut body = json!({ "code": "G1", "name": "销售一组", "kind": "team", "parent": "XS", "valid_from": "2014-01-01" });
    body[key] = value;
    body
}

#[test]
fn a_code_is_short_and_fits_into_a_url() {
    for code in ["G", "G1", "a-b_C9", &"x".repeat(32)] {
        assert!(faults::<NewOrgUnit>(unit("code", json!(code))).is_empty(), "{code}");
    }
    for code in ["", "G 1", "G/1", "组一", "G\u{0}", &"x".repeat(33)] {
        assert_eq!(faults::<NewOrgUnit>(unit("code", json!(code))), ["code"], "{code}");
        assert_eq!(faults::<NewOrgUnit>(unit("parent", json!(code))), ["parent"], "{code}");
    }
}

#[test]
fn a_name_is_one_line() {
    for name in ["", " ", " 一组", "一\n组", "\u{0}", &"组".repeat(65)] {
        assert_eq!(faults::<NewOrgUnit>(unit("name", json!(name))), ["name"], "{name}");
        assert_eq!(faults::<EmployeePatch>(json!({ "name": name })), ["name"], "{name}");
    }
    assert!(faults::<NewOrgUnit>(unit("name", json!("组".repeat(64)))).is_empty());
}

#[test]
fn every_field_at_fault_is_named() {
    let body = json!({
        "unit": "G 1", "employee_no": "", "kind": "channel", "valid_from": "1899-12-31", "valid_to": "1899-12-31",
    });
    assert_eq!(
        faults::<NewTeamLeadership>(body),
        ["channel", "employee_no", "unit", "valid_from", "valid_to"]
    );
}

#[test]
fn an_end_comes_after_the_begin() {
    for (end, is_fine) in
        [("2014-01-02", true), ("2014-01-01", false), ("2013-12-31", false), ("3000-01-01", false)]
    {
        assert_eq!(faults::<NewOrgUnit>(unit("valid_to", json!(end))).is_empty(), is_fine, "{end}");
    }
    assert_eq!(faults::<NewOrgUnit>(unit("valid_from", json!("2014-02-30"))), ["valid_from"]);
}

#[test]
fn a_channel_belongs_to_a_channel_leader() {
    let body = |kind: &str, channel: Value| json!({ "unit": "G1", "employee_no": "T01", "kind": kind, "channel": channel, "valid_from": "2014-01-01" });
    assert!(faults::<NewTeamLeadership>(body("line", Value::Null)).is_empty());
    assert!(faults::<NewTeamLeadership>(body("channel", json!("phone_web"))).is_empty());
    assert_eq!(faults::<NewTeamLeadership>(body("line", json!("phone_web"))), ["channel"]);
    assert_eq!(faults::<NewTeamLeadership>(body("channel", Value::Null)), ["channel"]);
    assert_eq!(faults::<NewTeamLeadership>(body("channel", json!("电话"))), ["channel"]);
}

#[test]
fn no_end_is_not_the_same_as_not_said() {
    let patch = |body: &str| parse::<OrgUnitPatch>(body.as_bytes()).unwrap().valid_to;
    let day = NaiveDate::from_ymd_opt(2014, 7, 1).unwrap();
    assert_eq!(patch("{}"), None);
    assert_eq!(patch(r#"{"valid_to": null}"#), Some(None));
    assert_eq!(patch(r#"{"valid_to": "2014-07-01"}"#), Some(Some(day)));
    assert_eq!(faults::<OrgUnitPatch>(json!({ "valid_to": "3000-01-01" })), ["valid_to"]);

    assert!(parse::<EndPatch>(b"{}").is_err());
    assert_eq!(parse::<EndPatch>(br#"{"valid_to": null}"#).unwrap().valid_to, None);
    assert_eq!(faults::<EndPatch>(json!({ "valid_to": "1850-01-01" })), ["valid_to"]);
}
