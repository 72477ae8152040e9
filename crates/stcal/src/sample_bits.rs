//! One bit a sample: what one stage tells the next at an eighth of a byte.

/// One bit for each sample of a band of rows of all planes, ordered `(row, plane, column)`.
///
/// Bands that follow each other are put together by appending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleBits {
    planes: usize,
    columns: usize,
    words_per_row: usize,
    words: Vec<u64>,
}

impl SampleBits {
    /// All bits zero.
    pub fn new(rows: usize, planes: usize, columns: usize) -> Self {
        let words_per_row = columns.div_ceil(64);
        Self {
            planes,
            columns,
            words_per_row,
            words: vec![0; rows * planes * words_per_row],
        }
    }

    /// Number of planes and columns.
    pub fn width(&self) -> (usize, usize) {
        (self.planes, self.columns)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.words
            .len()
            .checked_div(self.planes * self.words_per_row)
            .unwrap_or(0)
    }

    /// The words of a row of a plane; bit `k` of word `w` is column `64 w + k`.
    pub fn row(&self, row: usize, plane: usize) -> &[u64] {
        let start = (row * self.planes + plane) * self.words_per_row;
        &self.words[start..start + self.words_per_row]
    }

    /// One bit.
    pub fn get(&self, row: usize, plane: usize, column: usize) -> bool {
        self.row(row, plane)[column / 64] >> (column % 64) & 1 == 1
    }

    /// Sets or clears one bit.
    pub fn put(&mut self, row: usize, plane: usize, column: usize, value: bool) {
        let at = (row * self.planes + plane) * self.words_per_row + column / 64;
        let bit = 1 << (column % 64);
        if value {
            self.words[at] |= bit;
        } else {
            self.words[at] &= !bit;
        }
    }

    /// The words of a row of a plane, to be written.
    pub(crate) fn row_mut(&mut self, row: usize, plane: usize) -> &mut [u64] {
        let start = (row * self.planes + plane) * self.words_per_row;
        &mut self.words[start..start + self.words_per_row]
    }

    /// Sets 64 columns at once.
    pub(crate) fn put_word(&mut self, row: usize, plane: usize, word: usize, value: u64) {
        self.words[(row * self.planes + plane) * self.words_per_row + word] = value;
    }

    /// Appends the rows of a band that follows.
    pub(crate) fn append(&mut self, mut next: Self) {
        self.words.append(&mut next.words);
    }
}

/// The columns whose bit is set in the words of a row.
pub(crate) fn columns_of(words: impl Iterator<Item = u64>) -> impl Iterator<Item = usize> {
    words.enumerate().flat_map(|(index, mut word)| {
        std::iter::from_fn(move || {
            let bit = word.trailing_zeros() as usize;
            (word != 0).then(|| {
                word &= word - 1;
                index * 64 + bit
            })
        })
    })
}

/// The columns of a row of a plane that have a bit within `reach` rows and columns.
///
/// `scratch` is room that is used again from call to call.
pub(crate) fn columns_near<'a>(
    bits: &SampleBits,
    (row, plane): (usize, usize),
    reach: usize,
    scratch: &'a mut Vec<u64>,
) -> impl Iterator<Item = usize> + use<'a> {
    let columns = bits.columns;
    scratch.clear();
    scratch.resize(bits.words_per_row, 0);
    let last = row.saturating_add(reach).min(bits.rows().saturating_sub(1));
    for near in row.saturating_sub(reach)..=last {
        for (word, bits) in scratch.iter_mut().zip(bits.row(near, plane)) {
            *word |= bits;
        }
    }
    if scratch.iter().any(|word| *word != 0) {
        for _ in 0..reach.min(columns) {
            spread_once(scratch);
        }
    }
    // What has spread behind the last column comes last.
    columns_of(scratch.iter().copied()).take_while(move |column| *column < columns)
}

/// Sets the bits beside those that are set.
fn spread_once(words: &mut [u64]) {
    let mut before = 0;
    for index in 0..words.len() {
        let (here, after) = (words[index], words.get(index + 1).copied().unwrap_or(0));
        words[index] = here | here << 1 | before >> 63 | here >> 1 | after << 63;
        before = here;
    }
}
