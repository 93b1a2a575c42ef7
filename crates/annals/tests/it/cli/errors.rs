//! What goes wrong is said on standard error, with a next step, and the exit code tells.

use super::{Ran, at, command, on};
use crate::support::{Server, Tenant};

#[tokio::test]
async fn every_error_has_a_next_step() {
    let (server, tenant) = Server::start().await;
    let dir = server.data_dir.clone();
    Tenant::create(&dir, "Second");
    let account = tenant.account.as_str();
    let on_dir: [(i32, &[&str]); 11] = [
        (2, &["account", "create", "  "]),
        (2, &["workspace", "create", "Which account?"]),
        (1, &["workspace", "create", "x", "--account", "acct_0000000000000000"]),
        (1, &["workspace", "rename", "wrkspc_0000000000000000", "x", "--account", account]),
        (1, &["user", "remove", "4711", "--account", account]),
        (1, &["token", "create", "x", "--user", "4711", "--account", account]),
        (1, &["token", "revoke", "tkn_0000000000000000", "--account", account]),
        (
            1,
            &[
                "token",
                "revoke",
                "ann_service_0000000000000000000000000000000000000000000",
                "--account",
                account,
            ],
        ),
        (2, &["token", "create", "x", "--expires", "2020-01-01", "--account", account]),
        (2, &["token", "create", "x", "--scope", "everything", "--account", account]),
        (2, &["user", "create", "x", "--role", "king", "--account", account]),
    ];
    for (code, arguments) in on_dir {
        check(&on(&dir, arguments), code, arguments);
    }
    let talking: [(i32, &[&str]); 6] = [
        (1, &["show", "adt_lg_0000000000000000"]),
        (1, &["list", "--token", "ann_service_wrong"]),
        (1, &["list", "--url", "http://127.0.0.1:1"]),
        (2, &["list", "--token", " "]),
        (2, &["list", "--action", "mend"]),
        (2, &["record", "--action", "update"]),
    ];
    for (code, arguments) in talking {
        check(&at(&server, &tenant.token, arguments, None), code, arguments);
    }
    // The server's own sentences come through.
    let arguments = ["record", "--action", "update", "--object-type", "cost report"];
    let ran = at(&server, &tenant.token, &arguments, None);
    assert!(ran.failed(1).contains("is no object type"), "{ran:?}");
    let ran = at(&server, &tenant.token, &["list", "--start-date", "tomorrow"], None);
    assert!(ran.failed(1).contains("start_date must be a date"), "{ran:?}");
}

#[tokio::test]
async fn a_directory_is_served_once() {
    let (server, _) = Server::start().await;
    let second = on(&server.data_dir, &["serve", "--listen", "127.0.0.1:0"]);
    check(&second, 1, &["serve"]);
    assert!(second.stderr.contains(&server.data_dir.display().to_string()), "{second:?}");
}

#[test]
fn a_command_that_is_not_understood_ends_with_2() {
    for arguments in
        [&["lsit"][..], &["list", "--colour"], &["account", "make"], &["import"], &["completions", "tcsh"]]
    {
        let ran = Ran::of(command(arguments), None);
        assert!(ran.failed(2).contains("--help"), "{ran:?}");
    }
    let ran = Ran::of(command(&[]), None);
    assert!(ran.code == 2 && ran.stderr.contains("Usage: annals"), "{ran:?}");
}

/// It says what is wrong and what can be done about it; what the command line itself found wrong points to the help.
#[track_caller]
fn check(ran: &Ran, code: i32, arguments: &[&str]) {
    let said = ran.failed(code);
    let step = said.contains("\nhint: ") || said.contains("--help");
    assert!(step && !said.contains("panicked"), "{arguments:?}: {said}");
}
