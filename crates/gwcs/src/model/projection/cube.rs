//! Projections onto the faces of a cube, unfolded to a cross: the equatorial faces side by side, the polar ones above
//! and below that of longitude 0.

use super::within_one;

/// Half a side of a face \[deg\].
const HALF_SIDE: f64 = 45.0;

/// Which projection of a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// TSC, equations 157 to 160: from the centre.
    Tangential,
    /// CSC, equations 161 to 166: the polynomials of COBE, which are inverse to each other to an arcminute only.
    Cobe,
    /// QSC, equations 167 to 176: areas are true.
    Quadrilateralized,
}

/// The face on which a direction lies, with its components along the face's axes and its normal.
fn face_of([l, m, n]: [f64; 3]) -> (usize, [f64; 3]) {
    let normals = [n, l, m, -l, -m, -n];
    let face = (0..6).fold(0, |best, face| {
        if normals[face] > normals[best] {
            face
        } else {
            best
        }
    });
    let along = match face {
        0 => [m, -l],
        1 => [m, n],
        2 => [-l, n],
        3 => [-m, n],
        4 => [l, n],
        _ => [m, l],
    };
    (face, [along[0], along[1], normals[face]])
}

/// The direction of components on a face.
fn from_face(face: usize, [a, b, c]: [f64; 3]) -> [f64; 3] {
    match face {
        0 => [-b, a, c],
        1 => [c, a, b],
        2 => [-a, c, b],
        3 => [-c, -a, b],
        4 => [a, -c, b],
        _ => [b, a, -c],
    }
}

/// Centres of the faces in half sides.
const CENTRES: [[f64; 2]; 6] = [
    [0.0, 2.0],
    [0.0, 0.0],
    [2.0, 0.0],
    [4.0, 0.0],
    [6.0, 0.0],
    [0.0, -2.0],
];

pub(super) fn to_pixel([phi, theta]: [f64; 2], kind: Kind) -> [f64; 2] {
    if phi.is_nan() || theta.is_nan() {
        return [f64::NAN; 2];
    }
    let (sin_phi, cos_phi) = phi.to_radians().sin_cos();
    let (sin, cos) = theta.to_radians().sin_cos();
    let (face, [a, b, c]) = face_of([cos * cos_phi, cos * sin_phi, sin]);
    let [x, y] = match kind {
        Kind::Tangential => [a / c, b / c],
        Kind::Cobe => [cobe_forward(a / c, b / c), cobe_forward(b / c, a / c)],
        Kind::Quadrilateralized => {
            if a.abs() > b.abs() {
                let [x, y] = quadrilateral_forward(a, b, c);
                [x, y]
            } else {
                let [y, x] = quadrilateral_forward(b, a, c);
                [x, y]
            }
        }
    };
    let [x0, y0] = CENTRES[face];
    [HALF_SIDE * (x0 + x), HALF_SIDE * (y0 + y)]
}

pub(super) fn to_sky([x, y]: [f64; 2], kind: Kind) -> [f64; 2] {
    let Some((face, [x, y])) = face_at(x / HALF_SIDE, y / HALF_SIDE) else {
        return [f64::NAN; 2];
    };
    let components = match kind {
        Kind::Tangential => on_sphere(x, y),
        Kind::Cobe => on_sphere(cobe_backward(x, y), cobe_backward(y, x)),
        Kind::Quadrilateralized => {
            if x.abs() > y.abs() {
                quadrilateral_backward(x, y)
            } else {
                let [b, a, c] = quadrilateral_backward(y, x);
                [a, b, c]
            }
        }
    };
    let [l, m, n] = from_face(face, components);
    let phi = if l == 0.0 && m == 0.0 {
        0.0
    } else {
        m.atan2(l).to_degrees()
    };
    [phi, within_one(n).asin().to_degrees()]
}

/// The face at a place in half sides, and the place on it.
fn face_at(x: f64, y: f64) -> Option<(usize, [f64; 2])> {
    // Rounding on the outermost edge.
    const EDGE: f64 = 1.0 + 1e-12;
    let reachable = if x.abs() <= EDGE {
        y.abs() <= 2.0 + EDGE
    } else {
        x.abs() <= 6.0 + EDGE && y.abs() <= EDGE
    };
    if !reachable {
        return None;
    }
    // The faces left of the first are those at the right end.
    let x = if x < -1.0 { x + 8.0 } else { x };
    let face = match () {
        () if x > 5.0 => 4,
        () if x > 3.0 => 3,
        () if x > 1.0 => 2,
        () if y > 1.0 => 0,
        () if y < -1.0 => 5,
        () => 1,
    };
    let [x0, y0] = CENTRES[face];
    Some((face, [x - x0, y - y0]))
}

fn on_sphere(a: f64, b: f64) -> [f64; 3] {
    let c = 1.0 / (1.0 + a * a + b * b).sqrt();
    [a * c, b * c, c]
}

/// Equation 169 for the larger of the two components, `a`.
fn quadrilateral_forward(a: f64, b: f64, c: f64) -> [f64; 2] {
    if a == 0.0 {
        return [0.0, 0.0];
    }
    let omega = b / a;
    // 1 - c, without loss of digits at the centre of the face.
    let depth = (a * a + b * b) / (1.0 + c);
    let major = (depth / (1.0 - 1.0 / (2.0 + omega * omega).sqrt()))
        .sqrt()
        .copysign(a);
    let turn = omega.atan() - (omega / (2.0 * (1.0 + omega * omega)).sqrt()).asin();
    [major, major * turn.to_degrees() / 15.0]
}

/// Equations 173 to 176 for the larger of the two places, `u`.
fn quadrilateral_backward(u: f64, v: f64) -> [f64; 3] {
    if u == 0.0 {
        return [0.0, 0.0, 1.0];
    }
    let (sin, cos) = (15.0 * v / u).to_radians().sin_cos();
    let omega = sin / (cos - std::f64::consts::FRAC_1_SQRT_2);
    let depth = u * u * (1.0 - 1.0 / (2.0 + omega * omega).sqrt());
    let c = 1.0 - depth;
    if c < -1.0 {
        return [f64::NAN; 3];
    }
    let a = (depth * (2.0 - depth) / (1.0 + omega * omega))
        .sqrt()
        .copysign(u);
    [a, a * omega, c]
}

/// Equation 163.
fn cobe_forward(chi: f64, psi: f64) -> f64 {
    const GAMMA_STAR: f64 = 1.374_848_477_32;
    const M: f64 = 0.004_869_491_981;
    const GAMMA: f64 = -0.131_616_714_74;
    const OMEGA: f64 = -0.159_596_235_474;
    const D: [f64; 2] = [0.075_919_620_046_7, -0.021_776_249_069_9];
    const C: [f64; 6] = [
        0.141_189_631_152,
        0.080_970_128_652_5,
        -0.281_528_535_557,
        -0.178_251_207_466,
        0.153_841_128_76,
        0.106_959_469_314,
    ];
    let (a, b) = (chi * chi, psi * psi);
    let mixed = C[0] + C[1] * a + C[2] * b + C[3] * a * a + C[4] * a * b + C[5] * b * b;
    chi * GAMMA_STAR
        + chi * a * (1.0 - GAMMA_STAR)
        + chi * b * (1.0 - a) * (GAMMA + (M - GAMMA) * a + (1.0 - b) * mixed)
        + chi * a * (1.0 - a) * (OMEGA - (1.0 - a) * (D[0] + D[1] * a))
}

/// Equation 166; coefficients by the power of the other coordinate's square, then of its own.
fn cobe_backward(x: f64, y: f64) -> f64 {
    const P: [&[f64]; 7] = [
        &[
            -0.272_926_96,
            -0.076_299_69,
            -0.227_970_56,
            0.548_523_84,
            -0.629_300_65,
            0.257_957_94,
            0.025_843_75,
        ],
        &[
            -0.028_194_52,
            -0.014_715_65,
            0.480_515_09,
            -1.741_144_54,
            1.715_475_08,
            -0.530_223_37,
        ],
        &[
            0.270_581_60,
            -0.568_009_38,
            0.308_033_17,
            0.989_381_02,
            -0.831_804_69,
        ],
        &[-0.604_415_60, 1.508_801_69, -0.936_785_76, 0.086_938_41],
        &[0.934_120_77, -1.416_019_20, 0.338_874_46],
        &[-0.639_153_06, 0.520_322_38],
        &[0.143_815_85],
    ];
    let (a, b) = (x * x, y * y);
    let sum = P.iter().rev().fold(0.0, |sum, row| {
        sum * b + row.iter().rev().fold(0.0, |sum, p| sum * a + p)
    });
    x + x * (1.0 - a) * sum
}
