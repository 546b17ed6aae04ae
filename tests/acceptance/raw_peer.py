# A hand-made peer on the wire: pyzmq and generated messages only, so that it can say what our client never would.
import atexit
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile

import zmq

from farm import REPO


def load_messages():
    """Generates the Python form of the contract into a temporary folder and imports client_pb2 and worker_pb2."""
    folder = tempfile.mkdtemp(prefix="loopmind-proto-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sources = [f"loopmind/v1/{name}.proto" for name in ("blob", "client", "error", "hello", "job", "worker")]
    subprocess.run(["protoc", "-I", os.path.join(REPO, "proto"), f"--python_out={folder}", *sources], check=True)
    sys.path.insert(0, folder)
    return importlib.import_module("loopmind.v1.client_pb2"), importlib.import_module("loopmind.v1.worker_pb2")


def read_keys(path):
    with open(path) as stream:
        keys = json.load(stream)
    return keys["public"].encode(), keys["secret"].encode()


class Peer:
    """A DEALER with CURVE. `keys` None draws fresh ones that nobody enrolled."""

    def __init__(self, endpoint, server_key, keys=None):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.DEALER)
        public, secret = keys or zmq.curve_keypair()
        self.socket.setsockopt(zmq.LINGER, 200)
        self.socket.curve_publickey, self.socket.curve_secretkey = public, secret
        self.socket.curve_serverkey = server_key.encode() if isinstance(server_key, str) else server_key
        self.socket.connect(endpoint)

    def send(self, *frames):
        self.socket.send_multipart(list(frames))

    def receive(self, timeout_ms=3000):
        """The next message's frames, or None."""
        if not self.socket.poll(timeout_ms):
            return None
        return self.socket.recv_multipart()

    def close(self):
        self.socket.close()
        self.context.term()


class FalseCoordinator:
    """A ROUTER with CURVE that answers every message with the frames that `answer(frames)` returns."""

    def __init__(self, endpoint, answer):
        self.context = zmq.Context()
        self.socket = self.context.socket(zmq.ROUTER)
        self.public, secret = zmq.curve_keypair()
        self.socket.curve_server = True
        self.socket.curve_publickey, self.socket.curve_secretkey = self.public, secret
        self.socket.setsockopt(zmq.LINGER, 200)
        self.socket.bind(endpoint)
        self.answer = answer

    def serve(self, is_over, timeout_ms=50):
        while not is_over():
            if self.socket.poll(timeout_ms):
                frames = self.socket.recv_multipart()
                self.socket.send_multipart([frames[0], *self.answer(frames[1:])])

    def close(self):
        self.socket.close()
        self.context.term()
