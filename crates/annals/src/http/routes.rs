//! The routes there are, by their names in metrics.

/// Routes by which requests are counted; whatever else is asked for counts as `other`, so that nobody can make up series.
const ROUTES: [&str; 17] = [
    "/v2/audit_logs",
    "/v2/audit_logs/stats",
    "/v2/audit_logs/{audit_log_token}",
    "/v2/audit_logs/{audit_log_token}/proof",
    "/tlog/{account}/checkpoint",
    "/tlog/{account}/tile/{*path}",
    "/v2/ping",
    "/v2/me",
    "/v2/workspaces",
    "/v2/workspaces/{workspace_token}",
    "/oauth/token",
    "/",
    "/docs",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/metrics",
];

/// The route of a path, as one of [`ROUTES`] names it.
pub(super) fn route_of(path: &str) -> &'static str {
    // As it stands first: most paths have no parameters, and comparing piece by piece takes long.
    let named = ROUTES.into_iter().find(|route| *route == path);
    named.or_else(|| ROUTES.into_iter().find(|route| matches(route, path))).unwrap_or("other")
}

/// Whether a path is one of a route: `{name}` stands for anything without a slash, `{*name}` for all of the rest.
fn matches(route: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (route.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(rest), Some(_)) if rest.starts_with("{*") => return true,
            (Some(any), Some(segment)) if any.starts_with('{') && !segment.is_empty() => {}
            (Some(name), Some(segment)) if name == segment => {}
            _ => return false,
        }
    }
}

/// Whether only bearers of valid access tokens get anything at a path: all of the API under `/v2/` is for them.
pub(super) fn needs_token(path: &str) -> bool {
    route_of(path).starts_with("/v2/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_counts_for_the_route_that_serves_it() {
        for (path, route) in [
            ("/", "/"),
            ("/v2/audit_logs", "/v2/audit_logs"),
            ("/v2/audit_logs/stats", "/v2/audit_logs/stats"),
            ("/v2/audit_logs/adt_lg_7c1f0a93be52d846", "/v2/audit_logs/{audit_log_token}"),
            ("/v2/audit_logs/adt_lg_7c1f0a93be52d846/proof", "/v2/audit_logs/{audit_log_token}/proof"),
            ("/tlog/acnt_1/tile/entries/x001/067", "/tlog/{account}/tile/{*path}"),
            ("/v2/audit_logs/", "other"),
            ("/v2/audit_logs/a/b", "other"),
            ("/v2", "other"),
            ("", "other"),
        ] {
            assert_eq!(route_of(path), route, "{path}");
        }
    }

    #[test]
    fn what_is_in_the_api_needs_a_token_and_nothing_else_does() {
        let open =
            ["/", "/docs", "/oauth/token", "/tlog/acnt_1/checkpoint", "/v2/nothing", "/v2", "/v2/ping/"];
        assert_eq!(open.into_iter().find(|path| needs_token(path)), None);
        assert!(
            ["/v2/ping", "/v2/audit_logs", "/v2/audit_logs/adt_lg_7c1f0a93be52d846/proof"]
                .into_iter()
                .all(needs_token)
        );
    }
}
