# The song that every program mixes: settings of each track, deterministic audio files, our project file.
import json
import math
import os
from dataclasses import dataclass, field

import numpy as np

RATE = 48000

# The channel strip that every track gets; each peer maps it to what it has.
EQ = [("low_shelf", 100, 0.70710678, 1.5), ("peak", 500, 1.0, -2.0), ("peak", 2500, 1.0, 1.0), ("high_shelf", 8000, 0.70710678, 1.5)]
COMPRESSOR = {"threshold_db": -18.0, "ratio": 3.0, "attack_ms": 10.0, "release_ms": 100.0}
REVERB = {"decay_s": 1.8, "damping_hz": 6000.0, "predelay_ms": 12.0}
DELAY = {"seconds": 0.375, "feedback": 0.4}
LIMITER = {"ceiling_db": -1.0, "lookahead_ms": 2.0, "release_ms": 100.0}
ALL_PARTS = frozenset({"eq", "compressor", "sends", "limiter"})


@dataclass
class Track:
    file: str
    gain_db: float = 0.0
    pan: float = 0.0
    reverb: float = 0.0  # linear, behind the fader
    delay: float = 0.0

    def gains(self):
        """(left, right) of fader and constant-power pan, unity in the middle."""
        level = 10 ** (self.gain_db / 20)
        angle = (self.pan + 1) * math.pi / 4
        return (level * math.sqrt(2) * math.cos(angle), level * math.sqrt(2) * math.sin(angle))


@dataclass
class Song:
    """What is mixed. `parts` are the effects in use; without any the mix is gain and pan alone."""

    folder: str
    seconds: float
    tracks: list
    parts: frozenset = field(default=ALL_PARTS)

    def path(self, track):
        return os.path.join(self.folder, track.file)


def write_wav(path, frames):
    """24-bit stereo WAV of `frames`, an array of shape (n, 2) in -1..1; or of bytes repeated to a length."""
    pack(path, encode(frames), len(frames))


def encode(frames):
    whole = np.clip(np.rint(frames * 8388608.0), -8388608, 8388607).astype("<i4")
    return whole.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def pack(path, pattern, frames):
    """Writes `pattern` again and again until there are `frames` frames."""
    size = frames * 6
    with open(path, "wb") as out:
        out.write(b"RIFF" + (36 + size).to_bytes(4, "little") + b"WAVEfmt " + (16).to_bytes(4, "little"))
        out.write((1).to_bytes(2, "little") + (2).to_bytes(2, "little") + RATE.to_bytes(4, "little"))
        out.write((RATE * 6).to_bytes(4, "little") + (6).to_bytes(2, "little") + (24).to_bytes(2, "little"))
        out.write(b"data" + size.to_bytes(4, "little"))
        for at in range(0, size, len(pattern)):
            out.write(pattern[: size - at])


def phrase(number):
    """Some seconds of track `number`: bursts of noise on a grid, or chords that swell; its length is its own."""
    random = np.random.default_rng(1000 + number)
    n = RATE * 7 + number * 4801
    time = np.arange(n) / RATE
    if number % 2 == 0:
        step = 0.25 + 0.03125 * (number % 5)
        envelope = np.exp(-(time % step) / (0.02 + 0.01 * (number % 7)))
        out = random.uniform(-1, 1, (n, 2)) * envelope[:, None]
        out[1:] = 0.5 * (out[1:] + (0.3 + 0.1 * (number % 5)) * out[:-1])
    else:
        base = 55.0 * 2 ** ((number * 5 % 36) / 12)
        out = np.zeros((n, 2))
        for part in range(1, 8):
            for side in (0, 1):
                out[:, side] += np.sin(2 * np.pi * base * part * (1 + 0.0007 * (side - 0.5)) * time + part) / part
        out *= (0.25 * (1 - np.cos(2 * np.pi * time / (0.9 + 0.1 * (number % 4)))))[:, None]
        out += random.uniform(-0.001, 0.001, (n, 2))
    return 0.8 * out / np.abs(out).max()


def make_song(folder, tracks, seconds):
    """Writes the audio files and returns the song; equal arguments give equal bytes."""
    frames = int(seconds * RATE)
    made = []
    for number in range(tracks):
        track = Track(f"t{number:02}.wav", gain_db=-14.0 - number % 6, pan=((number * 7) % 17 - 8) / 10,
                      reverb=0.05 + 0.02 * (number % 6), delay=0.03 + 0.01 * (number % 5))
        pack(os.path.join(folder, track.file), encode(phrase(number)), frames)
        made.append(track)
    return Song(folder, seconds, made)


def insert(name, effect, **params):
    return {"id": name, "effect": effect, "params": params}


def strip(parts):
    out = []
    if "eq" in parts:
        bands = {}
        for (_, hertz, q, db), band in zip(EQ, (1, 3, 6, 8)):
            bands.update({f"band{band}_db": db, f"band{band}_hz": hertz, f"band{band}_q": q})
        out.append(insert("eq", "eq", **bands))
    if "compressor" in parts:
        out.append(insert("compressor", "compressor", knee_db=0, **COMPRESSOR))
    return out


def project(song):
    """The song as a .loopmind document."""
    beats = song.seconds * 2  # 120 BPM
    tracks, patterns, media = [], [], []
    for number, track in enumerate(song.tracks):
        name = f"t{number:02}"
        media.append({"id": name, "kind": "audio", "file": track.file})
        patterns.append({"id": name, "name": name, "length": beats, "audio": name})
        tracks.append({"id": name, "name": name, "type": "audio", "gain_db": track.gain_db, "pan": track.pan,
                       "inserts": strip(song.parts), "clips": [{"id": "c", "pattern": name, "start": 0, "length": beats}]})
        if "sends" in song.parts:
            tracks[-1]["sends"] = [{"to": "reverb", "level": track.reverb}, {"to": "delay", "level": track.delay}]
    if "sends" in song.parts:
        tracks.append({"id": "reverb", "type": "bus", "inserts": [insert("reverb", "reverb", wet=1, dry=0, **REVERB)]})
        tracks.append({"id": "delay", "type": "bus", "inserts": [
            insert("delay", "delay", wet=1, dry=0, beats=2 * DELAY["seconds"], feedback=DELAY["feedback"], ping_pong=0)]})
    master = [insert("limiter", "limiter", **LIMITER)] if "limiter" in song.parts else []
    tracks.append({"id": "master", "type": "master", "inserts": master})
    return {"format": "loopmind", "version": "1.1", "units": "beats", "name": "bench", "tempo": 120, "meter": "4/4",
            "bars": int(math.ceil(beats / 4)), "sample_rate": RATE, "pan_law": "constant_power",
            "tracks": tracks, "patterns": patterns, "media": media}


def write_project(song, path):
    with open(path, "w") as out:
        json.dump(project(song), out)
