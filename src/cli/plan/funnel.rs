//! `showfloor plan funnel`

use std::io::{self, Write as _};

use clap::ValueEnum;
use rust_decimal::Decimal;

use crate::cli::{Ended, table};
use crate::decimal;
use crate::plan::funnel::models::{self, PhoneWebRates, ShowroomRates};

/// Options of `showfloor plan funnel`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Every step is rounded up. A rate is a number above 0 and at most 1.\n\n\
    Examples:\n  showfloor plan funnel --channel showroom --deliveries 89\n  \
    showfloor plan funnel --channel phone_web --deliveries 33 --closing-rate 0.28 --json")]
pub struct FunnelArgs {
    /// Whose customers they are.
    #[arg(long, value_enum)]
    channel: Channel,
    /// Vehicles to be delivered.
    #[arg(long, value_name = "NUMBER")]
    deliveries: i64,
    /// Deliveries ÷ orders [default: 0.95].
    #[arg(long, value_name = "RATE", value_parser = rate)]
    order_rate: Option<Decimal>,
    /// Orders ÷ captured leads [default: 0.25]; by telephone and net, orders ÷ arrivals [default: 0.30].
    #[arg(long, value_name = "RATE", value_parser = rate)]
    closing_rate: Option<Decimal>,
    /// Showroom: captured leads ÷ first visits [default: 0.85].
    #[arg(long, value_name = "RATE", value_parser = rate)]
    capture_rate: Option<Decimal>,
    /// Showroom: test drives ÷ captured leads [default: 0.70].
    #[arg(long, value_name = "RATE", value_parser = rate)]
    test_drive_rate: Option<Decimal>,
    /// Telephone and net: arrivals ÷ valid leads [default: 0.25].
    #[arg(long, value_name = "RATE", value_parser = rate)]
    arrival_rate: Option<Decimal>,
    /// Telephone and net: valid leads ÷ raw leads [default: 0.50].
    #[arg(long, value_name = "RATE", value_parser = rate)]
    valid_rate: Option<Decimal>,
    /// Print JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// A channel whose funnel is known.
#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Channel {
    /// 店内
    Showroom,
    /// 电话网销
    PhoneWeb,
}

fn rate(text: &str) -> Result<Decimal, String> {
    decimal::parse(text).ok_or_else(|| "expected a number such as 0.25".to_owned())
}

pub fn run(args: &FunnelArgs) -> anyhow::Result<Ended> {
    let (json, stages) = match args.channel {
        Channel::Showroom => showroom(args)?,
        Channel::PhoneWeb => phone_web(args)?,
    };
    let mut out = io::stdout().lock();
    if args.json {
        writeln!(out, "{json}")?;
        return Ok(Ended::Well);
    }
    let mut rows = table::new(&["stage", "rate", "needed"], &[1, 2]);
    for (stage, rate, count) in stages {
        rows.add_row([stage.to_owned(), rate.map(decimal::percent).unwrap_or_default(), count.to_string()]);
    }
    writeln!(out, "{rows}")?;
    Ok(Ended::Well)
}

/// What a stage is called, the rate it follows by, and how many are needed.
type Stage = (&'static str, Option<Decimal>, i64);

fn showroom(args: &FunnelArgs) -> anyhow::Result<(String, Vec<Stage>)> {
    refuse("showroom", &[("--arrival-rate", args.arrival_rate), ("--valid-rate", args.valid_rate)])?;
    let usual = ShowroomRates::default();
    let rates = ShowroomRates {
        order: args.order_rate.unwrap_or(usual.order),
        closing: args.closing_rate.unwrap_or(usual.closing),
        capture: args.capture_rate.unwrap_or(usual.capture),
        test_drive: args.test_drive_rate.unwrap_or(usual.test_drive),
    };
    let needed = models::showroom(args.deliveries, &rates)?;
    let stages = vec![
        ("deliveries", None, needed.deliveries),
        ("orders", Some(rates.order), needed.orders),
        ("captured leads", Some(rates.closing), needed.captured),
        ("first visits", Some(rates.capture), needed.first_visits),
        ("test drives", Some(rates.test_drive), needed.test_drives),
    ];
    Ok((serde_json::to_string(&needed)?, stages))
}

fn phone_web(args: &FunnelArgs) -> anyhow::Result<(String, Vec<Stage>)> {
    let others = [("--capture-rate", args.capture_rate), ("--test-drive-rate", args.test_drive_rate)];
    refuse("phone_web", &others)?;
    let usual = PhoneWebRates::default();
    let rates = PhoneWebRates {
        order: args.order_rate.unwrap_or(usual.order),
        closing: args.closing_rate.unwrap_or(usual.closing),
        arrival: args.arrival_rate.unwrap_or(usual.arrival),
        valid: args.valid_rate.unwrap_or(usual.valid),
    };
    let needed = models::phone_web(args.deliveries, &rates)?;
    let stages = vec![
        ("deliveries", None, needed.deliveries),
        ("orders", Some(rates.order), needed.orders),
        ("arrivals", Some(rates.closing), needed.arrivals),
        ("valid leads", Some(rates.arrival), needed.valid_leads),
        ("raw leads", Some(rates.valid), needed.raw_leads),
    ];
    Ok((serde_json::to_string(&needed)?, stages))
}

/// A rate that the channel does not have would change nothing, which its giver has to know.
fn refuse(channel: &str, others: &[(&str, Option<Decimal>)]) -> anyhow::Result<()> {
    match others.iter().find(|(_, rate)| rate.is_some()) {
        Some((name, _)) => anyhow::bail!("{name}: the funnel of {channel} has no such rate"),
        None => Ok(()),
    }
}
