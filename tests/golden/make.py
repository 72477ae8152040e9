#!/usr/bin/env python3
"""Make the golden cases with the reference package, and pack them for the repository.

    python3 make.py ORACLE PYTHON [--work DIR] [--out DIR] [CASE ...]

ORACLE  folder with the simulator of exposures and references (golden.py, simulate.py, reffiles.py, ...)
PYTHON  interpreter of an environment that has jwst, stcal, stdatamodels, crds and the simulator's needs
--work  where cases are made and the reference runs (default: a temporary folder); with an existing one,
        cases that are there already are packed without a new run
--out   where the packed cases go (default: the folder of this script)

Each case is simulated from its seed, run through the reference's pipeline with every step's product saved,
and packed as README.md says. Nothing of the workspace is needed; only the standard library is imported here.
"""
import argparse
import gzip
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

CASES = ["nrcb1_sub64p", "nrcblong_sub160", "miri_sub64", "niriss_sub64", "fgs_sub128", "nrcb1_likely18",
         "nrcb1_flicker39", "miri_dark", "guider_fg", "guider_idstack", "nis_stripes", "nrc_stripes", "nrc_substripes",
         "nrs2_sub32", "nrcb1_image2", "miri_image2", "nrc_dither4"]

# Cases of stage 2: the simulated case whose rates they start from.
RATES_OF = {"nrcb1_image2": "nrcb1_sub64p", "miri_image2": "miri_sub64"}

# Cases that the simulator does not have: lines for its table of stage-1 cases.
ADDED_CASES = {
    "nrcb1_likely18": """_c("nrcb1_likely18", "NRCB1", "SUB64P", (1851, 1817, 18, 16), "SHALLOW2", 7, 2, "NRC_IMAGE", 175,
        **NRC, nstars=4, zeroframe=True, opts=dict(bright=20.0, steps={"ramp_fit": {"algorithm": "LIKELY"}}))""",
    "nrcb1_flicker39": """_c("nrcb1_flicker39", "NRCB1", "SUB64P", (1851, 1817, 39, 34), "RAPID", 3, 2, "NRC_IMAGE", 176,
        **NRC, nstars=4, opts=dict(level=2.5, steps={"clean_flicker_noise": {"skip": False, "background_method": "model",
        "single_mask": False, "save_mask": True, "save_background": True, "save_noise": True}}))""",
    # Superstripes along columns, read from the right; the first three lines of each are reference pixels.
    "nis_stripes": """_c("nis_stripes", "NIS", "SUB17STRIPE_SOSS", (2048, 2029, 17, 20), "NISRAPID", 3, 2, "NIS_SOSS", 241,
        filter="CLEAR", pupil="GR700XD", nstars=2, ftime=0.05, tso=True, params=PARS_NIS,
        opts=dict(ref_win=(1, 2029, 2048, 20), level=1.0, stripe=dict(
            multistripe_reads1=3, multistripe_skips1=2, multistripe_reads2=14, multistripe_skips2=0, repeat_stripe=1,
            interleave_reads1=1, superstripe_step=17, num_superstripe=3)))""",
    # Superstripes along rows that are read twice in a frame.
    "nrc_stripes": """_c("nrc_stripes", "NRCA1", "SUB64P_SUPSTP008", (505, 3, 16, 20), "RAPID", 3, 1, "NRC_TSIMAGE", 242, **NRC,
        nstars=3, maghi=5.0, ftime=0.0076, tso=True, zeroframe=True, persistence=False,
        opts=dict(ref_win=(505, 1, 16, 2048), level=1.0, stars_y=(100, 30), stripe=dict(
            multistripe_reads1=2, multistripe_skips1=100, multistripe_reads2=8, multistripe_skips2=0, repeat_stripe=1,
            interleave_reads1=0, superstripe_step=8, num_superstripe=2)))""",
    # Substripes of two amplifiers along rows, read from the top.
    "nrc_substripes": """_c("nrc_substripes", "NRCB1", "SUB82STRIPE2_DHS", (505, 2048, 16, 82), "RAPID", 4, 1, "NRC_TSGRISM", 243,
        filter="F150W2", pupil="GDHS0", nstars=0, ftime=0.11, tso=True, persistence=False,
        opts=dict(ref_win=(505, 1, 16, 2048), level=1.0, noutputs=4,
            trace=[(2048 - 1683, 0, 2500.0), (2048 - 1805, 0, 2500.0)], stripe=dict(
            multistripe_reads1=1, multistripe_skips1=1662, multistripe_reads2=40, multistripe_skips2=82, repeat_stripe=1,
            interleave_reads1=1, superstripe_step=0, num_superstripe=0)))""",
}

# The pipelines, by the folder in which the simulator leaves their products.
STAGES = {"miri_dark": "dark", "guider_fg": "guider", "guider_idstack": "guider", "nrcb1_image2": "image2",
          "miri_image2": "image2", "nrc_dither4": "image3"}
PIPELINES = {"detector1": "calwebb_detector1", "dark": "calwebb_dark", "guider": "calwebb_guider",
             "image2": "calwebb_image2", "image3": "calwebb_image3"}

AVX512 = ["AVX512F", "AVX512CD", "AVX512_SKX", "AVX512_CLX", "AVX512_CNL", "AVX512_ICL", "AVX512_SPR", "X86_V4"]

# What calwebb_image2 reads.
IMAGE2_TYPES = {"distortion", "filteroffset", "flat", "photom", "area"}

# What calwebb_image3 reads.
IMAGE3_TYPES = {"apcorr", "abvegaoffset", "pars-tweakregstep"}

# What calwebb_detector1 reads; the other references of a case serve later stages.
REFERENCE_TYPES = {
    "mask", "saturation", "superbias", "ipc", "refpix", "sirskernel", "rscd", "linearity", "dark", "reset", "gain",
    "readnoise", "emicorr", "persat", "trapdensity", "trappars", "pictureframe",
    "pars-jumpstep", "pars-chargemigrationstep", "pars-emicorrstep", "pars-cleanflickernoisestep",
    "pars-detector1pipeline",
}

PACKAGES = ["jwst", "stcal", "stdatamodels", "crds", "stpipe", "asdf", "astropy", "numpy", "scipy"]

BLOCK = 2880


def main():
    arguments = parse()
    work = Path(arguments.work or tempfile.mkdtemp(prefix="golden-")).resolve()
    scripts = work / "scripts"
    scripts.mkdir(parents=True, exist_ok=True)
    for script in Path(arguments.oracle).glob("*.py"):
        shutil.copy(script, scripts)
    with (scripts / "s1.py").open("a") as table:
        for name, line in ADDED_CASES.items():
            table.write(f"\nCASES[{name!r}] = {line}\n")
    out = Path(arguments.out).resolve()
    for name in arguments.case or CASES:
        case = work / RATES_OF.get(name, name)
        if not list(products_of(name, case).glob("*.fits")):
            run_reference(arguments.python, scripts, name, case)
        pack(name, case, out / name)
        print(f"{name}: {size(out / name) / 1e6:.2f} MB")
    (out / "versions.json").write_text(json.dumps(versions(arguments.python), indent=1) + "\n")
    if not arguments.work:
        shutil.rmtree(work)


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("oracle")
    parser.add_argument("python")
    parser.add_argument("case", nargs="*")
    parser.add_argument("--work")
    parser.add_argument("--out", default=Path(__file__).resolve().parent)
    return parser.parse_args()


def run_reference(python, scripts, name, case):
    """Simulates the case and runs the reference on it."""
    run = [python, "golden.py", case.name, "--root", str(case.parent)]
    environment = dict(os.environ)
    if case.name in ADDED_CASES:
        # With AVX-512, numpy rounds roots wrongly now and then, and the likelihood fit hangs on the last bit.
        environment["NPY_DISABLE_CPU_FEATURES"] = " ".join(AVX512)
    stage = STAGES.get(name, "detector1")
    before = {"image2": "detector1,image2", "image3": "detector1,image2,image3,image3abs"}
    stages = ["--stages", before.get(stage, stage)]
    subprocess.run([*run, *stages], cwd=scripts, check=True, env=environment)


def products_of(name, case):
    """The folder of the products of the case's one pipeline."""
    return case / STAGES.get(name, "detector1")


def pack(name, case, out):
    products = products_of(name, case)
    stage = products.name
    shutil.rmtree(out, ignore_errors=True)
    (out / "input").mkdir(parents=True)
    if stage == "image2":
        for rate in sorted((case / "detector1").glob("*_rate*.fits")):
            (out / "input" / rate.name).write_bytes(squeeze(rate.read_bytes()))
        (out / "direct_params.json").write_text("{}\n")
    elif stage == "image3":
        shutil.copyfile(case / "image2" / "image3_asn.json", out / "input" / "image3_asn.json")
        shutil.copyfile(case / "input" / "abs_refcat.ecsv", out / "input" / "abs_refcat.ecsv")
        (out / "direct_params.json").write_text("{}\n")
    else:
        for uncal in sorted((case / "input").glob("*_uncal.fits")):
            shutil.copyfile(uncal, out / "input" / uncal.name)
        shutil.copyfile(case / "ref" / "direct_params.json", out / "direct_params.json")
    for part in ("config", "mappings"):
        shutil.copytree(case / "crds_cache" / part, out / "crds_cache" / part)
    for reference in sorted((case / "crds_cache" / "references").rglob("*.*")):
        kind = re.fullmatch(r"jwst_[a-z]+_(.+)_\d+\.\w+", reference.name).group(1)
        wanted = {"image2": IMAGE2_TYPES, "image3": IMAGE3_TYPES}.get(stage, REFERENCE_TYPES)
        if kind in wanted or (kind == "flat" and stage == "guider"):
            target = out / "crds_cache" / reference.relative_to(case / "crds_cache")
            target.parent.mkdir(parents=True, exist_ok=True)
            data = reference.read_bytes()
            # The cache prescribes the name; FITS readers know gzip by its first bytes.
            target.write_bytes(squeeze(data) if target.suffix == ".fits" else data)
    if stage != "detector1":
        (out / "pipeline").write_text(PIPELINES[stage] + "\n")
    pack_products(products_to_pack(products, stage, case), out / "official")


def products_to_pack(products, stage, case):
    """Pairs of the name in the pack and the file."""
    if stage != "image3":
        return [(file.name, file) for file in sorted(products.glob("*.fits"))]
    # The exposures first: what the steps make of them is stored as its difference from them.
    pairs = [(file.name, file) for file in sorted((case / "image2").glob("*_cal.fits"))]
    pairs += [(file.name, file) for file in sorted([*products.glob("*.fits"), *products.glob("*.ecsv")])]
    absolute = case / "image3abs"
    pairs += [(f"absolute/{file.name}", file)
              for file in sorted([*absolute.glob("*_tweakreg.fits"), *absolute.glob("*_cat.ecsv"), *absolute.glob("*_segm.fits")])]
    return pairs


def pack_products(products, out):
    """Cuts products into headers and data units, and stores each different one once."""
    out.mkdir()
    stored, store, names = {}, bytearray(), {}
    for name, product in products:
        pieces = []
        data = product.read_bytes()
        for piece in fits_pieces(data) if product.suffix == ".fits" else [data]:
            digest = hashlib.sha256(piece).hexdigest()
            if digest not in stored:
                base = closest(piece, store, stored.values())
                start = len(store)
                if base is None:
                    stored[digest] = (start, len(piece))
                    store += piece
                else:
                    stored[digest] = (start, len(piece), base)
                    store += differing_bits(piece, store[base:base + len(piece)])
            pieces.append(stored[digest])
        names[name] = {"sha256": hashlib.sha256(data).hexdigest(), "pieces": pieces}
    (out / "pieces.gz").write_bytes(squeeze(bytes(store)))
    (out / "products.json").write_text(json.dumps(names, separators=(",", ":")).replace("},", "},\n") + "\n")


def closest(piece, store, stored):
    """Start of the stored piece from which this one differs so little that the difference packs to half the size."""
    least, found = len(zlib.compress(piece, 1)) // 2, None
    for start, length, *base in stored:
        if length == len(piece) and not base:
            size = len(zlib.compress(differing_bits(piece, store[start:start + length]), 1))
            if size < least:
                least, found = size, start
    return found


def differing_bits(one, other):
    both = int.from_bytes(one, "little") ^ int.from_bytes(other, "little")
    return both.to_bytes(len(one), "little")


def fits_pieces(data):
    """Splits a FITS file at the ends of headers and data units."""
    start = 0
    while start < len(data):
        end, cards = start, {}
        while "END" not in cards:
            block = data[end:end + BLOCK].decode("ascii")
            for card in (block[i:i + 80] for i in range(0, BLOCK, 80)):
                cards[card[:8].strip()] = card[10:30].split("/")[0].strip()
            end += BLOCK
        yield data[start:end]
        length = abs(int(cards["BITPIX"])) // 8 if int(cards["NAXIS"]) else 0
        for axis in range(int(cards["NAXIS"])):
            length *= int(cards[f"NAXIS{axis + 1}"])
        length += int(cards.get("PCOUNT", 0))
        padded = -(-length // BLOCK) * BLOCK
        if padded:
            yield data[end:end + padded]
        start = end + padded


def squeeze(data):
    return gzip.compress(data, 9, mtime=0)


def versions(python):
    code = f"import importlib.metadata as m, json; print(json.dumps({{p: m.version(p) for p in {PACKAGES}}}))"
    return json.loads(subprocess.check_output([python, "-c", code]))


def size(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


if __name__ == "__main__":
    sys.exit(main())
