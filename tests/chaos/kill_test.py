#!/usr/bin/python3
# kill -9 of coordinator or worker in every state of a job, with real processes: every job must be done, none twice,
# and every output must have the hash of an undisturbed run. With --postgres the metadata are in a PostgreSQL server,
# which is killed too. See --help.
import argparse
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "acceptance"))
from farm import CommandFailed, DEFAULT_BIN, Farm  # noqa: E402
from measures.table import print_table  # noqa: E402
from postgres import Postgres  # noqa: E402
from raw_peer import Peer, load_messages, read_keys  # noqa: E402
from storm import CLIENTS, Feed, delivered_hashes, wait_for, work_findings  # noqa: E402

STATES = ("queued", "leased", "streaming", "uploaded-not-committed", "committed-not-acknowledged")
# Points at which the coordinator ends itself when asked to by LOOPMIND_FAULT=point:count.
FAULTS = {"uploaded-not-committed": "before-commit", "committed-not-acknowledged": "after-commit-before-verdict"}
READY, LEASED = 2, 3  # TaskState of the contract


class Observer:
    """Asks the coordinator for states over the wire; answers None while it is away."""

    def __init__(self, farm, messages):
        self.farm, self.messages = farm, messages
        with open(os.path.join(farm.home, "client", "farm.json")) as stream:
            self.address = json.load(stream)
        self.keys = read_keys(os.path.join(farm.home, "client", "client.key"))
        self.peer, self.number = None, 0

    def _ask(self, fill, wanted):
        if self.peer is None:
            self.peer = Peer(self.address["endpoints"][0], self.address["coordinator_key"], self.keys)
            hello = self.messages.ClientRequest(request_id=0)
            hello.hello.protocol.min = hello.hello.protocol.max = 1
            hello.hello.software = "chaos observer"
            self.peer.send(hello.SerializeToString())
        self.number += 1
        request = self.messages.ClientRequest(request_id=self.number)
        fill(request)
        self.peer.send(request.SerializeToString())
        while True:
            frames = self.peer.receive(2000)
            if frames is None:
                self.forget()
                return None
            reply = self.messages.ClientReply()
            reply.ParseFromString(frames[0])
            if reply.request_id == self.number:
                return getattr(reply, wanted) if reply.WhichOneof("body") == wanted else None

    def forget(self):
        if self.peer:
            self.peer.close()
        self.peer = None

    def jobs(self):
        def fill(request):
            request.list_jobs.limit = 1000

        found = self._ask(fill, "job_list")
        return list(found.jobs) if found is not None else []

    def job(self, job_id):
        def fill(request):
            request.show_job.job_id = job_id

        return self._ask(fill, "job_info")

    def open_tasks(self, state):
        """Tasks in `state` of the jobs that are not finished."""
        for job in self.jobs():
            if job.state in (1, 2):
                shown = self.job(job.job_id)
                for task in shown.tasks if shown is not None else []:
                    if task.state == state:
                        yield job.job_id, task


def outputs_of(observer):
    """{prompt: {(task kind, stem, role): sha256}} of all jobs, and {prompt: number of jobs}."""
    hashes, counts, undone = {}, {}, []
    for job in observer.jobs():
        counts[job.prompt] = counts.get(job.prompt, 0) + 1
        shown = observer.job(job.job_id)
        if shown is None or shown.state != 3:
            undone.append(f"{job.prompt}: state {shown.state if shown is not None else 'unknown'}")
            continue
        found = hashes.setdefault(job.prompt, {})
        for task in shown.tasks:
            for output in task.outputs:
                found[task.kind, task.stem, output.role] = output.blob.sha256
    return hashes, counts, undone


def strikes(database):
    """(state, victim) of all kills. The database has no fault points: it is killed in the states that can be seen."""
    pairs = list(itertools.product(STATES, ("coordinator", "worker")))
    return pairs + [(state, "database") for state in STATES if database and state not in FAULTS]


class Killer:
    def __init__(self, farm, observer, database):
        self.farm, self.observer, self.database = farm, observer, database
        self.hits = {pair: 0 for pair in strikes(database)}

    def worker(self):
        return next(name for name in self.farm.pids() if name.startswith("worker"))

    def kill(self, victim):
        if victim == "database":
            self.database.crash()
            return
        name = "coordinator" if victim == "coordinator" else self.worker()
        self.farm.kill(name)
        if victim == "coordinator":
            self.observer.forget()

    def strike(self, state, victim):
        """One kill in `state`; True when that state was really seen."""
        if state in FAULTS:
            hit = self.at_fault_point(state, victim)
        elif state == "queued":
            hit = self.while_queued(victim)
        else:
            hit = self.while_working(state, victim)
        self.farm.up()
        self.observer.forget()
        self.hits[state, victim] += bool(hit)
        return hit

    def while_queued(self, victim):
        """Without a worker every new job stays queued; then the coordinator (or a stopped worker) is killed."""
        pid = self.farm.pids()[self.worker()]
        if victim == "coordinator":
            self.farm.kill(self.worker())
        else:
            os.kill(pid, signal.SIGSTOP)
        seen = wait_for(lambda: next(self.observer.open_tasks(READY), None) or
                        next((job for job in self.observer.jobs() if job.state == 1), None), 15)
        self.kill(victim)
        if victim == "database":
            os.kill(pid, signal.SIGCONT)
        return seen

    def while_working(self, state, victim):
        """Stops the worker the moment a task is seen in `state`, looks again, and kills while that still holds."""
        def in_state(task):
            if task.state != LEASED:
                return False
            return task.streamed_bytes == 0 if state == "leased" else 0 < task.streamed_bytes < task.stream_size

        pid = self.farm.pids()[self.worker()]
        until = time.monotonic() + 20
        while time.monotonic() < until:
            found = next(((job, task) for job, task in self.observer.open_tasks(LEASED) if in_state(task)), None)
            if not found:
                continue
            os.kill(pid, signal.SIGSTOP)
            time.sleep(0.02)
            shown = self.observer.job(found[0])
            if shown is not None and any(t.task_id == found[1].task_id and in_state(t) for t in shown.tasks):
                self.kill(victim)
                if victim != "worker":
                    os.kill(pid, signal.SIGCONT)
                return True
            os.kill(pid, signal.SIGCONT)
        self.kill(victim)
        return False

    def at_fault_point(self, state, victim):
        """The coordinator ends itself at the point; for the worker's turn it is killed as well before both restart."""
        self.farm.kill("coordinator")
        self.farm.up(env={"LOOPMIND_FAULT": f"{FAULTS[state]}:{random.randint(1, 3)}"})
        died = wait_for(lambda: "coordinator" not in self.farm.pids(), 30)
        if victim == "worker":
            self.farm.kill(self.worker())
        if not died:
            self.farm.kill("coordinator")
        return died


def new_farm(options, database):
    return Farm(options.bin, env={"LOOPMIND_STORE": database.new_place()} if database else None)


def undisturbed(options, messages, folder, database):
    with new_farm(options, database) as farm:
        feed = Feed(farm, folder, options.jobs)
        feed.finish()
        if feed.failures:
            raise SystemExit("error: the undisturbed run failed: " + feed.failures[0])
        hashes, _, undone = outputs_of(Observer(farm, messages))
        if undone:
            raise SystemExit(f"error: the undisturbed run left {undone[:3]}")
    return hashes, delivered_hashes(folder)


def stored(farm):
    """What the stopped farm's database says: (findings, tasks that are not done, digests of all outputs)."""
    url = farm.extra.get("LOOPMIND_STORE")
    if url:
        return [], *Postgres.work(url)
    with sqlite3.connect(os.path.join(farm.home, "coordinator", "coordinator.db")) as database:
        found = [f"database: {row[0]}" for row in database.execute("PRAGMA integrity_check") if row[0] != "ok"]
        undone = database.execute("SELECT job, n, state FROM tasks WHERE state <> 4").fetchall()
        digests = database.execute("SELECT DISTINCT sha256 FROM artifacts").fetchall()
    return found, undone, [digest for (digest,) in digests]


def disk_findings(farm):
    """Asks the stopped farm's files: a sound database, every task done, every output a blob that is what its name says."""
    found, undone, digests = stored(farm)
    return found + work_findings(undone, digests, os.path.join(farm.home, "coordinator", "blobs"))


def main():
    parser = argparse.ArgumentParser(description="kill -9 of coordinator and worker in every state of a job.")
    parser.add_argument("--bin", default=DEFAULT_BIN)
    parser.add_argument("--jobs", type=int, help="default 100, with --quick 30")
    parser.add_argument("--rounds", type=int, help="kills per state and victim (default 3, with --quick 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--postgres", action="store_true", help="metadata in a PostgreSQL server, which is killed too")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    options.jobs = options.jobs or (30 if options.quick else 100)
    rounds = options.rounds or (1 if options.quick else 3)
    random.seed(options.seed)
    messages, _ = load_messages()
    folder = tempfile.mkdtemp(prefix="loopmind-chaos-")
    problems = []

    began = time.monotonic()
    database = Postgres(options.bin) if options.postgres else None
    wanted, wanted_files = undisturbed(options, messages, os.path.join(folder, "calm"), database)
    print(f"undisturbed: {len(wanted)} jobs in {time.monotonic() - began:.1f} s")

    events = strikes(database) * rounds
    random.shuffle(events)
    began = time.monotonic()
    farm = new_farm(options, database)
    try:
        observer = Observer(farm, messages)
        killer = Killer(farm, observer, database)
        feed = Feed(farm, os.path.join(folder, "storm"), options.jobs)
        share = max(1, (options.jobs - CLIENTS) // (len(events) + 1))
        feed.allow(CLIENTS)
        for state, victim in events:
            feed.allow(share)
            hit = killer.strike(state, victim)
            print(f"{time.monotonic() - began:6.1f} s  kill {victim:<11} {state:<27} {'hit' if hit else 'NOT SEEN'}  "
                  f"{feed.done} jobs delivered", flush=True)
        if not feed.finish():
            problems.append("a client never ended")
        problems += feed.failures
        hashes, counts, undone = outputs_of(observer)
        problems += undone
        problems += [f"{prompt}: {count} jobs" for prompt, count in counts.items() if count != 1]
        if len(counts) != options.jobs:
            problems.append(f"{len(counts)} jobs known, not {options.jobs}")
        problems += [f"{prompt}: outputs differ from the undisturbed run: "
                     f"{[at for at in set(wanted[prompt]) | set(found) if wanted[prompt].get(at) != found.get(at)]}"
                     for prompt, found in hashes.items() if found != wanted.get(prompt, {})]
        files = delivered_hashes(os.path.join(folder, "storm"))
        problems += [f"delivered file differs: {path}" for path in sorted(set(files) | set(wanted_files))
                     if files.get(path) != wanted_files.get(path)]
        farm.down()
        problems += disk_findings(farm)
        observer.forget()
    finally:
        farm.close()
        if database:
            database.close()
        shutil.rmtree(folder, ignore_errors=True)

    print()
    victims = ("coordinator", "worker", "database") if database else ("coordinator", "worker")
    print_table(["state", *(f"{victim} killed" for victim in victims)],
                [[state, *(killer.hits.get((state, victim), "-") for victim in victims)] for state in STATES])
    problems += [f"no {victim} was killed while {state}" for (state, victim), hits in killer.hits.items() if not hits]
    for text in problems[:40]:
        print(f"problem: {text}")
    print(f"\n{options.jobs} jobs, {sum(killer.hits.values())} kills that hit their state, {len(problems)} problems, "
          f"{time.monotonic() - began:.0f} s")
    if options.json:
        with open(options.json, "w") as stream:
            json.dump({"hits": {f"{s} {v}": n for (s, v), n in killer.hits.items()}, "problems": problems}, stream, indent=1)
    return 1 if problems else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CommandFailed as failed:
        sys.exit(f"error: {failed}")
