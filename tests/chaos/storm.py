# What the chaos tests share: jobs, the clients that ask for them, and what must be true when the storm is over.
import hashlib
import itertools
import os
import queue
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "acceptance"))
from farm import CommandFailed  # noqa: E402

CLIENTS = 6


def job_params(number):
    """Small jobs; every third plays long enough to be caught while it streams."""
    return {"prompt": f"chaos job {number}", "genre": ("LoFi", "House", "Rock")[number % 3], "bars": 8 if number % 3 == 0 else 1,
            "tempo": 70 if number % 3 == 0 else 200, "key": "A minor", "stems": ["drums", "bass"], "fx": [], "seed": 1000 + number,
            "video_sync": False}


class Feed:
    """Client processes that take jobs one after another, no more than `allow` lets through."""

    def __init__(self, farm, folder, count):
        self.farm, self.folder, self.failures, self.done = farm, folder, [], 0
        self.work = queue.Queue()
        for number in range(count):
            self.work.put(number)
        self.allowed = threading.Semaphore(0)
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CLIENTS)]
        for thread in self.threads:
            thread.start()

    def allow(self, count):
        for _ in range(count):
            self.allowed.release()

    def _run(self):
        while True:
            self.allowed.acquire()
            try:
                number = self.work.get_nowait()
            except queue.Empty:
                return
            try:
                self._deliver(number)
                self.done += 1
            except Exception as error:  # a client that failed is a finding, not the end of the test
                self.failures.append(f"job {number}: {error}")

    def _deliver(self, number):
        """A client that starts while nobody listens says so and ends (exit 3), as a person would be told; asked again."""
        for attempt in itertools.count():
            try:
                self.farm.generate(job_params(number), os.path.join(self.folder, f"job-{number:03d}"), timeout=240)
                return
            except CommandFailed as failed:
                if failed.done.returncode != 3 or attempt == 200:
                    raise
                time.sleep(0.3)

    def finish(self):
        self.allow(1000)
        for thread in self.threads:
            thread.join(timeout=300)
        return not any(thread.is_alive() for thread in self.threads)


def delivered_hashes(folder):
    """{path in folder: sha256} of all WAV and MIDI files that the clients wrote."""
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            if name.endswith((".wav", ".mid")):
                path = os.path.join(base, name)
                with open(path, "rb") as stream:
                    found[os.path.relpath(path, folder)] = hashlib.sha256(stream.read()).hexdigest()
    return found


def wait_for(condition, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(0.002)
    return None


def work_findings(undone, digests, blobs):
    """Tasks that are not done, and outputs that are no blob whose bytes are what its name says."""
    found = [f"task {row} is not done" for row in undone]
    if not digests:
        found.append("the database holds no output")
    for digest in digests:
        try:
            with open(os.path.join(blobs, digest[:2], digest), "rb") as stream:
                if hashlib.sha256(stream.read()).hexdigest() != digest:
                    found.append(f"blob {digest} holds other bytes")
        except OSError as error:
            found.append(f"blob {digest}: {error}")
    return found
