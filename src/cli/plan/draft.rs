//! `showfloor plan suggest`, `try`, `create` and `template`: from nothing to a draft.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;

use super::months;
use super::version::{Printed, print_plan};
use super::wish::{self, Wish};
use super::workbook::not_there_yet;
use crate::auth::Context;
use crate::auth::access::DraftPlan;
use crate::cli::database::Database;
use crate::cli::person::Person;
use crate::cli::{Ended, language_of_files, new_file, tell, unwritable};
use crate::config::{Rules, Storage};
use crate::ledger::metric::Catalogue;
use crate::plan::split::method::Method;
use crate::plan::split::new_plan::NewPlan;
use crate::plan::versions::draft;
use crate::plan::versions::trial::{self, Trial, TrialResult};
use crate::plan::workbook::template;

/// Options of `showfloor plan suggest`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is kept. --json prints the plan with every unit, person and weight, to be edited and drafted by \
    plan create --file.\n\n\
    Examples:\n  showfloor plan suggest --unit JC --year 2015 --total 1800 --as manager\n  \
    showfloor plan suggest --unit JC --year 2015 --total 1800 --from-plan 2014 --as manager --json > 计划2015.json\n  \
    showfloor plan suggest --unit JC --year 2015 --total 1800 --season 8,7,8,10 --method equal-per-head --as manager"
)]
pub struct SuggestArgs {
    #[command(flatten)]
    wish: Wish,
    /// Where the weights come from: season, equal, equal-per-head, capacity, history=YEAR,… or manual=JAN,…,DEC.
    #[arg(long, value_name = "METHOD", value_parser = wish::method)]
    method: Option<Method>,
    /// Print the plan as JSON instead of its months.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor plan try`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Nothing is kept. Exit status 1: the plan cannot be split by one of the methods.\n\n\
    Examples:\n  showfloor plan try --unit JC --year 2015 --total 1800 --method equal --method equal-per-head --as manager\n  \
    showfloor plan try --file 计划2015.json --method season --method history=2014 --as manager")]
pub struct TryArgs {
    #[command(flatten)]
    wish: Wish,
    /// A method to try; may be repeated.
    #[arg(long, value_name = "METHOD", value_parser = wish::method, required = true)]
    method: Vec<Method>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor plan create`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  showfloor plan create --unit JC --year 2015 --total 1800 --as manager\n  \
    showfloor plan create --file 计划2015.json --as manager\n  \
    showfloor plan create --unit JC --year 2015 --total 1800 --from-plan 2014 --line insurance_policies=72% --as manager\n  \
    showfloor plan create --template 计划模板.xlsx --as manager"
)]
pub struct CreateArgs {
    #[command(flatten)]
    wish: Wish,
    /// Where the weights come from: season, equal, equal-per-head, capacity, history=YEAR,… or manual=JAN,…,DEC.
    #[arg(long, value_name = "METHOD", value_parser = wish::method)]
    method: Option<Method>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    person: Person,
}

/// Options of `showfloor plan template`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Fill in totals and weights, then: showfloor plan create --template 计划模板.xlsx --as manager\n\n\
    Example:\n  showfloor plan template 计划模板.xlsx --unit JC --year 2015 --as manager"
)]
pub struct TemplateArgs {
    /// Where to write the workbook; a file that is there already is kept unless --force is given.
    file: PathBuf,
    /// Code of the store or group.
    #[arg(long, value_name = "CODE")]
    unit: String,
    /// The calendar year.
    #[arg(long)]
    year: i32,
    /// Overwrite the file.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    person: Person,
}

pub async fn suggest(args: SuggestArgs, storage: Storage) -> anyhow::Result<Ended> {
    let (suggested, tried) = Database::with(&storage, async |pool| {
        let cx = &mut args.person.context::<DraftPlan>(pool).await?;
        let catalogue = args.rules.catalogues().of_today(cx).await?;
        let suggested = args.wish.plan(cx, &catalogue, args.method.as_ref()).await?;
        let method = suggested.plan.method.clone();
        let tried = tried(cx, &catalogue, &suggested.plan, vec![method]).await?;
        Ok((suggested, tried))
    })
    .await?;
    let mut out = io::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&suggested.plan)?)?;
    } else {
        print_trial(&tried)?;
    }
    let mut err = io::stderr();
    for note in &suggested.notes {
        writeln!(err, "{note}")?;
    }
    refusals(&tried)
}

pub async fn try_methods(args: TryArgs, storage: Storage) -> anyhow::Result<Ended> {
    let tried = Database::with(&storage, async |pool| {
        let cx = &mut args.person.context::<DraftPlan>(pool).await?;
        let catalogue = args.rules.catalogues().of_today(cx).await?;
        let suggested = args.wish.plan(cx, &catalogue, args.method.first()).await?;
        tried(cx, &catalogue, &suggested.plan, args.method.clone()).await
    })
    .await?;
    if args.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&tried)?)?;
    } else {
        print_trial(&tried)?;
    }
    refusals(&tried)
}

pub async fn create(args: CreateArgs, storage: Storage) -> anyhow::Result<Ended> {
    let (printed, notes) = Database::with(&storage, async |pool| {
        let cx = &mut args.person.context::<DraftPlan>(pool).await?;
        let catalogue = args.rules.catalogues().of_today(cx).await?;
        let suggested = args.wish.plan(cx, &catalogue, args.method.as_ref()).await?;
        let plan = draft::create(cx, &catalogue, suggested.plan).await?;
        Ok((Printed::read(cx, plan.id, None).await?, suggested.notes))
    })
    .await?;
    print_plan(&printed, args.json)?;
    for note in &notes {
        writeln!(io::stderr(), "{note}")?;
    }
    Ok(Ended::Well)
}

pub async fn write_template(args: TemplateArgs, storage: Storage) -> anyhow::Result<Ended> {
    let shown = args.file.display();
    not_there_yet(&args.file, args.force)?;
    let (_, bytes) = Database::with(&storage, async |pool| {
        let cx = &mut args.person.context::<DraftPlan>(pool).await?;
        cx.language = language_of_files();
        let catalogue = args.rules.catalogues().of_today(cx).await?;
        Ok(template::export(cx, &catalogue, args.unit.clone(), args.year).await?)
    })
    .await?;
    new_file(&args.file, args.force)?.write_all(&bytes).with_context(|| unwritable(&args.file))?;
    writeln!(io::stdout(), "{shown}")?;
    Ok(Ended::Well)
}

async fn tried(
    cx: &mut Context,
    catalogue: &Catalogue,
    plan: &NewPlan,
    methods: Vec<Method>,
) -> anyhow::Result<TrialResult> {
    Ok(trial::run(cx, catalogue, &Trial { plan: plan.clone(), methods }).await?)
}

/// A place a row, months across; of several methods one below the other.
fn print_trial(tried: &TrialResult) -> anyhow::Result<()> {
    let several = tried.methods.len() > 1;
    let mut rows = months::new(
        if several { &[("", ""), ("方法", "method")] } else { &[("", "")] },
        if several { 2 } else { 1 },
    );
    for row in &tried.rows {
        // The places above are the rows before: the last code, moved in, is enough.
        let depth = row.path.matches('/').count();
        let code = row.path.rsplit('/').next().unwrap_or(&row.path);
        let place = format!("{}{code}", "  ".repeat(depth));
        for ((method, months), year) in tried.methods.iter().zip(&row.months).zip(&row.years) {
            let (Some(of), Some(year)) = (months, year) else { continue };
            let word = serde_json::to_value(&method.method)?;
            let word = word.as_str().map(str::to_owned).or_else(|| word.as_object()?.keys().next().cloned());
            let before = [Some(place.clone()), word.filter(|_| several)].into_iter().flatten();
            months::add(&mut rows, before, of, *year);
        }
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(())
}

/// Says which methods the plan cannot be split by.
fn refusals(tried: &TrialResult) -> anyhow::Result<Ended> {
    let mut ended = Ended::Well;
    for method in &tried.methods {
        if let Some(refusal) = &method.refusal {
            let method = serde_json::to_string(&method.method)?;
            writeln!(io::stderr(), "{}", tell!("{method}：{refusal}", "{method}: {refusal}"))?;
            ended = Ended::WithFindings;
        }
    }
    Ok(ended)
}
