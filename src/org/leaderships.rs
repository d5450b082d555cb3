//! Leaderships: who leads which team, as its line leader or for one channel, and when.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::month::{Tenure, led_in};
use super::postings::{check_end, filtered, resolve};
use super::{
    EndPatch, Leadership, LeadershipKind, NewTeamLeadership, TeamLeadership, TeamLeadershipQuery, UnitKind,
    Validity, reached,
};
use crate::auth::Context;
use crate::db::schema::{employee, org_unit, team_leadership};
use crate::http::etag::Seen;
use crate::http::{Page, Problem, Window};
use crate::period::Period;
use crate::said::say;

type LeadershipRow =
    (i64, String, String, String, String, LeadershipKind, String, NaiveDate, Option<NaiveDate>, i32);

fn leadership(
    (id, unit, unit_name, employee_no, employee_name, kind, channel, valid_from, valid_to, version): LeadershipRow,
) -> TeamLeadership {
    let channel = (!channel.is_empty()).then_some(channel);
    TeamLeadership {
        id,
        unit,
        unit_name,
        employee_no,
        employee_name,
        kind,
        channel,
        valid_from,
        valid_to,
        version,
    }
}

/// A page of the leaderships in the stores that the caller reaches, by id.
pub async fn list(
    cx: &mut Context,
    filter: &TeamLeadershipQuery,
    window: Window,
) -> Result<Page<TeamLeadership>, Problem> {
    Ok(window.page(load(cx, None, filter, window).await?, |leadership| leadership.id))
}

/// The leadership with this id.
pub async fn find(cx: &mut Context, id: i64) -> Result<TeamLeadership, Problem> {
    let found = load(cx, Some(id), &TeamLeadershipQuery::default(), Window::ONE).await?.pop();
    found.ok_or_else(|| Problem::not_found("team leadership"))
}

async fn load(
    cx: &mut Context,
    id: Option<i64>,
    filter: &TeamLeadershipQuery,
    window: Window,
) -> Result<Vec<TeamLeadership>, Problem> {
    let (employee_id, unit_id) = filtered(cx, filter.employee_no.as_deref(), filter.unit.as_deref()).await?;
    let mut query = team_leadership::table
        .inner_join(employee::table.on(employee::id.eq(team_leadership::employee_id)))
        .inner_join(org_unit::table.on(org_unit::id.eq(team_leadership::unit_id)))
        .filter(team_leadership::id.gt(window.after))
        .order(team_leadership::id)
        .limit(window.rows())
        .select((
            team_leadership::id,
            org_unit::code,
            org_unit::name,
            employee::employee_no,
            employee::name,
            team_leadership::kind,
            team_leadership::channel,
            team_leadership::valid_from,
            team_leadership::valid_to,
            team_leadership::version,
        ))
        .into_boxed();
    if let Some(id) = id {
        query = query.filter(team_leadership::id.eq(id));
    }
    if let Some(employee_id) = employee_id {
        query = query.filter(team_leadership::employee_id.eq(employee_id));
    }
    if let Some(unit_id) = unit_id {
        query = query.filter(org_unit::path.contains(vec![unit_id]));
    }
    if let Some(within) = reached::LEADERSHIPS.by(&cx.scope) {
        query = query.filter(within);
    }
    if let Some(day) = filter.on {
        query = query
            .filter(team_leadership::valid_from.le(day))
            .filter(team_leadership::valid_to.is_null().or(team_leadership::valid_to.gt(day)));
    }
    let rows: Vec<LeadershipRow> = query.load(cx.db()).await?;
    Ok(rows.into_iter().map(leadership).collect())
}

/// Gives somebody a team to lead.
pub async fn create(cx: &mut Context, new: NewTeamLeadership) -> Result<TeamLeadership, Problem> {
    cx.transaction(async |cx| {
        let validity = Validity { from: new.valid_from, to: new.valid_to };
        let (employee_id, unit) = resolve(cx.db(), &new.employee_no, &new.unit, validity).await?;
        if unit.kind != UnitKind::Team {
            let (zh, en) = (unit.kind.label(), unit.kind.name());
            return Err(Problem::field("unit", say!("应为组，而不是{zh}", "expected a team, not a {en}")));
        }
        let id: i64 = diesel::insert_into(team_leadership::table)
            .values((
                team_leadership::unit_id.eq(unit.id),
                team_leadership::employee_id.eq(employee_id),
                team_leadership::kind.eq(new.kind),
                team_leadership::channel.eq(new.channel.as_deref().unwrap_or_default()),
                team_leadership::valid_from.eq(new.valid_from),
                team_leadership::valid_to.eq(new.valid_to),
            ))
            .returning(team_leadership::id)
            .get_result(cx.db())
            .await?;
        let detail = json!({
            "unit": new.unit, "employee_no": new.employee_no, "kind": new.kind, "channel": new.channel,
            "valid_from": new.valid_from, "valid_to": new.valid_to,
        });
        let subject = format!("team_leadership/{id}");
        cx.audit("create_team_leadership", &subject, detail).await?;
        find(cx, id).await
    })
    .await
}

/// Gives a leadership that is still as the caller has seen it another end.
pub async fn change(
    cx: &mut Context,
    id: i64,
    patch: EndPatch,
    seen: Seen,
) -> Result<TeamLeadership, Problem> {
    cx.transaction(async |cx| {
        let version: i32 = team_leadership::table
            .find(id)
            .select(team_leadership::version)
            .for_update()
            .first(cx.db())
            .await
            .optional()?
            .ok_or_else(|| Problem::not_found("team leadership"))?;
        seen.check(version)?;
        let current = find(cx, id).await?;
        if patch.valid_to == current.valid_to {
            return Ok(current);
        }
        check_end(cx.db(), &current.unit, current.valid_from, patch.valid_to).await?;
        diesel::update(team_leadership::table.find(id))
            .set((team_leadership::valid_to.eq(patch.valid_to), team_leadership::version.eq(version + 1)))
            .execute(cx.db())
            .await?;
        let detail = json!({ "valid_to": patch.valid_to });
        let subject = format!("team_leadership/{id}");
        cx.audit("change_team_leadership", &subject, detail).await?;
        find(cx, id).await
    })
    .await
}

/// The line leader of each team of the store: who led it on most days of the month, of equals the later one; by team.
pub async fn line_leaders(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<Leadership>, Problem> {
    let rows: Vec<(i64, i64, NaiveDate, Option<NaiveDate>)> = team_leadership::table
        .inner_join(org_unit::table.on(org_unit::id.eq(team_leadership::unit_id)))
        .filter(org_unit::store_id.eq(store_id))
        .filter(team_leadership::kind.eq(LeadershipKind::Line))
        .filter(team_leadership::valid_from.lt(period.end()))
        .filter(team_leadership::valid_to.is_null().or(team_leadership::valid_to.gt(period.first_day())))
        .select((
            team_leadership::unit_id,
            team_leadership::employee_id,
            team_leadership::valid_from,
            team_leadership::valid_to,
        ))
        .load(connection)
        .await?;
    let tenures: Vec<_> = rows
        .into_iter()
        .map(|(unit_id, employee_id, from, to)| Tenure {
            leadership: Leadership { unit_id, employee_id },
            validity: Validity { from, to },
        })
        .collect();
    Ok(led_in(period, &tenures))
}
