#!/usr/bin/env python3
"""Statistics of the reference package's fits on the ramps of `cargo xtask ramp-statistics --dump DIR`.

    python reference.py DIR

Needs stcal. Writes DIR/reference.json, which `cargo xtask ramp-statistics --reference` puts beside our numbers.
"""
import json
import sys
import warnings
from pathlib import Path

import numpy as np
from stcal.jump.jump import detect_jumps_data
from stcal.jump.jump_class import JumpData
from stcal.ramp_fitting.ols_cas22_fit import fit_ramps_casertano
from stcal.ramp_fitting.ramp_fit import ramp_fit_data
from stcal.ramp_fitting.ramp_fit_class import RampData

FLAGS = {"GOOD": 0, "DO_NOT_USE": 1, "SATURATED": 2, "JUMP_DET": 4, "PERSISTENCE": 32, "CHARGELOSS": 128,
         "NO_GAIN_VALUE": 1 << 19, "UNRELIABLE_SLOPE": 1 << 24, "REFERENCE_PIXEL": 1 << 31}


def main():
    folder = Path(sys.argv[1])
    about = json.loads((folder / "ramps.json").read_text())
    shape = (1, about["groups"], about["rows"], about["columns"])
    result = {}
    for level, rate in enumerate(about["rates_e_per_s"]):
        for case in ("clean", "jumps"):
            data = np.fromfile(folder / f"{level}_{case}_ramps.f32", np.float32).reshape(shape)
            for algorithm, (slope, err) in fit(about, data, case == "jumps").items():
                ours = [np.fromfile(folder / f"{level}_{case}_{algorithm}_{what}.f32", np.float32).reshape(shape[2:])
                        for what in ("slope", "err")]
                key = f"{rate:g} {case} {algorithm}"
                result[key] = summary(slope, err, rate / about["gain_e_per_dn"], ours)
                print(key, result[key], flush=True)
    (folder / "reference.json").write_text(json.dumps(result, indent=1))


def fit(about, data, jumps):
    image = data.shape[2:]
    gain = np.full(image, about["gain_e_per_dn"], np.float32)
    noise = np.full(image, about["read_noise_e"] * np.sqrt(2) / about["gain_e_per_dn"], np.float32)
    quality = np.zeros(data.shape, np.uint8)
    if jumps:
        quality = detect(about, data, quality, gain, noise)
    fits = {}
    for algorithm in ("OLS_C", "LIKELY"):
        ramp = RampData()
        ramp.set_arrays(data.copy(), quality.copy(), np.zeros(image, np.uint32), np.zeros(image, np.float32))
        ramp.algorithm = algorithm
        frames, gap, frame_time = about["frames_per_group"], about["group_gap"], about["frame_time_s"]
        ramp.set_meta("NIRCAM", frame_time, frame_time * (frames + gap), gap, frames, 0)
        ramp.set_dqflags(FLAGS)
        ramp.start_row, ramp.num_rows = 0, image[0]
        ramp.suppress_one_group_ramps = True
        rates, _, _ = ramp_fit_data(ramp, False, noise.copy(), gain.copy(), algorithm, "optimal", "none")
        fits[algorithm] = rates["slope"], rates["err"]
    fits["CAS22"] = casertano(about, data, jumps)
    return fits


def detect(about, data, quality, gain, noise):
    jump = JumpData(gain2d=gain, rnoise2d=noise.copy(), dqflags=FLAGS)
    jump.data, jump.gdq, jump.pdq = data.copy(), quality, np.zeros(gain.shape, np.uint32)
    jump.nframes = about["frames_per_group"]
    # As the step sets them for even groups.
    jump.dt_group, jump.n_reads_groupdiff = np.ones(1), np.full(1, 2.0 * jump.nframes)
    jump.set_detection_settings(4.0, 6.0, 5.0, 1000, 10, False)
    jump.max_cores = "none"
    return detect_jumps_data(jump)[0]


def casertano(about, data, jumps):
    gain, frames = np.float32(about["gain_e_per_dn"]), about["frames_per_group"]
    period = frames + about["group_gap"]
    pattern = [[group * period + read for read in range(1, frames + 1)] for group in range(about["groups"])]
    electrons = data[0] * gain
    noise = np.full(electrons.shape[1:], about["read_noise_e"], np.float32)
    fitted = fit_ramps_casertano(electrons, np.zeros(electrons.shape, np.int32), noise, about["frame_time_s"],
                                 pattern, jumps)
    return fitted.parameters[..., 1] / gain, np.sqrt(fitted.variances[..., 2]) / gain


def summary(slope, err, truth, ours):
    slope, err = slope.astype(np.float64), err.astype(np.float64)
    known = np.isfinite(slope) & np.isfinite(err) & (err > 0)
    excess, error = slope[known] - truth, err[known]
    pull = excess / error
    variance = np.mean(error**2)
    covariance = np.mean((excess - excess.mean()) * (error**2 - variance))
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = np.nan_to_num(np.abs(ours[0] - slope) / err)
    return {"count": int(known.sum()), "bias": excess.mean() / excess.std(), "pull_mean": pull.mean(),
            "pull_scatter": pull.std(), "pull_allowed": excess.mean() / variance**0.5 - covariance / (2 * variance**1.5),
            "largest_difference": float(difference.max()), "differing": int((difference > 1e-3).sum()),
            "other_missing": int((np.isnan(ours[0]) != np.isnan(slope)).sum())}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
