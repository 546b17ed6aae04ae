# How far each program's mix, EQ and compressor are from ours, heard from outside: the same file through both.
import os

import numpy as np

import song as songs

TONE = 1000.0
STEPS_DB = [-45, -30, -24, -18, -12, -6, -1, -12, -24, -45]
STEP_SECONDS = 0.6


def read_wav(path):
    """Samples of a 24-bit or 32-bit float WAV, shape (n, channels)."""
    with open(path, "rb") as file:
        data = file.read()
    at, kind, channels, bits = 12, 0, 0, 0
    while at + 8 <= len(data):
        name, size = data[at:at + 4], int.from_bytes(data[at + 4:at + 8], "little")
        if name == b"fmt ":
            kind = int.from_bytes(data[at + 8:at + 10], "little")
            channels = int.from_bytes(data[at + 10:at + 12], "little")
            bits = int.from_bytes(data[at + 22:at + 24], "little")
            if kind == 0xFFFE:
                kind = int.from_bytes(data[at + 32:at + 34], "little")
        if name == b"data":
            body = data[at + 8:at + 8 + min(size, len(data) - at - 8)]
            if kind == 3:
                return np.frombuffer(body[: len(body) // (4 * channels) * 4 * channels], "<f4").reshape(-1, channels).astype(float)
            assert bits == 24, path
            raw = np.frombuffer(body[: len(body) // (3 * channels) * 3 * channels], np.uint8).reshape(-1, 3)
            whole = raw[:, 0].astype(np.int32) | raw[:, 1].astype(np.int32) << 8 | raw[:, 2].astype(np.int8).astype(np.int32) << 16
            return whole.reshape(-1, channels) / 8388608.0
        at += 8 + size + (size & 1)
    raise SystemExit(f"error: {path} holds no samples")


def db(x):
    return 20 * np.log10(np.maximum(x, 1e-15))


def one_track(folder, name, frames, parts):
    songs.write_wav(os.path.join(folder, name), frames)
    return songs.Song(folder, len(frames) / songs.RATE, [songs.Track(name)], frozenset(parts))


def impulse(folder):
    frames = np.zeros((songs.RATE, 2))
    frames[4800] = 0.5
    return one_track(folder, "impulse.wav", frames, {"eq"})


def steps(folder):
    time = np.arange(int(STEP_SECONDS * songs.RATE)) / songs.RATE
    tone = np.concatenate([10 ** (level / 20) * np.sin(2 * np.pi * TONE * time) for level in STEPS_DB])
    return one_track(folder, "steps.wav", np.stack([tone, tone], axis=1), {"compressor"})


def eq_difference(ours, theirs):
    """Largest distance of the magnitude responses in dB, 20 Hz to 20 kHz."""
    bins = np.fft.rfftfreq(songs.RATE, 1 / songs.RATE)
    heard = (bins >= 20) & (bins <= 20000)
    spectra = [db(np.abs(np.fft.rfft(x[: songs.RATE, 0], songs.RATE)))[heard] for x in (ours, theirs)]
    return float(np.abs(spectra[0] - spectra[1]).max())


def level_curve(x, window=0.01):
    n = int(window * songs.RATE)
    whole = x[: len(x) // n * n, 0].reshape(-1, n)
    return db(np.sqrt(2 * (whole ** 2).mean(axis=1)))


def compressor_difference(ours, theirs):
    """(dB between the settled levels, dB between the curves on the way there), the largest of each."""
    a, b = level_curve(ours), level_curve(theirs)
    n = min(len(a), len(b))
    away = np.abs(a[:n] - b[:n])
    per_step = int(round(STEP_SECONDS / 0.01))
    settled = [away[(k + 1) * per_step - 15:(k + 1) * per_step - 2].max() for k in range(n // per_step)]
    return float(max(settled)), float(away.max())


def null_difference(ours, theirs):
    """Largest sample of the difference in dBFS."""
    n = min(len(ours), len(theirs))
    return float(db(np.abs(ours[:n] - theirs[:n]).max()))
