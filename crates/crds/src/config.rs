//! Settings. The environment is read here and nowhere else.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use thiserror::Error;

use crate::{
    mapping::ChecksumPolicy,
    network::{Network, Proxies},
    observatory::Observatory,
};

/// A setting with a value that it cannot have.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{name}: expected {expected}, found {found:?}")]
pub struct SettingError {
    /// The environment variable.
    pub name: &'static str,
    /// What it may be.
    pub expected: &'static str,
    /// What it is.
    pub found: String,
}

/// Where best references are determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// Here, unless the server wants to do it.
    #[default]
    Auto,
    /// Here.
    Local,
    /// On the server.
    Remote,
}

/// All settings of a client. Every field can be set without any environment.
///
/// ```
/// use crds::{Config, Observatory};
/// let config = Config::new("/data/crds".as_ref(), Observatory::jwst());
/// assert_eq!(config.mapping_dir, std::path::Path::new("/data/crds/mappings/jwst"));
/// ```
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the reference client, independent of the others"
)]
pub struct Config {
    /// The mission.
    pub observatory: Observatory,
    /// Directory of the mappings.
    pub mapping_dir: PathBuf,
    /// Directory of the references, or of their instruments' directories.
    pub reference_dir: PathBuf,
    /// Directory of the server's configuration.
    pub config_dir: PathBuf,
    /// The context that the user chose: a mapping, or a symbol such as `latest`.
    pub context: Option<String>,
    /// Nothing may be written to the cache.
    pub readonly: bool,
    /// What to do about mappings with a wrong sum.
    pub checksums: ChecksumPolicy,
    /// References marked as bad may be used.
    pub allow_bad_references: bool,
    /// Rules marked as bad may be used.
    pub allow_bad_rules: bool,
    /// The server, if one is set.
    pub server_url: Option<String>,
    /// Where best references are determined.
    pub mode: Mode,
    /// A private cache in front of this one: files are looked for in it first, and all that is new is written to it.
    pub overlay: Option<Overlay>,
    /// The version of the calibration program. Without a chosen context, a server is asked for the one made for it.
    pub calibration_version: Option<String>,
    /// Where mappings are fetched from, instead of where the server says.
    pub mapping_url: Option<String>,
    /// Where references are fetched from, instead of where the server says.
    pub reference_url: Option<String>,
    /// Sizes of files are compared with those that the server states.
    pub verify_sizes: bool,
    /// Sums of files are compared with those that the server states.
    pub verify_sums: bool,
    /// The connection to the server.
    pub network: Network,
}

/// The directories of a private cache in front of a shared one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// Directory of the mappings.
    pub mapping_dir: PathBuf,
    /// Directory of the references, or of their instruments' directories.
    pub reference_dir: PathBuf,
    /// Directory of the server's configuration.
    pub config_dir: PathBuf,
}

impl Overlay {
    /// The cache below `path`.
    pub fn new(path: &Path, observatory: &Observatory) -> Self {
        let name = observatory.name();
        Self {
            mapping_dir: path.join("mappings").join(name),
            reference_dir: path.join("references").join(name),
            config_dir: path.join("config").join(name),
        }
    }
}

impl Config {
    /// Settings for the cache below `path`, everything else by default.
    pub fn new(path: &Path, observatory: Observatory) -> Self {
        let name = observatory.name().to_owned();
        Self {
            mapping_dir: path.join("mappings").join(&name),
            reference_dir: path.join("references").join(&name),
            config_dir: path.join("config").join(&name),
            calibration_version: observatory.calibration_version().map(str::to_owned),
            observatory,
            context: None,
            readonly: false,
            checksums: ChecksumPolicy::Verify,
            allow_bad_references: false,
            allow_bad_rules: false,
            server_url: None,
            mode: Mode::Auto,
            overlay: None,
            mapping_url: None,
            reference_url: None,
            verify_sizes: true,
            verify_sums: true,
            network: Network::default(),
        }
    }

    /// Settings from the process environment.
    ///
    /// # Errors
    /// [`SettingError`] for a variable with a value that it cannot have.
    pub fn from_env(observatory: Observatory) -> Result<Self, SettingError> {
        // A variable that is no text is none of ours.
        let text = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::from_map(&std::env::vars_os().filter_map(text).collect(), observatory)
    }

    /// Settings from variables as the environment would hold them.
    ///
    /// Source: crds 14.0.3 `core.config`.
    ///
    /// # Errors
    /// [`SettingError`] for a variable with a value that it cannot have.
    pub fn from_map(
        variables: &BTreeMap<String, String>,
        observatory: Observatory,
    ) -> Result<Self, SettingError> {
        let get = |name: &str| variables.get(name).map(String::as_str);
        let directory = |root: &str, part: &str| {
            let name = observatory.name();
            let single = |variable: &str| get(&format!("{variable}_SINGLE")).map(PathBuf::from);
            let shared = |path: &str| Path::new(path).join(part).join(name);
            single(root)
                .or_else(|| get(root).map(|path| Path::new(path).join(name)))
                .or_else(|| single("CRDS_PATH").map(|path| path.join(part)))
                .or_else(|| get("CRDS_PATH").map(shared))
                .unwrap_or_else(|| shared(get("CRDS_DEFAULT_CACHE").unwrap_or("/grp/crds/cache")))
        };
        let context = get("CRDS_CONTEXT").filter(|context| !context.is_empty());
        Ok(Self {
            mapping_dir: directory("CRDS_MAPPATH", "mappings"),
            reference_dir: directory("CRDS_REFPATH", "references"),
            config_dir: directory("CRDS_CFGPATH", "config"),
            context: context.map(str::to_owned),
            readonly: flag("CRDS_READONLY_CACHE", get("CRDS_READONLY_CACHE"))?,
            checksums: checksums(get("CRDS_IGNORE_MAPPING_CHECKSUM"))?,
            allow_bad_references: flag(
                "CRDS_ALLOW_BAD_REFERENCES",
                get("CRDS_ALLOW_BAD_REFERENCES"),
            )?,
            allow_bad_rules: flag("CRDS_ALLOW_BAD_RULES", get("CRDS_ALLOW_BAD_RULES"))?,
            server_url: get("CRDS_SERVER_URL").map(str::to_owned),
            mode: mode(get("CRDS_MODE"))?,
            overlay: get("CRDS_OVERLAY_PATH")
                .filter(|path| !path.is_empty())
                .map(|path| Overlay::new(Path::new(path), &observatory)),
            calibration_version: observatory.calibration_version().map(str::to_owned),
            mapping_url: web_address(get("CRDS_MAPPING_URI")),
            reference_url: web_address(get("CRDS_REFERENCE_URI")),
            verify_sizes: on("CRDS_DOWNLOAD_LENGTHS", get("CRDS_DOWNLOAD_LENGTHS"))?,
            verify_sums: on("CRDS_DOWNLOAD_CHECKSUMS", get("CRDS_DOWNLOAD_CHECKSUMS"))?,
            network: network(variables)?,
            observatory,
        })
    }
}

/// A switch that is on if nobody says otherwise.
fn on(name: &'static str, value: Option<&str>) -> Result<bool, SettingError> {
    value.map_or(Ok(true), |value| flag(name, Some(value)))
}

/// Addresses of other kinds (`s3://`, `none`) are for the reference client.
fn web_address(value: Option<&str>) -> Option<String> {
    value
        .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
        .map(str::to_owned)
}

/// The reference client's variables, and `CRDS_CONNECTIONS`, the number of files fetched at a time.
fn network(variables: &BTreeMap<String, String>) -> Result<Network, SettingError> {
    let number = |name: &'static str| -> Result<Option<u64>, SettingError> {
        let Some(text) = variables.get(name) else {
            return Ok(None);
        };
        let wrong = |_| SettingError {
            name,
            expected: "a whole number",
            found: text.clone(),
        };
        text.trim().parse().map(Some).map_err(wrong)
    };
    let mut network = Network {
        proxies: Proxies::from_map(variables),
        ..Network::default()
    };
    if let Some(count) = number("CRDS_CLIENT_RETRY_COUNT")? {
        network.attempts = count.clamp(1, 1000) as u32;
    }
    if let Some(seconds) = number("CRDS_CLIENT_RETRY_DELAY_SECONDS")? {
        network.delay = Duration::from_secs(seconds);
    }
    if let Some(seconds) = number("CRDS_CLIENT_TIMEOUT_SECONDS")? {
        network.call_timeout = Duration::from_secs(seconds.max(1));
    }
    if let Some(count) = number("CRDS_CONNECTIONS")? {
        network.connections = count.clamp(1, 64) as usize;
    }
    Ok(network)
}

fn flag(name: &'static str, value: Option<&str>) -> Result<bool, SettingError> {
    match value.map(str::to_lowercase).as_deref() {
        None | Some("0" | "f" | "false") => Ok(false),
        Some("1" | "t" | "true") => Ok(true),
        Some(_) => Err(SettingError {
            name,
            expected: "0, 1, true or false",
            found: value.unwrap_or_default().to_owned(),
        }),
    }
}

fn checksums(value: Option<&str>) -> Result<ChecksumPolicy, SettingError> {
    if value.is_some_and(|value| value.eq_ignore_ascii_case("warn")) {
        return Ok(ChecksumPolicy::Warn);
    }
    match flag("CRDS_IGNORE_MAPPING_CHECKSUM", value) {
        Ok(true) => Ok(ChecksumPolicy::Ignore),
        Ok(false) => Ok(ChecksumPolicy::Verify),
        Err(error) => Err(SettingError {
            expected: "0, 1, true, false or warn",
            ..error
        }),
    }
}

fn mode(value: Option<&str>) -> Result<Mode, SettingError> {
    match value {
        None | Some("auto") => Ok(Mode::Auto),
        Some("local") => Ok(Mode::Local),
        Some("remote") => Ok(Mode::Remote),
        Some(found) => Err(SettingError {
            name: "CRDS_MODE",
            expected: "auto, local or remote",
            found: found.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(items: &[(&str, &str)]) -> Result<Config, SettingError> {
        let variables = items
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Config::from_map(&variables, Observatory::jwst())
    }

    /// Expected paths from crds 14.0.3 `config.get_crds_mappath`, `get_crds_refpath`, `get_crds_cfgpath`.
    #[test]
    fn directories_follow_the_variables() {
        let paths = |items: &[(&str, &str)]| {
            let config = from(items).expect("settings");
            [config.mapping_dir, config.reference_dir, config.config_dir]
                .map(|path| path.display().to_string())
        };
        assert_eq!(paths(&[])[0], "/grp/crds/cache/mappings/jwst");
        assert_eq!(
            paths(&[("CRDS_PATH", "/c/")]),
            ["/c/mappings/jwst", "/c/references/jwst", "/c/config/jwst"]
        );
        assert_eq!(
            paths(&[("CRDS_PATH", "/c"), ("CRDS_PATH_SINGLE", "/s")])[1],
            "/s/references"
        );
        let all = [
            ("CRDS_PATH_SINGLE", "/s"),
            ("CRDS_MAPPATH", "/m"),
            ("CRDS_REFPATH", "/r"),
            ("CRDS_REFPATH_SINGLE", "/one"),
        ];
        assert_eq!(paths(&all), ["/m/jwst", "/one", "/s/config"]);
    }

    #[test]
    fn switches_and_words() {
        let config = from(&[
            ("CRDS_READONLY_CACHE", "1"),
            ("CRDS_ALLOW_BAD_RULES", "True"),
            ("CRDS_CONTEXT", ""),
        ])
        .expect("settings");
        assert!(config.readonly && config.allow_bad_rules && !config.allow_bad_references);
        assert_eq!(config.context, None);
        assert_eq!(config.checksums, ChecksumPolicy::Verify);
        let checksums =
            |value| from(&[("CRDS_IGNORE_MAPPING_CHECKSUM", value)]).map(|config| config.checksums);
        assert_eq!(checksums("1"), Ok(ChecksumPolicy::Ignore));
        assert_eq!(checksums("warn"), Ok(ChecksumPolicy::Warn));
        let error = checksums("maybe").expect_err("no such value");
        assert_eq!(
            error.to_string(),
            "CRDS_IGNORE_MAPPING_CHECKSUM: expected 0, 1, true, false or warn, found \"maybe\""
        );
        assert!(from(&[("CRDS_MODE", "fast")]).is_err());
    }

    #[test]
    fn network_and_overlay() {
        let config = from(&[
            ("CRDS_PATH", "/c"),
            ("CRDS_OVERLAY_PATH", "/mine"),
            ("CRDS_CLIENT_RETRY_COUNT", "7"),
            ("CRDS_CLIENT_RETRY_DELAY_SECONDS", "2"),
            ("CRDS_REFERENCE_URI", "s3://bucket"),
            ("CRDS_DOWNLOAD_CHECKSUMS", "0"),
        ])
        .expect("settings");
        let overlay = config.overlay.expect("an overlay");
        assert_eq!(
            overlay.reference_dir,
            Path::new("/mine/references/jwst").to_owned()
        );
        assert_eq!(config.network.attempts, 7);
        assert_eq!(config.network.delay, Duration::from_secs(2));
        assert_eq!(config.reference_url, None);
        assert!(config.verify_sizes && !config.verify_sums);
        assert!(from(&[("CRDS_CLIENT_RETRY_COUNT", "many")]).is_err());
    }
}
