//! The notations inside of replies: base64, compressed payloads, HTML.

use std::io::Read;

use serde_json::Value as Json;

use crate::network::NetworkError;

/// Reads base64 with the standard alphabet; blanks and line ends are skipped, padding ends the text.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    let mut characters = text.bytes().filter(|c| !c.is_ascii_whitespace());
    for c in characters.by_ref() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            octets.push((bits >> count) as u8);
        }
    }
    let whole = count < 6 && characters.all(|c| c == b'=');
    whole.then_some(octets)
}

/// Unpacks the payload of an encoded value: base64 of compressed JSON, at most `limit` bytes of it.
///
/// Source: crds 14.0.3 `client.proxy.crds_decode`.
pub(crate) fn payload(what: &str, text: &str, limit: u64) -> Result<Json, NetworkError> {
    let reply = |expected: &str, found: String| NetworkError::Reply {
        what: what.to_owned(),
        expected: expected.to_owned(),
        found,
    };
    let packed = base64(text).ok_or_else(|| reply("base64", "other characters".into()))?;
    let mut json = Vec::new();
    flate2::read::MultiGzDecoder::new(packed.as_slice())
        .take(limit + 1)
        .read_to_end(&mut json)
        .map_err(|error| reply("compressed data", error.to_string()))?;
    if json.len() as u64 > limit {
        return Err(NetworkError::TooLarge {
            what: what.to_owned(),
            limit,
            found: "more after decompression".into(),
        });
    }
    serde_json::from_slice(&json).map_err(|error| reply("JSON", error.to_string()))
}

/// The payload of a value that is encoded; `None` for a plain value.
pub(crate) fn encoded(value: &Json) -> Option<&str> {
    value.get("crds_encoded")?;
    value.get("crds_payload")?.as_str()
}

/// Replaces what stands for a character in HTML.
pub(crate) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        plain += &rest[..at];
        rest = &rest[at..];
        let found = rest.find(';').filter(|end| *end <= 10).and_then(|end| {
            let c = character(&rest[1..end])?;
            Some((c, end))
        });
        if let Some((c, end)) = found {
            plain.push(c);
            rest = &rest[end + 1..];
        } else {
            plain.push('&');
            rest = &rest[1..];
        }
    }
    plain + rest
}

fn character(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Expected values from Python's `base64.b64decode`.
    #[test]
    fn base64_by_hand() {
        assert_eq!(base64("TWFu").as_deref(), Some(b"Man".as_slice()));
        assert_eq!(base64("TWE=").as_deref(), Some(b"Ma".as_slice()));
        assert_eq!(base64("T\nQ==").as_deref(), Some(b"M".as_slice()));
        assert_eq!(base64("").as_deref(), Some(b"".as_slice()));
        assert_eq!(base64("TWFu!"), None);
        assert_eq!(base64("TWFuT"), None);
    }

    /// Made by crds 14.0.3 `client.proxy.crds_encode({"p1": "this"})`.
    #[test]
    fn payloads_are_those_of_the_reference_client() {
        let text = "H4sIAEhZA2sC/6tWKjBUslJQKsnILFaqBQDBn+2bDgAAAA==";
        assert_eq!(
            payload("x", text, 100),
            Ok(serde_json::json!({"p1": "this"}))
        );
    }

    #[test]
    fn payloads_have_limits() {
        use std::io::Write;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(&vec![b' '; 1 << 20]).expect("memory");
        let packed = packer.finish().expect("memory");
        let text = encode(&packed);
        assert!(matches!(
            payload("x", &text, 1000),
            Err(NetworkError::TooLarge { limit: 1000, .. })
        ));
    }

    #[test]
    fn html_is_read_back() {
        assert_eq!(
            unescaped("can&#39;t find &lt;a&gt; &amp;amp; &#x27;b&#x27; & c; &unknown;"),
            "can't find <a> &amp; 'b' & c; &unknown;"
        );
    }

    fn encode(octets: &[u8]) -> String {
        let alphabet: Vec<char> = ('A'..='Z')
            .chain('a'..='z')
            .chain('0'..='9')
            .chain(['+', '/'])
            .collect();
        let mut text = String::new();
        for group in octets.chunks(3) {
            let mut bits = [0_u8; 3];
            bits[..group.len()].copy_from_slice(group);
            let bits = u32::from_be_bytes([0, bits[0], bits[1], bits[2]]);
            for place in 0..4 {
                if place <= group.len() {
                    text.push(alphabet[(bits >> (18 - 6 * place) & 63) as usize]);
                } else {
                    text.push('=');
                }
            }
        }
        text
    }

    proptest! {
        #[test]
        fn base64_comes_back(octets in proptest::collection::vec(any::<u8>(), 0..100)) {
            prop_assert_eq!(base64(&encode(&octets)), Some(octets));
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            base64(&text);
            unescaped(&text);
        }
    }
}
