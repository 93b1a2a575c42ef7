//! Who runs this process.

use std::{env, fs};

use rustix::{process, system};

/// Who runs this process, as people know them: `ada@build-1`. Behind `sudo` this is whoever called it.
///
/// It is worth as much as access to the data directory: whoever has that can make the environment say any name.
pub fn operator() -> String {
    let uid = process::getuid().as_raw();
    let user = variable("SUDO_USER")
        .or_else(|| name_in(&fs::read_to_string("/etc/passwd").ok()?, uid))
        .or_else(|| variable("USER"))
        .unwrap_or_else(|| format!("uid {uid}"));
    match system::uname().nodename().to_str() {
        Ok(host) if !host.is_empty() => format!("{user}@{host}"),
        _ => user,
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The name of a user in the form of `/etc/passwd`, `name:password:uid:…`.
fn name_in(passwd: &str, uid: u32) -> Option<String> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_known_by_name() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\n\n#ada\nada:x:1000:1000:Ada,,,:/home/ada:/bin/zsh\n:x:7:\n";
        assert_eq!(name_in(passwd, 0).as_deref(), Some("root"));
        assert_eq!(name_in(passwd, 1000).as_deref(), Some("ada"));
        assert_eq!(name_in(passwd, 7), None);
        assert!(!operator().starts_with('@'));
    }
}
