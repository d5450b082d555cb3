//! `showfloor demo`

use std::io::{self, Write as _};
use std::sync::Arc;

use anyhow::Context as _;

use super::database::{Database, operator};
use super::generate::progress_bar;
use super::{Ended, language, listed, one_of, serve, table, tell};
use crate::auth::{Context, users};
use crate::config::{Listen, Policy, ReleasedRules, Storage};
use crate::dashboard::LeaderboardQuery;
use crate::dashboard::leaderboard::leaderboard;
use crate::dashboard::remembered::Answers;
use crate::decimal;
use crate::demo::load::{self, Before, Extent};
use crate::demo::people::{OFFICES, PEOPLE};
use crate::demo::year::{self, Stage};
use crate::demo::{PASSWORD, YEAR};
use crate::http::Window;
use crate::org::{Part, Position};
use crate::period::Period;
use crate::reviews::explain::{self, Explanation};
use crate::reviews::listing::ReviewFilter;
use crate::reviews::store::{CycleFilter, list_cycles};
use crate::rules::bundle::Bundle;
use crate::rules::folder;
use crate::rules::library::Library;
use crate::server;

/// Whose March is explained.
const EXPLAINED: &str = "A06";

/// Options of `showfloor demo`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  showfloor demo\n  showfloor demo --exit\n  showfloor demo --listen 127.0.0.1:9000"
)]
pub struct DemoArgs {
    /// End after printing instead of serving.
    #[arg(long)]
    exit: bool,
    #[command(flatten)]
    listen: Listen,
    #[command(flatten)]
    rules: ReleasedRules,
}

/// Loads the demonstration unless it is there, plays what is left of its year, prints March and how far the months are, and
/// serves.
pub async fn run(args: DemoArgs, storage: Storage) -> anyhow::Result<Ended> {
    anyhow::ensure!(
        args.listen.listen.ip().is_loopback(),
        tell!(
            "示范店的密码人人都知道，只能在本机上监听，例如 127.0.0.1:9000",
            "everybody knows the demonstration's passwords: it listens on loopback only, for example 127.0.0.1:9000"
        )
    );
    let folder = Arc::new(args.rules.folder());
    if let Some(missing) = serve::missing(&folder) {
        anyhow::bail!(missing);
    }
    let listener = if args.exit { None } else { Some(server::bind(args.listen.listen)?) };
    let bundle = Bundle::load(folder.path())
        .map_err(|findings| folder::problem(&findings, language()))
        .with_context(|| serve::unusable_rules(folder.path()))?;
    Database::with(&storage, async |pool| {
        match load::look(&mut *pool.get().await?).await? {
            Before::Demonstration => {}
            Before::Empty if users::is_empty(&mut *pool.get().await?).await? => {
                let bar = progress_bar(load::STEPS, &tell!("正在建示范店", "loading the demonstration dealership"));
                let mut cx = Context::operator(pool, year::founding()).await?;
                load::load(&mut cx, &bundle, Extent::Whole, year::delivered, || bar.inc(1)).await?;
                bar.finish_and_clear();
            }
            // One that has been served has an administrator, whose password nobody is to know.
            Before::Other | Before::Empty => anyhow::bail!(tell!(
                "数据库里是别的组织，或者已经用 serve 运行过：示范店要用自己的。给它一个空文件夹，例如 \
                 SHOWFLOOR_DATA_DIR=$HOME/showfloor-demo showfloor demo，或用 DATABASE_URL 指定别的数据库",
                "the database holds another organisation, or has been served before: the demonstration needs one of its \
                 own. Give it an empty folder, for example SHOWFLOOR_DATA_DIR=$HOME/showfloor-demo showfloor demo, or \
                 another database with DATABASE_URL"
            )),
        }
        let library = Library::default();
        let scenes = year::scenes()?;
        let bar = progress_bar(scenes.len(), &tell!("幕（2014 年）", "scenes of the year 2014"));
        let stage =
            Stage { pool, folder: &folder, library: &library, catalogue: &bundle.catalogue };
        year::play(&stage, &scenes, || bar.inc(1)).await?;
        bar.finish_and_clear();
        {
            let mut cx = operator(pool).await?;
            print_march(&mut cx, &library).await?;
            print_months(&mut cx).await?;
        }
        let Some(listener) = listener else { return Ok(Ended::Well) };
        serve::until_stopped(pool, Arc::clone(&folder), &storage, listener, Policy::default(), announcement).await
    })
    .await
}

async fn print_march(cx: &mut Context, library: &Library) -> anyhow::Result<()> {
    let Some(period) = Period::new(YEAR, 3) else { return Ok(()) };
    let query = LeaderboardQuery { period, unit: None, position: None, top: Some(12), fields: None };
    let part = Part::find(cx, query.unit.as_deref()).await?;
    let places = leaderboard(cx, &Answers::default().months(None), part, &query).await?.logged().await?;
    let columns = [
        ("名次", "rank"),
        ("工号", "employee_no"),
        ("姓名", "name"),
        ("小组", "unit"),
        ("总分", "total"),
        ("交车", "deliveries"),
        ("等级", "grade"),
    ];
    let mut rows = table::new(&columns, &[0, 4, 5]);
    for place in places {
        rows.add_row([
            place.rank.to_string(),
            place.employee_no,
            place.name,
            place.unit,
            place.total.to_string(),
            place.deliveries.to_string(),
            place.final_grade,
        ]);
    }
    let filter = ReviewFilter {
        period: Some(period),
        employee_no: Some(EXPLAINED.to_owned()),
        position: Some(Position::SalesConsultant),
        ..ReviewFilter::default()
    };
    let explanation = explain::first(cx, library, &filter).await?.logged().await?;
    let mut out = io::stdout();
    writeln!(out, "\n{}\n{rows}", tell!("锦程4S店 {period} 龙虎榜", "锦程4S店 {period}: leaderboard"))?;
    print_explanation(&mut out, &explanation)?;
    Ok(())
}

/// How far the months of the year are.
async fn print_months(cx: &mut Context) -> anyhow::Result<()> {
    let cycles = list_cycles(cx, &CycleFilter::default(), Window { after: 0, limit: 500 }).await?.items;
    let mut cycles = cycles.into_iter().filter(|cycle| cycle.period.year() == YEAR).collect::<Vec<_>>();
    cycles.sort_by_key(|cycle| cycle.period);
    let runs = cycles.chunk_by(|one, other| one.state == other.state).filter_map(|run| {
        let (first, last) = (run.first()?, run.last()?);
        let months = match first.period == last.period {
            true => first.period.to_string(),
            false => format!("{} – {}", first.period, last.period),
        };
        Some(format!("{months} {}", one_of((first.state.label(), first.state.name()))))
    });
    writeln!(io::stdout(), "\n{}", runs.collect::<Vec<_>>().join(one_of(("；", "; "))))?;
    Ok(())
}

/// A review as a person reads it: each rule with its reasons.
fn print_explanation(out: &mut impl io::Write, explanation: &Explanation) -> io::Result<()> {
    let review = &explanation.review;
    let (employee_no, name, period) = (&review.employee_no, &review.name, review.period);
    let title =
        tell!("{employee_no} {name} {period} 得分说明", "{employee_no} {name} {period}: one score explained");
    writeln!(out, "\n{title}")?;
    let columns = [("考核项", "item"), ("得分", "score"), ("满分", "max"), ("原因", "reasons")];
    let mut rows = table::new(&columns, &[1, 2]);
    for result in &explanation.rules {
        rows.add_row([
            one_of((&result.zh, &result.en)).to_owned(),
            result.score.map_or_else(|| tell!("不适用", "not applicable"), |score| score.to_string()),
            decimal::plain(result.max),
            result.reasons().join("\n"),
        ]);
    }
    writeln!(out, "{rows}")?;
    let shown =
        |points: Option<rust_decimal::Decimal>| points.map_or_else(|| "—".to_owned(), |p| p.to_string());
    let [base, bonus, total] = [review.base, review.bonus, review.total].map(shown);
    let (reasons, grade) = (explanation.grade_reasons.join(one_of(("；", "; "))), &review.final_grade);
    let told = tell!(
        "基础分 {base} + 加分 {bonus} = 总分 {total}；{reasons}；最终等级 {grade}",
        "base {base} + bonus {bonus} = total {total}; {reasons}; final grade {grade}"
    );
    writeln!(out, "{told}")
}

/// Where the API is and who may sign in.
fn announcement(address: std::net::SocketAddr) -> String {
    let staff = PEOPLE.iter().filter_map(|person| Some((person.login?.0, person.name, person.login?.1)));
    let offices = OFFICES.iter().map(|(login, roles, _)| (*login, "", *roles));
    let mut rows = table::new(&[("账号", "login"), ("姓名", "name"), ("角色", "roles")], &[]);
    for (login, name, roles) in staff.chain(offices) {
        let roles =
            roles.iter().filter_map(|role| serde_json::to_value(role).ok()?.as_str().map(str::to_owned));
        rows.add_row([login.to_owned(), name.to_owned(), listed(&roles.collect::<Vec<_>>())]);
    }
    tell!(
        "\n接口  http://{address}/v1\n文档  http://{address}/docs/\n登录  POST /v1/sessions，所有密码都是 {PASSWORD}\n{rows}\n\
         按 Ctrl-C 结束。",
        "\nAPI            http://{address}/v1\ndocumentation  http://{address}/docs/\n\
         sign in        POST /v1/sessions, every password is {PASSWORD}\n{rows}\nCtrl-C stops the server."
    )
}
