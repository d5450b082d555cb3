//! `showfloor facts`

use std::io::{self, Write as _};

use super::database::Database;
use super::{Ended, table, tell};
use crate::config::Storage;
use crate::dashboard::kept;
use crate::ledger::person_months::check::{self, Checked};
use crate::period::Period;

/// What can be done with people's months.
#[derive(Debug, clap::Subcommand)]
pub enum FactsCommand {
    /// Say where people's months and the sums of units differ from the ledger, and the sums of published reviews from the
    /// reviews. Exit status 1 if they do anywhere.
    #[command(after_help = "Examples:\n  \
        showfloor facts check                   # every month\n  \
        showfloor facts check 2014-04 --json")]
    Check(FactsArgs),
    /// Make people's months and the sums of units anew from the ledger, and the sums of published reviews from the reviews,
    /// and say what was different. Meanwhile nobody can record facts.
    #[command(after_help = "Examples:\n  \
        showfloor facts rebuild                 # every month, one after the other\n  \
        showfloor facts rebuild 2014-04")]
    Rebuild(FactsArgs),
}

/// Options of both.
#[derive(Debug, clap::Args)]
pub struct FactsArgs {
    /// Only this month.
    #[arg(value_name = "YYYY-MM")]
    period: Option<Period>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Compares or makes anew. Exit status 1 where something differs and stays so.
pub async fn run(command: FactsCommand, storage: Storage) -> anyhow::Result<Ended> {
    let (args, is_renewed) = match command {
        FactsCommand::Check(args) => (args, false),
        FactsCommand::Rebuild(args) => (args, true),
    };
    let checked = Database::as_operator(&storage, async |cx| {
        let (mut checked, of_dashboards) = match is_renewed {
            true => (check::rebuild(cx, args.period).await?, kept::rebuild(cx, args.period).await?),
            false => (check::check(cx, args.period).await?, kept::check(cx, args.period).await?),
        };
        checked.differences.extend(of_dashboards);
        Ok(checked)
    })
    .await?;
    if args.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&checked)?)?;
    } else {
        print(&checked)?;
    }
    Ok(if is_renewed || checked.differences.is_empty() { Ended::Well } else { Ended::WithFindings })
}

fn print(checked: &Checked) -> anyhow::Result<()> {
    let Checked { months, people, differences } = checked;
    if !differences.is_empty() {
        let columns =
            [("月份", "month"), ("谁", "of"), ("什么", "what"), ("现存", "kept"), ("流水", "ledger")];
        let mut rows = table::new(&columns, &[]);
        for one in differences {
            let shown = |side: &Option<String>| side.clone().unwrap_or_default();
            rows.add_row([
                one.period.to_string(),
                one.of.clone(),
                one.what.clone(),
                shown(&one.kept),
                shown(&one.ledger),
            ]);
        }
        writeln!(io::stdout(), "{rows}")?;
    }
    let found = differences.len();
    let told = tell!(
        "{months} 个月、{people} 份人员月度数据，{found} 处与流水不符",
        "{months} months, {people} people's months, {found} differences from the ledger"
    );
    writeln!(io::stdout(), "{told}")?;
    Ok(())
}
