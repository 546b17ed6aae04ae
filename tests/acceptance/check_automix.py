#!/usr/bin/python3
# The AI mix on generated projects: left nearly alone as delivered, brought back when detuned, its figures by ffmpeg.
import argparse
import json
import os
import random
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from farm import CommandFailed, Farm, add_farm_options  # noqa: E402
from measures import sound  # noqa: E402
from measures.table import Tally, print_table  # noqa: E402

REQUESTS = [("House", "Clean"), ("Jazz", "Warm"), ("LoFi", "Vintage"), ("Rock", "Gritty"), ("Techno", "Bright"), ("Pop", "Airy")]
DETUNED_DB = 12


def faders(path):
    with open(path) as stream:
        return {t["id"]: t.get("gain_db", 0) for t in json.load(stream)["tracks"] if t["type"] == "audio"}


def detune(path, out, seed):
    with open(path) as stream:
        project = json.load(stream)
    draw = random.Random(seed)
    for track in project["tracks"]:
        if track["type"] == "audio":
            track["gain_db"] = track.get("gain_db", 0) + draw.uniform(-DETUNED_DB, DETUNED_DB)
    with open(out, "w") as stream:
        json.dump(project, stream, indent=1)
    return out


def automix(farm, project, *options):
    return json.loads(farm.run("automix", project, "--json", *options).stdout)


def stem_loudness(farm, project, folder):
    """Loudness of every track behind its fader, by ffmpeg, from the stems of a mixdown."""
    out = folder + "-stems"
    farm.run("mixdown", project, "--here", "--stems", "--format", "wav:32", "--out", out)
    with open(project) as stream:
        ids = [t["id"] for t in json.load(stream)["tracks"] if t["type"] == "audio"]
    found = {}
    for root, _, names in os.walk(out):
        for name in names:
            for track in ids:
                if name.endswith(f"{track}.wav") or name.endswith(f"{track} .wav"):
                    found[track] = sound.loudness(os.path.join(root, name))[0]
    return found


def distance(levels, target):
    return sum(abs(levels[track] - target[track]) for track in target) / max(len(target), 1)


def check(farm, genre, texture, seed, folder, tally):
    out, _ = farm.generate({"prompt": "mix", "genre": genre, "texture": texture, "bars": 8, "seed": seed}, folder)
    delivered = os.path.join(out, next(name for name in os.listdir(out) if name.endswith(".loopmind")))
    untouched = faders(delivered)
    target = os.path.join(out, "target.loopmind")
    said = automix(farm, delivered, "--out", target)
    moved = [abs(after - untouched[track]) for track, after in faders(target).items()]
    tally.check("genre", said["genre"] == genre, f"{genre}: said {said['genre']}")
    tally.check("untouched", sum(moved) / len(moved) <= 2, f"{genre}: faders moved {sum(moved) / len(moved):.1f} dB as delivered")
    tally.check("loudness", abs(said["loudness"]["mastered_after"] + 14) <= 0.3, f"{genre}: {said['loudness']}")

    detuned = detune(delivered, os.path.join(out, "detuned.loopmind"), seed)
    was, wanted = faders(detuned), faders(target)
    dry = automix(farm, detuned, "--dry-run")
    tally.check("dry run", faders(detuned) == was and dry["changes"], f"{genre}: a dry run wrote")
    before = stem_loudness(farm, detuned, os.path.join(out, "before"))
    report = automix(farm, detuned)
    after = faders(detuned)
    way = 1 - distance(after, wanted) / distance(was, wanted)
    way_to_delivered = 1 - distance(after, untouched) / distance(was, untouched)
    tally.check("way back", way >= 0.7, f"{genre}: {100 * way:.0f} % of the way to its target")
    tally.check("backup", faders(report["backup"]) == was, f"{genre}: the backup is another project")

    now = stem_loudness(farm, detuned, os.path.join(out, "after"))
    worst = 0
    for change in report["changes"]:
        for figure in change["figures"]:
            if figure["name"] in ("lufs_before", "lufs_after") and figure["track"]:
                heard = (before if figure["name"] == "lufs_before" else now)[figure["track"]]
                worst = max(worst, abs(heard - figure["value"]))
    # ffmpeg prints tenths, and a figure counts half a second of silence behind the sound.
    tally.check("figures", worst <= 0.12, f"{genre}: a figure is {worst:.2f} LU off")
    again = automix(farm, detuned)
    steps = [abs(change["after"] - change["before"]) for change in again["changes"]]
    tally.check("second run", max(steps, default=0) < 0.5, f"{genre}: the second run moves {max(steps, default=0):.2f}")
    return [genre, len(untouched), sum(moved) / len(moved), distance(was, wanted), 100 * way, 100 * way_to_delivered, worst,
            max(steps, default=0.0)]


def check_refusals(farm, folder, tally):
    done = farm.run("automix", os.path.join(folder, "none.loopmind"), check=False)
    tally.check("refused", done.returncode == 2 and "none.loopmind" in done.stderr, done.stderr[-200:])


def main():
    parser = argparse.ArgumentParser(description="The AI mix on generated projects.")
    add_farm_options(parser)
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp(prefix="loopmind-automix-")
    tally, rows = Tally(), []
    try:
        with Farm(options.bin, home=options.home, start=options.home is None) as farm:
            for number, (genre, texture) in enumerate(REQUESTS[:2] if options.quick else REQUESTS):
                rows.append(check(farm, genre, texture, 40 + number, os.path.join(folder, genre), tally))
            check_refusals(farm, folder, tally)
    except CommandFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print_table(["genre", "tracks", "untouched moves dB", "detuned by dB", "% to target", "% to delivered", "figures off LU",
                 "second run dB"], rows)
    tally.print()
    if options.json:
        with open(options.json, "w") as stream:
            json.dump({"rows": rows, "misses": tally.misses}, stream, indent=1)
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{sum(tally.done.values())} checks, {tally.missed} misses")
    return 1 if tally.misses else 0


if __name__ == "__main__":
    sys.exit(main())
