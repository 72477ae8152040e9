//! Which outputs depend on which inputs.

use super::{Form, Transform};

impl Transform {
    /// Which outputs depend on which inputs: a row for each output, a column for each input.
    ///
    /// ```
    /// use gwcs::Transform;
    /// use gwcs::model::{Rotation2d, Scale};
    ///
    /// let rotation = Transform::from(Rotation2d { angle_deg: 30.0 });
    /// let cube = rotation.join(Scale(2.0).into());
    /// assert_eq!(cube.separability(), [
    ///     [true, true, false],
    ///     [true, true, false],
    ///     [false, false, true],
    /// ]);
    /// ```
    pub fn separability(&self) -> Vec<Vec<bool>> {
        match self.form() {
            Form::Model(model) => model.separability(),
            Form::Compose(first, second) => {
                let (first, second) = (first.separability(), second.separability());
                let depends = |row: &Vec<bool>, input: usize| {
                    row.iter()
                        .zip(&first)
                        .any(|(depends, middle)| *depends && middle[input])
                };
                let n_inputs = self.n_inputs();
                second
                    .iter()
                    .map(|row| (0..n_inputs).map(|input| depends(row, input)).collect())
                    .collect()
            }
            Form::Join(a, b) => {
                let (n_a, n_b) = (a.n_inputs(), b.n_inputs());
                let of_a = a.separability().into_iter().map(|mut row| {
                    row.extend(vec![false; n_b]);
                    row
                });
                let of_b = b.separability().into_iter().map(|row| {
                    let mut whole = vec![false; n_a];
                    whole.extend(row);
                    whole
                });
                of_a.chain(of_b).collect()
            }
            Form::Arithmetic(_, a, b) => {
                let mut either = a.separability();
                for (row, other) in either.iter_mut().zip(b.separability()) {
                    for (depends, other) in row.iter_mut().zip(other) {
                        *depends |= other;
                    }
                }
                either
            }
            Form::Fix(inner, values) => {
                let mut rows = inner.separability();
                for row in &mut rows {
                    let mut index = 0;
                    row.retain(|_| {
                        index += 1;
                        values.iter().all(|(input, _)| input + 1 != index)
                    });
                }
                rows
            }
        }
    }
}
