//! Scripts and files that try to hang, exhaust or break the program.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
use crate::ledger::metric::Catalogue;

#[test]
fn hostile_scripts_end_within_a_second() {
    let nested = format!("fn score(deliveries) {{ {}1{} }}", "(".repeat(5_000), ")".repeat(5_000));
    let doubling = "let s = \"aaaaaaaa\"; ".to_owned() + &"s += s; ".repeat(30);
    let mut many = String::new();
    for index in 0..40 {
        write!(many, "fn f{index}() {{ {index} }}").unwrap();
    }
    let scripts = [
        "fn score(deliveries) { score(deliveries) }".to_owned(),
        "fn f(n) { f(n + 1) + f(n + 2) } fn score(deliveries) { f(deliveries) }".to_owned(),
        "fn f(n) { if n > 0 { f(n - 1); f(n - 1); f(n - 1); f(n - 1) } 0 } fn score(deliveries) { f(14) }".to_owned(),
        "fn f(n) { note(`${deliveries_text()}`); if n > 0 { f(n - 1); f(n - 1) } } fn deliveries_text() { \"x\" } \
         fn score(deliveries) { f(12); 5 }"
            .to_owned(),
        format!("fn score(deliveries) {{ note(\"{}\"); 5 }}", "长".repeat(1_000)),
        format!("fn score(deliveries) {{ {doubling} 5 }}"),
        format!("fn score(deliveries) {{ {} 5 }}", "ratio(1, 3); ".repeat(70)),
        nested,
        format!("fn score(deliveries) {{ {}1 }}", "-".repeat(20_000)),
        format!("fn score(deliveries) {{ [{}] }}", "[".repeat(10_000)),
        format!("fn score(deliveries) {{ {} }}", "`${".repeat(3_000)),
        format!("fn score(deliveries) {{ {}", "if true { ".repeat(3_000)),
        format!("{}fn score(deliveries) {{ 5 }}", "/*".repeat(30_000)),
        " ".repeat(1024 * 1024),
        format!("{many} fn score(deliveries) {{ 1 }}"),
        "fn score(deliveries) { eval(\"1\") }".to_owned(),
        "fn score(deliveries) { try { 1 } catch { 2 } }".to_owned(),
        "fn score(deliveries) { loop { } }".to_owned(),
        "fn score(deliveries) { while true { } 5 }".to_owned(),
        "fn score(deliveries) { let f = |x| x; 5 }".to_owned(),
        "fn score(deliveries) { let f = Fn(\"score\"); f.call(1) }".to_owned(),
        "fn min(a, b) { 1 } fn score(deliveries) { min(1, 2) }".to_owned(),
        "import \"x\" as y; fn score(deliveries) { 5 }".to_owned(),
        "fn score(deliveries) { 2 ** 1000 }".to_owned(),
        "fn score(deliveries) { 1e400 }".to_owned(),
        format!("fn score(deliveries) {{ {} }}", "9".repeat(60_000)),
    ];
    for script in scripts {
        let start = script.chars().take(60).collect::<String>();
        let began = Instant::now();
        if let Ok(bundle) = compile(&script) {
            let result = run_bundle(&bundle, &[("deliveries", Some(4))]);
            assert_eq!(result.outcome, Outcome::Failed, "{start}");
            assert!(result.failure.unwrap().starts_with("a/rule.rhai:1:"), "{start}: no line");
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{start} took {:?}", began.elapsed());
    }
}

#[test]
fn numbers_that_wrap_in_the_lexer_are_refused() {
    // As 64 bits it is -1; one digit more does not fit them.
    for number in ["0xFFFFFFFFFFFFFFFF", "0XFF", "0o1777777777777777777777", "0b11", "0xFFFFFFFFFFFFFFFFF"] {
        let finding = finding(&format!("fn score(deliveries) {{\n    deliveries + {number}\n}}"));
        assert!(matches!(finding.code, "not-allowed" | "syntax"), "{finding}");
        assert_eq!((finding.place.line, finding.place.column), (Some(2), Some(18)), "{finding}");
    }
    // In a text it is a text.
    assert!(compile("fn score(deliveries) { note(\"0xFF\"); deliveries }").is_ok());
}

#[test]
fn steps_stop_a_rule_and_not_the_clock() {
    // 3 to the 14th calls would be millions; each takes several steps.
    let script = "fn f(n) { if n > 0 { f(n - 1); f(n - 1); f(n - 1) } n } fn score(deliveries) { f(14) }";
    let bundle = compile(script).unwrap();
    let result = run_bundle(&bundle, &[("deliveries", Some(4))]);
    let stopped =
        format!("the rule took more than {} steps and was stopped", crate::rules::sandbox::OPERATION_LIMIT);
    assert!(result.failure.unwrap().ends_with(&stopped));
}

#[test]
fn one_person_fails_and_the_others_are_scored() {
    let script =
        "fn f(n) { f(n + 1) }\nfn score(deliveries) { if deliveries == 7 { f(1) } else { deliveries } }";
    let bundle = compile(script).unwrap();
    for deliveries in 0..10 {
        let result = run_bundle(&bundle, &[("deliveries", Some(deliveries))]);
        match deliveries {
            7 => assert!(result.failure.unwrap().contains("too deeply")),
            other => assert_eq!(result.score, Some(Decimal::from(other))),
        }
    }
}

#[test]
fn texts_that_double_end_at_their_limit() {
    for body in ["let s = \"0123456789abcdef\"; DOUBLE 5", "let s = `${deliveries}${deliveries}`; DOUBLE 5"] {
        for double in ["s += s; ", "s = s + s; ", "s = `${s}${s}`; "] {
            let body = body.replace("DOUBLE", &double.repeat(40));
            let failure = failure(&format!("fn score(deliveries) {{ {body} }}"));
            assert!(failure.len() < 1_000, "{} bytes", failure.len());
        }
    }
}

/// Six times as many lines are allowed sixty times as long, on any machine: what doubles with every line would never end.
#[test]
fn checks_do_not_grow_faster_than_the_script() {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<String>();
    let bodies = |size: usize| {
        let last = 10 * size;
        let sums = |name: &str| lines(last, &|n| format!("let {name}{} = {name}{n} + {name}{n};\n", n + 1));
        let or = lines(50 * size, &|n| format!("(deliveries != {n} || late != {n}) && "));
        [
            format!("let s0 = deliveries + 1;\n{} if s{last} > 5 {{ 5 }} else {{ s{last} }}", sums("s")),
            format!("let n0 = 1;\n{} if n{last} > deliveries {{ 5 }} else {{ n{last} }}", sums("n")),
            "let a = b; let b = a; if a > 5 { 5 } else { b }".to_owned(),
            lines(35 * size, &|n| format!("if deliveries > {n} && late < {n} || late == {n} {{ }}\n"))
                + "deliveries",
            format!("if {or} true {{ 5 }} else {{ 3 }}"),
            "deliveries;\n".repeat(850 * size) + "5",
            "let a = 1; ".repeat(10 * size) + "5",
            format!(
                "band(deliveries, [{}])",
                lines(42 * size, &|n| format!("[{}, 1],", n % 7)).trim_end_matches(',')
            ),
        ]
    };
    for (few, many) in bodies(1).into_iter().zip(bodies(6)) {
        let [short, long] = [few, many].map(|body| {
            let began = Instant::now();
            let script = format!("fn score(deliveries, late) {{\n{body}\n}}");
            let _ = crate::rules::verdict::judge(files(script.as_bytes()));
            (began.elapsed(), body)
        });
        let allowed = 60 * short.0.max(Duration::from_millis(50));
        assert!(long.0 < allowed, "{:.60}: {:?}, then {:?}", long.1, short.0, long.0);
    }
}

#[test]
fn a_scheme_that_is_a_bomb_is_refused() {
    let many = (0..50_000)
        .map(|n| format!("[[rule]]\nid = \"r{n}\"\nzh = \"a\"\nen = \"a\"\nmax = 1\n"))
        .collect::<String>();
    for bomb in [
        format!("title = {}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("title = {}", "{ a = ".repeat(50_000)),
        format!("a{} = 1", ".a".repeat(100_000)),
        format!("title = \"{}\"", "\\u0041".repeat(200_000)),
        SCHEME.replace("[[grade]]", &format!("{many}[[grade]]")),
    ] {
        let mut files = files(b"fn score(deliveries) { deliveries }");
        files.insert("a/scheme.toml".to_owned(), bomb.into_bytes());
        let began = Instant::now();
        let findings = Bundle::compile(files).unwrap_err();
        assert!(!findings.is_empty());
        assert!(findings.iter().all(|finding| finding.code != "internal"), "{:?}", findings.first());
        assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    }
}

#[test]
fn no_number_is_too_large_for_the_host() {
    let largest = "79228162514264337593543950335";
    for expression in [
        "bonus(M, \"x\"); 5",
        "bonus(100, \"x\"); bonus(M, \"x\"); 5",
        "deduct(M, \"x\"); deduct(M, \"x\"); remaining()",
        "lin(deliveries, 0 - M, M, 10)",
        "lin(0, 0 - M, M, M)",
        "lin(M, 0 - M, 0.0000000001, M)",
        "M + M",
        "M * M",
        "0 - M - M",
        "M / 0.0000001",
        "M % 0",
        "1 / 0",
        "ratio(M, 0.0000001)",
        "average(0 - M, 0.1)",
        "item(M, M, \"x\"); scaled(M)",
        "item(10, M, \"x\"); scaled()",
        "item(0, 0, \"x\"); 5",
        "round(M, 10)",
        "ceil(M)",
        "floor(-M)",
        "abs(-M)",
        "-M",
        "clamp(M, -M, M)",
        "band(M, [[-M, M], [M, -M]])",
        "let x = M; x += M; x",
        "let x = M; x *= M; x",
    ] {
        let script = format!("fn score(deliveries) {{ {} }}", expression.replace('M', largest));
        let result = run(&script);
        assert_eq!(result.outcome, Outcome::Failed, "{expression}: {result:?}");
    }
    let result = run(&format!("fn score(deliveries) {{ deduct({largest}, \"x\"); remaining() }}"));
    assert_eq!(result.score, Some(Decimal::new(0, 2)));
}

#[test]
fn a_scheme_has_bounded_numbers() {
    let parameter = "[[parameter]]\nname = \"p\"\nzh = \"p\"\nen = \"p\"\nvalue = 1\nmin = 0\nmax = \"79228162514264337593543950335\"\nstep = 1\n";
    for (old, new) in [
        ("max = 10", "max = \"79228162514264337593543950335\""),
        ("max = 10", "max = 0"),
        ("max = 10", "max = 0.001"),
        ("max = 10", "max = 10\nceiling = \"79228162514264337593543950335\""),
        ("total_cap = 105", "total_cap = \"79228162514264337593543950335\""),
        ("min_applicable = 0", "min_applicable = -1"),
        ("coefficient = 1", "coefficient = \"79228162514264337593543950335\""),
        ("[[grade]]", &format!("{parameter}[[grade]]")),
    ] {
        let mut files = files(b"fn score(deliveries) { deliveries }");
        files.insert("a/scheme.toml".to_owned(), SCHEME.replace(old, new).into());
        let findings = Bundle::compile(files).expect_err(new);
        assert!(findings.iter().all(|finding| finding.code == "scheme"), "{new}: {findings:?}");
        assert!(findings.iter().all(|finding| finding.place.line.is_some()), "{new}: {findings:?}");
    }
}

#[test]
fn a_metric_is_checked_before_it_is_computed_with() {
    let catalogue = Catalogue::parse(&CATALOGUE.replace("kind = \"count\"", "kind = \"days\"")).unwrap();
    for value in [Decimal::MAX, Decimal::MIN, Decimal::new(1, 28)] {
        assert!(catalogue.read("late", value).is_err());
    }
    assert!(catalogue.read("late", Decimal::new(5, 1)).is_ok());
    let unlisted = CATALOGUE.replace("source = \"dms\"", "source = \"crm\"");
    assert!(Catalogue::parse(&unlisted).unwrap_err().to_string().contains("source is not listed"));
}

/// Numbers at every edge of what a decimal can hold.
fn extreme() -> impl Strategy<Value = Decimal> {
    let bits = (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>(), 0_u32..=28);
    let random =
        bits.prop_map(|(low, middle, high, sign, scale)| Decimal::from_parts(low, middle, high, sign, scale));
    let edges =
        [Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::ONE, Decimal::new(1, 28), Decimal::new(-1, 28)];
    prop_oneof![2 => random, 1 => proptest::sample::select(edges.to_vec()), 1 => (0_i64..200).prop_map(Decimal::from)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Facts are checked where they come in; whatever got past that must still not end the program.
    #[test]
    fn extremes_never_panic_a_default_rule(values in proptest::collection::vec(proptest::option::of(extreme()), 60)) {
        let bundle = crate::rules::scoring::tests::default_rules();
        let ids = bundle.catalogue.entries().map(|(id, _)| id);
        let given = ids.zip(values.iter().cycle()).filter_map(|(id, value)| Some((id, (*value)?)));
        let facts = MonthFacts::complete(&bundle.catalogue, given);
        for scheme in bundle.schemes.values() {
            scheme.score(&facts);
        }
    }
}
