//! `showfloor demo`

use std::io::{self, Write as _};
use std::sync::Arc;

use anyhow::Context as _;

use super::database::Database;
use super::generate::progress_bar;
use super::{Ended, serve, table};
use crate::auth::{Context, users};
use crate::clock::Clock;
use crate::config::{Listen, Policy, ReleasedRules, Storage};
use crate::dashboard::LeaderboardQuery;
use crate::dashboard::leaderboard::leaderboard;
use crate::decimal;
use crate::demo::load::{self, Before, Extent};
use crate::demo::people::{OFFICES, PEOPLE};
use crate::demo::year::{self, Stage};
use crate::demo::{PASSWORD, YEAR};
use crate::http::Window;
use crate::org::Position;
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
        "everybody knows the demonstration's passwords: it listens on loopback only, for example 127.0.0.1:9000"
    );
    let folder = Arc::new(args.rules.folder());
    if let Some(missing) = serve::missing(&folder) {
        anyhow::bail!(missing);
    }
    let listener = if args.exit { None } else { Some(server::bind(args.listen.listen)?) };
    let bundle = Bundle::load(folder.path())
        .map_err(|findings| folder::problem(&findings, super::language()))
        .with_context(|| format!("the rules in {} cannot be used", folder.path().display()))?;
    Database::with(&storage, async |pool| {
        match load::look(&mut *pool.get().await?).await? {
            Before::Demonstration => {}
            Before::Empty if users::is_empty(&mut *pool.get().await?).await? => {
                let bar = progress_bar(load::STEPS, "loading the demonstration dealership");
                let mut cx = Context::operator(pool, year::founding()).await?;
                load::load(&mut cx, &bundle, Extent::Whole, year::delivered, || bar.inc(1)).await?;
                bar.finish_and_clear();
            }
            // One that has been served has an administrator, whose password nobody is to know.
            Before::Other | Before::Empty => anyhow::bail!(
                "the database holds another organisation, or has been served before: the demonstration needs one of its \
                own. Give it an empty folder, for example SHOWFLOOR_DATA_DIR=$HOME/showfloor-demo showfloor demo, or \
                another database with DATABASE_URL"
            ),
        }
        let library = Library::default();
        let scenes = year::scenes()?;
        let bar = progress_bar(scenes.len(), "scenes of the year 2014");
        let stage =
            Stage { pool, folder: &folder, library: &library, catalogue: &bundle.catalogue };
        year::play(&stage, &scenes, || bar.inc(1)).await?;
        bar.finish_and_clear();
        {
            let mut cx = Context::operator(pool, Clock::System.now()).await?;
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
    let places = leaderboard(cx, &query).await?.logged().await?;
    let mut rows = table::new(&["名次", "工号", "姓名", "小组", "总分", "交车", "等级"], &[0, 4, 5]);
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
    writeln!(out, "\n锦程4S店 {period} 龙虎榜 · leaderboard\n{rows}")?;
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
        Some(format!("{months} {} {}", first.state.label(), first.state))
    });
    writeln!(io::stdout(), "\n{}", runs.collect::<Vec<_>>().join("；"))?;
    Ok(())
}

/// A review as a person reads it: each rule with its reasons.
fn print_explanation(out: &mut impl io::Write, explanation: &Explanation) -> io::Result<()> {
    let review = &explanation.review;
    writeln!(
        out,
        "\n{} {} {} 得分说明 · one score explained",
        review.employee_no, review.name, review.period
    )?;
    let mut rows = table::new(&["考核项", "得分", "满分", "原因"], &[1, 2]);
    for result in &explanation.rules {
        rows.add_row([
            result.zh.clone(),
            result.score.map_or_else(|| "不适用".to_owned(), |score| score.to_string()),
            decimal::plain(result.max),
            result.reasons().join("\n"),
        ]);
    }
    writeln!(out, "{rows}")?;
    let shown =
        |points: Option<rust_decimal::Decimal>| points.map_or_else(|| "—".to_owned(), |p| p.to_string());
    writeln!(
        out,
        "基础分 {} + 加分 {} = 总分 {}；{}；最终等级 {}",
        shown(review.base),
        shown(review.bonus),
        shown(review.total),
        explanation.grade_reasons.join("；"),
        review.final_grade
    )
}

/// Where the API is and who may sign in.
fn announcement(address: std::net::SocketAddr) -> String {
    let staff = PEOPLE.iter().filter_map(|person| Some((person.login?.0, person.name, person.login?.1)));
    let offices = OFFICES.iter().map(|(login, roles, _)| (*login, "", *roles));
    let mut rows = table::new(&["login", "姓名", "roles"], &[]);
    for (login, name, roles) in staff.chain(offices) {
        let roles =
            roles.iter().filter_map(|role| serde_json::to_value(role).ok()?.as_str().map(str::to_owned));
        rows.add_row([login.to_owned(), name.to_owned(), roles.collect::<Vec<_>>().join(", ")]);
    }
    format!(
        "\nAPI            http://{address}/v1\ndocumentation  http://{address}/docs/\n\
         sign in        POST /v1/sessions, every password is {PASSWORD}\n{rows}\nCtrl-C stops the server."
    )
}
