# A farm of real processes for the tests: `loopmind up` in a folder of its own, on ports of its own.
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEFAULT_BIN = os.path.join(REPO, "build", "bin")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class CommandFailed(Exception):
    def __init__(self, done):
        super().__init__(f"{' '.join(done.args[:3])}... exit {done.returncode}: {(done.stderr or done.stdout)[-400:].strip()}")
        self.done = done


class Farm:
    """Starts in `home` (a temporary folder when None) and stops with close(); or uses a farm that runs already."""

    def __init__(self, bin_dir=DEFAULT_BIN, home=None, workers=1, start=True, env=None):
        self.bin = bin_dir
        self.owned = start
        self.temporary = home is None
        self.home = home or tempfile.mkdtemp(prefix="loopmind-test-")
        self.workers = workers
        self.extra = dict(env or {})
        self.client_endpoint = f"tcp://127.0.0.1:{free_port()}"
        self.worker_endpoint = f"tcp://127.0.0.1:{free_port()}"
        if start:
            self.up()

    def environment(self, extra=None):
        env = {k: v for k, v in os.environ.items() if not k.startswith("LOOPMIND_")}
        env.update(self.extra, LOOPMIND_HOME=self.home, **(extra or {}))
        return env

    def run(self, *arguments, check=True, timeout=300, env=None, cwd=None):
        """Runs `loopmind` and returns the finished process; CommandFailed on a non-zero exit when `check`."""
        done = subprocess.run([os.path.join(self.bin, "loopmind"), *map(str, arguments)], capture_output=True, text=True,
                              timeout=timeout, env=self.environment(env), stdin=subprocess.DEVNULL, cwd=cwd)
        if check and done.returncode:
            raise CommandFailed(done)
        return done

    def up(self, env=None):
        return self.run("up", "--workers", self.workers, "--client-endpoint", self.client_endpoint,
                        "--worker-endpoint", self.worker_endpoint, env=env)

    def down(self):
        return self.run("down", check=False)

    def generate(self, params, out, *options, timeout=300):
        """Runs one request and returns (delivery folder, what --json said)."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as stream:
            json.dump(params, stream)
        try:
            done = self.run("generate", "--params", stream.name, "--out", out, "--json", *options, timeout=timeout)
        finally:
            os.unlink(stream.name)
        return out, done.stdout

    def pids(self):
        """{name: pid} of the processes that this farm started, from its run folder."""
        found = {}
        folder = os.path.join(self.home, "run")
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if name.endswith(".pid"):
                with open(os.path.join(folder, name)) as stream:
                    text = stream.read().split()
                if text and _alive(int(text[0])):
                    found[name[:-4]] = int(text[0])
        return found

    def kill(self, name):
        """kill -9 of one process; waits until it is gone."""
        pid = self.pids()[name]
        os.kill(pid, signal.SIGKILL)
        while _alive(pid):
            time.sleep(0.005)

    def close(self):
        if self.owned:
            self.down()
            for pid in self.pids().values():
                os.kill(pid, signal.SIGKILL)
        if self.temporary:
            shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stream:
            return stream.read().rsplit(")", 1)[1].split()[0] not in ("Z", "X")
    except OSError:
        return False


def add_farm_options(parser):
    parser.add_argument("--bin", default=DEFAULT_BIN, help="folder of the programs (default build/bin)")
    parser.add_argument("--home", help="use the farm that runs in this home; default: one of its own")
    parser.add_argument("--json", metavar="FILE", help="write the results as JSON")
    parser.add_argument("--quick", action="store_true", help="a small selection")
    parser.add_argument("--keep", metavar="DIR", help="keep the delivered folders here")


def open_farm(options, workers=1):
    if options.home:
        return Farm(options.bin, home=options.home, start=False)
    return Farm(options.bin, workers=workers)
