//! How to talk to a server, and what can go wrong with it.

use std::time::Duration;

use thiserror::Error;

/// Settings of the connection to a server. The limits hold for what a server says, which is never trusted.
///
/// ```
/// let network = crds::Network::default();
/// assert!(network.attempts > 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// How often a request is made before it counts as failed; at least once.
    pub attempts: u32,
    /// Pause before the second attempt; it doubles with every further one, up to 30 s.
    pub delay: Duration,
    /// Longest time to connect.
    pub connect_timeout: Duration,
    /// Longest time for a call with its reply.
    pub call_timeout: Duration,
    /// Longest time without a byte of a file that is being fetched.
    pub idle_timeout: Duration,
    /// How many files are fetched at a time; at least one.
    pub connections: usize,
    /// URL of a proxy, instead of those that the environment names.
    pub proxy: Option<String>,
    /// Longest reply to a call [bytes].
    pub reply_limit: u64,
    /// Longest reply after decompression [bytes].
    pub payload_limit: u64,
    /// Largest file that is fetched [bytes].
    pub file_limit: u64,
    /// How long a lock may show no sign of life before it counts as left behind.
    pub lock_patience: Duration,
}

impl Default for Network {
    fn default() -> Self {
        Self {
            attempts: 4,
            delay: Duration::from_millis(500),
            connect_timeout: Duration::from_secs(10),
            call_timeout: Duration::from_mins(2),
            idle_timeout: Duration::from_mins(1),
            connections: 6,
            proxy: None,
            reply_limit: 64 << 20,
            payload_limit: 256 << 20,
            file_limit: 1 << 40,
            lock_patience: Duration::from_mins(1),
        }
    }
}

impl Network {
    /// The pause before attempt `attempt`, counted from 0.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        if attempt == 0 {
            return Duration::ZERO;
        }
        let doubled = self.delay.saturating_mul(1 << (attempt - 1).min(16));
        doubled.min(Duration::from_secs(30))
    }
}

/// True if the URL says that there is no server, in the way that the reference client understands.
///
/// Source: crds 14.0.3 `client.proxy.ServiceCallBinding._call`.
pub(crate) fn is_serverless(url: &str) -> bool {
    url.is_empty() || url.contains("serverless") || url.contains("server-less")
}

/// A server that could not be asked, or that gave an answer that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetworkError {
    /// No answer.
    #[error("no answer from {url}: {reason}")]
    Unreachable {
        /// What was asked.
        url: String,
        /// Why.
        reason: String,
    },
    /// An answer with a status other than success.
    #[error("{url}: expected a file or a reply, found HTTP status {status}")]
    Status {
        /// What was asked.
        url: String,
        /// The status.
        status: u16,
    },
    /// The server understood the call and refuses it.
    #[error("the server answers the call {method}: {message}")]
    Service {
        /// The call.
        method: String,
        /// Its words.
        message: String,
    },
    /// A reply that does not say what it has to.
    #[error("{what}: expected {expected}, found {found}")]
    Reply {
        /// The call or the file.
        what: String,
        /// What should be there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A reply or a file beyond the limits.
    #[error("{what}: expected at most {limit} bytes, found {found}")]
    TooLarge {
        /// The call or the file.
        what: String,
        /// The limit.
        limit: u64,
        /// What was found.
        found: String,
    },
    /// A setting of the connection that cannot be used.
    #[error("expected {expected}, found {found:?}")]
    Setting {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

impl NetworkError {
    /// True if asking again may help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Reply { .. } => true,
            Self::Status { status, .. } => *status >= 500 || matches!(status, 408 | 425 | 429),
            Self::Service { .. } | Self::TooLarge { .. } | Self::Setting { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_limit() {
        let network = Network::default();
        let pauses: Vec<u64> = [0, 1, 2, 3, 40]
            .map(|attempt| network.pause(attempt).as_millis() as u64)
            .to_vec();
        assert_eq!(pauses, [0, 500, 1000, 2000, 30_000]);
    }

    #[test]
    fn serverless_urls() {
        assert!(is_serverless("https://jwst-serverless.stsci.edu"));
        assert!(is_serverless("https://crds-serverless-mode.stsci.edu"));
        assert!(!is_serverless("https://jwst-crds.stsci.edu"));
    }
}
