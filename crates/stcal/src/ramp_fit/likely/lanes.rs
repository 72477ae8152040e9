//! The recurrences, for [`LANES`] ramps at once.
//!
//! Letters are those of Brandt 2024a, section 4: θ and φ are the determinants of the leading and trailing blocks of the
//! covariance matrix, Θ, Φ and their sums with the data (index d here) run along them. Every loop over lanes is
//! innermost and free of branches, so that it becomes vector instructions.

use super::covariance::Covariance;

/// Ramps that are worked on together.
pub(super) const LANES: usize = 8;

/// A value of each of the ramps.
pub(super) type Lane = [f64; LANES];

const ZERO: Lane = [0.0; LANES];
const ONE: Lane = [1.0; LANES];

/// How often the running determinant is brought back to 1: it cannot leave the range of numbers in between.
const RESCALE_EVERY: usize = 10;

/// Result of a fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneFit {
    /// Count rate \[DN/s\].
    pub(super) rate: Lane,
    pub(super) chi_square: Lane,
    /// Sums of the data and of ones with the inverse matrix: 𝒜 = dᵀC⁻¹d, ℬ = 1ᵀC⁻¹d, 𝒞 = 1ᵀC⁻¹1, scaled.
    a: Lane,
    b: Lane,
    c: Lane,
}

/// Standard deviation and variances of a fitted rate.
#[derive(Debug, Clone, Copy)]
pub(super) struct LaneNoise {
    pub(super) err: Lane,
    pub(super) var_poisson: Lane,
    pub(super) var_rnoise: Lane,
}

/// Ramps under work, and memory for their fit.
#[derive(Debug)]
pub(super) struct Workspace {
    /// Differences of the groups over their distance \[DN/s\].
    pub(super) difference: Vec<Lane>,
    /// 1 for differences that take part, 0 for the others.
    pub(super) used: Vec<Lane>,
    /// Photon noise per second: rate over gain \[(DN/s)² s\].
    photon: Lane,
    /// Square of the noise of a read \[DN²\].
    read: Lane,
    /// The matrix is divided by this, for a determinant near 1.
    scale: Lane,
    alpha: Vec<Lane>,
    beta: Vec<Lane>,
    /// β without the elements beside differences that are not used.
    beta_used: Vec<Lane>,
    data: Vec<Lane>,
    theta: Vec<Lane>,
    phi: Vec<Lane>,
    sum_theta: Vec<Lane>,
    sum_theta_d: Vec<Lane>,
    sum_phi: Vec<Lane>,
    sum_phi_d: Vec<Lane>,
    /// 1ᵀC⁻¹ and dᵀC⁻¹, element by element.
    d_c: Vec<Lane>,
    d_b: Vec<Lane>,
    inverse_diagonal: Vec<Lane>,
}

/// Applies a function to each lane.
fn lanes(value: impl Fn(usize) -> f64) -> Lane {
    std::array::from_fn(value)
}

/// −1 for even indices, 1 for odd ones.
fn sign(index: usize) -> f64 {
    if index.is_multiple_of(2) { -1.0 } else { 1.0 }
}

impl Workspace {
    /// Memory for ramps of `n` differences.
    pub(super) fn new(n: usize) -> Self {
        let lane = || vec![ZERO; n];
        Self {
            difference: lane(),
            used: vec![ONE; n],
            photon: ZERO,
            read: ZERO,
            scale: ONE,
            alpha: lane(),
            beta: vec![ZERO; n - 1],
            beta_used: vec![ZERO; n - 1],
            data: lane(),
            theta: vec![ONE; n + 1],
            phi: vec![ONE; n + 1],
            sum_theta: lane(),
            sum_theta_d: vec![ZERO; n + 1],
            sum_phi: lane(),
            sum_phi_d: lane(),
            d_c: lane(),
            d_b: lane(),
            inverse_diagonal: lane(),
        }
    }

    /// Sets up the covariance matrix for a count rate \[DN/s\], gain \[e-/DN\] and noise of a read \[DN\].
    pub(super) fn set_noise(
        &mut self,
        covariance: &Covariance,
        rate: &Lane,
        gain: &Lane,
        noise: &Lane,
    ) {
        self.photon = lanes(|k| rate[k] / gain[k]);
        self.read = lanes(|k| noise[k] * noise[k]);
        let (photon, read) = (&self.photon, &self.read);
        let coefficients = covariance.alpha_photon.iter().zip(&covariance.alpha_read);
        for (alpha, (p, r)) in self.alpha.iter_mut().zip(coefficients) {
            *alpha = lanes(|k| photon[k] * p + read[k] * r);
        }
        let coefficients = covariance.beta_photon.iter().zip(&covariance.beta_read);
        for (beta, (p, r)) in self.beta.iter_mut().zip(coefficients) {
            *beta = lanes(|k| photon[k] * p + read[k] * r);
        }
        self.rescale();
    }

    /// Divides the matrix by the n-th root of its determinant.
    ///
    /// The determinant grows as the n-th power of the elements: what is taken out on the way is remembered as a factor.
    fn rescale(&mut self) {
        let n = self.alpha.len();
        let (mut before, mut theta) = (ONE, self.alpha[0]);
        let mut scale = ONE;
        for i in 2..=n {
            let (alpha, beta) = (&self.alpha[i - 1], &self.beta[i - 2]);
            let next = lanes(|k| {
                alpha[k] / scale[k] * theta[k]
                    - beta[k] * beta[k] / (scale[k] * scale[k]) * before[k]
            });
            (before, theta) = (theta, next);
            if i.is_multiple_of(RESCALE_EVERY) || i == n {
                let root = 1.0 / i as f64;
                for k in 0..LANES {
                    let factor = theta[k].powf(root);
                    scale[k] *= factor;
                    before[k] /= theta[k] / factor;
                    theta[k] = 1.0;
                }
            }
        }
        for element in self.alpha.iter_mut().chain(&mut self.beta) {
            *element = lanes(|k| element[k] / scale[k]);
        }
        self.scale = scale;
    }

    /// Fits the differences that are used, with the matrix set before.
    pub(super) fn fit(&mut self) -> LaneFit {
        let n = self.alpha.len();
        for i in 0..n {
            let (used, difference) = (&self.used[i], &self.difference[i]);
            self.data[i] = lanes(|k| difference[k] * used[k]);
        }
        for i in 0..n - 1 {
            let (beta, this, next) = (&self.beta[i], &self.used[i], &self.used[i + 1]);
            self.beta_used[i] = lanes(|k| beta[k] * next[k] * this[k]);
        }
        self.run_forward();
        self.run_backward();
        self.sum_up()
    }

    /// θ, Θ and Θ with the data (eq. 38 to 40, 47 and 48).
    fn run_forward(&mut self) {
        let n = self.alpha.len();
        self.theta[0] = ONE;
        self.theta[1] = self.alpha[0];
        self.sum_theta[0] = lanes(|_| -1.0);
        self.sum_theta_d[0] = ZERO;
        self.sum_theta_d[1] = self.data[0].map(|data| -data);
        for i in 1..n {
            let (theta, beta, data) = (self.theta[i], &self.beta_used[i - 1], &self.data[i]);
            let (alpha, before) = (&self.alpha[i], &self.theta[i - 1]);
            let (sum, sum_d) = (&self.sum_theta[i - 1], &self.sum_theta_d[i]);
            let s = sign(i);
            let next = lanes(|k| alpha[k] * theta[k] - beta[k] * beta[k] * before[k]);
            let next_sum = lanes(|k| sum[k] * beta[k] + s * theta[k]);
            let next_sum_d = lanes(|k| beta[k] * sum_d[k] + s * data[k] * theta[k]);
            self.theta[i + 1] = next;
            self.sum_theta[i] = next_sum;
            self.sum_theta_d[i + 1] = next_sum_d;
        }
    }

    /// φ, Φ and Φ with the data (eq. 41 to 43 and 46; Brandt 2024b, eq. 4).
    fn run_backward(&mut self) {
        let n = self.alpha.len();
        self.phi[n] = ONE;
        self.phi[n - 1] = self.alpha[n - 1];
        self.sum_phi[n - 1] = ZERO;
        self.sum_phi_d[n - 1] = ZERO;
        for i in (0..n - 1).rev() {
            let (alpha, beta, data) = (&self.alpha[i], &self.beta_used[i], &self.data[i + 1]);
            let (phi, after) = (&self.phi[i + 1], &self.phi[i + 2]);
            let (sum, sum_d) = (&self.sum_phi[i + 1], &self.sum_phi_d[i + 1]);
            let s = sign(i + 1);
            let next = lanes(|k| alpha[k] * phi[k] - beta[k] * beta[k] * after[k]);
            let next_sum = lanes(|k| sum[k] * beta[k] + s * beta[k] * after[k]);
            let next_sum_d = lanes(|k| (sum_d[k] + s * data[k] * after[k]) * beta[k]);
            self.phi[i] = next;
            self.sum_phi[i] = next_sum;
            self.sum_phi_d[i] = next_sum_d;
        }
    }

    /// The sums over the ramp (eq. 61 to 63, 71 and 75), and the fit that follows from them.
    fn sum_up(&mut self) -> LaneFit {
        let n = self.alpha.len();
        let determinant = self.theta[n];
        let (mut cross, mut square, mut b, mut c) = (ZERO, ZERO, ZERO, ZERO);
        for i in 0..n {
            let (data, used) = (&self.data[i], &self.used[i]);
            let (theta, phi) = (&self.theta[i], &self.phi[i + 1]);
            let (sum_theta, sum_phi) = (&self.sum_theta[i], &self.sum_phi[i]);
            let (sum_theta_d, sum_phi_d) = (&self.sum_theta_d[i + 1], &self.sum_phi_d[i]);
            let before = &self.sum_theta_d[i];
            let beta = if i == 0 { &ONE } else { &self.beta_used[i - 1] };
            let s = sign(i);
            let factor = lanes(|k| s / determinant[k]);
            let d_c =
                lanes(|k| factor[k] * (phi[k] * sum_theta[k] + theta[k] * sum_phi[k]) * used[k]);
            self.d_b[i] =
                lanes(|k| factor[k] * (phi[k] * sum_theta_d[k] + theta[k] * sum_phi_d[k]));
            for k in 0..LANES {
                cross[k] += data[k] * s / determinant[k] * beta[k] * phi[k] * before[k];
                square[k] += data[k] * data[k] * theta[k] * phi[k] / determinant[k];
                b[k] += data[k] * d_c[k];
                c[k] += d_c[k];
            }
            self.d_c[i] = d_c;
        }
        let a = lanes(|k| 2.0 * cross[k] + square[k]);
        let scale = &self.scale;
        LaneFit {
            rate: lanes(|k| b[k] * (1.0 / c[k])),
            chi_square: lanes(|k| (a[k] - b[k] * b[k] / c[k]) / scale[k]),
            a,
            b,
            c,
        }
    }

    /// What the noise of the data makes of the rate that [`Self::fit`] has found.
    pub(super) fn noise_of(&self, fit: &LaneFit, covariance: &Covariance) -> LaneNoise {
        let weight = |i: usize, k: usize| self.d_c[i][k] / fit.c[k];
        let variance = |noise: &Lane, alpha: &[f64], beta: &[f64]| {
            let (mut diagonal, mut beside) = (ZERO, ZERO);
            for (i, alpha) in alpha.iter().enumerate() {
                for k in 0..LANES {
                    diagonal[k] += weight(i, k) * weight(i, k) * (noise[k] * alpha);
                }
            }
            for (i, beta) in beta.iter().enumerate() {
                for k in 0..LANES {
                    beside[k] += weight(i + 1, k) * weight(i, k) * (noise[k] * beta);
                }
            }
            lanes(|k| diagonal[k] + 2.0 * beside[k])
        };
        LaneNoise {
            err: lanes(|k| (self.scale[k] / fit.c[k]).sqrt()),
            var_poisson: variance(
                &self.photon,
                &covariance.alpha_photon,
                &covariance.beta_photon,
            ),
            var_rnoise: variance(&self.read, &covariance.alpha_read, &covariance.beta_read),
        }
    }
}

/// Rate and χ² without some of the differences.
#[derive(Debug, Clone, Copy)]
pub(super) struct Omission {
    pub(super) rate: Lane,
    pub(super) chi_square: Lane,
}

impl Workspace {
    /// Fits that leave out one difference each (Brandt 2024b, section 3.1), and two neighbours each (section 3.2).
    ///
    /// Where a difference is not used anyway, the fit with the others takes its place.
    pub(super) fn omit(&mut self, fit: &LaneFit, one: &mut [Omission], two: &mut [Omission]) {
        let n = self.alpha.len();
        let determinant = self.theta[n];
        for i in 0..n {
            let (theta, phi, used) = (&self.theta[i], &self.phi[i + 1], &self.used[i]);
            self.inverse_diagonal[i] = lanes(|k| theta[k] * phi[k] / determinant[k] * used[k]);
        }
        for (i, one) in one.iter_mut().enumerate() {
            *one = self.omit_one(fit, i);
        }
        for (i, two) in two.iter_mut().enumerate() {
            *two = self.omit_two(fit, i);
            let (this, next) = (&self.used[i], &self.used[i + 1]);
            for k in 0..LANES {
                let single = if this[k] == 0.0 {
                    one[i + 1]
                } else if next[k] == 0.0 {
                    one[i]
                } else {
                    continue;
                };
                two.rate[k] = single.rate[k];
                two.chi_square[k] = single.chi_square[k];
            }
        }
    }

    fn omit_one(&self, fit: &LaneFit, i: usize) -> Omission {
        let (d_b, d_c, inverse) = (&self.d_b[i], &self.d_c[i], &self.inverse_diagonal[i]);
        let LaneFit { a, b, c, .. } = fit;
        let mut result = Omission {
            rate: ZERO,
            chi_square: ZERO,
        };
        for k in 0..LANES {
            // x: the rate; y: what the difference has in excess.
            let x = (inverse[k] * b[k] - d_b[k] * d_c[k]) / (c[k] * inverse[k] - d_c[k] * d_c[k]);
            let y = (d_b[k] - x * d_c[k]) / inverse[k];
            let chi_square = a[k] + x * x * c[k] - 2.0 * x * b[k] + y * y * inverse[k]
                - 2.0 * y * d_b[k]
                + 2.0 * x * y * d_c[k];
            let is_used = self.used[i][k] != 0.0;
            result.rate[k] = if is_used { x } else { fit.rate[k] };
            result.chi_square[k] = if is_used {
                chi_square / self.scale[k]
            } else {
                fit.chi_square[k]
            };
        }
        result
    }

    fn omit_two(&self, fit: &LaneFit, i: usize) -> Omission {
        let determinant = &self.theta[self.alpha.len()];
        let (theta, phi, beta) = (&self.theta[i], &self.phi[i + 2], &self.beta_used[i]);
        let (db1, db2) = (&self.d_b[i], &self.d_b[i + 1]);
        let (dc1, dc2) = (&self.d_c[i], &self.d_c[i + 1]);
        let (inv1, inv2) = (&self.inverse_diagonal[i], &self.inverse_diagonal[i + 1]);
        let LaneFit { a, b, c, .. } = fit;
        let mut result = Omission {
            rate: ZERO,
            chi_square: ZERO,
        };
        for k in 0..LANES {
            let beside = -beta[k] * theta[k] * phi[k] / determinant[k];
            let own = dc1[k] * dc1[k] - c[k] * inv1[k];
            let mixed = dc1[k] * dc2[k] - c[k] * beside;
            let excess = b[k] * dc1[k] - db1[k] * c[k];
            // x: the rate; y and z: what the two differences have in excess.
            let mut z = excess / own - (b[k] * dc2[k] - db2[k] * c[k]) / mixed;
            z /= mixed / own - (dc2[k] * dc2[k] - c[k] * inv2[k]) / mixed;
            let y = (excess - z * mixed) / own;
            let x = (b[k] - y * dc1[k] - z * dc2[k]) / c[k];
            let mut chi_square = a[k] + x * x * c[k] + y * y * inv1[k] + z * z * inv2[k];
            chi_square -= 2.0 * x * b[k] + 2.0 * y * db1[k] + 2.0 * z * db2[k];
            chi_square += 2.0 * x * y * dc1[k] + 2.0 * x * z * dc2[k] + 2.0 * y * z * beside;
            result.rate[k] = x;
            result.chi_square[k] = chi_square / self.scale[k];
        }
        result
    }
}
