//! `showfloor tasks`

use std::io::{self, Write as _};

use super::database::Database;
use super::{Ended, listed, one_of, table};
use crate::config::Storage;
use crate::reviews::tasks::{self, AssignedTask};
use crate::rules::library::Library;

/// Options of `showfloor tasks`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    showfloor tasks                      # what everybody has to do about reviews\n  \
    showfloor tasks --late --store JC    # who is late in one store")]
pub struct TasksArgs {
    /// Only what is late.
    #[arg(long)]
    late: bool,
    /// Only this store, by code.
    #[arg(long, value_name = "CODE")]
    store: Option<String>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Prints what waits for whom. Exit status 1 where somebody is late.
pub async fn run(args: TasksArgs, storage: Storage) -> anyhow::Result<Ended> {
    let mut tasks = Database::as_operator(&storage, async |cx| {
        Ok(tasks::of_everybody(cx, &Library::default(), args.store.as_deref()).await?)
    })
    .await?;
    let is_late = tasks.iter().any(|assigned| assigned.task.is_late);
    if args.late {
        tasks.retain(|assigned| assigned.task.is_late);
    }
    if args.json {
        writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&tasks)?)?;
    } else {
        print(&tasks)?;
    }
    Ok(if is_late { Ended::WithFindings } else { Ended::Well })
}

fn print(tasks: &[AssignedTask]) -> anyhow::Result<()> {
    let columns = [
        ("门店", "store"),
        ("谁", "who"),
        ("待办", "task"),
        ("自", "since"),
        ("至", "until"),
        ("逾期", "late"),
    ];
    let mut rows = table::new(&columns, &[]);
    for AssignedTask { who, task } in tasks {
        let who = who.iter().map(|one| format!("{} {}", one.employee_no, one.name)).collect::<Vec<_>>();
        rows.add_row([
            task.store.clone(),
            listed(&who),
            task.sentence.clone(),
            task.since.to_string(),
            task.until.map(|until| until.to_string()).unwrap_or_default(),
            if task.is_late { one_of(("逾期", "late")).to_owned() } else { String::new() },
        ]);
    }
    writeln!(io::stdout(), "{rows}")?;
    Ok(())
}
