//! Synthetic exposures in memory, for the unit tests of steps.

use datamodels::metadata::Metadata;
use datamodels::{Model, RampModel};
use ndarray::{Array4, Zip, s};

use crate::random::Generator;

/// The instruments whose keywords [`Builder`] knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instrument {
    /// `NIRCam`, detector NRCB1.
    Nircam,
    /// NIRISS.
    Niriss,
    /// FGS, detector GUIDER1.
    Fgs,
    /// MIRI's imager.
    Miri,
}

impl Instrument {
    /// INSTRUME, DETECTOR, `EXP_TYPE`, READPATT, FILTER, FASTAXIS, SLOWAXIS.
    fn keywords(
        self,
    ) -> (
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        &'static str,
        i64,
        i64,
    ) {
        match self {
            Self::Nircam => ("NIRCAM", "NRCB1", "NRC_IMAGE", "RAPID", "F200W", 1, -2),
            Self::Niriss => ("NIRISS", "NIS", "NIS_IMAGE", "NISRAPID", "CLEAR", -2, -1),
            Self::Fgs => ("FGS", "GUIDER1", "FGS_IMAGE", "FGSRAPID", "NA", -2, -1),
            Self::Miri => ("MIRI", "MIRIMAGE", "MIR_IMAGE", "FASTR1", "F770W", 1, 2),
        }
    }
}

/// Builds a ramp whose samples rise by a constant rate, with noise, jumps and saturation where asked for.
///
/// Without noise, sample `g` (from 0) of every pixel is `pedestal_dn + rate_dn_per_s * group_time_s * (g + 1)`.
///
/// ```
/// use testkit::ramp::Builder;
///
/// let ramp = Builder::new([1, 3, 2, 2]).pedestal_dn(100.0).rate_dn_per_s(2.0).group_time_s(10.0).build();
/// assert_eq!(ramp.data[[0, 2, 1, 1]], 160.0);
/// ```
#[derive(Debug, Clone)]
pub struct Builder {
    shape: [usize; 4],
    seed: u64,
    instrument: Instrument,
    pedestal_dn: f64,
    rate_dn_per_s: f64,
    gain_e_per_dn: f64,
    photon_noise: bool,
    read_noise_dn: f64,
    group_time_s: f64,
    frames: (usize, usize),
    start: (usize, usize),
    jumps: Vec<([usize; 4], f64)>,
    saturation_dn: f64,
    group_flags: Vec<([usize; 4], u8)>,
    pixel_flags: Vec<([usize; 2], u32)>,
    values: Vec<([usize; 4], f32)>,
    nodes: Vec<(String, asdf::Node)>,
}

impl Builder {
    /// An exposure of `[integrations, groups, rows, columns]`: `NIRCam`, no noise, 1000 DN and 10 DN/s.
    pub fn new(shape: [usize; 4]) -> Self {
        Self {
            shape,
            seed: 1,
            instrument: Instrument::Nircam,
            pedestal_dn: 1000.0,
            rate_dn_per_s: 10.0,
            gain_e_per_dn: 2.0,
            photon_noise: false,
            read_noise_dn: 0.0,
            group_time_s: 10.0,
            frames: (1, 0),
            start: (1, 1),
            jumps: Vec::new(),
            saturation_dn: f64::INFINITY,
            group_flags: Vec::new(),
            pixel_flags: Vec::new(),
            values: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// The seed of all noise.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The instrument, whose keywords are set.
    #[must_use]
    pub fn instrument(mut self, instrument: Instrument) -> Self {
        self.instrument = instrument;
        self
    }

    /// The value at the time of the reset [DN].
    #[must_use]
    pub fn pedestal_dn(mut self, pedestal_dn: f64) -> Self {
        self.pedestal_dn = pedestal_dn;
        self
    }

    /// The rate of every pixel [DN/s].
    #[must_use]
    pub fn rate_dn_per_s(mut self, rate_dn_per_s: f64) -> Self {
        self.rate_dn_per_s = rate_dn_per_s;
        self
    }

    /// Photon noise of the increments, for a gain [e-/DN].
    #[must_use]
    pub fn photon_noise(mut self, gain_e_per_dn: f64) -> Self {
        self.gain_e_per_dn = gain_e_per_dn;
        self.photon_noise = true;
        self
    }

    /// Standard deviation of the noise of every sample [DN].
    #[must_use]
    pub fn read_noise_dn(mut self, read_noise_dn: f64) -> Self {
        self.read_noise_dn = read_noise_dn;
        self
    }

    /// Time from group to group [s]; the frame time is that over NFRAMES and GROUPGAP.
    #[must_use]
    pub fn group_time_s(mut self, group_time_s: f64) -> Self {
        self.group_time_s = group_time_s;
        self
    }

    /// NFRAMES and GROUPGAP.
    #[must_use]
    pub fn read_pattern(mut self, frames_per_group: usize, group_gap: usize) -> Self {
        self.frames = (frames_per_group, group_gap);
        self
    }

    /// SUBSTRT1 and SUBSTRT2: column and row of the detector, from 1.
    #[must_use]
    pub fn start(mut self, column_from_1: usize, row_from_1: usize) -> Self {
        self.start = (column_from_1, row_from_1);
        self
    }

    /// Adds a jump [DN] from a sample `[integration, group, row, column]` on.
    #[must_use]
    pub fn jump(mut self, at: [usize; 4], size_dn: f64) -> Self {
        self.jumps.push((at, size_dn));
        self
    }

    /// Samples do not rise above this value [DN]; nothing is flagged.
    #[must_use]
    pub fn saturation_dn(mut self, saturation_dn: f64) -> Self {
        self.saturation_dn = saturation_dn;
        self
    }

    /// Sets bits of a sample's quality.
    #[must_use]
    pub fn group_flag(mut self, at: [usize; 4], bits: u8) -> Self {
        self.group_flags.push((at, bits));
        self
    }

    /// Sets bits of a pixel's quality.
    #[must_use]
    pub fn pixel_flag(mut self, at: [usize; 2], bits: u32) -> Self {
        self.pixel_flags.push((at, bits));
        self
    }

    /// Sets a sample, such as to NaN.
    #[must_use]
    pub fn value(mut self, at: [usize; 4], value: f32) -> Self {
        self.values.push((at, value));
        self
    }

    /// Sets a node of the metadata.
    #[must_use]
    pub fn meta(mut self, path: &str, value: impl Into<asdf::Node>) -> Self {
        self.nodes.push((path.to_string(), value.into()));
        self
    }

    /// Makes the model.
    ///
    /// # Panics
    /// A position is outside the exposure: a mistake of the test.
    pub fn build(&self) -> RampModel {
        let mut model = RampModel::new(self.metadata(), self.samples());
        for (at, bits) in &self.group_flags {
            model.groupdq[*at] |= bits;
        }
        for (at, bits) in &self.pixel_flags {
            model.pixeldq[*at] |= bits;
        }
        for (path, node) in &self.nodes {
            model.meta.set(path, node.clone());
        }
        model
    }

    fn samples(&self) -> Array4<f32> {
        let mut random = Generator::new(self.seed);
        let mut signal = Array4::<f64>::zeros(self.shape);
        let step_dn = self.rate_dn_per_s * self.group_time_s;
        let mut increment = || {
            if self.photon_noise {
                random.poisson(step_dn * self.gain_e_per_dn) / self.gain_e_per_dn
            } else {
                step_dn
            }
        };
        for mut integration in signal.outer_iter_mut() {
            let mut level = integration.slice(s![0, .., ..]).to_owned();
            level.fill(self.pedestal_dn);
            for mut group in integration.outer_iter_mut() {
                Zip::from(&mut level).for_each(|level| *level += increment());
                group.assign(&level);
            }
        }
        for ([integration, group, row, column], size_dn) in &self.jumps {
            let mut after = signal.slice_mut(s![*integration, *group.., *row, *column]);
            after += *size_dn;
        }
        let mut samples = signal.mapv(|v| {
            let noise = if self.read_noise_dn > 0.0 {
                self.read_noise_dn * random.normal()
            } else {
                0.0
            };
            (v + noise).min(self.saturation_dn) as f32
        });
        for (at, value) in &self.values {
            samples[*at] = *value;
        }
        samples
    }

    fn metadata(&self) -> Metadata {
        let [integrations, groups, rows, columns] = self.shape.map(|n| n as i64);
        let (name, detector, kind, pattern, filter, fast, slow) = self.instrument.keywords();
        let (frames, gap) = (self.frames.0 as i64, self.frames.1 as i64);
        let frame_time_s = self.group_time_s / (frames + gap) as f64;
        let mut meta = Metadata::new(RampModel::MODEL_TYPE);
        meta.set("meta.telescope", "JWST");
        for (path, text) in [
            ("meta.instrument.name", name),
            ("meta.instrument.detector", detector),
            ("meta.instrument.filter", filter),
            ("meta.exposure.type", kind),
            ("meta.exposure.readpatt", pattern),
            ("meta.subarray.name", "GENERIC"),
            ("meta.observation.date", "2023-06-10"),
            ("meta.observation.time", "06:00:00.000"),
        ] {
            meta.set(path, text);
        }
        for (path, number) in [
            ("meta.exposure.nints", integrations),
            ("meta.exposure.ngroups", groups),
            ("meta.exposure.nframes", frames),
            ("meta.exposure.groupgap", gap),
            ("meta.exposure.integration_start", 1),
            ("meta.exposure.integration_end", integrations),
            ("meta.subarray.xstart", self.start.0 as i64),
            ("meta.subarray.ystart", self.start.1 as i64),
            ("meta.subarray.xsize", columns),
            ("meta.subarray.ysize", rows),
            ("meta.subarray.fastaxis", fast),
            ("meta.subarray.slowaxis", slow),
        ] {
            meta.set(path, number);
        }
        meta.set("meta.exposure.group_time", self.group_time_s);
        meta.set("meta.exposure.frame_time", frame_time_s);
        meta
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_is_what_was_asked_for() {
        let ramp = Builder::new([2, 4, 3, 5])
            .pedestal_dn(50.0)
            .rate_dn_per_s(1.5)
            .group_time_s(8.0)
            .read_pattern(3, 1)
            .jump([1, 2, 0, 4], 500.0)
            .saturation_dn(590.0)
            .value([0, 0, 2, 2], f32::NAN)
            .group_flag([0, 1, 0, 0], 4)
            .pixel_flag([2, 1], 1)
            .build();
        assert_eq!(ramp.data[[0, 3, 0, 0]], 98.0);
        assert_eq!(ramp.data[[1, 1, 0, 4]], 74.0);
        assert_eq!(ramp.data[[1, 2, 0, 4]], 586.0);
        assert_eq!(ramp.data[[1, 3, 0, 4]], 590.0);
        assert!(ramp.data[[0, 0, 2, 2]].is_nan());
        assert_eq!((ramp.groupdq[[0, 1, 0, 0]], ramp.pixeldq[[2, 1]]), (4, 1));
        let exposure = ramp.meta.exposure();
        assert_eq!(exposure.frame_time_s().ok(), Some(2.0));
        assert_eq!(exposure.groups().ok(), Some(4));
        assert_eq!(ramp.meta.subarray().axes().ok(), Some((1, -2)));
    }

    #[test]
    fn noise_follows_the_seed() {
        let noisy = |seed| {
            Builder::new([1, 5, 8, 8])
                .photon_noise(2.0)
                .read_noise_dn(6.0)
                .seed(seed)
                .build()
                .data
        };
        assert_eq!(noisy(4), noisy(4));
        assert_ne!(noisy(4), noisy(5));
    }
}
