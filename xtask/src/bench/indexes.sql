CREATE UNIQUE INDEX audit_logs_token ON audit_logs (account_id, token);
CREATE INDEX audit_logs_created_at ON audit_logs (account_id, created_at DESC, id DESC);
CREATE INDEX audit_logs_user ON audit_logs (account_id, user_id, created_at DESC, id DESC);
CREATE INDEX audit_logs_workspace ON audit_logs (account_id, workspace_token, created_at DESC, id DESC);
CREATE INDEX audit_logs_event ON audit_logs (account_id, event, created_at DESC, id DESC);
CREATE INDEX audit_logs_object_title ON audit_logs (account_id, object_title, created_at DESC, id DESC);
CREATE INDEX audit_logs_source ON audit_logs (account_id, source, created_at DESC, id DESC);
CREATE INDEX audit_logs_object_type ON audit_logs (account_id, object_type, created_at DESC, id DESC);
CREATE INDEX audit_logs_object_token ON audit_logs (account_id, object_token, created_at DESC, id DESC);
