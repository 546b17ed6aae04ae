#!/usr/bin/python3
# People join with one-time tokens and are shut out again, by the programs alone: every step as an administrator, a
# producer, a worker's owner and a thief would take it.
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from farm import add_farm_options, free_port  # noqa: E402

REQUEST = {"genre": "LoFi", "tempo": 120, "bars": 1, "stems": ["drums"], "prompt": "a short one"}


class Studio:
    def __init__(self, bin_dir, folder):
        self.bin, self.folder, self.running = bin_dir, folder, []
        self.failures = 0
        self.home = os.path.join(folder, "farm")
        ports = [f"tcp://127.0.0.1:{free_port()}" for _ in range(3)]
        self.start("coordinator", "loopmind-coordinator", "serve", "--home", self.home, "--client-endpoint", ports[0],
                   "--worker-endpoint", ports[1], "--join-endpoint", ports[2])

    def run(self, program, *arguments, stdin=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("LOOPMIND_")}
        return subprocess.run([os.path.join(self.bin, program), *map(str, arguments)], capture_output=True, text=True,
                              timeout=300, env=env, input=stdin)

    def admin(self, *arguments):
        return self.run("loopmind-coordinator", arguments[0], "--home", self.home, *arguments[1:])

    def start(self, name, program, *arguments):
        ready = os.path.join(self.folder, name + ".ready")
        with open(os.path.join(self.folder, name + ".log"), "w") as log:
            process = subprocess.Popen([os.path.join(self.bin, program), *arguments, "--ready-file", ready],
                                       stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        self.running.append(process)
        while not os.path.exists(ready):
            if process.poll() is not None:
                sys.exit(f"{name} did not start: " + self.log(name))
            time.sleep(0.02)
        return process

    def log(self, name):
        with open(os.path.join(self.folder, name + ".log")) as stream:
            return stream.read()

    def close(self):
        for process in reversed(self.running):
            process.terminate()
        for process in self.running:
            process.wait(30)

    def check(self, what, done, code, *words):
        text = done.stdout + done.stderr
        good = done.returncode == code and all(word in text for word in words) and len(done.stderr.splitlines()) <= 1
        print(f"{'ok  ' if good else 'MISS'}  {what}" + ("" if good else f": exit {done.returncode}, {text[-300:]!r}"))
        self.failures += not good
        return done


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    add_farm_options(parser)
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="loopmind-enrolment-")
    studio = Studio(options.bin, folder)
    try:
        run(studio, folder)
    finally:
        studio.close()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(1 if studio.failures else 0)


def run(studio, folder):
    ada, bob, worker = (os.path.join(folder, name) for name in ("ada", "bob", "worker"))
    request = os.path.join(folder, "request.json")
    with open(request, "w") as stream:
        json.dump(REQUEST, stream)

    invited = studio.check("an invitation is one word", studio.admin("invite", "--role", "producer", "--name", "ada"), 0)
    token = invited.stdout.strip()
    if not re.fullmatch(r"loopmind-join-[A-Za-z0-9_-]+", token):
        studio.failures += 1
        print("MISS  the token is", repr(token))
    studio.check("a producer's token is none for a worker",
                 studio.run("loopmind-worker", "join", token, "--home", worker), 2, "loopmind join")
    studio.check("ada joins, her token from stdin",
                 studio.run("loopmind", "join", "-", "--home", ada, stdin=token + "\n"), 0, "producer ada")
    key_file = os.path.join(ada, "client", "client.key")
    if os.stat(key_file).st_mode & 0o777 != 0o600:
        studio.failures += 1
        print("MISS  others may read ada's key")
    studio.check("a used token", studio.run("loopmind", "join", token, "--home", bob), 3, "used already")
    studio.check("half a token", studio.run("loopmind", "join", token[:60], "--home", bob), 2, "not all of it")
    studio.check("no token", studio.run("loopmind", "join", "please", "--home", bob), 2, "no token")
    brief = studio.admin("invite", "--role", "viewer", "--expires", "1s").stdout.strip()
    time.sleep(1.2)
    studio.check("a token that is too old", studio.run("loopmind", "join", brief, "--home", bob), 3, "too old")
    studio.check("a time that is none", studio.admin("invite", "--role", "viewer", "--expires", "soon"), 1, "--expires")

    token = studio.admin("invite", "--role", "worker", "--name", "gpu-1").stdout.strip()
    studio.check("a worker's token is none for a client", studio.run("loopmind", "join", token, "--home", bob), 2,
                 "loopmind-worker join")
    studio.check("a worker joins", studio.run("loopmind-worker", "join", token, "--home", worker), 0, "gpu-1")
    studio.start("worker", "loopmind-worker", "--home", worker)
    studio.check("ada's request is rendered by it",
                 studio.run("loopmind", "generate", "--params", request, "--out", os.path.join(folder, "out"), "--home", ada,
                            "--quiet"), 0)

    token = studio.admin("invite", "--role", "viewer", "--name", "bob").stdout.strip()
    studio.check("bob joins as a viewer", studio.run("loopmind", "join", token, "--home", bob), 0, "viewer bob")
    studio.check("a viewer looks", studio.run("loopmind", "jobs", "--home", bob), 0, "a short one")
    studio.check("a viewer changes nothing",
                 studio.run("loopmind", "generate", "another", "--bars", "1", "--out", os.path.join(folder, "no"), "--home",
                            bob, "--quiet"), 3, "viewer")
    studio.check("who is enrolled", studio.run("loopmind-coordinator", "identities", "list", "--home", studio.home), 0, "ada", "bob", "gpu-1")
    studio.check("nobody of that name", studio.admin("revoke", "eve"), 1, "eve")
    studio.check("bob is revoked", studio.admin("revoke", "bob"), 0, "revoked viewer bob")
    # Within half a second, says the command; a busy machine may take longer to get there.
    refused = studio.run("loopmind", "jobs", "--home", bob)
    for _ in range(50):
        if refused.returncode:
            break
        time.sleep(0.2)
        refused = studio.run("loopmind", "jobs", "--home", bob)
    studio.check("and gets in no more", refused, 3)
    studio.check("ada does", studio.run("loopmind", "jobs", "--home", ada), 0)
    time.sleep(0.6)  # the log is written four times a second
    audit = studio.check("the audit log", studio.admin("audit", "--since", "1h"), 0, "invite", "enrol", "submit", "revoke",
                         "127.0.0.1", "a viewer may look")
    with open(key_file) as stream:
        secret = json.load(stream)["secret"]
    for name, text in (("audit", audit.stdout), ("coordinator", studio.log("coordinator")), ("worker", studio.log("worker"))):
        if secret in text or token in text:
            studio.failures += 1
            print("MISS  a secret is in the log of", name)


if __name__ == "__main__":
    main()
