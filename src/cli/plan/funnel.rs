//! `showfloor plan funnel`

use std::io::{self, Write as _};

use clap::ValueEnum;
use rust_decimal::Decimal;

use crate::cli::{Ended, one_of, table, tell};
use crate::decimal;
use crate::plan::funnel::models::{self, PhoneWebRates, ShowroomRates};
use crate::said::Said;

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
    let mut rows = table::new(&[("步骤", "stage"), ("比率", "rate"), ("需要", "needed")], &[1, 2]);
    for (stage, rate, count) in stages {
        rows.add_row([
            one_of(stage).to_owned(),
            rate.map(decimal::percent).unwrap_or_default(),
            count.to_string(),
        ]);
    }
    writeln!(out, "{rows}")?;
    Ok(Ended::Well)
}

/// What a stage is called, the rate it follows by, and how many are needed.
type Stage = ((&'static str, &'static str), Option<Decimal>, i64);

fn showroom(args: &FunnelArgs) -> anyhow::Result<(String, Vec<Stage>)> {
    refuse("showroom", &[("--arrival-rate", args.arrival_rate), ("--valid-rate", args.valid_rate)])?;
    let usual = ShowroomRates::default();
    let rates = ShowroomRates {
        order: args.order_rate.unwrap_or(usual.order),
        closing: args.closing_rate.unwrap_or(usual.closing),
        capture: args.capture_rate.unwrap_or(usual.capture),
        test_drive: args.test_drive_rate.unwrap_or(usual.test_drive),
    };
    let needed = models::showroom(args.deliveries, &rates).map_err(Said::from)?;
    let stages = vec![
        (("交车", "deliveries"), None, needed.deliveries),
        (("订单", "orders"), Some(rates.order), needed.orders),
        (("留档", "captured leads"), Some(rates.closing), needed.captured),
        (("首次到店", "first visits"), Some(rates.capture), needed.first_visits),
        (("试驾", "test drives"), Some(rates.test_drive), needed.test_drives),
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
    let needed = models::phone_web(args.deliveries, &rates).map_err(Said::from)?;
    let stages = vec![
        (("交车", "deliveries"), None, needed.deliveries),
        (("订单", "orders"), Some(rates.order), needed.orders),
        (("到店", "arrivals"), Some(rates.closing), needed.arrivals),
        (("有效线索", "valid leads"), Some(rates.arrival), needed.valid_leads),
        (("线索", "raw leads"), Some(rates.valid), needed.raw_leads),
    ];
    Ok((serde_json::to_string(&needed)?, stages))
}

/// A rate that the channel does not have would change nothing, which its giver has to know.
fn refuse(channel: &str, others: &[(&str, Option<Decimal>)]) -> anyhow::Result<()> {
    match others.iter().find(|(_, rate)| rate.is_some()) {
        Some((name, _)) => anyhow::bail!(tell!(
            "{name}：{channel} 的漏斗没有这个比率",
            "{name}: the funnel of {channel} has no such rate"
        )),
        None => Ok(()),
    }
}
