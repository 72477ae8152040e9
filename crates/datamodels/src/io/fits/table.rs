//! Binary tables, kept as the bytes of the file with typed access to the columns.

use super::card::{Card, CardValue};
use super::reader::Header;

/// One column of a binary table.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// TTYPE.
    pub name: String,
    /// The letter of TFORM: `L X B I J K A E D C M P Q`.
    pub code: char,
    /// The repeat count of TFORM.
    pub repeat: usize,
    /// TDIM as dimensions, slowest first, where given.
    pub shape: Option<Vec<usize>>,
    /// TZERO, where given.
    pub zero: Option<f64>,
    /// TSCAL, where given.
    pub scale: Option<f64>,
    offset: usize,
    width: usize,
}

impl Column {
    /// The type's name in ASDF, with the length of strings; `None` for types that ASDF cannot name.
    pub fn datatype(&self) -> Option<(&'static str, Option<usize>)> {
        let unsigned = |value: f64| self.zero == Some(value) && self.scale.unwrap_or(1.0) == 1.0;
        Some(match self.code {
            'L' => ("bool8", None),
            'B' => ("uint8", None),
            'I' if unsigned(32_768.0) => ("uint16", None),
            'I' => ("int16", None),
            'J' if unsigned(2_147_483_648.0) => ("uint32", None),
            'J' => ("int32", None),
            'K' => ("int64", None),
            'E' => ("float32", None),
            'D' => ("float64", None),
            'C' => ("complex64", None),
            'M' => ("complex128", None),
            'A' => ("ascii", Some(self.repeat)),
            _ => return None,
        })
    }
}

/// A binary table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    columns: Vec<Column>,
    /// The cards that describe the columns, as read.
    layout: Vec<Card>,
    rows: usize,
    row_len: usize,
    bytes: Vec<u8>,
    heap: Vec<u8>,
}

/// The values of a new column, one for each row.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValues {
    /// Yes or no.
    Bool(Vec<bool>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// 64-bit integers.
    I64(Vec<i64>),
    /// 64-bit real numbers.
    F64(Vec<f64>),
    /// Texts of a fixed width; longer ones are cut.
    Text {
        /// Bytes of each text.
        width: usize,
        /// The texts.
        values: Vec<String>,
    },
}

impl ColumnValues {
    fn len(&self) -> usize {
        match self {
            Self::Bool(values) => values.len(),
            Self::I32(values) => values.len(),
            Self::I64(values) => values.len(),
            Self::F64(values) => values.len(),
            Self::Text { values, .. } => values.len(),
        }
    }

    /// The type's code, how many of it make a value, and the bytes of a value.
    fn form(&self) -> (char, usize, usize) {
        match self {
            Self::Bool(_) => ('L', 1, 1),
            Self::I32(_) => ('J', 1, 4),
            Self::I64(_) => ('K', 1, 8),
            Self::F64(_) => ('D', 1, 8),
            Self::Text { width, .. } => ('A', *width, *width),
        }
    }

    fn encode(&self, row: usize, bytes: &mut Vec<u8>) {
        match self {
            Self::Bool(values) => bytes.push(if values[row] { b'T' } else { b'F' }),
            Self::I32(values) => bytes.extend(values[row].to_be_bytes()),
            Self::I64(values) => bytes.extend(values[row].to_be_bytes()),
            Self::F64(values) => bytes.extend(values[row].to_be_bytes()),
            Self::Text { width, values } => {
                let text = values[row].bytes().chain(std::iter::repeat(b' '));
                bytes.extend(text.take(*width));
            }
        }
    }
}

impl Table {
    /// A table of named columns; `None` where they differ in length.
    ///
    /// ```
    /// use datamodels::io::fits::{ColumnValues, Table};
    /// let table = Table::new(&[
    ///     ("number", ColumnValues::I32(vec![1, 2])),
    ///     ("time", ColumnValues::F64(vec![0.5, 1.5])),
    /// ]);
    /// assert_eq!(table.unwrap().numbers("time"), Some(vec![0.5, 1.5]));
    /// assert_eq!(Table::new(&[("a", ColumnValues::I32(vec![1])), ("b", ColumnValues::I32(vec![]))]), None);
    /// ```
    pub fn new(columns: &[(&str, ColumnValues)]) -> Option<Self> {
        let rows = columns.first().map_or(0, |(_, values)| values.len());
        if columns.iter().any(|(_, values)| values.len() != rows) {
            return None;
        }
        let (mut layout, mut described, mut offset) = (Vec::new(), Vec::new(), 0);
        for (number, (name, values)) in (1..).zip(columns) {
            let (code, repeat, width) = values.form();
            let form = if repeat == 1 && code != 'A' {
                code.to_string()
            } else {
                format!("{repeat}{code}")
            };
            let card = |stem: &str, text: &str| {
                let value = CardValue::Text(text.to_string());
                Card::new(&format!("{stem}{number}"), value, "")
            };
            layout.extend([card("TTYPE", name), card("TFORM", &form)]);
            described.push(Column {
                name: (*name).to_string(),
                code,
                repeat,
                shape: None,
                zero: None,
                scale: None,
                offset,
                width,
            });
            offset += width;
        }
        let mut bytes = Vec::with_capacity(rows * offset);
        for row in 0..rows {
            for (_, values) in columns {
                values.encode(row, &mut bytes);
            }
        }
        Some(Self {
            columns: described,
            layout,
            rows,
            row_len: offset,
            bytes,
            heap: Vec::new(),
        })
    }

    /// Interprets a data unit by its header.
    pub(super) fn from_parts(header: &Header, mut bytes: Vec<u8>) -> Result<Self, String> {
        let integer = |keyword: &str| {
            let value = header
                .get(keyword)
                .and_then(Card::as_i64)
                .and_then(|v| usize::try_from(v).ok());
            value.ok_or_else(|| format!("a usable {keyword}"))
        };
        let (row_len, rows, fields) = (integer("NAXIS1")?, integer("NAXIS2")?, integer("TFIELDS")?);
        let mut columns = Vec::with_capacity(fields.min(999));
        let mut offset = 0;
        for number in 1..=fields {
            let column = column(header, number, offset)?;
            offset += column.width;
            columns.push(column);
        }
        let main = row_len
            .checked_mul(rows)
            .filter(|main| *main <= bytes.len());
        let main = main.ok_or_else(|| format!("{rows} rows of {row_len} bytes"))?;
        if offset != row_len {
            return Err(format!(
                "columns of {row_len} bytes a row (they add up to {offset})"
            ));
        }
        let heap = bytes.split_off(main);
        let layout = header
            .cards
            .iter()
            .filter(|card| is_column_card(&card.keyword))
            .cloned()
            .collect();
        Ok(Self {
            columns,
            layout,
            rows,
            row_len,
            bytes,
            heap,
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns in order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// A column by its name, without regard to case.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name.eq_ignore_ascii_case(name))
    }

    /// The numbers of a column, `repeat` for each row, scaled; `None` where the column is absent or not numeric.
    pub fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let column = self.column(name)?;
        let (scale, zero) = (column.scale.unwrap_or(1.0), column.zero.unwrap_or(0.0));
        let mut values = Vec::with_capacity(self.rows * column.repeat);
        for cell in self.cells(column) {
            decode_numbers(column.code, cell, &mut values)?;
        }
        if scale != 1.0 || zero != 0.0 {
            for value in &mut values {
                *value = *value * scale + zero;
            }
        }
        Some(values)
    }

    /// The strings of a column, without trailing spaces and zeros.
    pub fn strings(&self, name: &str) -> Option<Vec<String>> {
        let column = self.column(name).filter(|column| column.code == 'A')?;
        let text = |cell: &[u8]| {
            let end = cell.iter().position(|b| *b == 0).unwrap_or(cell.len());
            String::from_utf8_lossy(&cell[..end]).trim_end().to_string()
        };
        Some(self.cells(column).map(text).collect())
    }

    /// A table with the rows of a range only.
    #[must_use]
    pub fn slice_rows(&self, rows: std::ops::Range<usize>) -> Self {
        let end = rows.end.min(self.rows);
        let start = rows.start.min(end);
        let bytes = self.bytes[start * self.row_len..end * self.row_len].to_vec();
        Self {
            rows: end - start,
            bytes,
            ..self.clone()
        }
    }

    fn cells(&self, column: &Column) -> impl Iterator<Item = &[u8]> {
        let (start, end) = (column.offset, column.offset + column.width);
        self.bytes
            .chunks_exact(self.row_len.max(1))
            .map(move |row| &row[start..end])
    }

    pub(super) fn layout(&self) -> &[Card] {
        &self.layout
    }

    pub(super) fn row_bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn row_len(&self) -> usize {
        self.row_len
    }

    pub(super) fn heap(&self) -> &[u8] {
        &self.heap
    }

    /// A table of one row and one column of bytes, as the ASDF extension is.
    pub(super) fn of_bytes(name: &str, bytes: Vec<u8>) -> Self {
        let width = bytes.len();
        let text = |value: &str| CardValue::Text(value.to_string());
        let layout = vec![
            Card::new("TTYPE1", text(name), ""),
            Card::new("TFORM1", CardValue::Text(format!("{width}B")), ""),
        ];
        let column = Column {
            name: name.to_string(),
            code: 'B',
            repeat: width,
            shape: None,
            zero: None,
            scale: None,
            offset: 0,
            width,
        };
        Self {
            columns: vec![column],
            layout,
            rows: 1,
            row_len: width,
            bytes,
            heap: Vec::new(),
        }
    }
}

fn is_column_card(keyword: &str) -> bool {
    keyword.starts_with('T') && keyword != "TFIELDS" && super::is_structural(keyword)
}

fn column(header: &Header, number: usize, offset: usize) -> Result<Column, String> {
    let keyword = format!("TFORM{number}");
    let form = header
        .get(&keyword)
        .and_then(Card::as_str)
        .ok_or_else(|| format!("a {keyword}"))?;
    let digits = form.bytes().take_while(u8::is_ascii_digit).count();
    let repeat = if digits == 0 {
        Ok(1)
    } else {
        form[..digits].parse::<usize>()
    };
    let (Ok(repeat), Some(code)) = (repeat, form[digits..].chars().next()) else {
        return Err(format!("a usable {keyword} (it is `{form}`)"));
    };
    let size = match code {
        'L' | 'B' | 'A' => 1,
        'I' => 2,
        'J' | 'E' => 4,
        'K' | 'D' | 'C' | 'P' => 8,
        'M' | 'Q' => 16,
        'X' => 0,
        _ => return Err(format!("a usable {keyword} (it is `{form}`)")),
    };
    let width = if code == 'X' {
        repeat.div_ceil(8)
    } else {
        repeat.checked_mul(size).ok_or("a smaller column")?
    };
    let real = |stem: &str| {
        header
            .get(&format!("{stem}{number}"))
            .and_then(Card::as_f64)
    };
    Ok(Column {
        name: header
            .get(&format!("TTYPE{number}"))
            .and_then(Card::as_str)
            .unwrap_or_default()
            .to_string(),
        code,
        repeat,
        shape: header
            .get(&format!("TDIM{number}"))
            .and_then(Card::as_str)
            .and_then(dimensions),
        zero: real("TZERO"),
        scale: real("TSCAL"),
        offset,
        width,
    })
}

/// `(4,3)` as `[3, 4]`.
fn dimensions(text: &str) -> Option<Vec<usize>> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    let mut axes = inner
        .split(',')
        .map(|n| n.trim().parse().ok())
        .collect::<Option<Vec<usize>>>()?;
    axes.reverse();
    Some(axes)
}

fn decode_numbers(code: char, cell: &[u8], values: &mut Vec<f64>) -> Option<()> {
    match code {
        'L' => values.extend(cell.iter().map(|b| f64::from(u8::from(*b == b'T')))),
        'B' => values.extend(cell.iter().map(|b| f64::from(*b))),
        'I' => values.extend(
            cell.as_chunks()
                .0
                .iter()
                .map(|b| f64::from(i16::from_be_bytes(*b))),
        ),
        'J' => values.extend(
            cell.as_chunks()
                .0
                .iter()
                .map(|b| f64::from(i32::from_be_bytes(*b))),
        ),
        'K' => values.extend(
            cell.as_chunks()
                .0
                .iter()
                .map(|b| i64::from_be_bytes(*b) as f64),
        ),
        'E' => values.extend(
            cell.as_chunks()
                .0
                .iter()
                .map(|b| f64::from(f32::from_be_bytes(*b))),
        ),
        'D' => values.extend(cell.as_chunks().0.iter().map(|b| f64::from_be_bytes(*b))),
        _ => return None,
    }
    Some(())
}
