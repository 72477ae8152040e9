//! The ten boxes of a mesh that are nearest to a place.
//!
//! On a grid many boxes are equally far, and which of them count as the nearest ten depends on the order in which they
//! are met. So that filled boxes agree with the reference's, this is a k-d tree that is built and searched in the
//! order of scipy's: median splits by quickselect, at most ten boxes in a leaf, nearer cells first.
//!
//! # Source
//! scipy 1.17.1 `spatial.cKDTree`; Maneewongvatana & Mount 1999, arXiv:cs/9901013. Selection: Hoare 1961, CACM 4, 321,
//! with the median of three as pivot, as in the GNU C++ library.

/// Boxes that are looked for, and that fit into a leaf.
const NEIGHBOURS: usize = 10;

/// Row and column of a box.
type Place = (usize, usize);

/// A k-d tree.
pub(super) struct NearestBoxes<'a> {
    places: &'a [Place],
    /// Indices into `places`, cell by cell.
    order: Vec<usize>,
    root: Cell,
    /// Smallest and largest row and column.
    bounds: [(f64, f64); 2],
}

enum Cell {
    Leaf {
        start: usize,
        end: usize,
    },
    Split {
        axis: usize,
        at: f64,
        less: Box<Cell>,
        more: Box<Cell>,
    },
}

/// A cell that may hold neighbours.
struct Candidate<'a> {
    cell: &'a Cell,
    /// Squared distance along each axis.
    sides: [f64; 2],
    distance: f64,
}

impl<'a> NearestBoxes<'a> {
    /// A tree of at least one place.
    pub(super) fn new(places: &'a [Place]) -> Self {
        let mut order: Vec<usize> = (0..places.len()).collect();
        let end = order.len();
        let root = build(places, &mut order, 0, end);
        Self {
            places,
            bounds: bounds(places, &order),
            order,
            root,
        }
    }

    /// The nearest places, by their index, and their distances, nearest first.
    pub(super) fn of(&self, place: Place) -> Vec<(usize, f64)> {
        let at = [place.0 as f64, place.1 as f64];
        let sides: [f64; 2] = std::array::from_fn(|axis| {
            let (low, high) = self.bounds[axis];
            (low - at[axis]).max(at[axis] - high).max(0.0).powi(2)
        });
        let mut queue = Heap::default();
        let mut nearest = Heap::default();
        let mut limit = f64::INFINITY;
        let mut next = Candidate {
            cell: &self.root,
            sides,
            distance: sides[0] + sides[1],
        };
        loop {
            match next.cell {
                Cell::Leaf { start, end } => {
                    for &index in &self.order[*start..*end] {
                        limit = self.offer(index, at, &mut nearest, limit);
                    }
                    let Some(nearer) = queue.pop() else { break };
                    next = nearer;
                }
                Cell::Split { .. } if next.distance > limit => break,
                Cell::Split {
                    axis,
                    at: split,
                    less,
                    more,
                } => {
                    let (near, far) = if at[*axis] < *split {
                        (less, more)
                    } else {
                        (more, less)
                    };
                    let mut sides = next.sides;
                    sides[*axis] = (split - at[*axis]).powi(2);
                    let distance = next.distance + (sides[*axis] - next.sides[*axis]);
                    let mut other = Candidate {
                        cell: far,
                        sides,
                        distance,
                    };
                    next.cell = near;
                    if next.distance > other.distance {
                        std::mem::swap(&mut next, &mut other);
                    }
                    if other.distance <= limit {
                        queue.push(other.distance, other);
                    }
                }
            }
        }
        let mut found: Vec<(usize, f64)> = std::iter::from_fn(|| nearest.pop_with_key())
            .map(|(key, index)| (index, (-key).sqrt()))
            .collect();
        found.reverse();
        found
    }

    /// Takes a place into the list if it is nearer than the limit; gives back the new limit.
    fn offer(&self, index: usize, at: [f64; 2], nearest: &mut Heap<usize>, limit: f64) -> f64 {
        let (row, column) = self.places[index];
        let distance = (row as f64 - at[0]).powi(2) + (column as f64 - at[1]).powi(2);
        if distance >= limit {
            return limit;
        }
        if nearest.0.len() == NEIGHBOURS {
            nearest.pop();
        }
        nearest.push(-distance, index);
        match nearest.0.first() {
            Some((key, _)) if nearest.0.len() == NEIGHBOURS => -key,
            _ => limit,
        }
    }
}

fn coordinate((row, column): Place, axis: usize) -> usize {
    if axis == 0 { row } else { column }
}

fn bounds(places: &[Place], order: &[usize]) -> [(f64, f64); 2] {
    std::array::from_fn(|axis| {
        let values = || {
            order
                .iter()
                .map(|&index| coordinate(places[index], axis) as f64)
        };
        (
            values().fold(f64::INFINITY, f64::min),
            values().fold(f64::NEG_INFINITY, f64::max),
        )
    })
}

fn build(places: &[Place], order: &mut [usize], start: usize, end: usize) -> Cell {
    let leaf = Cell::Leaf { start, end };
    if end - start <= NEIGHBOURS {
        return leaf;
    }
    let spread = bounds(places, &order[start..end]).map(|(low, high)| high - low);
    let axis = usize::from(spread[1] > spread[0]);
    if spread[axis] <= 0.0 {
        return leaf;
    }
    let value = |index: usize| coordinate(places[index], axis);
    let cell = &mut order[start..end];
    let middle = cell.len() / 2;
    select(cell, middle, value);
    let median = value(cell[middle]);
    let mut at = median as f64;
    let mut count = partition(&mut cell[..middle], |index| value(index) < median);
    if count == 0 {
        // All of the lower half lie on the split: it moves just above them.
        let lowest = cell
            .iter()
            .map(|&index| value(index))
            .min()
            .unwrap_or(median);
        at = (lowest as f64).next_up();
        count = partition(cell, |index| value(index) <= lowest);
    }
    let split = start + count;
    Cell::Split {
        axis,
        at,
        less: Box::new(build(places, order, start, split)),
        more: Box::new(build(places, order, split, end)),
    }
}

/// Brings the item of a rank to its place, none larger before it and none smaller after it.
fn select(items: &mut [usize], rank: usize, value: impl Fn(usize) -> usize) {
    let (mut first, mut last) = (0, items.len());
    while last - first > 3 {
        let three = [first + 1, first + (last - first) / 2, last - 1];
        items.swap(first, median_of_three(three, |place| value(items[place])));
        let pivot = value(items[first]);
        let (mut i, mut j) = (first + 1, last);
        loop {
            while value(items[i]) < pivot {
                i += 1;
            }
            j -= 1;
            while pivot < value(items[j]) {
                j -= 1;
            }
            if i >= j {
                break;
            }
            items.swap(i, j);
            i += 1;
        }
        if i <= rank {
            first = i;
        } else {
            last = i;
        }
    }
    items[first..last].sort_by_key(|&item| value(item));
}

/// The place of the middle value; among equals the choice is that of the library.
fn median_of_three([a, b, c]: [usize; 3], value: impl Fn(usize) -> usize) -> usize {
    let (x, y, z) = (value(a), value(b), value(c));
    let (low, high, x_is_low) = if x < y { (x, y, true) } else { (y, x, false) };
    let (at_low, at_high) = if x_is_low { (a, b) } else { (b, a) };
    // The third value lies above both, between them, or not above the lower one.
    match (high < z, low < z) {
        (true, _) => at_high,
        (false, true) => c,
        (false, false) => at_low,
    }
}

/// Brings the items that satisfy a condition to the front, by swaps from both ends; how many they are.
fn partition(items: &mut [usize], condition: impl Fn(usize) -> bool) -> usize {
    let (mut first, mut last) = (0, items.len());
    loop {
        while first < last && condition(items[first]) {
            first += 1;
        }
        while first < last && !condition(items[last - 1]) {
            last -= 1;
        }
        if first >= last {
            return first;
        }
        items.swap(first, last - 1);
        first += 1;
        last -= 1;
    }
}

/// A binary heap with the smallest key first; equal keys come in the order of its swaps.
struct Heap<T>(Vec<(f64, T)>);

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Heap<T> {
    fn push(&mut self, key: f64, item: T) {
        self.0.push((key, item));
        let mut i = self.0.len() - 1;
        while i > 0 && self.0[i].0 < self.0[(i - 1) / 2].0 {
            self.0.swap(i, (i - 1) / 2);
            i = (i - 1) / 2;
        }
    }

    fn pop(&mut self) -> Option<T> {
        self.pop_with_key().map(|(_, item)| item)
    }

    fn pop_with_key(&mut self) -> Option<(f64, T)> {
        if self.0.is_empty() {
            return None;
        }
        let top = self.0.swap_remove(0);
        let n = self.0.len();
        let mut i = 0;
        loop {
            let (left, right) = (2 * i + 1, 2 * i + 2);
            let key = |j: usize| if j < n { self.0[j].0 } else { f64::INFINITY };
            let child = if right < n && key(left) > key(right) {
                right
            } else {
                left
            };
            if child >= n || self.0[i].0 <= key(child) {
                return Some(top);
            }
            self.0.swap(i, child);
            i = child;
        }
    }
}
