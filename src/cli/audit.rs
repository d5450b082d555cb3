//! `showfloor audit`

use std::io::{self, Write as _};

use super::database::Database;
use super::{Ended, table, tell};
use crate::auth::audit_seal::{self, Verified};
use crate::config::Storage;

/// What can be done with the audit trail's chain.
#[derive(Debug, clap::Subcommand)]
pub enum AuditCommand {
    /// Seal every entry that has no seal yet, and print the hash of the last seal. A running server does it every quarter of an
    /// hour.
    #[command(
        after_help = "Example:\n  showfloor audit seal >> seals.txt    # keep the hashes somewhere else, too"
    )]
    Seal(AuditArgs),
    /// Go through the whole chain. Exit status 1 if an entry was changed, taken away or put between others.
    #[command(after_help = "Examples:\n  showfloor audit verify\n  showfloor audit verify --json")]
    Verify(AuditArgs),
}

/// Options of both.
#[derive(Debug, clap::Args)]
pub struct AuditArgs {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Seals or verifies. Exit status 1 where something is not as it was written.
pub async fn run(command: AuditCommand, storage: Storage) -> anyhow::Result<Ended> {
    let mut out = io::stdout();
    match command {
        AuditCommand::Seal(args) => {
            let sealed = Database::as_operator(&storage, async |cx| Ok(audit_seal::seal(cx).await?)).await?;
            if args.json {
                writeln!(out, "{}", serde_json::to_string_pretty(&sealed)?)?;
            } else {
                let (entries, hash) = (sealed.entries, sealed.sha256.unwrap_or_default());
                writeln!(
                    out,
                    "{}",
                    tell!("已封存 {entries} 条：{hash}", "{entries} entries sealed: {hash}")
                )?;
            }
            Ok(Ended::Well)
        }
        AuditCommand::Verify(args) => {
            let verified =
                Database::as_operator(&storage, async |cx| Ok(audit_seal::verify(cx).await?)).await?;
            if args.json {
                writeln!(out, "{}", serde_json::to_string_pretty(&verified)?)?;
            } else {
                print(&verified)?;
            }
            Ok(if verified.faults.is_empty() { Ended::Well } else { Ended::WithFindings })
        }
    }
}

fn print(verified: &Verified) -> anyhow::Result<()> {
    let Verified { seals, entries, erased, unsealed, sha256, faults } = verified;
    let mut out = io::stdout();
    if !faults.is_empty() {
        let mut rows = table::new(&[("封存", "seal"), ("条目", "entry"), ("问题", "what")], &[0, 1]);
        for fault in faults {
            let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
            rows.add_row([number(fault.seal), number(fault.entry), fault.what.to_owned()]);
        }
        writeln!(out, "{rows}")?;
    }
    let (found, hash) = (faults.len(), sha256.as_deref().unwrap_or_default());
    let told = tell!(
        "{seals} 次封存、{entries} 条（已删明细 {erased}），未封存 {unsealed}，{found} 处问题：{hash}",
        "{seals} seals, {entries} entries ({erased} erased), {unsealed} not sealed, {found} faults: {hash}"
    );
    writeln!(out, "{told}")?;
    Ok(())
}
