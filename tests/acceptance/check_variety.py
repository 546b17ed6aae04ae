#!/usr/bin/python3
# Do genres differ, do seeds differ, do sections return? Measured from delivered WAV and MIDI.
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
from delivery import open_delivery, read_project  # noqa: E402
from farm import CommandFailed, add_farm_options, open_farm  # noqa: E402
from measures import classify, notes, sound  # noqa: E402
from measures.table import Tally, print_table  # noqa: E402

REQUIRED_ACCURACY, SHARED_LIMIT = 0.80, 0.50
DRUM_GROUPS = {"kick": (35, 36), "snare": (37, 38, 39, 40), "hat": (42, 44, 46), "cymbal": (49, 51, 52, 53, 55, 57, 59)}


def features(delivery, bars):
    """Numbers without tempo, program or name: patterns in grid positions, densities per beat, registers, spectrum."""
    drums = delivery.drum_notes()
    values = []
    for pitches in DRUM_GROUPS.values():
        chosen = drums[np.isin(drums[:, 2], pitches)] if len(drums) else drums
        histogram = np.zeros(16)
        for start, _, _, velocity, _ in chosen:
            histogram[int(round(start * 4)) % 16] += velocity / 127 / bars
        values += list(histogram)
    other = drums[~np.isin(drums[:, 2], sum(DRUM_GROUPS.values(), ()))] if len(drums) else drums
    values.append(len(other) / bars)
    pitched = delivery.pitched()
    low = pitched[pitched[:, 2] < 48] if len(pitched) else pitched
    high = pitched[pitched[:, 2] >= 48] if len(pitched) else pitched
    for group in (low, high):
        empty = len(group) == 0
        values += [len(group) / bars, 0 if empty else group[:, 2].mean(), 0 if empty else group[:, 2].std(),
                   0 if empty else np.log2(group[:, 1] + 0.05).mean(), 0 if empty else group[:, 1].std(),
                   0 if empty else group[:, 3].mean(), notes.offbeat_share(group) if not empty else 0]
        histogram = np.zeros(8)
        for start in group[:, 0]:
            histogram[int(round(start * 2)) % 8] += 1 / bars
        values += list(histogram)
    values.append(notes.pitch_classes_per_bar(pitched, 4, bars))
    # Swing: where the onsets near the second eighth of a beat lie.
    played = delivery.all_notes()
    phase = played[:, 0] % 1.0
    near = phase[(phase > 0.4) & (phase < 0.72)]
    values.append(near.mean() if len(near) else 0.5)
    mix = delivery.wave("mix")
    values += sound.band_levels(mix.samples, mix.rate)
    values += [sound.log_centroid(mix.samples, mix.rate), sound.flatness(mix.samples), sound.crest_db(mix.samples)]
    values.append(sound.rms(mix.samples[:, 0] - mix.samples[:, 1]) / max(sound.rms(mix.samples), 1e-9))
    return np.array(values, float)


def request(genre, seed, bars):
    return {"prompt": f"{genre} variety", "genre": genre, "tempo": 100, "key": "A minor", "mood": 0.5, "energy": 0.5,
            "complexity": 0.5, "humanize": 0.2, "texture": "Clean", "fx": [], "instrument_focus": "Balanced",
            "bars": bars, "seed": seed, "video_sync": False}


def deliver(farm, folder, genre, seed, bars, keep):
    out = os.path.join(folder, f"{genre.replace(' ', '').replace('&', 'n')}-{seed}")
    farm.generate(request(genre, seed, bars), out)
    delivery = open_delivery(out)
    grams = notes.ngrams(delivery.part("melody").notes) if "melody" in delivery.midi else None
    values = features(delivery, bars)
    if not keep:
        shutil.rmtree(out, ignore_errors=True)
    return values, grams


def check_genres(found, genres, seeds, tally):
    half = len(seeds) // 2
    rows = {at: values for at, (values, _) in found.items()}
    train = [(g, s) for g in genres for s in seeds[:half]]
    test = [(g, s) for g in genres for s in seeds[half:]]
    model = classify.train([rows[at] for at in train], [g for g, _ in train])
    named = classify.predict(model, [rows[at] for at in test])
    table = []
    for genre in genres:
        mine = [str(name) for name, (g, _) in zip(named, test) if g == genre]
        wrong = sorted({name for name in mine if name != genre})
        table.append([genre, len(mine), mine.count(genre) / len(mine), ", ".join(wrong)])
    print_table(["genre", "tested", "named right", "taken for"], table)
    accuracy = float(np.mean([name == g for name, (g, _) in zip(named, test)]))
    print(f"genre named right: {accuracy:.1%} of {len(test)} (trained on {len(train)})\n")
    tally.check("genre named >= 80 %", accuracy >= REQUIRED_ACCURACY, f"{accuracy:.1%}")
    return accuracy


def check_melodies(found, genres, seeds, tally):
    table = []
    for genre in genres:
        grams = [found[genre, seed][1] for seed in seeds if found[genre, seed][1]]
        shares = [notes.shared_ngrams(a, b) for a, b in itertools.combinations(grams, 2)]
        if not shares:
            continue
        table.append([genre, len(shares), float(np.mean(shares)), max(shares)])
        for share in shares:
            tally.check("two seeds share < 50 % of melody n-grams", share < SHARED_LIMIT, f"{genre}: {share:.0%}")
    print_table(["genre", "pairs", "shared n-grams, mean", "largest"], table)
    tally.check("melodies delivered", len(table) >= len(genres) // 2, f"{len(table)} genres with a melody stem")
    print()


def section_bars(sections):
    at, spans = 0, []
    for name, bars in sections:
        spans.append((name, at, bars))
        at += bars
    return spans


def notes_between(part, first, bars):
    inside = part.notes[(part.notes[:, 0] >= first * 4 - 1e-6) & (part.notes[:, 0] < (first + bars) * 4 - 1e-6)]
    return {(round(start - first * 4, 2), int(pitch)) for start, _, pitch, _, _ in inside}


def listed_variation(project, name):
    """True when the project lists more than one appearance of `name` with a variation number."""
    entries = [entry for entry in project.get("sections", []) if str(entry.get("name", "")).split()[0] == name]
    return any(entry.get("variant", entry.get("variation", 0)) for entry in entries[1:])


def check_sections(farm, folder, genres, tally, keep):
    sections = [("Intro", 4), ("Verse", 8), ("Hook", 8), ("Verse", 8), ("Outro", 4)]
    for genre in genres:
        out = os.path.join(folder, f"sections-{genre.replace(' ', '').replace('&', 'n')}")
        params = request(genre, 77, 32)
        params.update(sections=[{"name": n, "bars": b} for n, b in sections], humanize=0.0)
        farm.generate(params, out)
        delivery = open_delivery(out)
        project = read_project(delivery)
        spans = section_bars(sections)
        names = [str(entry.get("name", "")).split()[0] for entry in project.get("sections", [])]
        tally.check("project lists the sections", names == [name for name, _ in sections], f"{genre}: {names}")
        same = total = differ = 0
        for role in delivery.midi:
            one, two = (notes_between(delivery.part(role), spans[n][1], 8) for n in (1, 3))
            hook = notes_between(delivery.part(role), spans[2][1], 8)
            total += 1
            same += one == two
            differ += one != hook
        tally.check("a returning section is exact or a listed variation",
                    same == total or listed_variation(project, "Verse"), f"{genre}: {same} of {total} stems exact, none listed")
        tally.check("Verse and Hook differ", differ > 0, genre)
        played = delivery.all_notes()
        density = [np.sum((played[:, 0] >= a * 4) & (played[:, 0] < (a + b) * 4)) / b for _, a, b in spans]
        tally.check("sections differ in density: Hook above Intro and Outro", density[2] > max(density[0], density[4]),
                    f"{genre}: notes per bar {[round(float(d), 1) for d in density]}")
        if not keep:
            shutil.rmtree(out, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description="Genres, seeds and sections: are they told apart, do they return?")
    add_farm_options(parser)
    parser.add_argument("--seeds", type=int, help="seeds per genre, half of them for training (default 12, with --quick 6)")
    parser.add_argument("--bars", type=int, help="default 8, with --quick 4")
    options = parser.parse_args()
    genres = list(drawing.GENRES)
    seeds = list(range(101, 101 + (options.seeds or (6 if options.quick else 12))))
    bars = options.bars or (4 if options.quick else 8)
    folder = options.keep or tempfile.mkdtemp(prefix="loopmind-variety-")
    tally = Tally()
    accuracy = 0.0
    with open_farm(options) as farm, ThreadPoolExecutor(2) as pool:
        try:
            jobs = {(g, s): pool.submit(deliver, farm, folder, g, s, bars, options.keep) for g in genres for s in seeds}
            found = {at: job.result() for at, job in jobs.items()}
            accuracy = check_genres(found, genres, seeds, tally)
            check_melodies(found, genres, seeds, tally)
            check_sections(farm, folder, ["Pop"] if options.quick else genres, tally, options.keep)
        except CommandFailed as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    tally.print()
    if options.json:
        with open(options.json, "w") as stream:
            json.dump({"accuracy": accuracy, "checks": tally.done, "misses": tally.misses}, stream, indent=1)
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if tally.missed else 0


if __name__ == "__main__":
    sys.exit(main())
