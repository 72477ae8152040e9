//! One bit a sample: what one stage tells the next at an eighth of a byte.

/// One bit for each sample of a band of rows of all planes, ordered `(row, plane, column)`.
///
/// Bands that follow each other are put together by appending; their bits stay where they are.
#[derive(Debug, Clone)]
pub struct SampleBits {
    planes: usize,
    columns: usize,
    words_per_row: usize,
    rows: usize,
    /// Rows of each band but the last one, which may have fewer.
    band_rows: usize,
    bands: Vec<Vec<u64>>,
}

/// Two are the same if their bits are, whatever bands they were made from.
impl PartialEq for SampleBits {
    fn eq(&self, other: &Self) -> bool {
        self.width() == other.width()
            && self.rows == other.rows
            && self.bands.iter().flatten().eq(other.bands.iter().flatten())
    }
}

impl Eq for SampleBits {}

impl SampleBits {
    /// All bits zero.
    pub fn new(rows: usize, planes: usize, columns: usize) -> Self {
        let words_per_row = columns.div_ceil(64);
        Self {
            planes,
            columns,
            words_per_row,
            rows,
            band_rows: rows.max(1),
            bands: vec![vec![0; rows * planes * words_per_row]],
        }
    }

    /// Number of planes and columns.
    pub fn width(&self) -> (usize, usize) {
        (self.planes, self.columns)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The words of a row of a plane; bit `k` of word `w` is column `64 w + k`.
    pub fn row(&self, row: usize, plane: usize) -> &[u64] {
        let (band, start) = self.place(row, plane);
        &self.bands[band][start..start + self.words_per_row]
    }

    /// The band of a row, and where the words of one of its planes begin there.
    #[inline]
    fn place(&self, row: usize, plane: usize) -> (usize, usize) {
        let (band, row) = (row / self.band_rows, row % self.band_rows);
        (band, (row * self.planes + plane) * self.words_per_row)
    }

    /// One bit.
    pub fn get(&self, row: usize, plane: usize, column: usize) -> bool {
        self.row(row, plane)[column / 64] >> (column % 64) & 1 == 1
    }

    /// Sets or clears one bit.
    pub fn put(&mut self, row: usize, plane: usize, column: usize, value: bool) {
        let word = &mut self.row_mut(row, plane)[column / 64];
        let bit = 1 << (column % 64);
        if value {
            *word |= bit;
        } else {
            *word &= !bit;
        }
    }

    /// The words of a row of a plane, to be written.
    pub(crate) fn row_mut(&mut self, row: usize, plane: usize) -> &mut [u64] {
        let (band, start) = self.place(row, plane);
        &mut self.bands[band][start..start + self.words_per_row]
    }

    /// Sets 64 columns at once.
    pub(crate) fn put_word(&mut self, row: usize, plane: usize, word: usize, value: u64) {
        self.row_mut(row, plane)[word] = value;
    }

    /// Appends the rows of a band that follows.
    pub(crate) fn append(&mut self, next: Self) {
        if next.rows == 0 {
            return;
        }
        if self.rows == 0 {
            *self = next;
            return;
        }
        // Rows are found by division: all bands but the last one have the same number of them.
        let is_full = self.rows.is_multiple_of(self.band_rows);
        if is_full && next.rows <= self.band_rows && next.bands.len() == 1 {
            self.bands.extend(next.bands);
        } else {
            let mut words = std::mem::take(&mut self.bands).concat();
            words.extend(next.bands.iter().flatten());
            self.bands = vec![words];
            self.band_rows = self.rows + next.rows;
        }
        self.rows += next.rows;
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
