#!/usr/bin/python3
# Benchmark of a mixdown: `loopmind mixdown --here` beside ffmpeg, ecasound, sox and Ardour, in one measurement and on the same
# files: 24-bit WAV in, per track EQ, compressor, gain, pan and two sends, reverb, delay, limiter, 24-bit WAV out.
# Bench peers (not needed for deploy/test): apt install ffmpeg sox ecasound swh-plugins tap-plugins ardour
import argparse
import json
import os
import sys
import tempfile

import ardour
import measure
import peers
import response
import song as songs

DEFAULT_BIN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "build", "bin")
AIM = 2.0
NULL_LIMIT_DB = -90.0
MOST_CRASHES = 5


class Ours:
    name = "loopmind"

    def __init__(self, folder, home):
        self.program, self.home = os.path.join(folder, "loopmind"), home

    def environment(self):
        return {"HOME": self.home, "XDG_CACHE_HOME": self.home, "LOOPMIND_HOME": self.home}

    def mix(self, song, work, out, threads=1):
        """Mixes the song into the file `out` and returns the cost."""
        project = os.path.join(song.folder, "bench.loopmind")
        songs.write_project(song, project)
        bits = "32" if out.endswith(".f32.wav") else "24"
        folder = os.path.join(work, "ours")
        cost = measure.run([[self.program, "mixdown", project, "--here", "--quiet", "--force", "--threads", threads,
                             "--format", f"wav:{bits}", "--out", folder]], self.environment())
        os.replace(os.path.join(folder, "bench.wav"), out)
        return cost


def mix_by(peer, song, work, out):
    """Mixes by a peer and returns the cost. What crashes or hangs (Ardour does at times) is started again and counted; None
    when it never got through."""
    if peer.failure:
        return None
    environment = peer.environment()
    while True:
        if os.path.exists(out):
            os.remove(out)  # ecasound would write into it
        try:
            if hasattr(peer, "prepare"):
                peer.prepare(song, work, lambda command: measure.run([command], environment))
            return measure.run(peer.steps(song, work, out), environment)
        except measure.Failed as failure:
            peer.crashes += 1
            if peer.crashes > MOST_CRASHES:
                peer.failure = str(failure)
                return None


def best(runs):
    """The run with the least processor time: what other load took is no cost of the program."""
    return min(runs, key=lambda cost: cost.cpu)


def time_all(ours, present, song, work, runs):
    """Costs by name. All take turns, so that other load on the machine meets all."""
    out = {}
    wav = os.path.join(work, "mix.wav")
    for _ in range(runs):
        for threads in (1, 2):
            out.setdefault(f"loopmind, {threads} thread{'s' * (threads > 1)}", []).append(ours.mix(song, work, wav, threads))
        for peer in present:
            cost = mix_by(peer, song, work, wav)
            if cost:
                out.setdefault(peer.name, []).append(cost)
    return {name: best(costs) for name, costs in out.items()}


def compare_sound(ours, present, song, work):
    """How far each peer is from us: gain and pan alone, EQ, compressor."""
    plain = songs.Song(song.folder, song.seconds, song.tracks, frozenset())
    out = {}
    files = [os.path.join(work, f"{who}.f32.wav") for who in ("a", "b")]
    for what, tested in (("null", plain), ("eq", response.impulse(work)), ("compressor", response.steps(work))):
        ours.mix(tested, work, files[0])
        reference = response.read_wav(files[0])
        for peer in present:
            if not mix_by(peer, tested, work, files[1]):
                continue
            theirs = response.read_wav(files[1])
            row = out.setdefault(peer.name, {})
            if what == "null":
                row["null_db"] = response.null_difference(reference, theirs)
            elif what == "eq":
                row["eq_db"] = response.eq_difference(reference, theirs)
            else:
                row["compressor_settled_db"], row["compressor_moving_db"] = response.compressor_difference(reference, theirs)
    return out


def memory_by_length(ours, work, tracks, lengths):
    """Peak memory in MB by length in seconds."""
    out = {}
    for seconds in lengths:
        with tempfile.TemporaryDirectory(dir=work) as folder:
            song = songs.make_song(folder, tracks, seconds)
            out[seconds] = ours.mix(song, work, os.path.join(work, "mix.wav"), 2).memory / 1e6
    return out


def show(costs, sound, seconds, tracks):
    print(f"\n{'program':22} {'CPU s':>8} {'wall s':>8} {'x real time':>12} {'track-s':>9} {'peak MB':>8}")
    print(f"{'':22} {'':8} {'':8} {'per core':>12} {'per CPU s':>9}")
    for name, cost in costs.items():
        print(f"{name:22} {cost.cpu:8.2f} {cost.wall:8.2f} {seconds / cost.cpu:12.1f} {tracks * seconds / cost.cpu:9.0f} "
              f"{cost.memory / 1e6:8.1f}")
    print(f"\n{'differs from loopmind':22} {'mix without effects':>20} {'EQ 20 Hz-20 kHz':>16} {'compressor settled':>19} {'on the way':>11}")
    for name, row in sound.items():
        if len(row) < 4:
            continue
        print(f"{name:22} {row['null_db']:15.1f} dBFS {row['eq_db']:13.2f} dB {row['compressor_settled_db']:16.2f} dB "
              f"{row['compressor_moving_db']:8.1f} dB")


def main():
    parser = argparse.ArgumentParser(description="A mixdown by loopmind beside ffmpeg, ecasound, sox and Ardour on the same files.")
    parser.add_argument("--bin", default=DEFAULT_BIN)
    parser.add_argument("--quick", action="store_true", help="8 tracks of 20 s instead of 32 of 180 s; no lengths for memory")
    parser.add_argument("--tracks", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--runs", type=int, help="times that everything is measured; the best counts")
    parser.add_argument("--peers", help="names, separated by commas; default: all that are installed")
    parser.add_argument("--temp", help="folder for the audio files (2 GB, with lengths for memory 7 GB)")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="results as JSON, to FILE or standard output")
    options = parser.parse_args()
    tracks = options.tracks or (8 if options.quick else 32)
    seconds = options.seconds or (20.0 if options.quick else 180.0)
    runs = options.runs or (1 if options.quick else 2)

    known = [peers.Ecasound(), peers.FFmpeg(), peers.Sox(), ardour.Ardour()]
    if options.peers:
        known = [peer for peer in known if peer.name in options.peers.split(",")]
    present = [peer for peer in known if not peer.missing()]
    absent = {peer.name: peer.missing() for peer in known if peer.missing()}
    for name, package in absent.items():
        print(f"{name} is not measured: install {package}")
    with tempfile.TemporaryDirectory(dir=options.temp, prefix="mixdown-") as work:
        ours = Ours(options.bin, os.path.join(work, "home"))
        audio = os.path.join(work, "audio")
        os.mkdir(audio)
        song = songs.make_song(audio, tracks, seconds)
        print(f"{tracks} tracks of {seconds:g} s, 24-bit WAV at {songs.RATE} Hz in and out; each with gain, pan, 4-band EQ, compressor, two "
              f"sends;\nreverb, delay, limiter. Best of {runs} on one machine, all in turns; {os.cpu_count()} cores")
        short = songs.make_song(work, min(tracks, 8), 10.0)
        sound = compare_sound(ours, present, short, work)
        costs = time_all(ours, present, song, work, runs)
        for track in song.tracks:
            os.remove(song.path(track))
        memory = {} if options.quick else memory_by_length(ours, work, tracks, (60.0, 180.0, 540.0))
    show(costs, sound, seconds, tracks)
    for peer in present:
        print(f"{peer.name}: {peer.differs}" + (f"; crashed or hung {peer.crashes} times and was started again" if peer.crashes else ""))
        if peer.failure:
            print(f"{peer.name} did not get through: {peer.failure}")
    if memory:
        print("peak MB of loopmind by length: " + ", ".join(f"{length / 60:g} min {size:.1f}" for length, size in memory.items()))
    missed = [name for name, row in sound.items() if row.get("null_db", -999) > NULL_LIMIT_DB]
    for name in missed:
        print(f"{name}: the mix without effects differs by more than {NULL_LIMIT_DB:g} dBFS: the work was not the same")
    own = costs["loopmind, 1 thread"].cpu
    measured = {peer.name: costs[peer.name].cpu for peer in present if peer.name in costs}
    fastest = min(measured, key=measured.get) if measured else None
    ratio = measured[fastest] / own if fastest else 0
    if options.json:
        text = json.dumps({"tracks": tracks, "seconds": seconds, "runs": runs, "cores": os.cpu_count(), "absent": absent,
                           "failed": {peer.name: peer.failure for peer in present if peer.failure}, "sound": sound,
                           "programs": {name: {"cpu_s": c.cpu, "wall_s": c.wall, "x_real_time_per_core": seconds / c.cpu,
                                               "track_seconds_per_cpu_s": tracks * seconds / c.cpu, "peak_mb": c.memory / 1e6}
                                        for name, c in costs.items()},
                           "memory_mb_by_seconds": memory, "fastest_peer": fastest, "ratio": ratio})
        if options.json == "-":
            print(text)
        else:
            with open(options.json, "w") as stream:
                stream.write(text + "\n")
    if fastest:
        print(f"mixdown ratio {ratio:.2f} (loopmind {seconds / own:.1f} x real time per core, {fastest} as the fastest peer "
              f"{seconds / measured[fastest]:.1f}; aim >= {AIM:g})")
    else:
        print(f"mixdown ratio none (loopmind {seconds / own:.1f} x real time per core, no peer is installed)")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except measure.Failed as failure:
        sys.exit(f"error: {failure}")
