-- What a competent engineer would build for these filters: typed columns, fixed-width ones first, the tenant leading
-- every index, and for each filter an index that already holds the order of the page.
CREATE TABLE audit_logs (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id       bigint NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    user_id          bigint,
    token            text NOT NULL DEFAULT 'adt_lg_' || left(replace(gen_random_uuid()::text, '-', ''), 16),
    event            text NOT NULL,
    source           text NOT NULL,
    object_type      text NOT NULL,
    object_token     text,
    object_title     text,
    user_name        text,
    user_role        text,
    workspace_token  text,
    workspace_title  text,
    changed_values   jsonb NOT NULL,
    unchanged_values jsonb NOT NULL,
    context          jsonb NOT NULL,
    metadata         jsonb NOT NULL
);
