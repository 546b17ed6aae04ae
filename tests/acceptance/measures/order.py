# What "moves monotonically" means here.
SLACK = 0.02  # of the range: measures of audio wobble; a step back of more than this is a miss


def rises(values):
    """True when no step falls by more than SLACK of the whole range and the end is above the start by most of it."""
    span = max(values) - min(values)
    if span <= 1e-9 * max(abs(max(values)), abs(min(values)), 1e-9):
        return False
    steps = all(b >= a - SLACK * span for a, b in zip(values, values[1:]))
    return steps and values[-1] - values[0] >= 0.9 * span
