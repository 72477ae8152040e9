//! The nearest of points on a grid.
//!
//! On a grid many points are equally far, and which of them is among the nearest is a matter of the search tree. The tree
//! is therefore built and searched in the order of scipy's.
//!
//! # Source
//! scipy 1.17.1 `spatial/ckdtree/src/build.cxx` and `query.cxx` (balanced, compact, ten points a leaf), with the
//! selection and partition of libstdc++ on which the order of points in a leaf depends.

/// Points in a leaf, at most.
const LEAF: usize = 10;

/// Points ready to be searched.
#[derive(Debug)]
pub(super) struct NearestBoxes {
    points: Vec<[f64; 2]>,
    order: Vec<usize>,
    root: Node,
    low: [f64; 2],
    high: [f64; 2],
}

#[derive(Debug)]
enum Node {
    Leaf {
        start: usize,
        end: usize,
    },
    Split {
        axis: usize,
        at: f64,
        less: Box<Node>,
        greater: Box<Node>,
    },
}

/// A part of the tree that is still to be looked at.
#[derive(Clone, Copy)]
struct Visit<'a> {
    node: &'a Node,
    squared_distance: f64,
    sides: [f64; 2],
}

impl NearestBoxes {
    pub(super) fn new(points: &[(usize, usize)]) -> Self {
        let points: Vec<[f64; 2]> = points
            .iter()
            .map(|point| [point.0 as f64, point.1 as f64])
            .collect();
        let mut order: Vec<usize> = (0..points.len()).collect();
        let (low, high) = bounds(&points, &order);
        let root = build(&points, &mut order, 0);
        Self {
            points,
            order,
            root,
            low,
            high,
        }
    }

    /// Squared distances and indices of up to `count` nearest points, the nearest first.
    pub(super) fn find(&self, point: (usize, usize), count: usize) -> Vec<(f64, usize)> {
        let at = [point.0 as f64, point.1 as f64];
        let mut sides = [0.0; 2];
        for axis in 0..2 {
            let side = (self.low[axis] - at[axis]).max(at[axis] - self.high[axis]);
            sides[axis] = side.max(0.0).powi(2);
        }
        let mut visit = Visit {
            node: &self.root,
            squared_distance: sides[0] + sides[1],
            sides,
        };
        let mut queue: Heap<Visit<'_>> = Heap::default();
        let mut found: Heap<usize> = Heap::default();
        let mut limit = f64::INFINITY;
        loop {
            match visit.node {
                Node::Leaf { start, end } => {
                    for &index in &self.order[*start..*end] {
                        let [y, x] = self.points[index];
                        let squared = (y - at[0]).powi(2) + (x - at[1]).powi(2);
                        if squared < limit {
                            if found.len() == count {
                                found.pop();
                            }
                            found.push(-squared, index);
                            if found.len() == count {
                                limit = -found.first_priority();
                            }
                        }
                    }
                    let Some((_, next)) = queue.pop() else { break };
                    visit = next;
                }
                Node::Split { .. } if visit.squared_distance > limit => break,
                Node::Split {
                    axis,
                    at: split,
                    less,
                    greater,
                } => {
                    let is_less = at[*axis] < *split;
                    let (near, far) = if is_less {
                        (less, greater)
                    } else {
                        (greater, less)
                    };
                    let side = (at[*axis] - split).powi(2);
                    let mut other = Visit { node: far, ..visit };
                    other.squared_distance += side - visit.sides[*axis];
                    other.sides[*axis] = side;
                    visit.node = near;
                    if visit.squared_distance > other.squared_distance {
                        std::mem::swap(&mut visit, &mut other);
                    }
                    if other.squared_distance <= limit {
                        queue.push(other.squared_distance, other);
                    }
                }
            }
        }
        let mut nearest = Vec::new();
        while let Some((priority, index)) = found.pop() {
            nearest.push((-priority, index));
        }
        nearest.reverse();
        nearest
    }
}

fn bounds(points: &[[f64; 2]], order: &[usize]) -> ([f64; 2], [f64; 2]) {
    let mut low = [f64::INFINITY; 2];
    let mut high = [f64::NEG_INFINITY; 2];
    for &index in order {
        for axis in 0..2 {
            low[axis] = low[axis].min(points[index][axis]);
            high[axis] = high[axis].max(points[index][axis]);
        }
    }
    (low, high)
}

/// Builds the tree over `order`, whose first element is the point number `start` of the whole.
fn build(points: &[[f64; 2]], order: &mut [usize], start: usize) -> Node {
    let leaf = Node::Leaf {
        start,
        end: start + order.len(),
    };
    if order.len() <= LEAF {
        return leaf;
    }
    let (low, high) = bounds(points, order);
    let axis = usize::from(high[1] - low[1] > high[0] - low[0]);
    if high[axis] <= low[axis] {
        return leaf;
    }
    let value = |index: usize| points[index][axis];
    let middle = order.len() / 2;
    select_nth(order, middle, &value);
    let mut at = value(order[middle]);
    let mut cut = partition(&mut order[..middle], |index| value(index) < at);
    if cut == 0 {
        let least = order.iter().map(|index| value(*index));
        at = least.fold(f64::INFINITY, f64::min).next_up();
        cut = partition(order, |index| value(index) < at);
    }
    let (less, greater) = order.split_at_mut(cut);
    Node::Split {
        axis,
        at,
        less: Box::new(build(points, less, start)),
        greater: Box::new(build(points, greater, start + cut)),
    }
}

/// Moves elements for which `is_first` holds to the front; returns their number.
fn partition(order: &mut [usize], is_first: impl Fn(usize) -> bool) -> usize {
    let (mut first, mut last) = (0, order.len());
    loop {
        while first < last && is_first(order[first]) {
            first += 1;
        }
        while first < last && !is_first(order[last - 1]) {
            last -= 1;
        }
        if first >= last {
            return first;
        }
        last -= 1;
        order.swap(first, last);
        first += 1;
    }
}

/// Puts the element of rank `nth` in its place, no greater one before it.
fn select_nth(order: &mut [usize], nth: usize, value: &impl Fn(usize) -> f64) {
    let (mut first, mut last) = (0, order.len());
    while last - first > 3 {
        let cut = partition_by_median(order, first, last, value);
        if cut <= nth {
            first = cut;
        } else {
            last = cut;
        }
    }
    for sorted in first + 1..last {
        let mut position = sorted;
        while position > first && value(order[position]) < value(order[position - 1]) {
            order.swap(position, position - 1);
            position -= 1;
        }
    }
}

/// Partitions by the median of the second, the middle and the last element; returns the cut.
fn partition_by_median(
    order: &mut [usize],
    first: usize,
    last: usize,
    value: &impl Fn(usize) -> f64,
) -> usize {
    let [a, b, c] = [first + 1, first + (last - first) / 2, last - 1];
    let less = |i: usize, j: usize| value(order[i]) < value(order[j]);
    let median = if less(a, b) {
        if less(b, c) {
            b
        } else if less(a, c) {
            c
        } else {
            a
        }
    } else if less(a, c) {
        a
    } else if less(b, c) {
        c
    } else {
        b
    };
    order.swap(first, median);
    let pivot = value(order[first]);
    let (mut i, mut j) = (first + 1, last);
    loop {
        while value(order[i]) < pivot {
            i += 1;
        }
        j -= 1;
        while pivot < value(order[j]) {
            j -= 1;
        }
        if i >= j {
            return i;
        }
        order.swap(i, j);
        i += 1;
    }
}

/// A binary heap, the least priority first, whose treatment of equal priorities is scipy's.
#[derive(Debug)]
struct Heap<T>(Vec<(f64, T)>);

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Heap<T> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn first_priority(&self) -> f64 {
        self.0.first().map_or(f64::NEG_INFINITY, |item| item.0)
    }

    fn push(&mut self, priority: f64, value: T) {
        self.0.push((priority, value));
        let mut child = self.0.len() - 1;
        while child > 0 && self.0[child].0 < self.0[(child - 1) / 2].0 {
            self.0.swap(child, (child - 1) / 2);
            child = (child - 1) / 2;
        }
    }

    fn pop(&mut self) -> Option<(f64, T)> {
        if self.0.is_empty() {
            return None;
        }
        let first = self.0.swap_remove(0);
        let mut parent = 0;
        loop {
            let priority = |at: usize| self.0.get(at).map(|item| item.0);
            let (left, right) = (priority(2 * parent + 1), priority(2 * parent + 2));
            let Some(left) = left else { break };
            let (child, least) = match right {
                Some(right) if left > right => (2 * parent + 2, right),
                _ => (2 * parent + 1, left),
            };
            if self.0[parent].0 <= least {
                break;
            }
            self.0.swap(parent, child);
            parent = child;
        }
        Some(first)
    }
}
