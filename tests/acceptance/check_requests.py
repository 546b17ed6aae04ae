#!/usr/bin/python3
# Measures many drawn requests from their delivered folders: timing, scale, length, seam, levels, files. See --help.
import argparse
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
from measures import grid, notes, sound, wave_file  # noqa: E402
from measures.table import Tally, print_table  # noqa: E402

PERIOD_LIMIT, STRENGTH_LIMIT, ENOUGH_ONSETS = 0.001, 0.8, 16
LOUDNESS, LOUDNESS_SLACK, PEAK_LIMIT = -14.0, 0.5, -1.0
OUTSIDE_LIMIT = 0.10


def check_timing(delivery, params, row, tally, label):
    tempo = params["tempo"]
    best = grid.GridFit()
    for role in ("drums", "percussion", "mix"):
        if role not in delivery.audio:
            continue
        times, complaint = grid.aubio_onsets(delivery.audio[role])
        tally.check("aubio reads it", not complaint, f"{label} {role}: {complaint}")
        if len(times) < ENOUGH_ONSETS:
            continue
        fit = grid.fit_grid(times, tempo)
        if role == "drums" or fit.strength > best.strength:
            best = fit
        if best.strength >= STRENGTH_LIMIT and best.deviation <= PERIOD_LIMIT:
            break
    row.update(onsets=best.onsets, strength=round(best.strength, 3), off=best.deviation, ratio=best.ratio)
    if params["genre"] not in drawing.WITH_DRUMS or "drums" not in delivery.audio:
        return
    words = f"{label}: {best.onsets} onsets, strength {best.strength:.3f}, period off by {best.deviation:.2%}"
    tally.check("period within 0.1 %", best.deviation <= PERIOD_LIMIT, words)
    if params["humanize"] == 0:
        tally.check("vector strength >= 0.8 at humanize 0", best.strength >= STRENGTH_LIMIT, words)


def check_notes(delivery, params, row, tally, label):
    share = plain = 0.0
    for role in delivery.midi:
        if role in ("drums", "percussion", "texture"):
            continue
        part = delivery.part(role)
        if not len(part.notes):
            continue
        others = [name for name in ("chords", "pad", "bass") if name != role]
        outside, excused = notes.outside_scale(part.notes, params["key"], delivery.pitched(*others))
        plain = max(plain, outside / len(part.notes))
        share = max(share, (outside - excused) / len(part.notes))
        tally.check("notes in the scale or chromatic by design", (outside - excused) / len(part.notes) <= OUTSIDE_LIMIT,
                    f"{label} {role} in {params['key']}: {outside - excused} of {len(part.notes)} notes outside")
    row.update(outside=round(share, 3), outside_all=round(plain, 3))


def check_samples(delivery, params, row, tally, label):
    frames = round(params["bars"] * drawing.beats_per_bar(params) * 60 / params["tempo"] * params["sample_rate"])
    worst_seam = 0.0
    for role in delivery.audio:
        wave = delivery.wave(role)
        at = f"{label} {role}"
        tally.check("exact length", wave.frames == frames, f"{at}: {wave.frames} frames, not {frames}")
        tally.check("sample rate", wave.rate == params["sample_rate"], f"{at}: {wave.rate}")
        tally.check("24-bit stereo", wave.bits == 24 and wave.channels == 2, f"{at}: {wave.bits} bit {wave.channels} ch")
        tally.check("finite samples", bool(np.isfinite(wave.samples).all()), at)
        level = sound.decibel(sound.rms(wave.samples))
        tally.check("not silent", level > -70, f"{at}: {level:.1f} dBFS")
        clipped = sound.clipped_samples(wave.samples)
        tally.check("no clipping", clipped == 0, f"{at}: {clipped} samples at full scale")
        jump, typical = sound.seam_jump(wave.samples)
        worst_seam = max(worst_seam, jump / typical)
        tally.check("seam no larger than a typical step", jump <= typical, f"{at}: {jump:.5f} against {typical:.5f}")
    if "mix" in delivery.audio:
        bar = drawing.beats_per_bar(params) * 60 / params["tempo"]
        quiet = sound.longest_silence(delivery.wave("mix").samples, params["sample_rate"])
        tally.check("no silent bar in the mix", quiet < max(bar, 1.0), f"{label}: {quiet:.1f} s")
    row["seam"] = round(worst_seam, 2)


def check_sum(delivery, params, row, tally, label):
    if params["fx"]:
        return
    if not tally.check("premaster delivered", "premaster" in delivery.audio, label):
        return
    total = sum(delivery.wave(role).samples for role in delivery.stems)
    error = sound.decibel(np.abs(total - delivery.wave("premaster").samples).max())
    row["sum_db"] = round(error, 1)
    tally.check("stems sum to the premaster (<= -100 dBFS)", error <= -100, f"{label}: {error:.1f} dBFS")


def check_loudness(delivery, row, tally, label):
    if "mix" not in delivery.audio:
        return
    integrated, peak = sound.loudness(delivery.audio["mix"])
    row.update(lufs=integrated, dbtp=peak)
    tally.check("mix at -14 +- 0.5 LUFS", abs(integrated - LOUDNESS) <= LOUDNESS_SLACK, f"{label}: {integrated} LUFS")
    tally.check("mix true peak <= -1 dBTP", peak <= PEAK_LIMIT, f"{label}: {peak} dBTP")


def check_wave_tags(delivery, params, tally, label):
    beats = params["bars"] * drawing.beats_per_bar(params)
    tonic = notes.TONICS[params["key"].split()[0]]
    for role, path in delivery.audio.items():
        wave, at = delivery.wave(role), f"{label} {role}"
        tally.check("RIFF structure", not wave.problems, f"{at}: {wave.problems}")
        tally.check("smpl: one forward loop over all", wave_file.sampler_loops(wave) == [(0, 0, wave.frames - 1, 0)],
                    f"{at}: {wave_file.sampler_loops(wave)}")
        acid = wave_file.acid(wave)
        tally.check("acid: tempo, beats, meter, loop", bool(acid) and abs(acid["tempo"] - params["tempo"]) < 0.005 and
                    acid["beats"] == beats and not acid["one_shot"] and acid["meter"][0] == drawing.beats_per_bar(params),
                    f"{at}: {acid}")
        if role not in ("drums", "percussion", "texture"):
            tally.check("acid: root key", bool(acid) and acid["root_set"] and acid["root"] % 12 == tonic, f"{at}: {acid}")
        bext, info = wave_file.broadcast(wave) or {}, wave_file.info_tags(wave) or {}
        words = " ".join([*map(str, bext.values()), *info.values()])
        tally.check("bext and INFO there", bool(bext) and bool(info), f"{at}: bext {bool(bext)}, INFO {list(info)}")
        tally.check("tags: prompt and seed", params["prompt"][:40] in words and str(params["seed"]) in words, f"{at}: {words[:160]}")
        tally.check("tags: engine version and licence", bool(info.get("ISFT")) and bool(info.get("ICOP")), f"{at}: {info}")
        warnings = sound.reader_warnings(path)
        tally.check("ffprobe and sox silent", not warnings, f"{at}: {warnings}")


def check_midi_files(delivery, params, tally, label):
    tonic, mode = params["key"].split(" ", 1)
    for role in delivery.stems:
        if not tally.check("MIDI beside every stem", role in delivery.midi, f"{label} {role}"):
            continue
        part, at = delivery.part(role), f"{label} {role}"
        tally.check("MIDI type 1", part.kind == 1, f"{at}: type {part.kind}")
        tally.check("MIDI well formed", not part.problems, f"{at}: {part.problems[:3]}")
        tally.check("MIDI tempo", abs(part.tempo / params["tempo"] - 1) < 1e-5, f"{at}: {part.tempo}")
        tally.check("MIDI meter", part.meter == (drawing.beats_per_bar(params), 4), f"{at}: {part.meter}")
        tally.check("MIDI key signature", bool(part.key), at)
        if mode in ("major", "minor") and part.key:
            said = notes.TONICS.get(part.key.rstrip("m"), {"Cb": 11}.get(part.key.rstrip("m"), -1))
            tally.check("MIDI key signature", said == notes.TONICS[tonic] and part.key.endswith("m") == (mode == "minor"),
                        f"{at}: {part.key} for {params['key']}")
        tally.check("MIDI names", bool(part.names), at)
        tally.check("MIDI programs", bool(part.programs), at)
        if role != "texture":
            tally.check("MIDI notes", len(part.notes) > 0, at)
            total = params["bars"] * drawing.beats_per_bar(params)
            inside = len(part.notes) == 0 or (part.notes[:, 0].min() >= 0 and part.notes[:, 0].max() < total)
            tally.check("MIDI notes inside the loop", bool(inside), at)


def check_one(farm, number, params, folder, tally, keep):
    label = f"#{number} {params['genre']} {params['tempo']:g} {params['key']}"
    row = {"number": number, "genre": params["genre"], "tempo": params["tempo"], "key": params["key"],
           "humanize": params["humanize"], "bars": params["bars"]}
    out = os.path.join(folder, f"request-{number:03d}")
    try:
        farm.generate(params, out)
    except (CommandFailed, OSError) as error:
        tally.check("delivered", False, f"{label}: {error}")
        return row
    delivery = open_delivery(out)
    tally.check("delivered", len(delivery.stems) >= 4 and "mix" in delivery.audio and bool(delivery.project),
                f"{label}: stems {sorted(delivery.stems)}, audio {sorted(delivery.audio)}, project {delivery.project!r}")
    for check in (check_timing, check_notes, check_samples, check_sum):
        check(delivery, params, row, tally, label)
    check_loudness(delivery, row, tally, label)
    check_wave_tags(delivery, params, tally, label)
    check_midi_files(delivery, params, tally, label)
    if not keep:
        shutil.rmtree(out, ignore_errors=True)
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__ or "Measures drawn requests from what was delivered.")
    add_farm_options(parser)
    parser.add_argument("--requests", type=int, help="how many (default 200, with --quick 14)")
    parser.add_argument("--first", type=int, default=0, help="number of the first request of the draw")
    parser.add_argument("--seed", type=int, default=1, help="seed of the draw")
    options = parser.parse_args()
    count = options.requests or (14 if options.quick else 200)
    seconds = 12.0 if options.quick else 18.0
    folder = options.keep or tempfile.mkdtemp(prefix="loopmind-requests-")
    tally, rows = Tally(), []
    with open_farm(options) as farm, ThreadPoolExecutor(2) as pool:
        work = []
        for number in range(options.first, options.first + count):
            params = drawing.draw_request(number, options.seed, seconds)
            work.append(pool.submit(check_one, farm, number, params, folder, tally, options.keep))
        rows = [job.result() for job in work]
    columns = ["number", "genre", "tempo", "key", "bars", "humanize", "onsets", "strength", "off", "ratio", "outside",
               "outside_all", "seam", "sum_db", "lufs", "dbtp"]
    print_table(columns, [[row.get(column, "-") for column in columns] for row in rows])
    print()
    tally.print()
    if options.json:
        with open(options.json, "w") as stream:
            json.dump({"rows": rows, "checks": tally.done, "misses": tally.misses}, stream, indent=1)
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{count} requests, {sum(tally.done.values())} checks, {tally.missed} misses")
    return 1 if tally.missed else 0


if __name__ == "__main__":
    sys.exit(main())
