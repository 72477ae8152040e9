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

    /// Sets 64 columns at once.
    pub(super) fn put_word(&mut self, row: usize, plane: usize, word: usize, value: u64) {
        self.words[(row * self.planes + plane) * self.words_per_row + word] = value;
    }

    /// Appends the rows of a band that follows.
    pub(super) fn append(&mut self, mut next: Self) {
        self.words.append(&mut next.words);
    }
}

/// The columns whose bit is set in the words of a row.
pub(super) fn columns_of(words: impl Iterator<Item = u64>) -> impl Iterator<Item = usize> {
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
