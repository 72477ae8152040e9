//! A small generator of random numbers whose sequence is part of the tests: it never changes with a dependency.

/// `SplitMix64`: every seed gives a full-period sequence of its own.
///
/// # Source
/// G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014,
/// doi:10.1145/2714064.2660195.
///
/// ```
/// use testkit::random::Generator;
///
/// let mut one = Generator::new(7);
/// let mut two = Generator::new(7);
/// assert_eq!(one.uniform(), two.uniform());
/// ```
#[derive(Debug, Clone)]
pub struct Generator {
    state: u64,
}

impl Generator {
    /// A generator with a seed.
    pub fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to but not including 1.
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// An index below `end`.
    ///
    /// # Panics
    /// `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        assert!(end > 0, "no index is below 0");
        (self.bits() % end as u64) as usize
    }

    /// A normal deviate of mean 0 and standard deviation 1 (Box and Muller, one of the pair).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A Poisson deviate; for means above 50 the rounded normal deviate.
    pub fn poisson(&mut self, mean: f64) -> f64 {
        if mean <= 0.0 {
            return 0.0;
        }
        if mean > 50.0 {
            return mean.sqrt().mul_add(self.normal(), mean).round().max(0.0);
        }
        let limit = (-mean).exp();
        let (mut count, mut product) = (0.0, self.uniform());
        while product > limit {
            count += 1.0;
            product *= self.uniform();
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        // First outputs of the reference implementation (prng.di.unimi.it/splitmix64.c) for seed 1234567.
        let mut generator = Generator::new(1_234_567);
        assert_eq!(generator.bits(), 6_457_827_717_110_365_317);
        assert_eq!(generator.bits(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn deviates_have_their_moments() {
        let mut generator = Generator::new(3);
        let count = 40_000;
        let mut moments = |draw: &mut dyn FnMut(&mut Generator) -> f64| {
            let values: Vec<f64> = (0..count).map(|_| draw(&mut generator)).collect();
            let mean = values.iter().sum::<f64>() / f64::from(count);
            let variance =
                values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / f64::from(count);
            (mean, variance)
        };
        let (mean, variance) = moments(&mut Generator::normal);
        assert!(
            mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03,
            "{mean} {variance}"
        );
        for expected in [3.0, 400.0] {
            let (mean, variance) = moments(&mut |g| g.poisson(expected));
            assert!((mean / expected - 1.0).abs() < 0.02, "{mean}");
            assert!((variance / expected - 1.0).abs() < 0.05, "{variance}");
        }
    }
}
