# Measures of delivered MIDI files, parsed by mido: notes in beats, scale membership, off-beats, humanize, n-grams.
from collections import Counter
from dataclasses import dataclass, field

import mido
import numpy as np

TONICS = {"C": 0, "C#": 1, "Db": 1, "D": 2, "D#": 3, "Eb": 3, "E": 4, "F": 5, "F#": 6, "Gb": 6, "G": 7, "G#": 8,
          "Ab": 8, "A": 9, "A#": 10, "Bb": 10, "B": 11}
MODES = {
    "major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10), "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10), "lydian": (0, 2, 4, 6, 7, 9, 11), "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10), "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
}


def scale_of(key):
    """Pitch classes of "<Tonic> <mode>"."""
    tonic, mode = key.split(" ", 1)
    return {(TONICS[tonic] + step) % 12 for step in MODES[mode]}


@dataclass
class MidiPart:
    """One delivered MIDI file. Notes are rows (start beats, length beats, pitch, velocity, channel 0..15)."""

    path: str
    kind: int = 1
    tempo: float = 0.0
    meter: tuple = ()
    key: str = ""
    names: list = field(default_factory=list)
    programs: list = field(default_factory=list)
    notes: np.ndarray = field(default_factory=lambda: np.zeros((0, 5)))
    problems: list = field(default_factory=list)

    @property
    def is_drums(self):
        return len(self.notes) > 0 and bool(np.all(self.notes[:, 4] == 9))

    @property
    def starts(self):
        return self.notes[:, 0]


def read_midi(path):
    """Parses a file; open notes and missing metas are listed in `problems`."""
    song = mido.MidiFile(str(path))
    part = MidiPart(path=str(path), kind=song.type)
    rows = []
    for track in song.tracks:
        now, sounding = 0, {}
        for message in track:
            now += message.time
            beat = now / song.ticks_per_beat
            if message.type == "set_tempo":
                part.tempo = part.tempo or 60e6 / message.tempo
            elif message.type == "time_signature":
                part.meter = (message.numerator, message.denominator)
            elif message.type == "key_signature":
                part.key = message.key
            elif message.type == "track_name" and message.name:
                part.names.append(message.name)
            elif message.type == "program_change":
                part.programs.append(message.program)
            elif message.type == "note_on" and message.velocity > 0:
                sounding.setdefault((message.channel, message.note), []).append((beat, message.velocity))
            elif message.type in ("note_off", "note_on"):
                begun = sounding.get((message.channel, message.note))
                if not begun:
                    part.problems.append(f"note {message.note} ends without a start")
                    continue
                start, velocity = begun.pop(0)
                rows.append((start, beat - start, message.note, velocity, message.channel))
        if any(sounding.values()):
            part.problems.append("a note never ends")
    if rows:
        part.notes = np.array(sorted(rows), dtype=float)
    return part


def merge(parts):
    rows = [part.notes for part in parts if len(part.notes)]
    if not rows:
        return np.zeros((0, 5))
    notes = np.vstack(rows)
    return notes[np.lexsort((notes[:, 2], notes[:, 0]))]


def outside_scale(notes, key, harmony=None):
    """(notes outside the scale, of them those that are chromatic by design). By design are: a pitch class that the
    harmony (`harmony`: notes of the other chordal stems) sounds at that moment, and an approach: the next note of
    the part follows within a beat and is a half-step away."""
    scale = scale_of(key)
    outside = excused = 0
    for start, length, pitch, _, _ in notes:
        if int(pitch) % 12 in scale:
            continue
        outside += 1
        if harmony is not None and len(harmony):
            sounding = (harmony[:, 0] < start + min(length, 0.5)) & (harmony[:, 0] + harmony[:, 1] > start)
            if np.any(harmony[sounding, 2].astype(int) % 12 == int(pitch) % 12):
                excused += 1
                continue
        following = notes[(notes[:, 0] > start) & (notes[:, 0] <= start + 1.05)]
        if len(following):
            nearest = following[following[:, 0] == following[0, 0]]
            excused += int(np.any(np.abs(nearest[:, 2] - pitch) == 1))
    return outside, excused


def unique_onsets(notes, tolerance=1 / 32):
    """Onset beats with simultaneous notes counted once."""
    kept = []
    for start in np.sort(notes[:, 0]):
        if not kept or start - kept[-1] > tolerance:
            kept.append(start)
    return np.array(kept)


def offbeat_share(notes, tolerance=0.13):
    """Share of onsets (chords once) further than `tolerance` beats from a quarter-note beat."""
    onsets = unique_onsets(notes)
    if not len(onsets):
        return 0.0
    return float(np.mean(np.abs(onsets - np.round(onsets)) > tolerance))


def pitch_classes_per_bar(notes, beats_per_bar, bars):
    """Mean number of different pitch classes that start in a bar."""
    counts = []
    for bar in range(bars):
        inside = notes[(notes[:, 0] >= bar * beats_per_bar) & (notes[:, 0] < (bar + 1) * beats_per_bar)]
        counts.append(len({int(p) % 12 for p in inside[:, 2]}))
    return float(np.mean(counts)) if counts else 0.0


def grid_deviation(notes, ratios=np.arange(0.5, 0.7001, 0.005)):
    """Root mean square distance in beats from the nearest line of the best of the straight or swung grids:
    sixteenths and eighth triplets, with the second of each eighth or sixteenth pair moved by one swing ratio."""
    starts = notes[:, 0]
    if not len(starts):
        return 0.0
    best = np.inf
    triplets = np.arange(0, 1.0001, 1 / 3)
    for pair in (1.0, 0.5):
        for ratio in ratios:
            if pair == 1.0:
                lines = np.array([0, ratio / 2, ratio, (1 + ratio) / 2, 1.0])
            else:
                lines = np.array([0, ratio / 2, 0.5, (1 + ratio) / 2, 1.0])
            lines = np.union1d(lines, triplets)
            phase = starts - np.floor(starts)
            away = np.abs(phase[:, None] - lines[None, :]).min(axis=1)
            best = min(best, float(np.sqrt(np.mean(away**2))))
    return best


def velocity_spread(notes, beats_per_bar):
    """Spread of velocity that the pattern does not explain: standard deviation around the mean of notes with the
    same pitch (drums) or any pitch (else) on the same sixteenth of the bar; groups of one note say nothing."""
    groups = {}
    for start, _, pitch, velocity, channel in notes:
        slot = int(round(start * 4)) % (beats_per_bar * 4)
        groups.setdefault((channel, slot, pitch if channel == 9 else -1), []).append(velocity)
    rest = [v - np.mean(values) for values in groups.values() if len(values) > 1 for v in values]
    return float(np.sqrt(np.mean(np.square(rest)))) if rest else 0.0


def melody_line(notes):
    """The top note of each onset: rows (start, pitch)."""
    line = {}
    for start, _, pitch, _, _ in notes:
        slot = round(start * 4) / 4
        line[slot] = max(line.get(slot, 0), int(pitch))
    return sorted(line.items())


def ngrams(notes, size=4):
    """n-grams of `size` notes: intervals and distances in sixteenths, so that key and tempo do not count."""
    line = melody_line(notes)
    steps = [(b[1] - a[1], int(round((b[0] - a[0]) * 4))) for a, b in zip(line, line[1:])]
    return Counter(tuple(steps[n : n + size - 1]) for n in range(len(steps) - size + 2))


def shared_ngrams(one, two):
    """Share of the smaller set of n-grams that the other has too, 0..1."""
    if not one or not two:
        return 0.0
    return len(set(one) & set(two)) / min(len(set(one)), len(set(two)))
