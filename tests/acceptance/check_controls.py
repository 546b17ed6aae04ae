#!/usr/bin/python3
# Moves each control from 0 to 1 in five steps and measures from delivered WAV and MIDI whether its measures follow.
import argparse
import itertools
import json
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import drawing  # noqa: E402
from delivery import open_delivery  # noqa: E402
from farm import CommandFailed, add_farm_options, open_farm  # noqa: E402
from measures import grid, notes, order, sound  # noqa: E402
from measures.table import print_table  # noqa: E402

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
REQUIRED_SHARE = 0.95
# Shown, not judged: a detector's count of onsets merges near hits and doubles soft ones, the MIDI's count is exact;
# the crest of a whole file hangs on its one loudest sample and falls when more notes are played.
SHOWN = ("onsets/s (aubio)", "crest (whole file)")


def measure_energy(delivery, params):
    """Onsets per second, crest, centroid."""
    seconds = delivery.wave("mix").frames / delivery.wave("mix").rate
    source = "drums" if "drums" in delivery.audio else "premaster" if "premaster" in delivery.audio else "mix"
    samples = delivery.wave(source).samples
    whole = delivery.wave("premaster" if "premaster" in delivery.audio else "mix").samples
    found, _ = grid.aubio_onsets(delivery.audio[source])
    return {
        "onsets/s (MIDI)": len(notes.unique_onsets(delivery.all_notes())) / seconds,
        "onsets/s (aubio)": len(found) / seconds,
        "crest": sound.transient_crest_db(samples, delivery.wave(source).rate),
        "crest (whole file)": sound.crest_db(samples),
        "centroid": sound.centroid(whole, delivery.wave("mix").rate),
    }


def measure_complexity(delivery, params):
    """Share of off-beat onsets, pitch classes per bar."""
    return {
        "off-beat share": notes.offbeat_share(delivery.all_notes()),
        "pitch classes/bar": notes.pitch_classes_per_bar(delivery.pitched(), drawing.beats_per_bar(params), params["bars"]),
    }


def measure_humanize(delivery, params):
    """Deviation from the grid, spread of velocity."""
    played = delivery.all_notes()
    return {
        "grid deviation": notes.grid_deviation(played),
        "velocity spread": notes.velocity_spread(played, drawing.beats_per_bar(params)),
    }


def measure_mood(delivery, params):
    """Register and brightness of the pitched stems; the key is left open, so the mode may follow too."""
    played = delivery.pitched("chords", "melody", "pad", "arp", "vocals")
    return {
        "mean pitch": float(played[:, 2].mean()) if len(played) else 0.0,
        "centroid": sound.log_centroid(delivery.wave("mix").samples, delivery.wave("mix").rate),
    }


CONTROLS = {"energy": measure_energy, "complexity": measure_complexity, "humanize": measure_humanize, "mood": measure_mood}

# Which texture must measure above which, and by what.
TEXTURE_ORDERS = (("centroid", "Bright", "Warm"), ("centroid", "Bright", "Vintage"), ("centroid", "Airy", "Warm"),
                  ("centroid", "Airy", "Vintage"), ("centroid", "Clean", "Vintage"), ("harmonics", "Gritty", "Clean"))


def measure_texture(delivery, params):
    """Centroid of the playing stems together (the noise bed of the texture stem is chosen, not coloured), overtones of
    the bass stem or, without one, of the mix."""
    rate = delivery.wave("mix").rate
    playing = sum(delivery.wave(role).samples for role in delivery.stems if role != "texture")
    bass = "bass" if "bass" in delivery.audio else "mix"
    return {
        "centroid": sound.log_centroid(playing, rate),
        "harmonics": sound.distortion_share(delivery.wave(bass).samples, rate),
    }


def request(genre, seed, bars, control, value):
    params = {"prompt": f"{genre} control sweep", "genre": genre, "tempo": drawing.USUAL_TEMPO[genre], "key": "A minor",
              "mood": 0.5, "energy": 0.5, "complexity": 0.5, "humanize": 0.0, "texture": "Clean", "fx": [],
              "instrument_focus": "Balanced", "bars": bars, "seed": seed, "video_sync": False}
    params[control] = value
    if control == "mood":
        del params["key"]
    return params


def deliver_and_measure(farm, folder, params, measure, name, keep):
    out = os.path.join(folder, name)
    farm.generate(params, out)
    delivery = open_delivery(out)
    values = measure(delivery, {**params, "meter": "4/4"})
    if not keep:
        shutil.rmtree(out, ignore_errors=True)
    return values


def sweep(farm, pool, folder, control, genres, seeds, bars, keep):
    """{(genre, seed): {measure: [value per step]}}"""
    jobs = {}
    for genre, seed, (step, value) in itertools.product(genres, seeds, enumerate(STEPS)):
        name = f"{control}-{genre.replace(' ', '').replace('&', 'n')}-{seed}-{step}"
        jobs[genre, seed, step] = pool.submit(deliver_and_measure, farm, folder, request(genre, seed, bars, control, value),
                                              CONTROLS[control], name, keep)
    found = {}
    for (genre, seed, step), job in jobs.items():
        for measure, value in job.result().items():
            found.setdefault((genre, seed), {}).setdefault(measure, []).append(value)
    return found


def judge(control, found):
    """Rows of the table: (control, measure, seeds, share monotonic, mean at 0, mean at 1, passed), and the misses."""
    rows, misses = [], []
    for measure in next(iter(found.values())):
        curves = {at: values[measure] for at, values in found.items()}
        good = {at: order.rises(curve) for at, curve in curves.items()}
        share = sum(good.values()) / len(good)
        mean = np.mean(list(curves.values()), axis=0)
        rows.append([control, measure, len(good), share, *[float(v) for v in mean],
                     "shown" if measure in SHOWN else share >= REQUIRED_SHARE])
        misses += [f"{control} {measure} {at[0]} seed {at[1]}: " + " ".join(f"{v:.4g}" for v in curves[at])
                   for at, passed in good.items() if not passed]
    return rows, misses


def textures(farm, pool, folder, genres, seeds, bars, keep):
    jobs = {}
    for genre, seed, texture in itertools.product(genres, seeds, drawing.TEXTURES):
        name = f"texture-{genre.replace(' ', '').replace('&', 'n')}-{seed}-{texture}"
        jobs[genre, seed, texture] = pool.submit(deliver_and_measure, farm, folder,
                                                 request(genre, seed, bars, "texture", texture), measure_texture, name, keep)
    values = {at: job.result() for at, job in jobs.items()}
    rows, misses = [], []
    for measure, above, below in TEXTURE_ORDERS:
        pairs = {(g, s): (values[g, s, above][measure], values[g, s, below][measure])
                 for g, s in itertools.product(genres, seeds)}
        share = sum(a > b for a, b in pairs.values()) / len(pairs)
        rows.append(["texture", f"{measure}: {above} > {below}", len(pairs), share,
                     float(np.mean([b for _, b in pairs.values()])), "", "", "",
                     float(np.mean([a for a, _ in pairs.values()])), share >= REQUIRED_SHARE])
        misses += [f"texture {measure} {at}: {above} {a:.4g}, {below} {b:.4g}" for at, (a, b) in pairs.items() if a <= b]
    return rows, misses


def main():
    parser = argparse.ArgumentParser(description="Sweeps every control and measures what was delivered.")
    add_farm_options(parser)
    parser.add_argument("--controls", default="energy,complexity,humanize,mood,texture")
    parser.add_argument("--genres", help="comma-separated; default all, with --quick three")
    parser.add_argument("--seeds", type=int, help="seeds per genre (default 3, with --quick 1)")
    parser.add_argument("--first-seed", type=int, default=11, help="other seeds than those the music was tuned on")
    parser.add_argument("--bars", type=int, help="default 8, with --quick 4")
    options = parser.parse_args()
    genres = options.genres.split(",") if options.genres else (["LoFi", "House", "Jazz"] if options.quick else list(drawing.GENRES))
    seeds = list(range(options.first_seed, options.first_seed + (options.seeds or (1 if options.quick else 3))))
    bars = options.bars or (4 if options.quick else 8)
    folder = options.keep or tempfile.mkdtemp(prefix="loopmind-controls-")
    rows, misses = [], []
    with open_farm(options) as farm, ThreadPoolExecutor(2) as pool:
        try:
            for control in options.controls.split(","):
                if control == "texture":
                    new = textures(farm, pool, folder, genres, seeds, bars, options.keep)
                else:
                    new = judge(control, sweep(farm, pool, folder, control, genres, seeds, bars, options.keep))
                rows += new[0]
                misses += new[1]
        except CommandFailed as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    print_table(["control", "measure", "seeds", "share", *[f"at {s:g}" for s in STEPS], "ok"], rows)
    for text in misses:
        print(f"  miss {text}")
    if options.json:
        with open(options.json, "w") as stream:
            json.dump({"rows": rows, "misses": misses}, stream, indent=1)
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    failed = [row for row in rows if not row[-1]]
    print(f"\n{len(rows)} measures over {len(genres)} genres x {len(seeds)} seeds, {len(failed)} below {REQUIRED_SHARE:.0%}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
