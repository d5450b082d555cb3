//! Configuration: every setting in one place, each an option on the command line and a variable in the environment.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::path::PathBuf;

use clap::builder::{BoolishValueParser, FalseyValueParser};
use clap::{ArgAction, Args};
use secrecy::{ExposeSecret as _, SecretString};

use crate::db::embedded;
use crate::http::Language;
use crate::http::cors::Origin;
use crate::ledger::catalogue::Catalogues;
use crate::rules::folder::RulesFolder;
use crate::said::say;

/// Where data is kept.
#[derive(Clone, Debug, Args)]
pub struct Storage {
    /// Address of a PostgreSQL server, 14 or newer; without it, a private server is run in the data folder.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL", global = true)]
    pub database_url: Option<SecretString>,
    /// Folder for the private database and the signing keys
    /// [default: /var/lib/showfloor as root, otherwise showfloor in the user's data folder].
    #[arg(long, env = "SHOWFLOOR_DATA_DIR", value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// Most connections to the database.
    #[arg(long, env = "SHOWFLOOR_CONNECTIONS", default_value_t = 16, value_name = "N", global = true)]
    pub connections: usize,
}

/// Where the scripts are.
#[derive(Clone, Debug, Args)]
pub struct Rules {
    /// The folder with metrics.toml and one folder a scheme.
    #[arg(long = "rules", value_name = "DIR", env = "SHOWFLOOR_RULES", default_value = "rules")]
    pub folder: PathBuf,
}

impl Rules {
    /// What may be collected: what has been released says it, and the folder until something has.
    pub fn catalogues(&self) -> Catalogues {
        Catalogues::of_folder(&self.folder)
    }
}

/// Where the scripts are, and who releases them.
#[derive(Clone, Debug, Args)]
pub struct ReleasedRules {
    #[command(flatten)]
    rules: Rules,
    /// on: a change of the folder is released without a second person, for months not yet frozen (a shop of one);
    /// off: it becomes a draft.
    #[arg(
        long = "auto-release", env = "RULES_AUTO_RELEASE", value_name = "on|off", default_value = "off",
        value_parser = BoolishValueParser::new(), action = ArgAction::Set, hide_possible_values = true
    )]
    is_automatic: bool,
}

impl ReleasedRules {
    /// The folder, of which nothing has been read yet.
    pub fn folder(&self) -> RulesFolder {
        RulesFolder::new(&self.rules.folder, self.is_automatic)
    }
}

/// Where requests are answered.
#[derive(Clone, Debug, Args)]
pub struct Listen {
    /// Address or name, and port; port 0 takes any free one.
    #[arg(
        long, env = "SHOWFLOOR_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS",
        value_parser = socket_address
    )]
    pub listen: SocketAddr,
}

/// The address that a text such as `127.0.0.1:8080` or `localhost:8080` means; of several, one that all can reach.
fn socket_address(text: &str) -> Result<SocketAddr, String> {
    let Some((_, port)) = text.rsplit_once(':').filter(|(host, _)| !host.is_empty()) else {
        return Err("expected an address and a port, for example 127.0.0.1:8080".to_owned());
    };
    if port.parse::<u16>().is_err() {
        return Err(format!("'{port}' is no port; expected 0 to 65535, for example 127.0.0.1:8080"));
    }
    let found =
        text.to_socket_addrs().map_err(|error| format!("this machine knows no such address: {error}"))?;
    let found = found.collect::<Vec<_>>();
    let best = found.iter().find(|address| address.is_ipv4()).or(found.first());
    best.copied().ok_or_else(|| "this machine knows no such address".to_owned())
}

/// What whoever runs the server decides.
#[derive(Clone, Debug, Default, Args)]
pub struct Policy {
    /// on: reviews are shown even while the log of who reads them cannot be written (a full disk), and who has read them
    /// stands in the program's own log only; off: they are not.
    #[arg(
        long = "reads-unlogged", env = "SHOWFLOOR_READS_UNLOGGED", value_name = "on|off", default_value = "off",
        value_parser = BoolishValueParser::new(), action = ArgAction::Set, hide_possible_values = true
    )]
    pub reads_unlogged: bool,
    /// Addresses of proxies in front of the server, whose X-Forwarded-For says who asks: wrong passwords are counted by
    /// address.
    #[arg(
        long = "trusted-proxy",
        env = "SHOWFLOOR_TRUSTED_PROXIES",
        value_name = "ADDRESS",
        value_delimiter = ','
    )]
    pub trusted_proxies: Vec<IpAddr>,
    /// Origins of pages that may ask from a browser, for example https://screen.example.com; * lets any.
    #[arg(
        long = "cors-origin",
        env = "SHOWFLOOR_CORS_ORIGINS",
        value_name = "ORIGIN",
        value_delimiter = ','
    )]
    pub cors_origins: Vec<Origin>,
}

/// What is logged, to standard error.
#[derive(Clone, Debug, Args)]
pub struct Logging {
    /// What to log: error, warn, info, debug, or a filter such as showfloor=debug,actix=warn.
    #[arg(
        long,
        env = "SHOWFLOOR_LOG",
        // A refused request is the caller's to know; the log is for what is wrong here.
        default_value = "warn,tracing_actix_web=off",
        value_name = "FILTER",
        global = true
    )]
    pub log: String,
    /// Log JSON lines.
    #[arg(long, env = "SHOWFLOOR_LOG_JSON", value_parser = FalseyValueParser::new(), global = true)]
    pub log_json: bool,
}

/// Who reads what is printed.
#[derive(Clone, Debug, Args)]
pub struct Reader {
    /// Language of everything that is printed but this help [default: that of the locale, English where it is not Chinese].
    #[arg(long, env = "SHOWFLOOR_LANG", value_name = "zh|en", value_parser = language, global = true)]
    lang: Option<Language>,
}

impl Reader {
    /// The language of files that are written: the one that is asked for, or else Chinese, whatever the terminal speaks.
    pub fn language_of_files(&self) -> Language {
        self.lang.unwrap_or_default()
    }

    /// The language to print in.
    pub fn language(&self) -> Language {
        let locale =
            ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
        self.lang.unwrap_or_else(|| of_locale(locale))
    }
}

fn language(text: &str) -> Result<Language, String> {
    match text {
        "zh" => Ok(Language::Chinese),
        "en" => Ok(Language::English),
        _ => Err("expected zh or en".to_owned()),
    }
}

/// The language of the first of these settings that says anything.
fn of_locale(mut settings: impl Iterator<Item = String>) -> Language {
    let locale = settings.find(|setting| !setting.is_empty()).unwrap_or_default();
    match locale.starts_with("zh") {
        true => Language::Chinese,
        false => Language::English,
    }
}

impl Storage {
    /// The server to use, if one is named. An empty name is none, as in `DATABASE_URL= showfloor serve`.
    pub fn server(&self) -> Option<&str> {
        self.database_url.as_ref().map(|url| url.expose_secret()).filter(|url| !url.is_empty())
    }

    /// The data folder, given or by default.
    pub fn data_folder(&self) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &self.data_dir {
            return Ok(std::path::absolute(folder)?);
        }
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = variable("HOME");
        // PostgreSQL does not run as root and its account cannot look into root's home.
        if embedded::runs_as_root()? {
            return Ok(PathBuf::from("/var/lib/showfloor"));
        }
        let folder = variable("XDG_DATA_HOME").or_else(|| home.map(|home| home.join(".local/share")));
        match folder {
            Some(folder) => Ok(folder.join("showfloor")),
            None => anyhow::bail!(say!(
                "没有 HOME，不知道数据放在哪里：请设 SHOWFLOOR_DATA_DIR",
                "there is no HOME to keep data in: set SHOWFLOOR_DATA_DIR"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_setting_of_the_locale_that_says_anything_chooses_the_language() {
        let of = |settings: &[&str]| of_locale(settings.iter().map(|setting| (*setting).to_owned()));
        for chinese in [&["zh_CN.UTF-8"][..], &["", "zh_TW"], &["", "", "zh"], &["zh_CN", "en_US.UTF-8"]] {
            assert_eq!(of(chinese), Language::Chinese, "{chinese:?}");
        }
        for english in [&["C.UTF-8"][..], &["en_GB.UTF-8", "zh_CN"], &["", "C"], &[]] {
            assert_eq!(of(english), Language::English, "{english:?}");
        }
    }

    #[test]
    fn names_are_addresses_too() {
        assert_eq!(socket_address("127.0.0.1:0").unwrap().to_string(), "127.0.0.1:0");
        assert_eq!(socket_address("[::1]:80").unwrap().to_string(), "[::1]:80");
        assert!(socket_address("localhost:8080").unwrap().ip().is_loopback());
        for wrong in ["8080", ":8080", "localhost", "localhost:http", "127.0.0.1:70000", "256.0.0.1:80"] {
            assert!(socket_address(wrong).is_err(), "{wrong}");
        }
    }
}
