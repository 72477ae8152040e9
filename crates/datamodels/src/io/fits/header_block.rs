//! Headers as they stand in a file.

/// Bytes of a block: headers and data fill whole ones.
pub(super) const BLOCK: usize = 2880;
/// Bytes of a header record.
const RECORD: usize = 80;
/// Bytes of a keyword.
const KEYWORD: usize = 8;

/// The blocks of a header: its records, the last one, and blanks to the end.
///
/// # Errors
/// What is wrong with a record that no file may have.
pub(super) fn header_block(records: &[String]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity((records.len() + 1) * RECORD + BLOCK);
    for text in records {
        bytes.extend(record(text)?);
    }
    bytes.extend(b"END");
    bytes.resize(bytes.len().next_multiple_of(BLOCK), b' ');
    Ok(bytes)
}

/// A record as it stands in a file: with the keyword in capitals, and blanks for what is not printable ASCII.
fn record(text: &str) -> Result<[u8; RECORD], String> {
    let mut record = [b' '; RECORD];
    for (byte, &given) in record.iter_mut().zip(text.as_bytes()) {
        *byte = if (b' '..=b'~').contains(&given) {
            given
        } else {
            b' '
        };
    }
    let is_commentary = [&b"COMMENT "[..], b"HISTORY ", b"        ", b"CONTINUE"]
        .iter()
        .any(|keyword| record.starts_with(keyword));
    let value = record.iter().position(|&byte| byte == b'=');
    let name = value.filter(|_| !is_commentary).unwrap_or(KEYWORD);
    record[..name].make_ascii_uppercase();
    let keyword = record[..KEYWORD].trim_ascii_end();
    let is_legal =
        |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(byte);
    if keyword.iter().all(is_legal) {
        return Ok(record);
    }
    Err(format!(
        "header record `{}`: a keyword is made of capital letters, digits, - and _",
        text.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, header_block, record};

    #[test]
    fn records_are_made_fit_for_a_file() {
        let text =
            |given: &str| record(given).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let padded = |text: &str| Ok(format!("{text:<80}"));
        assert_eq!(
            text("simple  =                    T / a\tb"),
            padded("SIMPLE  =                    T / a b")
        );
        assert_eq!(text("COMMENT a = b"), padded("COMMENT a = b"));
        assert_eq!(text("HIERARCH a b = 1"), padded("HIERARCH A B = 1"));
        assert_eq!(text(&"X".repeat(8).repeat(20)), padded(&"X".repeat(80)));
        assert!(text("A B     = 1").is_err());
        assert!(text("A.B     = 1").is_err());
    }

    #[test]
    fn headers_end_with_their_block() {
        let records = vec!["X       = 1".to_owned(); 36];
        let block = header_block(&records).unwrap();
        assert_eq!(block.len(), 2 * BLOCK);
        assert!(block[BLOCK..].starts_with(b"END   ") && block.ends_with(b" "));
        assert_eq!(header_block(&records[1..]).unwrap().len(), BLOCK);
    }
}
