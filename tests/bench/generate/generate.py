#!/usr/bin/python3
# Benchmark of one request on a warm worker: first audio, whole request, stem-seconds per second, cached repeat.
# Peer: FluidSynth's own program renders the very MIDI files that were delivered, one after another.
import argparse
import glob
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "acceptance"))
from farm import DEFAULT_BIN, Farm  # noqa: E402
from raw_peer import Peer, load_messages, read_keys  # noqa: E402

STEMS = ["drums", "bass", "chords", "melody"]
AIMS = {"first audio ms": 300, "whole request ms": 1500, "stem-seconds/s": 60, "cached repeat ms": 20}
SOUNDFONT = "/usr/share/sounds/sf2/FluidR3_GM.sf2"
RENDER, DONE = 2, 3  # TaskKind, JobState of the contract


def params(seed):
    return {"prompt": "benchmark", "genre": "LoFi", "tempo": 82, "key": "A minor", "bars": 8, "stems": STEMS, "fx": ["reverb"],
            "seed": seed, "video_sync": False}


class Client:
    """The least a client does: submit, watch, open a stream per stem, note when the first audio bytes are here."""

    def __init__(self, farm, messages):
        self.messages = messages
        with open(os.path.join(farm.home, "client", "farm.json")) as stream:
            address = json.load(stream)
        self.peer = Peer(address["endpoints"][0], address["coordinator_key"], read_keys(os.path.join(farm.home, "client", "client.key")))
        self.number = 0
        hello = self.request()
        hello.hello.protocol.min = hello.hello.protocol.max = 1
        hello.hello.software = "benchmark"
        self.peer.send(hello.SerializeToString())
        if self.next(5000).WhichOneof("body") != "welcome":
            raise SystemExit("error: the coordinator did not welcome the benchmark")

    def request(self):
        self.number += 1
        return self.messages.ClientRequest(request_id=self.number)

    def next(self, timeout_ms=60000):
        frames = self.peer.receive(timeout_ms)
        if frames is None:
            raise SystemExit("error: no answer from the coordinator")
        reply = self.messages.ClientReply()
        reply.ParseFromString(frames[0])
        self.bytes = len(frames[1]) if len(frames) > 1 else 0
        return reply

    def generate(self, wanted):
        """(seconds to first audio or None, seconds to done, cached)."""
        job_id = secrets.token_hex(16)
        submit = self.request()
        submit.submit.job_id, submit.submit.kind = job_id, 1
        submit.submit.params_json = json.dumps(wanted)
        watch = self.request()
        watch.watch.job_id = job_id
        began = time.perf_counter()
        self.peer.send(submit.SerializeToString())
        self.peer.send(watch.SerializeToString())
        first, cached, opened = None, False, {}
        while True:
            reply = self.next()
            body = reply.WhichOneof("body")
            now = time.perf_counter() - began
            if body == "error":
                raise SystemExit(f"error: {reply.error.field}: {reply.error.message}")
            if body == "submit_ack":
                cached = reply.submit_ack.cached
            elif body == "chunk" and self.bytes > 44 and first is None:
                first = now
            elif body == "event" and reply.event.job_id == job_id:
                what = reply.event.WhichOneof("what")
                job = reply.event.snapshot if what == "snapshot" else reply.event.job if what == "job" else None
                tasks = list(reply.event.snapshot.tasks) if what == "snapshot" else [reply.event.task] if what == "task" else []
                for task in tasks:
                    if task.kind == RENDER and task.task_id not in opened and not cached:
                        opened[task.task_id] = len(opened) + 1 + self.number * 100
                        ask = self.request()
                        ask.open_stream.job_id, ask.open_stream.task_id, ask.open_stream.role = job_id, task.task_id, "audio"
                        ask.open_stream.credit, ask.open_stream.stream_id = 64 << 10, opened[task.task_id]
                        self.peer.send(ask.SerializeToString())
                if job is not None and job.state == DONE:
                    for stream_id in opened.values():
                        close = self.request()
                        close.close_stream.stream_id = stream_id
                        self.peer.send(close.SerializeToString())
                    return first, now, cached
                if job is not None and job.state > DONE:
                    raise SystemExit(f"error: the job ended in state {job.state}: {job.error.message}")


def fluidsynth_seconds(folder):
    """Time to render the delivered MIDI stems with FluidSynth's own program, sequentially."""
    files = sorted(glob.glob(os.path.join(folder, "**", "*.mid"), recursive=True))
    began = time.perf_counter()
    for path in files:
        subprocess.run(["fluidsynth", "-niq", "-r", "48000", "-o", "synth.reverb.active=0", "-o", "synth.chorus.active=0",
                        "-T", "wav", "-F", os.path.join(folder, "peer.wav"), SOUNDFONT, path],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - began, len(files)


def main():
    parser = argparse.ArgumentParser(description="One request on a warm worker against FluidSynth's program on the same MIDI.")
    parser.add_argument("--bin", default=DEFAULT_BIN)
    parser.add_argument("--home", help="use the farm that runs in this home")
    parser.add_argument("--quick", action="store_true", help="5 requests instead of 20")
    parser.add_argument("--json", nargs="?", const="-", metavar="FILE", help="results as JSON, to FILE or standard output")
    options = parser.parse_args()
    runs = 5 if options.quick else 20
    messages, _ = load_messages()
    music = 8 * 4 * 60 / 82
    with tempfile.TemporaryDirectory() as folder, Farm(options.bin, home=options.home, start=not options.home) as farm:
        client = Client(farm, messages)
        start = int(time.time())
        for seed in range(3):
            client.generate(params(start + 10_000_000 + seed))
        first, whole, cached = [], [], []
        for seed in range(runs):
            wanted = params(start + seed)
            heard, done, was_cached = client.generate(wanted)
            if was_cached or heard is None:
                raise SystemExit("error: a fresh request was answered from the cache or streamed nothing")
            first.append(heard)
            whole.append(done)
            _, done, was_cached = client.generate(wanted)
            if not was_cached:
                raise SystemExit("error: a repeated request was rendered again")
            cached.append(done)
        began = time.perf_counter()
        farm.generate(params(start + runs), os.path.join(folder, "delivered"))
        command = time.perf_counter() - began
        began = time.perf_counter()
        farm.generate(params(start + runs), os.path.join(folder, "again"))
        command_cached = time.perf_counter() - began
        peer = [fluidsynth_seconds(os.path.join(folder, "delivered")) for _ in range(3)]
    seconds, files = min(peer)
    result = {
        "first audio ms": statistics.median(first) * 1e3, "whole request ms": statistics.median(whole) * 1e3,
        "stem-seconds/s": len(STEMS) * music / statistics.median(whole), "cached repeat ms": statistics.median(cached) * 1e3,
        "command generate ms": command * 1e3, "command cached ms": command_cached * 1e3,
        "peer stem-seconds/s": files * music / seconds, "requests": runs, "cores": os.cpu_count(),
    }
    result["ratio"] = result["stem-seconds/s"] / result["peer stem-seconds/s"]
    for name, value in result.items():
        aim = f"   aim {'>=' if name.startswith('stem') else '<='} {AIMS[name]}" if name in AIMS else ""
        print(f"{name:22} {value:10.2f}{aim}")
    if options.json:
        text = json.dumps(result)
        if options.json == "-":
            print(text)
        else:
            with open(options.json, "w") as stream:
                stream.write(text + "\n")
    print(f"generate ratio {result['ratio']:.2f} ({result['stem-seconds/s']:.1f} stem-seconds/s composed, rendered, mixed and mastered; "
          f"fluidsynth program {result['peer stem-seconds/s']:.1f} on the same MIDI, rendering only)")


if __name__ == "__main__":
    main()
