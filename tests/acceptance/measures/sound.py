# Measures of samples: seams, clipping, silence, spectrum, crest, loudness (ffmpeg's ebur128), readers' warnings.
import re
import subprocess

import numpy as np


def decibel(value):
    return 20 * np.log10(max(float(value), 1e-12))


def rms(samples):
    return float(np.sqrt(np.mean(np.square(samples)))) if samples.size else 0.0


def seam_jump(samples, around=240):
    """(step over the loop point, typical large step): the larger ratio of the channels decides. Typical is a step that
    one sample in a thousand exceeds, or, where the loop point lies inside a hit, the largest within 5 ms of it."""
    worst = (0.0, 1.0)
    for channel in samples.T:
        steps = np.abs(np.diff(channel))
        # -80 dBFS is a floor for near-silent files.
        near = np.concatenate([steps[:around], steps[-around:]])
        typical = max(float(np.quantile(steps, 0.999)), float(near.max()), 1e-4) if len(steps) else 1e-4
        jump = abs(float(channel[0] - channel[-1]))
        if jump / typical >= worst[0] / worst[1]:
            worst = (jump, typical)
    return worst


def clipped_samples(samples):
    """Samples at full scale (24-bit extremes included)."""
    return int(np.count_nonzero(np.abs(samples) >= 1.0 - 2.0 / (1 << 23)))


def longest_silence(samples, rate, threshold_db=-70.0):
    """Longest stretch, seconds, whose 50 ms frames stay under `threshold_db` RMS."""
    size = max(int(rate * 0.05), 1)
    count = len(samples) // size
    if count == 0:
        return 0.0
    frames = samples[: count * size].reshape(count, -1)
    quiet = np.sqrt(np.mean(frames**2, axis=1)) < 10 ** (threshold_db / 20)
    longest = run = 0
    for value in quiet:
        run = run + 1 if value else 0
        longest = max(longest, run)
    return longest * size / rate


def _spectra(mono, size=2048):
    count = len(mono) // size
    if count == 0:
        return np.zeros((1, size // 2 + 1))
    frames = mono[: count * size].reshape(count, size) * np.hanning(size)
    return np.abs(np.fft.rfft(frames, axis=1))


def centroid(samples, rate):
    """Energy-weighted spectral centroid of the whole file in Hz."""
    power = np.square(_spectra(samples.mean(axis=1))).sum(axis=0)
    frequencies = np.linspace(0, rate / 2, len(power))
    return float((frequencies * power).sum() / max(power.sum(), 1e-20))


def log_centroid(samples, rate):
    """Power-weighted centroid on a log-frequency scale (octaves over 20 Hz), with 3 dB per octave of pre-emphasis, as
    music falls off: neither the bass alone nor the hiss between the notes decides."""
    power = np.square(_spectra(samples.mean(axis=1))).sum(axis=0)[1:]
    frequencies = np.linspace(0, rate / 2, len(power) + 1)[1:]
    keep = frequencies >= 20
    weight = power[keep] * frequencies[keep]
    return float((np.log2(frequencies[keep] / 20) * weight).sum() / max(weight.sum(), 1e-20))


def band_levels(samples, rate, bands=14):
    """Levels of log-spaced bands 40 Hz .. 16 kHz, dB relative to the whole."""
    power = np.square(_spectra(samples.mean(axis=1))).mean(axis=0)
    frequencies = np.linspace(0, rate / 2, len(power))
    edges = np.geomspace(40, 16000, bands + 1)
    total = max(power.sum(), 1e-20)
    return [10 * np.log10(max(power[(frequencies >= a) & (frequencies < b)].sum() / total, 1e-7))
            for a, b in zip(edges, edges[1:])]


def flatness(samples):
    """Mean spectral flatness of the frames, 0 tonal .. 1 noise."""
    spectra = np.square(_spectra(samples.mean(axis=1))) + 1e-12
    loud = spectra[spectra.sum(axis=1) > spectra.sum(axis=1).max() * 1e-4]
    return float(np.mean(np.exp(np.log(loud).mean(axis=1)) / loud.mean(axis=1)))


def crest_db(samples):
    """Peak over RMS of the whole file, dB."""
    return decibel(np.abs(samples).max()) - decibel(rms(samples)) if samples.size else 0.0


def transient_crest_db(samples, rate):
    """Loudness of transients: mean over the loud 200 ms windows of peak to RMS, dB; does not fall just because
    more notes are played, which the crest of the whole file does. The mean, not the median: windows fall into two
    groups (kicks near 8 dB, snares and hats near 15 dB), and one more kick a bar tips a median from one group to the
    other although no transient became softer."""
    size = int(rate * 0.2)
    count = len(samples) // size
    if count == 0:
        return crest_db(samples)
    frames = samples[: count * size].reshape(count, -1)
    level = np.sqrt(np.mean(frames**2, axis=1))
    loud = level > level.max() * 0.1
    peaks = np.abs(frames[loud]).max(axis=1)
    return float(np.mean(20 * np.log10(np.maximum(peaks, 1e-9) / np.maximum(level[loud], 1e-9))))


def loudness(path):
    """(integrated LUFS, true peak dBTP) by ffmpeg's ebur128 filter."""
    done = subprocess.run(
        ["ffmpeg", "-hide_banner", "-nostats", "-i", str(path), "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"],
        capture_output=True, text=True)
    summary = done.stderr[done.stderr.rfind("Summary:"):]
    integrated = re.search(r"I:\s+(-?[\d.]+|-inf) LUFS", summary)
    peak = re.search(r"True peak:\s+Peak:\s+(-?[\d.]+|-inf) dBFS", summary)
    if done.returncode or not integrated or not peak:
        raise RuntimeError(f"ffmpeg ebur128 failed on {path}: {done.stderr[-300:]}")
    return float(integrated.group(1)), float(peak.group(1))


def reader_warnings(path):
    """What ffprobe and sox say about a WAV; an empty list is what we want."""
    said = []
    probe = subprocess.run(["ffprobe", "-v", "warning", "-show_format", "-show_streams", str(path)],
                           capture_output=True, text=True)
    if probe.returncode or probe.stderr.strip():
        said.append(f"ffprobe: {probe.stderr.strip()[:120] or probe.returncode}")
    sox = subprocess.run(["sox", "-V2", str(path), "-n", "stat"], capture_output=True, text=True)
    words = [line for line in sox.stderr.splitlines() if "WARN" in line or "FAIL" in line]
    if sox.returncode or words:
        said.append(f"sox: {' '.join(words)[:120] or sox.returncode}")
    return said


def distortion_share(samples, rate, fundamental_limit=400.0):
    """Magnitude above `fundamental_limit` Hz over all, on a log scale: overtones that saturation adds to a bass."""
    magnitude = _spectra(samples.mean(axis=1)).mean(axis=0)
    frequencies = np.linspace(0, rate / 2, len(magnitude))
    return float(magnitude[frequencies >= fundamental_limit].sum() / max(magnitude.sum(), 1e-12))
