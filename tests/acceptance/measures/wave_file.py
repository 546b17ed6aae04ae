# Reads RIFF/WAVE files chunk by chunk, without any of the project's code, and decodes their samples.
import struct
from dataclasses import dataclass, field

import numpy as np


@dataclass
class WaveFile:
    """A parsed WAV. `samples` is float64, shape (frames, channels), full scale ±1."""

    path: str
    rate: int = 0
    channels: int = 0
    bits: int = 0
    is_float: bool = False
    samples: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    chunks: dict = field(default_factory=dict)  # id -> bytes (first of each)
    order: list = field(default_factory=list)
    problems: list = field(default_factory=list)

    @property
    def frames(self):
        return len(self.samples)

    @property
    def mono(self):
        return self.samples.mean(axis=1)


def _decode(data, bits, is_float, channels):
    if is_float and bits == 32:
        values = np.frombuffer(data, "<f4").astype(np.float64)
    elif bits == 16:
        values = np.frombuffer(data, "<i2") / 32768.0
    elif bits == 24:
        raw = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int32)
        value = raw[:, 0] | (raw[:, 1] << 8) | (raw[:, 2] << 16)
        values = np.where(value >= 1 << 23, value - (1 << 24), value) / 8388608.0
    else:
        raise ValueError(f"{bits} bits are not read here")
    return values.reshape(-1, channels)


def read_wave(path):
    """Parses `path`; structural faults are listed in `problems` rather than thrown where the file can still be read."""
    with open(path, "rb") as stream:
        raw = stream.read()
    wave = WaveFile(path=str(path))
    if len(raw) < 12 or raw[:4] != b"RIFF" or raw[8:12] != b"WAVE":
        raise ValueError(f"{path}: not a RIFF/WAVE file")
    riff_size = struct.unpack_from("<I", raw, 4)[0]
    if riff_size + 8 != len(raw):
        wave.problems.append(f"RIFF size {riff_size} but the file holds {len(raw) - 8}")
    at = 12
    while at + 8 <= len(raw):
        name, size = raw[at : at + 4].decode("latin-1"), struct.unpack_from("<I", raw, at + 4)[0]
        if at + 8 + size > len(raw):
            wave.problems.append(f"chunk '{name}' runs past the end of the file")
        wave.order.append(name)
        wave.chunks.setdefault(name, raw[at + 8 : at + 8 + size])
        at += 8 + size + (size & 1)
    if "fmt " not in wave.chunks or "data" not in wave.chunks:
        raise ValueError(f"{path}: no fmt or data chunk")
    tag, wave.channels, wave.rate, _, block, wave.bits = struct.unpack_from("<HHIIHH", wave.chunks["fmt "])
    if tag == 0xFFFE:
        tag = struct.unpack_from("<H", wave.chunks["fmt "], 24)[0]
    wave.is_float = tag == 3
    if tag not in (1, 3):
        raise ValueError(f"{path}: format tag {tag}")
    data = wave.chunks["data"]
    if len(data) % block:
        wave.problems.append("data is not a whole number of frames")
        data = data[: len(data) - len(data) % block]
    wave.samples = _decode(data, wave.bits, wave.is_float, wave.channels)
    return wave


def sampler_loops(wave):
    """The loops of `smpl` as (type, start, end, play_count), or None without the chunk."""
    chunk = wave.chunks.get("smpl")
    if chunk is None or len(chunk) < 36:
        return None
    count = struct.unpack_from("<I", chunk, 28)[0]
    loops = []
    for n in range(count):
        if 36 + 24 * (n + 1) > len(chunk):
            return None
        _, kind, start, end, _, plays = struct.unpack_from("<6I", chunk, 36 + 24 * n)
        loops.append((kind, start, end, plays))
    return loops


def acid(wave):
    """The ACID chunk as a dictionary, or None."""
    chunk = wave.chunks.get("acid")
    if chunk is None or len(chunk) < 24:
        return None
    flags, root, _, _, beats, denominator, numerator, tempo = struct.unpack_from("<IHHfIHHf", chunk)
    return {
        "one_shot": bool(flags & 1), "root_set": bool(flags & 2), "root": root, "beats": beats,
        "meter": (numerator, denominator), "tempo": tempo,
    }


def info_tags(wave):
    """LIST INFO as {id: text}, or None without the chunk."""
    chunk = wave.chunks.get("LIST")
    if chunk is None or chunk[:4] != b"INFO":
        return None
    tags, at = {}, 4
    while at + 8 <= len(chunk):
        name, size = chunk[at : at + 4].decode("latin-1"), struct.unpack_from("<I", chunk, at + 4)[0]
        tags[name] = chunk[at + 8 : at + 8 + size].split(b"\0")[0].decode("utf-8", "replace")
        at += 8 + size + (size & 1)
    return tags


def broadcast(wave):
    """The `bext` chunk as a dictionary of its texts, or None."""
    chunk = wave.chunks.get("bext")
    if chunk is None or len(chunk) < 602:
        return None

    def text(start, size):
        return chunk[start : start + size].split(b"\0")[0].decode("utf-8", "replace")

    return {
        "description": text(0, 256), "originator": text(256, 32), "reference": text(288, 32),
        "date": text(320, 10), "time": text(330, 8), "version": struct.unpack_from("<H", chunk, 346)[0],
        "history": text(602, len(chunk) - 602),
    }
