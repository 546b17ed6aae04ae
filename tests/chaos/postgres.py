# A PostgreSQL server of the test's own, by build/tests/postgres_server.
import os
import subprocess
import tempfile


class Postgres:
    def __init__(self, bin_dir):
        self.bin = bin_dir
        program = os.path.join(bin_dir, "..", "tests", "postgres_server")
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def _ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise SystemExit("error: the PostgreSQL server of the test ended")
        return answer

    def new_place(self):
        """Address of a schema that `loopmind-coordinator migrate` has made ready."""
        url = self._ask("place")
        with tempfile.TemporaryDirectory() as home:
            subprocess.run([os.path.join(self.bin, "loopmind-coordinator"), "migrate", "--home", home, "--store", url],
                           check=True, stdout=subprocess.DEVNULL)
        return url

    def crash(self):
        """kill -9 of the whole server, then a start."""
        self._ask("crash")

    @staticmethod
    def query(url, statement):
        """Rows of text."""
        done = subprocess.run(["psql", url, "-XAt", "-F", "\t", "-c", statement], check=True, capture_output=True, text=True)
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    @staticmethod
    def work(url):
        """(tasks that are not done, digests of all outputs)."""
        undone = Postgres.query(url, "SELECT job, n, state FROM all_tasks WHERE state <> 4")
        digests = Postgres.query(url, "SELECT DISTINCT o ->> 1 FROM all_tasks, jsonb_array_elements(outputs) o")
        return undone, [digest for (digest,) in digests]

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)
