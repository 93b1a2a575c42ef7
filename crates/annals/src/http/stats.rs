//! `/v2/audit_logs/stats`: how many audit logs there are, by what they have.

use std::sync::Arc;

use annals_format::{StatsQuery, Timestamp};
use annals_store::{Role, Scope};
use axum::{
    Json,
    extract::{RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};

use super::{
    App,
    auth::Caller,
    error::ApiError,
    etag::ETag,
    links::Here,
    schema::{self, FacetCounts, IntervalCount, StatsAnswer, ValueCount},
};
use crate::{limits, query::Counts};

/// Counts audit logs: in all, by the values of fields, and by days, weeks or months.
///
/// Takes the same filters as the list, and is as exact.
#[utoipa::path(
    get,
    path = "/v2/audit_logs/stats",
    operation_id = "countAuditLogs",
    tag = "Audit logs",
    params(schema::CountParameters, schema::FilterParameters),
    responses(
        (status = 200, body = StatsAnswer, description = "The counts", headers(
            ("etag" = String, description = "Weak; send it as If-None-Match to poll cheaply"),
        )),
        (status = 304, description = "Nothing has changed since the answer with that ETag"),
        schema::Failures,
    ),
)]
pub(super) async fn stats(
    State(app): State<Arc<App>>,
    caller: Caller,
    here: Here,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    caller.needs_scope(Scope::Read)?;
    caller.needs_role(Role::Owner)?;
    let query = StatsQuery::parse(query.as_deref().unwrap_or_default())
        .map_err(|faults| ApiError::of(StatusCode::BAD_REQUEST, faults))?;
    let view = app.engine.view(caller.account()).await?;
    let tag = ETag::of(caller.account(), view.size(), &[here.target()]);
    if tag.matches(&headers) {
        return Ok(tag.not_modified());
    }
    let (as_of, stats) = app.engine.stats(&view, &query).await?;
    let times = stats.times.ok_or_else(|| {
        ApiError::new(
            StatusCode::BAD_REQUEST,
            format!(
                "there are audit logs in more than {} of the interval {}: choose a longer one, or narrow start_date and end_date",
                limits::INTERVALS_MAX,
                query.interval.as_str()
            ),
        )
    })?;
    let shown = usize::try_from(query.limit.get()).unwrap_or(usize::MAX);
    let [action, object_type, source, user, workspace_token] =
        stats.facets.map(|counts| facet(counts, stats.total, shown));
    let by_time = times.into_iter().map(|(start, count)| {
        let start = Timestamp::from_us(start).to_string();
        IntervalCount { start: start.get(..10).unwrap_or_default().to_owned(), count }
    });
    let answer = StatsAnswer {
        total: stats.total,
        as_of,
        action,
        object_type,
        source,
        user,
        workspace_token,
        interval: query.interval.as_str(),
        created_at: by_time.collect(),
    };
    Ok((tag.headers(), Json(answer)).into_response())
}

/// The most frequent values first, those that are equally frequent in the order of their texts.
fn facet(counts: Counts, total: u64, shown: usize) -> FacetCounts {
    let none = total - counts.0.values().sum::<u64>().min(total);
    let mut values: Vec<ValueCount> =
        counts.0.into_iter().map(|(value, count)| ValueCount { value, count }).collect();
    values.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
    let other = values.iter().skip(shown).map(|value| value.count).sum();
    values.truncate(shown);
    FacetCounts { values, other, none }
}
