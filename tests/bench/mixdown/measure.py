# Runs a program and says what it took: processor time, time, memory of all its processes together.
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass

LONGEST_SLEEP = 60  # seconds without work after which a program counts as hung


@dataclass
class Cost:
    cpu: float  # seconds, user and system, of all processes
    wall: float
    memory: int  # bytes at the peak, of all processes that run at one time


class Failed(Exception):
    """A program did not do its work; the message holds what it said."""


def children(pid):
    """The process and all below it."""
    out = [pid]
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as text:
            for child in text.read().split():
                out += children(int(child))
    except OSError:
        pass
    return out


def memory_line(pid, file, name):
    """Bytes that a line of a process's memory report says; 0 when it has ended."""
    try:
        with open(f"/proc/{pid}/{file}") as text:
            for line in text:
                if line.startswith(name):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def ticks(pid):
    """Processor time of a process so far."""
    try:
        with open(f"/proc/{pid}/stat") as text:
            fields = text.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])
    except (OSError, IndexError):
        return 0


class Sampler(threading.Thread):
    """Looks at the memory of a family of processes while it lives: of one process its high-water mark, of several the sum of
    what is resident, shared pages shared out. (What wait() says of memory includes the parent's, from before the exec.)
    A process that does nothing any more for LONGEST_SLEEP seconds is ended."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.peak, self.ended, self.hung = pid, 0, threading.Event(), False

    def watch(self, family, state):
        worked, since = state
        now = sum(map(ticks, family))
        if abs(now - worked) > 20:
            return now, time.monotonic()
        if time.monotonic() - since > LONGEST_SLEEP:
            self.hung = True
            os.kill(self.pid, signal.SIGKILL)
        return worked, since

    def run(self):
        state = (0, time.monotonic())
        while not self.ended.wait(0.05) and not self.hung:
            family = children(self.pid)
            state = self.watch(family, state)
            if len(family) > 1:
                now = sum(memory_line(pid, "smaps_rollup", "Pss:") for pid in family)
            else:
                now = memory_line(self.pid, "status", "VmHWM:")
            self.peak = max(self.peak, now)


def run_step(command, environment):
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=said,
                                   stderr=subprocess.STDOUT)
        sampler = Sampler(process.pid)
        sampler.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        sampler.ended.set()
        sampler.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            said.seek(0)
            text = said.read()[-600:].decode(errors="replace")
            if sampler.hung:
                raise Failed(f"{command[0]} did nothing any more for {LONGEST_SLEEP} s")
            raise Failed(f"{command[0]} ended with {process.returncode}: {text}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, sampler.peak)


def run(commands, environment=None):
    """Runs commands one after the other. Raises Failed."""
    costs = [run_step([str(x) for x in command], environment or {}) for command in commands]
    return Cost(sum(c.cpu for c in costs), sum(c.wall for c in costs), max(c.memory for c in costs))
