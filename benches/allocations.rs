//! How often the memory is asked for while one person is scored, which no clock is needed for: it is the same on every
//! machine, and grows before anybody feels it. `cargo test` runs it, too.

#[path = "support/worked.rs"]
mod worked;

/// The most allocations for one person by each scheme. Whoever needs fewer lowers them; whoever needs more says why.
const MOST: [(&str, u64); 3] = [("sales_consultant", 23), ("team_leader", 15), ("telesales_specialist", 16)];

fn main() -> anyhow::Result<()> {
    let bundle = worked::bundle()?;
    let facts = worked::facts(&bundle);
    let mut grown = Vec::new();
    for (name, most) in MOST {
        let scheme = bundle.schemes.get(name).ok_or_else(|| anyhow::anyhow!("there is no scheme {name}"))?;
        let score = || scheme.score(&facts);
        // The first person of a thread makes what the others use again.
        drop(score());
        let mut scored = None;
        let counted = allocation_counter::measure(|| scored = Some(score()));
        anyhow::ensure!(scored.is_some_and(|scored| scored.total.is_some()), "{name}: there is no total");
        println!(
            "{name}: {} allocations, {} bytes, at most {most}",
            counted.count_total, counted.bytes_total
        );
        if counted.count_total > most {
            grown.push(name);
        }
    }
    anyhow::ensure!(grown.is_empty(), "more allocations than before: {}", grown.join(", "));
    Ok(())
}
