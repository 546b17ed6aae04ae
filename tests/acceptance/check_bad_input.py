#!/usr/bin/python3
# Everything wrong that can be said to the farm: one clear error, non-zero exit, nothing half-written, nobody dies.
import argparse
import glob
import json
import os
import resource
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from drawing import EXAMPLE  # noqa: E402
from farm import Farm, add_farm_options, free_port  # noqa: E402
from measures.table import Tally  # noqa: E402
from raw_peer import FalseCoordinator, Peer, load_messages, read_keys  # noqa: E402

QUICK = {"genre": "LoFi", "tempo": 120, "bars": 1, "stems": ["drums", "bass"], "prompt": "a short one"}

# name, what changes in a good request, words that the error must hold (any case)
BAD_FIELDS = [
    ("unknown genre", {"genre": "LoFy"}, ["genre", "LoFi"]),
    ("far-off genre", {"genre": "Zzz"}, ["genre"]),
    ("tempo too high", {"tempo": 500}, ["tempo", "240"]),
    ("tempo too low", {"tempo": 12}, ["tempo", "40"]),
    ("tempo as text", {"tempo": "fast"}, ["tempo"]),
    ("malformed key", {"key": "H minor"}, ["key"]),
    ("unknown mode", {"key": "C mixolydia"}, ["key", "mixolydian"]),
    ("unknown field", {"tempoo": 90}, ["tempoo", "tempo"]),
    ("mood out of range", {"mood": 1.5}, ["mood"]),
    ("unknown effect", {"fx": ["reverbb"]}, ["fx", "reverb"]),
    ("unknown texture", {"texture": "Warmm"}, ["texture", "Warm"]),
    ("unknown stem", {"stems": ["drums", "kazoo"]}, ["stems", "kazoo"]),
    ("stem twice", {"stems": ["drums", "drums"]}, ["stems"]),
    ("no bars", {"bars": 0}, ["bars"]),
    ("too many bars", {"bars": 100000}, ["bars"]),
    ("too many variations", {"variations": 99}, ["variations"]),
    ("section sum", {"bars": 8, "sections": [{"name": "Verse", "bars": 4}]}, ["sections"]),
    ("unknown section", {"sections": [{"name": "Chorusy", "bars": 8}], "bars": 8}, ["section"]),
    ("sample rate", {"sample_rate": 22050}, ["sample_rate"]),
    ("seed beyond 2^53", {"seed": 2**60}, ["seed"]),
    ("empty prompt and nothing else", None, ["prompt"]),
]

BAD_TEXTS = [
    ("cut JSON", '{\n  "prompt": "x",\n  "tempo": \n}', ["line 4", "column"]),
    ("not JSON", "tempo=82", ["line 1"]),
    ("an array", "[1, 2]", ["object"]),
    ("deep nesting", "[" * 100000, ["line 1"]),
    ("an empty file", "", ["empty", "line 1"]),
    ("bytes that are no UTF-8", b'{"prompt": "\xff\xfe"}', ["utf", "line 1"]),
]


class BadInput:
    def __init__(self, farm, folder, tally):
        self.farm, self.folder, self.tally = farm, folder, tally
        self.number = 0

    def new_out(self):
        self.number += 1
        return os.path.join(self.folder, f"out-{self.number}")

    def judge(self, name, done, words, out=None, any_word=False):
        said = (done.stderr or "").strip()
        heard = (said + "\n" + (done.stdout or "")).lower()
        lines = [line for line in said.splitlines() if line.strip()]
        self.tally.check("exit code not zero", done.returncode > 0, f"{name}: exit {done.returncode}")
        self.tally.check("one clear error", 1 <= len(lines) <= 3 and sum("error" in line.lower() for line in lines) == 1,
                         f"{name}: {said[:300]!r}")
        hits = [word.lower() in heard for word in words]
        self.tally.check("error names what and where", any(hits) if any_word else all(hits), f"{name}: wanted {words} in {said[:300]!r}")
        if out:
            left = [path for path in glob.glob(os.path.join(out, "**"), recursive=True) if os.path.isfile(path)]
            self.tally.check("nothing half-written", not left, f"{name}: {left[:3]}")

    def file_with(self, text):
        path = os.path.join(self.folder, "request.json")
        with open(path, "wb") as stream:
            stream.write(text if isinstance(text, bytes) else text.encode())
        return path

    def fields(self):
        for name, change, words in BAD_FIELDS:
            params = {} if change is None else {**QUICK, **change}
            out = self.new_out()
            self.judge(name, self.farm.run("generate", "--params", self.file_with(json.dumps(params)), "--out", out,
                                           check=False, timeout=60), words, out)
        for name, text, words in BAD_TEXTS:
            out = self.new_out()
            self.judge(name, self.farm.run("generate", "--params", self.file_with(text), "--out", out, check=False,
                                           timeout=60), words, out, any_word=True)

    def options(self):
        for name, arguments, words in (
            ("--tempo 500", ["generate", "--prompt", "x", "--tempo", "500"], ["tempo"]),
            ("--genre LoFy", ["generate", "--prompt", "x", "--genre", "LoFy"], ["genre", "LoFi"]),
            ("--key H", ["generate", "--prompt", "x", "--key", "H"], ["key"]),
            ("no such option", ["generate", "--prompt", "x", "--speed", "9"], ["--speed"]),
            ("no such params file", ["generate", "--params", "/no/such/file.json"], ["/no/such/file.json"]),
            ("nothing asked", ["generate"], ["prompt"]),
        ):
            out = self.new_out()
            self.judge(name, self.farm.run(*arguments, "--out", out, check=False, timeout=60), words, out)
        for command in ("show", "cancel", "retry", "fetch", "watch"):
            self.judge(f"{command} of an unknown job", self.farm.run(command, "0" * 32, check=False, timeout=60), ["job"])

    def no_permission(self):
        with Folder(self.folder, "readonly", "1m") as place:
            place.make_readonly()
            out = os.path.join(place.path, "music")
            self.judge("missing write permission", self.run_limited(place, out), [place.path], out)

    def full_disk(self):
        with Folder(self.folder, "small", "200k") as place:
            out = os.path.join(place.path, "music")
            self.judge("full disk", self.run_limited(place, out), ["space", "full", "too large"], out, any_word=True)

    def run_limited(self, place, out):
        """generate into `out`; where nothing can be mounted, the file size limit stands for the full disk."""
        command = [os.path.join(self.farm.bin, "loopmind"), "generate", "--params", self.file_with(json.dumps(EXAMPLE)), "--out", out,
                   "--quiet"]
        limit = None if place.mounted else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200 << 10, 200 << 10))
        return subprocess.run(command, capture_output=True, text=True, env=self.farm.environment(), timeout=120, preexec_fn=limit)

    def not_running(self):
        other = Farm(self.farm.bin, start=False)
        other.temporary = True
        out = self.new_out()
        try:
            self.judge("no farm here", other.run("generate", "--prompt", "x", "--out", out, check=False, timeout=60),
                       ["loopmind up"], out)
            os.makedirs(os.path.join(other.home, "client"), exist_ok=True)
            shutil.copytree(os.path.join(self.farm.home, "client"), os.path.join(other.home, "client"), dirs_exist_ok=True)
            self.point_at(other, f"tcp://127.0.0.1:{free_port()}")
            self.judge("coordinator not running", other.run("generate", "--prompt", "x", "--out", out, check=False, timeout=60),
                       ["127.0.0.1"], out)
        finally:
            other.close()

    def point_at(self, other, endpoint, key=None):
        path = os.path.join(other.home, "client", "farm.json")
        with open(path) as stream:
            address = json.load(stream)
        address["endpoints"] = [endpoint]
        if key:
            address["coordinator_key"] = key
        with open(path, "w") as stream:
            json.dump(address, stream)

    def version_mismatch(self, messages):
        endpoint = f"tcp://127.0.0.1:{free_port()}"

        def answer(frames):
            request = messages.ClientRequest()
            request.ParseFromString(frames[0])
            reply = messages.ClientReply(request_id=request.request_id)
            reply.error.code = 7
            reply.error.field = "protocol"
            reply.error.message = "the coordinator speaks protocol 9 to 9, this client 1 to 1"
            reply.error.hint = "install the same version on both"
            return [reply.SerializeToString()]

        server = FalseCoordinator(endpoint, answer)
        other = Farm(self.farm.bin, start=False)
        other.temporary = True
        over = threading.Event()
        thread = threading.Thread(target=server.serve, args=(over.is_set,))
        thread.start()
        out = self.new_out()
        try:
            shutil.copytree(os.path.join(self.farm.home, "client"), os.path.join(other.home, "client"), dirs_exist_ok=True)
            self.point_at(other, endpoint, server.public.decode())
            self.judge("version mismatch (client)", other.run("generate", "--prompt", "x", "--out", out, check=False, timeout=60),
                       ["protocol 9"], out)
        finally:
            over.set()
            thread.join()
            server.close()
            other.close()

    def raw_frames(self, client, worker):
        """What an enrolled peer, a stranger and plain TCP may throw at both sockets."""
        with open(os.path.join(self.farm.home, "client", "farm.json")) as stream:
            address = json.load(stream)
        keys = read_keys(os.path.join(self.farm.home, "client", "client.key"))
        endpoint, server_key = address["endpoints"][0], address["coordinator_key"]

        peer = Peer(endpoint, server_key, keys)
        hello = client.ClientRequest(request_id=1)
        hello.hello.protocol.min, hello.hello.protocol.max = 9, 9
        peer.send(hello.SerializeToString())
        frames = peer.receive()
        reply = client.ClientReply()
        if frames:
            reply.ParseFromString(frames[0])
        self.tally.check("version mismatch is answered", reply.error.code == 7 and bool(reply.error.message),
                         f"answer {reply!s:.200}")
        peer.close()

        for endpoint_now in (endpoint, address["worker_endpoint"]):
            stranger = Peer(endpoint_now, server_key)
            hello.hello.protocol.min = hello.hello.protocol.max = 1
            stranger.send(hello.SerializeToString())
            self.tally.check("a stranger gets nothing", stranger.receive(1500) is None, endpoint_now)
            stranger.close()

            rude = Peer(endpoint_now, server_key, keys)
            rude.send(b"\xff" * 10)
            rude.send(hello.SerializeToString()[:3])
            rude.send(b"a", b"b", b"c", b"d", b"e")
            rude.send(b"")
            rude.send(hello.SerializeToString(), b"x" * (5 << 20))
            time.sleep(0.3)
            rude.close()

            port = int(endpoint_now.rsplit(":", 1)[1])
            for junk in (b"GET / HTTP/1.0\r\n\r\n", b"\xff" + b"\0" * 8 + b"\x7f" + b"\x03\x00NULL" + b"\0" * 48, os.urandom(4096)):
                with socket.create_connection(("127.0.0.1", port)) as plain:
                    try:
                        plain.sendall(junk)
                        plain.settimeout(0.2)
                        plain.recv(4096)
                    except OSError:
                        pass

        polite = Peer(endpoint, server_key, keys)
        hello.hello.protocol.min = hello.hello.protocol.max = 1
        polite.send(hello.SerializeToString())
        frames = polite.receive()
        if frames:
            reply.ParseFromString(frames[0])
        self.tally.check("a polite peer is served after rude ones", reply.WhichOneof("body") == "welcome", f"{reply!s:.200}")
        for fill in (lambda r: setattr(r.show_job, "job_id", "../../etc/passwd"),
                     lambda r: setattr(r.submit, "job_id", "short"),
                     lambda r: setattr(r.get_blob, "sha256", "../coordinator.key")):
            request = client.ClientRequest(request_id=2)
            fill(request)
            polite.send(request.SerializeToString())
            frames = polite.receive()
            reply = client.ClientReply()
            if frames:
                reply.ParseFromString(frames[0])
            self.tally.check("a malformed id is answered by an error", reply.WhichOneof("body") == "error", f"{reply!s:.200}")
        polite.close()

    def damaged_blob(self):
        """A blob that was changed on disk is refused by its hash and never delivered."""
        out = self.new_out()
        self.farm.generate({**QUICK, "prompt": "soon damaged", "seed": 4242}, out)
        jobs = json.loads(self.farm.run("jobs", "--json").stdout)
        job = next(job for job in jobs if job.get("prompt") == "soon damaged")
        shown = json.loads(self.farm.run("show", job["job_id"], "--json").stdout)
        blobs = [output["sha256"] for task in shown["tasks"] for output in task.get("outputs", []) if output["role"] == "audio"]
        self.tally.check("show lists the outputs", bool(blobs), str(shown)[:200])
        for digest in blobs:
            path = os.path.join(self.farm.home, "coordinator", "blobs", digest[:2], digest)
            os.chmod(path, 0o644)
            with open(path, "r+b") as stream:
                stream.seek(1000)
                stream.write(b"damaged!")
        self.farm.run("cache", "clear", check=False)
        again = self.new_out()
        self.judge("a blob that does not match its hash",
                   self.farm.run("fetch", job["job_id"], "--out", again, "--quiet", check=False, timeout=90), ["hash", "sha", "match"], again, any_word=True)


    def fsck(self):
        """What damaged_blob() broke is found, is not repaired beside a running coordinator, and is rendered again after."""
        def fsck(*options):
            return subprocess.run([os.path.join(self.farm.bin, "loopmind-coordinator"), "fsck", "--home", self.farm.home, "--json", *options],
                                  capture_output=True, text=True, timeout=120)

        def counts(done):
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            return {name: lines[-1].get(name) for name in ("lost", "damaged", "orphans")} if lines else {"said": done.stderr}

        found = fsck()
        bad = counts(found).get("damaged")
        self.tally.check("fsck finds damage", found.returncode == 1 and bool(bad), f"{found.returncode}, {counts(found)}")
        beside = fsck("--repair")
        self.tally.check("no repair beside a running coordinator",
                         beside.returncode == 1 and not beside.stdout and "another coordinator" in beside.stderr, beside.stderr[-300:])
        self.farm.down()
        repaired = fsck("--repair")
        self.tally.check("fsck --repair", repaired.returncode == 1 and counts(repaired).get("damaged") == bad, str(counts(repaired)))
        self.farm.up()
        self.farm.run("cache", "clear", check=False)
        out = self.new_out()
        self.farm.generate({**QUICK, "prompt": "soon damaged", "seed": 4242}, out)
        healthy = fsck()
        self.tally.check("rendered again after a repair", healthy.returncode == 0 and counts(healthy) == {"lost": 0, "damaged": 0, "orphans": 0},
                         f"{healthy.returncode}, {counts(healthy)}")


class Folder:
    """A small file system of its own where that can be mounted, else a plain folder (`mounted` False)."""

    def __init__(self, parent, name, size):
        self.path, self.size, self.mounted = os.path.join(parent, name), size, False

    def __enter__(self):
        os.makedirs(self.path)
        self.mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self.size}", "tmpfs", self.path], capture_output=True).returncode == 0
        return self

    def make_readonly(self):
        if self.mounted:
            subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)
        else:
            os.chmod(self.path, 0o555)

    def grow(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.path], check=True)

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", "-l", self.path], check=False)
        else:
            os.chmod(self.path, 0o755)


def farm_on_full_disk(options, folder, tally):
    """The coordinator's own disk is full: work stops with a reason, the processes live, and go on when there is room."""
    with Folder(folder, "farmdisk", "6m") as place:
        if not place.mounted:
            print("not run: the farm's own full disk needs a tmpfs mount (root)")
            return
        with Farm(options.bin, home=os.path.join(place.path, "home")) as farm:
            before = farm.pids()
            out = os.path.join(folder, "from-full-disk")
            request = os.path.join(folder, "long.json")
            with open(request, "w") as stream:
                json.dump({**EXAMPLE, "bars": 16}, stream)
            command = [os.path.join(farm.bin, "loopmind"), "generate", "--params", request, "--out", out]
            asked = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=farm.environment())
            time.sleep(8)
            ended = asked.poll()
            if ended is None:
                job = json.loads(farm.run("jobs", "--json").stdout)[0]
                shown = json.loads(farm.run("show", job["job_id"], "--json").stdout)
                notes = [shown.get("note", ""), *(task["note"] for task in shown["tasks"])]
                told = any(word in " ".join(notes).lower() for word in ("disk", "space", "full"))
                tally.check("a full farm disk is told", told, f"notes {notes}, states {[t['state'] for t in shown['tasks']]}")
            else:
                said = asked.stdout.read()
                tally.check("a full farm disk is told", ended != 0 and any(w in said.lower() for w in ("disk", "space", "full")),
                            f"exit {ended}: {said[-300:]}")
            tally.check("alive on a full disk", farm.pids() == before, f"{before} -> {farm.pids()}")
            place.grow("600m")
            if ended is None:
                try:
                    asked.wait(timeout=90)
                except subprocess.TimeoutExpired:
                    asked.kill()
                tally.check("goes on when there is room", asked.returncode == 0, f"exit {asked.returncode}")
            else:
                done = farm.run("generate", "--params", request, "--out", out, check=False, timeout=120)
                tally.check("goes on when there is room", done.returncode == 0, done.stderr[-300:])
            farm.close()


def main():
    parser = argparse.ArgumentParser(description="Bad input through the command line and raw sockets.")
    add_farm_options(parser)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="loopmind-bad-")
    tally = Tally()
    client, worker = load_messages()
    try:
        with Farm(options.bin, home=options.home, start=not options.home) as farm:
            before = farm.pids()
            cases = BadInput(farm, folder, tally)
            cases.fields()
            cases.options()
            cases.no_permission()
            cases.full_disk()
            cases.not_running()
            cases.version_mismatch(client)
            cases.raw_frames(client, worker)
            cases.damaged_blob()
            tally.check("same processes alive", farm.pids() == before and bool(before), f"{before} -> {farm.pids()}")
            out = cases.new_out()
            done = farm.run("generate", "--params", cases.file_with(json.dumps({**QUICK, "seed": 99})), "--out", out, check=False)
            tally.check("a good request still works", done.returncode == 0, done.stderr[-300:])
            if not options.home:
                cases.fsck()
        farm_on_full_disk(options, folder, tally)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    tally.print(shown=40)
    if options.json:
        with open(options.json, "w") as stream:
            json.dump({"checks": tally.done, "misses": tally.misses}, stream, indent=1)
    return 1 if tally.missed else 0


if __name__ == "__main__":
    sys.exit(main())
