# Fits a rhythmic grid to onset times: which period near the requested tempo is strongest, and how tight it is.
#
# Vector strength of onsets t_i at period T is |mean exp(2 pi i t / T)|: 1 when all lie on one grid, about
# 1/sqrt(n) for random onsets. The period is scanned over +-1 % around each subdivision of the requested beat
# (beat to thirty-second and triplets) and refined continuously, so a finite loop limits it by its jitter only.
# Swing moves every second position of a pair later; such onsets are straightened (piecewise linear, one ratio for
# the whole file) before the strength is taken. The ratio is searched on a coarse list, never per onset.
import subprocess
from dataclasses import dataclass

import numpy as np

DIVISIONS = (1, 2, 3, 4, 6, 8)
SWING_RATIOS = tuple(np.round(np.arange(0.5, 0.7001, 0.02), 3))
SCAN = 0.01


@dataclass
class GridFit:
    strength: float = 0.0
    deviation: float = 1.0  # of the strongest period from the requested one, as a fraction
    division: int = 0  # grid lines per quarter note
    pair: float = 0.0  # beats of a swung pair, 0 when straight
    ratio: float = 0.5
    onsets: int = 0

    def spread_seconds(self, tempo):
        """Circular standard deviation around the grid, seconds."""
        period = 60.0 / tempo / max(self.division, 1)
        strength = min(max(self.strength, 1e-9), 1.0)
        return np.sqrt(max(-2.0 * np.log(strength), 0.0)) / (2 * np.pi) * period


def aubio_onsets(path):
    """Onset times in seconds found by `aubioonset -B512 -H128`, and what it wrote to stderr."""
    done = subprocess.run(["aubioonset", "-B512", "-H128", "-i", str(path)], capture_output=True, text=True)
    times = [float(line.split()[0]) for line in done.stdout.splitlines() if line.strip()]
    complaint = done.stderr.strip() if done.returncode == 0 else done.stderr.strip() or f"exit {done.returncode}"
    return np.array(times), complaint


def _straighten(beats, pair, ratio):
    """Undoes swing: positions inside a pair are stretched so that `ratio` falls on its middle."""
    if pair == 0 or ratio == 0.5:
        return beats
    whole = np.floor(beats / pair)
    phase = beats / pair - whole
    straight = np.where(phase < ratio, phase * 0.5 / ratio, 0.5 + (phase - ratio) * 0.5 / (1 - ratio))
    return (whole + straight) * pair


def _strength(times, period):
    return np.abs(np.exp(2j * np.pi * times[None, :] / np.atleast_1d(period)[:, None]).mean(axis=1))


def _best_period(times, period):
    """Continuous maximum of the vector strength within +-SCAN of `period`."""
    span = max(times.max() - times.min(), period)
    step = min(period * period / span / 16, period * SCAN / 8)
    candidates = np.arange(period * (1 - SCAN), period * (1 + SCAN) + step, step)
    strengths = np.concatenate([_strength(times, block) for block in np.array_split(candidates, 1 + len(candidates) // 256)])
    best = int(strengths.argmax())
    low, high = candidates[max(best - 1, 0)], candidates[min(best + 1, len(candidates) - 1)]
    for _ in range(40):  # golden section
        a, b = high - (high - low) * 0.618034, low + (high - low) * 0.618034
        if _strength(times, a)[0] < _strength(times, b)[0]:
            low = a
        else:
            high = b
    found = (low + high) / 2
    return found, float(_strength(times, found)[0])


def fit_grid(times, tempo, divisions=DIVISIONS, delays=(0.0, 0.006, 0.012)):
    """The strongest grid near `tempo`; fewer than 8 onsets give an empty fit."""
    times = np.asarray(times, dtype=float)
    result = GridFit(onsets=len(times))
    if len(times) < 8:
        return result
    beat = 60.0 / tempo
    for division in divisions:
        period, strength = _best_period(times, beat / division)
        result = _better(result, GridFit(strength, abs(period * division / beat - 1), division, 0.0, 0.5, len(times)))
    for division, pair in ((2, 1.0), (4, 0.5)):
        # Straightened times need a tempo; the requested one is assumed, and a wrong one shows as a deviation again.
        for delay in delays:
            for ratio in SWING_RATIOS[1:]:
                straight = _straighten((times - delay) / beat, pair, ratio) * beat
                if _strength(straight, beat / division)[0] + 0.02 < result.strength:
                    continue
                period, strength = _best_period(straight, beat / division)
                fit = GridFit(strength, abs(period * division / beat - 1), division, pair, float(ratio), len(times))
                result = _better(result, fit)
    return result


def _better(old, new):
    """Prefers the stronger fit, the straight one unless swing gains clearly."""
    margin = 0.02 if new.pair and not old.pair else 0.0
    return new if new.strength > old.strength + margin else old
