#!/usr/bin/env python3
"""Make the data of `jwst demo`: demo.tar.gz beside this script.

    PYTHON make.py ORACLE [--work DIR]

PYTHON  interpreter of an environment that has jwst, crds, astropy and the simulator's needs
ORACLE  folder with the simulator of exposures and references (golden.py, simulate.py, reffiles.py, ...)
--work  where the cases are simulated (default: a temporary folder)

The exposures and references are simulated from fixed seeds: four dithered exposures of a star field with NIRCam, one
exposure with MIRI. Nothing of them comes from the observatory. The archive holds

    input/NAME_uncal.fits   exposures, and an association of the four
    crds_cache/             one cache for both instruments; files named .fits are gzip streams, as in tests/golden
    truth/truth.json        what was put in: exposures, and stars with their positions and fluxes
    truth/NAME_rate.fits    noiseless rates [DN/s] by exposure (plain FITS images)

The archive of the same simulated files is the same, byte for byte.
"""
import argparse
import gzip
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from astropy.io import fits

CASES = ["nrc_dither4", "miri_sub64"]
SERIAL = 9099
# What has to be known to judge the rates; measured with jwst 3.0.0 on the same files (median 0.6306, scatter 1.0522 there).
NOTES = {"miri_sub64": "errors do not hold drifts of the detector; rates of the reference package have the same offset"}
PRODUCT = "jw90017-a3001_t001_nircam_f200w-sub160"

# What the three pipelines ask for.
REFERENCE_TYPES = {
    "mask", "saturation", "superbias", "refpix", "rscd", "linearity", "dark", "reset", "gain", "readnoise", "emicorr",
    "distortion", "filteroffset", "flat", "photom", "area", "apcorr", "abvegaoffset", "pars-jumpstep", "pars-emicorrstep",
    "pars-tweakregstep",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("oracle", type=Path)
    parser.add_argument("--work", type=Path)
    arguments = parser.parse_args()
    work = (arguments.work or Path(tempfile.mkdtemp(prefix="demo-"))).resolve()
    scripts = work / "scripts"
    scripts.mkdir(parents=True, exist_ok=True)
    for script in arguments.oracle.glob("*.py"):
        shutil.copy(script, scripts)
    sys.path.insert(0, str(scripts))
    for name in CASES:
        run = [sys.executable, "golden.py", name, "--root", str(work), "--prepare-only"]
        subprocess.run(run, cwd=scripts, check=True)
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    collect(work, tree)
    target = Path(__file__).resolve().parent / "demo.tar.gz"
    pack(tree, target)
    print(f"{target}: {target.stat().st_size / 1e6:.2f} MB")
    if not arguments.work:
        shutil.rmtree(work)


def collect(work, tree):
    """Lays out inputs, references and truth of all cases in one folder."""
    from modes import get_case
    for folder in ("input", "truth"):
        (tree / folder).mkdir(parents=True)
    build_cache(work, tree / "crds_cache")
    truth = {"cases": []}
    for name in CASES:
        base, case = work / name, get_case(name)
        exposures = []
        for uncal in sorted((base / "input").glob("*_uncal.fits")):
            stem = uncal.name.removesuffix("_uncal.fits")
            shutil.copyfile(uncal, tree / "input" / uncal.name)
            hidden = np.load(base / "input" / f"{stem}_truth.npz")
            fits.PrimaryHDU(hidden["rate"].astype(np.float32)).writeto(tree / "truth" / f"{stem}_rate.fits")
            exposures.append(stem)
        truth["cases"].append({"name": name, "instrument": case.detector.instrument, "exposures": exposures,
                               "note": NOTES.get(name, ""),
                               "stars": stars(case, base)})
    (tree / "truth" / "truth.json").write_text(json.dumps(truth, indent=1) + "\n")
    first = truth["cases"][0]["exposures"]
    members = [{"expname": f"{stem}_cal.fits", "exptype": "science"} for stem in first]
    association = {
        "asn_type": "image3", "asn_rule": "DMS_Level3_Base", "version_id": None, "code_version": "demo",
        "degraded_status": "No known degraded exposures in association.", "program": "90017", "constraints": "none",
        "asn_id": "a3001", "target": "t001", "asn_pool": "none", "products": [{"name": PRODUCT, "members": members}]}
    (tree / "input" / "image3_asn.json").write_text(json.dumps(association, indent=1) + "\n")


def build_cache(work, root):
    from crdscache import CacheBuilder
    builder = CacheBuilder(root, serial=SERIAL)
    for name in CASES:
        correct_apertures(work / name / "ref" / f"{name}_apcorr.fits", name)
        for file in sorted((work / name / "ref").iterdir()):
            found = re.fullmatch(rf"{name}_(.+)\.(fits|asdf)", file.name)
            if not found or found.group(1) not in REFERENCE_TYPES:
                continue
            kind, ending = found.groups()
            instrument = "miri" if name.startswith("miri") else "nircam"
            detector = "MIRIMAGE" if instrument == "miri" else "NRCB1"
            keys = builder.parkeys(instrument, kind)
            match = {"META.INSTRUMENT.DETECTOR": detector} if "META.INSTRUMENT.DETECTOR" in keys else {}
            builder.add(instrument, kind, str(file), match, useafter="2022-01-01 00:00:00",
                        name=f"jwst_{instrument}_{kind}_{SERIAL}.{ending}")
    builder.write()
    # The cache prescribes the name; FITS readers know gzip by its first bytes.
    for file in root.rglob("*.fits"):
        file.write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))


def correct_apertures(path, name):
    """Writes the aperture corrections of the simulated point-spread function into the reference.

    The simulator's own table is a rough one. Here a star is the simulator's Moffat function, averaged over a pixel four times:
    by the detector, as a drop of drizzle, by the pixel of the mosaic (which has the same size), and by the aperture, which
    cuts that pixel as if it were evenly bright.
    """
    from modes import get_case
    from simulate import moffat_stamp
    fwhm, fine = get_case(name).detector.fwhm_pix, 9
    # Pixels a ninth as wide; the function is wide against them.
    stamp = moffat_stamp(0.0, 0.0, 25 * fine, fwhm * fine, over=1)
    box = np.ones(1)
    for _ in range(4):
        box = np.convolve(box, np.ones(fine) / fine)
    for axis in (0, 1):
        stamp = np.apply_along_axis(lambda line: np.convolve(line, box, mode="same"), axis, stamp)
    half = stamp.shape[0] // 2
    radius = np.hypot(*np.mgrid[-half:half + 1, -half:half + 1]) / fine
    order = np.argsort(radius, axis=None)
    enclosed = np.cumsum(stamp.ravel()[order])
    radii = radius.ravel()[order]
    with fits.open(path, mode="update") as file:
        table = file[1].data
        for row in table:
            row["radius"] = radii[np.searchsorted(enclosed, row["eefraction"])]
            ring = (radius >= row["skyin"]) & (radius < row["skyout"])
            # What the ring around the star has of its light counts as sky.
            sky = np.median(stamp[ring]) * fine ** 2
            row["apcorr"] = 1.0 / (row["eefraction"] - sky * np.pi * row["radius"] ** 2)


def stars(case, base):
    """Position [deg] and flux [Jy] of every star that was put in.

    Electrons become DN by the detector's mean gain, and DN/s janskys by the photom reference.
    """
    from simulate import make_catalog
    with fits.open(base / "ref" / f"{case.name}_photom.fits") as photom, fits.open(base / "ref" / f"{case.name}_gain.fits") as gain:
        header, table = photom[0].header, photom[1].data
        row = [r for r in table if r["filter"].strip() == case.filter][0]
        steradian = header.get("PIXAR_SR", photom[1].header.get("PIXAR_SR"))
        per_electron = float(row["photmjsr"]) * 1e6 * steradian / float(np.nanmean(gain[1].data))
    return [{"ra_deg": float(ra), "dec_deg": float(dec), "flux_jy": float(10 ** lg * per_electron)}
            for ra, dec, lg in make_catalog(case)]


def pack(tree, target):
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for file in sorted(path for path in tree.rglob("*") if path.is_file()):
            entry = tarfile.TarInfo(str(file.relative_to(tree)))
            entry.size, entry.mode, entry.mtime = file.stat().st_size, 0o644, 0
            archive.addfile(entry, io.BytesIO(file.read_bytes()))
    target.write_bytes(gzip.compress(raw.getvalue(), 9, mtime=0))


if __name__ == "__main__":
    main()
