#!/usr/bin/python3
# Two coordinators on one PostgreSQL, workers and clients that know both: leaders are killed and stopped, workers and the
# database too, while jobs run. Every job must be done, none twice, and what clients get must have the hashes of an
# undisturbed run. Prints how long the farm was without a leader. See --help.
import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from postgres import Postgres
from storm import CLIENTS, Feed, delivered_hashes, wait_for, work_findings
from farm import CommandFailed, DEFAULT_BIN, Farm, free_port
from measures.table import print_table

LEASE_MS, HEARTBEAT_MS = 2000, 400  # short, so that lost workers are missed within the test
STRIKES = ("kill leader", "stop leader", "kill standby", "kill worker", "stop worker", "crash database", "cut connections")
TAKEOVER_LIMIT = 60  # s; that a leader comes back at all is checked here, how quickly is printed


class HaFarm:
    """Coordinators a and b with homes of their own, one key, one database, one folder of blobs; two workers."""

    def __init__(self, bin_dir, folder, store):
        self.bin, self.folder, self.store = bin_dir, folder, store
        self.home = os.path.join(folder, "person")
        self.processes, self.stopped = {}, set()
        self.blobs = os.path.join(folder, "blobs")
        self.clients = {name: f"tcp://127.0.0.1:{free_port()}" for name in "ab"}
        self.workers = {name: f"tcp://127.0.0.1:{free_port()}" for name in "ab"}
        self.log = open(os.path.join(folder, "log"), "ab")
        # Everything that is no coordinator speaks through the client library, at home in `person`.
        self.person = Farm(bin_dir, home=self.home, start=False)
        self._make_keys()
        for name in ("a", "b", "worker-1", "worker-2"):
            self.start(name)
        self.wait_for_leader()

    def _said(self, program, *arguments):
        done = subprocess.run([os.path.join(self.bin, program), *arguments], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def _make_keys(self):
        home = lambda name: os.path.join(self.folder, name)
        self.key = self._said("loopmind-coordinator", "public-key", "--home", home("a"))
        secret = os.path.join("coordinator", "coordinator.key")
        os.makedirs(os.path.join(home("b"), "coordinator"), mode=0o700)
        shutil.copy(os.path.join(home("a"), secret), os.path.join(home("b"), secret))
        self._said("loopmind-coordinator", "public-key", "--home", home("draws-keys"))
        client = os.path.join(self.home, "client")
        os.makedirs(client, mode=0o700)
        shutil.copy(os.path.join(home("draws-keys"), secret), os.path.join(client, "client.key"))
        with open(os.path.join(client, "client.key")) as stream:
            self.enrol("admin", "person", json.load(stream)["public"])
        with open(os.path.join(client, "farm.json"), "w") as stream:
            json.dump({"coordinator_key": self.key, "endpoints": list(self.clients.values())}, stream)
        for name in ("worker-1", "worker-2"):
            self.enrol("worker", name, self._said("loopmind-worker", "public-key", "--home", home(name)))

    def enrol(self, role, name, key):
        self._said("loopmind-coordinator", "enrol", "--store", self.store, "--role", role, "--name", name, "--public-key", key)

    def ready_file(self, name):
        return os.path.join(self.folder, name + ".ready")

    def start(self, name):
        if name in self.clients:
            command = ["loopmind-coordinator", "serve", "--home", os.path.join(self.folder, name), "--store", self.store,
                       "--blobs", self.blobs, "--client-endpoint", self.clients[name], "--worker-endpoint", self.workers[name],
                       "--lease-ms", str(LEASE_MS), "--heartbeat-ms", str(HEARTBEAT_MS), "--ready-file", self.ready_file(name)]
        else:
            command = ["loopmind-worker", "--home", os.path.join(self.folder, name), "--coordinator", ",".join(self.workers.values()),
                       "--coordinator-key", self.key, "--slots", "1"]
        command[0] = os.path.join(self.bin, command[0])
        self.processes[name] = subprocess.Popen(command, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def leader(self):
        """Which coordinator the database says leads and which serves: '' while there is none."""
        rows = Postgres.query(self.store, "SELECT holder, until > clock_timestamp() FROM leader")
        for holder, valid in rows:
            name = os.path.basename(os.path.dirname(holder.rstrip("/")))
            if valid == "t" and os.path.exists(self.ready_file(name)) and name not in self.stopped:
                return name
        return ""

    def wait_for_leader(self):
        found = wait_for(self.leader, TAKEOVER_LIMIT)
        if not found:
            raise SystemExit(f"error: no leader within {TAKEOVER_LIMIT} s; see {self.log.name}")
        return found

    def signal(self, name, number):
        self.processes[name].send_signal(number)
        if number == signal.SIGKILL:
            self.processes[name].wait()
            if name in self.clients and os.path.exists(self.ready_file(name)):
                os.unlink(self.ready_file(name))

    def ended(self):
        """Processes that ended by themselves."""
        return [f"{name} ended with {process.poll()}" for name, process in self.processes.items() if process.poll() is not None]

    def generate(self, *arguments, **options):
        return self.person.generate(*arguments, **options)

    def close(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()


class Striker:
    def __init__(self, farm, database):
        self.farm, self.database = farm, database
        self.hits = {strike: 0 for strike in STRIKES}
        self.gaps = []

    def strike(self, kind):
        farm = self.farm
        leader = farm.wait_for_leader()
        standby = "b" if leader == "a" else "a"
        worker = random.choice(("worker-1", "worker-2"))
        began = time.monotonic()
        if kind == "kill leader":
            farm.signal(leader, signal.SIGKILL)
            farm.wait_for_leader()
            self.gaps.append(time.monotonic() - began)
            farm.start(leader)
        elif kind == "stop leader":
            farm.signal(leader, signal.SIGSTOP)
            farm.stopped.add(leader)
            farm.wait_for_leader()
            self.gaps.append(time.monotonic() - began)
            time.sleep(random.uniform(0, 2))
            farm.signal(leader, signal.SIGCONT)  # it must find out, harm nothing, and stand by
            standby_again = wait_for(lambda: not os.path.exists(farm.ready_file(leader)), 30)
            farm.stopped.discard(leader)
            if not standby_again:
                return "a stopped leader that came back did not stand by"
        elif kind == "kill standby":
            farm.signal(standby, signal.SIGKILL)
            farm.start(standby)
        elif kind == "kill worker":
            farm.signal(worker, signal.SIGKILL)
            farm.start(worker)
        elif kind == "stop worker":
            farm.signal(worker, signal.SIGSTOP)
            time.sleep(1.5 * LEASE_MS / 1000)
            farm.signal(worker, signal.SIGCONT)
        elif kind == "crash database":
            self.database.crash()
        else:
            Postgres.query(farm.store, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                       "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'")
        self.hits[kind] += 1
        return None


def main():
    parser = argparse.ArgumentParser(description="Two coordinators on one PostgreSQL under kills, stops and cuts.")
    parser.add_argument("--bin", default=DEFAULT_BIN)
    parser.add_argument("--jobs", type=int, help="default 120, with --quick 30")
    parser.add_argument("--rounds", type=int, help="strikes of each kind (default 4, with --quick 1)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the log when something was wrong")
    options = parser.parse_args()
    jobs = options.jobs or (30 if options.quick else 120)
    rounds = options.rounds or (1 if options.quick else 4)
    random.seed(options.seed)
    folder = tempfile.mkdtemp(prefix="loopmind-failover-")
    database = Postgres(options.bin)
    problems, farm = [], None

    def new_farm(name):
        os.makedirs(os.path.join(folder, name))
        return HaFarm(options.bin, os.path.join(folder, name), database.new_place())

    try:
        farm = new_farm("calm")
        feed = Feed(farm, os.path.join(folder, "calm-out"), jobs)
        if not feed.finish() or feed.failures:
            raise SystemExit(f"error: the undisturbed run failed: {feed.failures[:1]}")
        farm.close()
        wanted = delivered_hashes(os.path.join(folder, "calm-out"))
        print(f"undisturbed: {jobs} jobs, {len(wanted)} files")

        strikes = [kind for kind in STRIKES for _ in range(rounds)]
        random.shuffle(strikes)
        farm = new_farm("storm")
        striker = Striker(farm, database)
        began = time.monotonic()
        feed = Feed(farm, os.path.join(folder, "storm-out"), jobs)
        feed.allow(CLIENTS)
        for kind in strikes:
            feed.allow(max(1, (jobs - CLIENTS) // (len(strikes) + 1)))
            time.sleep(random.uniform(0.1, 1.5))
            wrong = striker.strike(kind)
            problems += [wrong] if wrong else []
            problems += farm.ended()
            print(f"{time.monotonic() - began:6.1f} s  {kind:<16} {feed.done} jobs delivered", flush=True)
        if not feed.finish():
            problems.append("a client never ended")
        problems += feed.failures
        files = delivered_hashes(os.path.join(folder, "storm-out"))
        problems += [f"delivered file differs: {path}" for path in sorted(set(files) | set(wanted))
                     if files.get(path) != wanted.get(path)]
        (known,), = Postgres.query(farm.store, "SELECT count(DISTINCT job) FROM all_tasks")
        if int(known) != jobs:
            problems.append(f"{known} jobs known, not {jobs}")
        problems += work_findings(*Postgres.work(farm.store), farm.blobs)
        checked = subprocess.run([os.path.join(options.bin, "loopmind-coordinator"), "fsck", "--home", os.path.join(folder, "fsck"),
                                  "--store", farm.store, "--blobs", farm.blobs], capture_output=True, text=True)
        if checked.returncode:
            problems.append(f"fsck: {checked.stdout[-300:]}{checked.stderr}")
    except CommandFailed as failed:
        problems.append(str(failed))
    finally:
        if farm:
            farm.close()
        database.close()
        if not (options.keep and problems):
            shutil.rmtree(folder, ignore_errors=True)
    print()
    print_table(["strike", "times"], [[kind, hits] for kind, hits in striker.hits.items()])
    gaps = sorted(striker.gaps)
    print(f"without a leader: {', '.join(f'{gap:.1f}' for gap in gaps)} s")
    for text in problems[:40]:
        print(f"problem: {text}")
    if options.keep and problems:
        print(f"kept: {folder}")
    print(f"\n{jobs} jobs, {sum(striker.hits.values())} strikes, {len(problems)} problems, {time.monotonic() - began:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
