#!/usr/bin/python3
# Mixdowns on farms of 1, 2 and 4 workers and in one process: equal samples, frozen tracks, loudness, formats.
import argparse
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile

import numpy

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from farm import CommandFailed, Farm, add_farm_options  # noqa: E402
from measures import sound  # noqa: E402
from measures.table import Tally, print_table  # noqa: E402
from measures.wave_file import read_wave  # noqa: E402

# A lossy file cannot be compared by its bytes with another encoder's, but the same encoder repeats itself.
FORMATS = "wav:24,wav:32,flac:16,aiff:16,mp3:256,opus:160,ogg:256,aac:256"


def make_project(farm, folder, seed):
    """A generated song turned into a session that uses what a mixdown has: automation, side chain, fades, buses."""
    farm.generate({"prompt": "house mixdown", "genre": "House", "tempo": 124, "bars": 8, "seed": seed,
                   "fx": ["reverb", "delay"], "sample_rate": 44100}, folder)
    name = next(entry for entry in os.listdir(folder) if entry.endswith(".loopmind"))
    with open(os.path.join(folder, name)) as stream:
        project = json.load(stream)
    tracks = [t for t in project["tracks"] if t["type"] == "audio"]
    by_role = {t.get("role", t["id"]): t for t in tracks}
    beats = project["bars"] * 4
    bass = by_role.get("bass", tracks[0])
    key = by_role.get("drums", tracks[-1])
    bass.setdefault("inserts", []).append({"id": "duck", "effect": "compressor", "sidechain": key["id"],
                                           "params": {"threshold_db": -30, "ratio": 6}})
    for number, track in enumerate(tracks):
        track["gain_db"] = -1.5 * number
        track["pan"] = (-1) ** number * 0.1 * number
        track.setdefault("inserts", []).insert(0, {"id": "eq", "effect": "eq", "params": {"band2_db": 2 - number}})
        track["automation"] = [{"target": "gain_db", "mode": "read",
                                "points": [{"beat": 0, "value": -9 + number}, {"beat": beats / 2, "value": -3}]},
                               {"target": "inserts.eq.band8_db", "mode": "read",
                                "points": [{"beat": 0, "value": -6}, {"beat": beats, "value": 3}]}]
        clip = track["clips"][0]
        clip["fade_in"], clip["fade_out"], clip["fade_out_curve"] = 1, 2, "equal_power"
    # One file that libraries decode, in the process without rights.
    linked = next(m for m in project["media"] if m["file"].endswith(".wav"))
    wave = os.path.join(folder, linked["file"])
    subprocess.run(["flac", "--totally-silent", "--best", "-o", wave[:-4] + ".flac", wave], check=True)
    linked["file"] = linked["file"][:-4] + ".flac"
    project["version"] = "1.1"
    path = os.path.join(folder, name)
    with open(path, "w") as stream:
        json.dump(project, stream, indent=1)
    return path, project


def mixdown(farm, project, out, *options):
    done = farm.run("mixdown", project, "--out", out, "--json", *options)
    return json.loads(done.stdout)


def digests(out):
    found = {}
    for folder, _, files in os.walk(out):
        for name in files:
            if name == "mixdown.json":
                continue
            path = os.path.join(folder, name)
            with open(path, "rb") as stream:
                found[os.path.relpath(path, out)] = hashlib.sha256(stream.read()).hexdigest()
    return found


def task_states(farm, job):
    info = json.loads(farm.run("show", job, "--json").stdout)
    return {task.get("stem") or task["kind"]: task.get("cached", False) for task in info["tasks"]}


def decoded_frames(path):
    done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=duration", "-of", "csv=p=0", path],
                          capture_output=True, text=True)
    return float(done.stdout.strip() or 0), done.stderr.strip()


def main():
    parser = argparse.ArgumentParser(description="Mixdowns on farms of several sizes against one process.")
    add_farm_options(parser)
    options = parser.parse_args()
    folder = options.keep or tempfile.mkdtemp(prefix="loopmind-mixdown-")
    tally, rows, reference, project = Tally(), [], None, None
    try:
        for workers in (1, 2) if options.quick else (1, 2, 4):
            with Farm(options.bin, workers=workers) as farm:
                if project is None:
                    project, document = make_project(farm, os.path.join(folder, "song"), 5)
                    here = mixdown(farm, project, os.path.join(folder, "here"), "--here", "--stems", "--format", FORMATS)
                    reference = digests(os.path.join(folder, "here"))
                    rows.append(["one process", len(reference), here["seconds"], "", ""])
                    tally.check("files", len(reference) == 8 * (1 + len([t for t in document["tracks"] if t["type"] == "audio"])),
                                f"{len(reference)} files")
                out = os.path.join(folder, f"workers-{workers}")
                said = mixdown(farm, project, out, "--stems", "--format", FORMATS)
                found = digests(out)
                same = sum(found.get(name) == digest for name, digest in reference.items())
                tally.check("hashes", found == reference, f"{workers} workers: {same} of {len(reference)} equal")
                rows.append([f"{workers} workers", len(found), said["seconds"], f"{same} equal", said["lufs"]])
                again = mixdown(farm, project, out + "-again", "--stems", "--format", FORMATS)
                tally.check("repeat", again["cached"] and digests(out + "-again") == reference, "a repeat rendered again")
                if workers == 1:
                    check_frozen(farm, project, document, folder, tally)
                    check_loudness(farm, project, folder, tally)
                    check_plugins(farm, project, document, folder, tally)
                    check_broken_samples(farm, project, document, folder, tally)
                    check_bad_input(farm, project, folder, tally)
        for name in sorted(reference):
            if "/" not in name:
                seconds, said = decoded_frames(os.path.join(folder, "here", name))
                tally.check("readable", not said and abs(seconds - here["length_seconds"]) < 0.1, f"{name}: {seconds} s {said}")
    except CommandFailed as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print_table(["where", "files", "seconds", "samples", "LUFS"], rows)
    for name, words in tally.misses.items():
        for text in words:
            print(f"  miss {name}: {text}")
    if options.json:
        with open(options.json, "w") as stream:
            json.dump({"rows": rows, "misses": tally.misses}, stream, indent=1)
    if not options.keep:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{sum(tally.done.values())} checks, {sum(map(len, tally.misses.values()))} misses")
    return 1 if tally.misses else 0


def samples(out):
    """The mix in a delivered folder."""
    return read_wave(os.path.join(out, next(name for name in sorted(os.listdir(out)) if name.endswith(".wav")))).samples


def check_frozen(farm, project, document, folder, tally):
    """A moved fader renders the sum alone; a moved insert its own track and what it keys."""
    changed = json.loads(json.dumps(document))
    tracks = [t for t in changed["tracks"] if t["type"] == "audio"]
    tracks[0]["automation"] = [lane for lane in tracks[0]["automation"] if lane["target"] != "gain_db"]
    tracks[0]["gain_db"] = -7
    path = os.path.join(os.path.dirname(project), "fader.loopmind")
    with open(path, "w") as stream:
        json.dump(changed, stream)
    said = mixdown(farm, path, os.path.join(folder, "fader"))
    states = task_states(farm, said["job_id"])
    tally.check("frozen", all(cached for name, cached in states.items() if name != "sum") and not states["sum"], f"fader: {states}")
    plain = mixdown(farm, project, os.path.join(folder, "plain"))
    tally.check("frozen", digests(os.path.join(folder, "fader")) != digests(os.path.join(folder, "plain")), "the fader is not heard")
    tracks[-1]["inserts"][0]["params"]["band2_db"] = 9
    with open(path, "w") as stream:
        json.dump(changed, stream)
    said = mixdown(farm, path, os.path.join(folder, "insert"))
    states = task_states(farm, said["job_id"])
    rendered = {name for name, cached in states.items() if not cached}
    tally.check("frozen", tracks[-1]["id"] in rendered and len(rendered) < len(states), f"insert: {states}")


def check_loudness(farm, project, folder, tally):
    out = os.path.join(folder, "loud")
    mixdown(farm, project, out, "--lufs", "-14", "--ceiling", "-1")
    wave = next(name for name in os.listdir(out) if name.endswith(".wav"))
    lufs, peak = sound.loudness(os.path.join(out, wave))
    tally.check("loudness", abs(lufs + 14) <= 0.3, f"{lufs} LUFS")
    tally.check("true peak", peak <= -0.9, f"{peak} dBTP")


def write_variant(project, document, name, change):
    """A changed project beside `project`, whose media it shares; `change` gets the document and its audio tracks."""
    changed = json.loads(json.dumps(document))
    change(changed, [t for t in changed["tracks"] if t["type"] == "audio"])
    path = os.path.join(os.path.dirname(project), name + ".loopmind")
    with open(path, "w") as stream:
        json.dump(changed, stream)
    return path


def check_plugins(farm, project, document, folder, tally):
    """Tracks with plug-ins are played here and mixed on the farm; one that aborts costs its insert only."""
    installed = os.path.join(folder, "lv2")
    os.makedirs(installed, exist_ok=True)
    bundles = os.path.join(os.path.dirname(os.path.abspath(farm.bin)), "tests", "lv2")
    for name in ("loopmind-good.lv2", "loopmind-bad.lv2"):
        if not os.path.lexists(os.path.join(installed, name)):
            os.symlink(os.path.join(bundles, name), os.path.join(installed, name))

    def plug(name, **params):
        return {"id": "vst", "effect": "lv2", "uri": "urn:loopmind:test:" + name, "params": params}

    def mix(name, change, *options):
        path = write_variant(project, document, name, change)
        out = os.path.join(folder, name + "".join(options))
        done = farm.run("mixdown", path, "--out", out, "--json", *options, env={"LV2_PATH": installed}, check=False)
        tally.check("plug-in", done.returncode == 0, f"{name} {options}: exit {done.returncode}, {done.stderr[-300:]}")
        return json.loads(done.stdout or "{}"), out

    def halved(_, tracks):
        tracks[0]["inserts"].append(plug("gain", gain=0.5))

    def aborting(changed, tracks):
        halved(changed, tracks)
        tracks[-1]["inserts"].append(plug("abort-in-run"))

    farmed, there = mix("halved", halved)
    here, beside = mix("halved", halved, "--here")
    tally.check("plug-in", farmed.get("bit_equal") is False and len(farmed.get("hosted_plugins", [])) == 1,
                f"says {farmed.get('bit_equal')}, {farmed.get('hosted_plugins')}")
    left, right = (samples(there), samples(beside))
    length = min(len(left), len(right))
    worst = abs(left[:length] - right[:length]).max()
    tally.check("plug-in", worst < 1e-4 and abs(left).max() > 0.01, f"farm and here differ by {worst}")
    again, _ = mix("halved", halved)
    tally.check("plug-in", again.get("cached"), "a repeat rendered again")
    plain, _ = mix("unplugged", lambda *_: None)
    tally.check("plug-in", abs(plain["lufs"] - farmed["lufs"]) > 0.05, "the plug-in is not heard")
    crashed, _ = mix("aborting", aborting)
    faulty = crashed.get("faulty_inserts", [])
    last = [t for t in document["tracks"] if t["type"] == "audio"][-1]["id"]
    tally.check("plug-in", faulty == [last + "/vst"] and abs(crashed["lufs"] - farmed["lufs"]) < 0.05,
                f"aborting: {faulty}, {crashed.get('lufs')} LUFS against {farmed['lufs']}")


def check_broken_samples(farm, project, document, folder, tally):
    """A float file that holds values that are no numbers costs that stretch, and the report names the track."""
    tracks = [t for t in document["tracks"] if t["type"] == "audio"]
    patterns = {p["id"]: p for p in document["patterns"]}
    victim = patterns[tracks[1]["clips"][0]["pattern"]]["audio"]
    base = os.path.dirname(project)
    audio = (0.1 * numpy.sin(numpy.arange(4 * 44100) * 0.05)).astype("<f4")
    audio[88200:88264] = numpy.nan
    data = audio.tobytes()
    header = b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 3, 1, 44100, 4 * 44100, 4, 32) + b"data" + struct.pack("<I", len(data))
    with open(os.path.join(base, "broken.wav"), "wb") as stream:
        stream.write(b"RIFF" + struct.pack("<I", len(header) + len(data)) + header + data)

    def broken(changed, _):
        medium = next(m for m in changed["media"] if m["id"] == victim)
        for name in ("sha256", "size", "frames"):
            medium.pop(name, None)
        medium["file"] = "broken.wav"

    said = mixdown(farm, write_variant(project, document, "broken", broken), os.path.join(folder, "broken"))
    tally.check("broken samples", any(name.startswith(tracks[1]["id"]) for name in said["faulty_inserts"]),
                f"faulty: {said['faulty_inserts']}")
    tally.check("broken samples", bool(numpy.isfinite(samples(os.path.join(folder, "broken"))).all()), "reach the mix")


def check_bad_input(farm, project, folder, tally):
    """Each wrong thing: one error that names it, a non-zero exit, nothing left behind."""
    def refused(name, arguments, *words):
        out = os.path.join(folder, "bad-" + name)
        done = farm.run("mixdown", *arguments, "--out", out, check=False)
        text = done.stderr.strip()
        good = done.returncode not in (0, -6, -11) and all(word in text for word in words) and not os.path.exists(out)
        tally.check("bad input", good, f"{name}: exit {done.returncode}, {text[-200:]}")

    base = os.path.dirname(project)
    with open(project) as stream:
        document = json.load(stream)

    def variant(name, change):
        return write_variant(project, document, name, change)

    def circle(_, tracks):
        tracks[0]["inserts"].append({"id": "k", "effect": "compressor", "sidechain": tracks[1]["id"]})
        tracks[1]["inserts"].append({"id": "k", "effect": "compressor", "sidechain": tracks[0]["id"]})

    def missing(changed, _):
        changed["media"][0]["file"] = "stems/gone.wav"
        changed["media"][0]["sha256"] = "0" * 64

    refused("format", [project, "--format", "wma"], "wma", "flac")
    refused("bits", [project, "--format", "wav:20"], "20")
    refused("lufs", [project, "--lufs", "5"], "lufs")
    refused("nothing", [os.path.join(base, "none.loopmind")], "none.loopmind")
    refused("effect", [variant("effect", lambda _, t: t[0]["inserts"].append({"id": "x", "effect": "flux"}))], "flux", t0(document))
    refused("circle", [variant("circle", circle)], "circle")
    refused("missing", [variant("missing", missing)], "gone.wav", "skip")
    refused("clip", [variant("clip", lambda _, t: t[0]["clips"][0].update(length=0))], "length")
    out = os.path.join(folder, "skipped")
    done = farm.run("mixdown", variant("missing", missing), "--out", out, "--skip-missing", check=False)
    tally.check("skip missing", done.returncode == 0 and os.path.exists(out), done.stderr[-200:])


def t0(document):
    return next(t["id"] for t in document["tracks"] if t["type"] == "audio")


if __name__ == "__main__":
    sys.exit(main())
