# Draws requests over genre x tempo x key x controls, the same ones for the same seed.
import numpy as np

GENRES = ("LoFi", "Hip-Hop", "Trap", "House", "Techno", "Drum & Bass", "Ambient", "Pop", "Rock", "R&B", "Jazz", "Funk",
          "Synthwave", "Cinematic")
WITH_DRUMS = tuple(genre for genre in GENRES if genre not in ("Ambient", "Cinematic"))
TONICS = ("C", "C#", "Db", "D", "D#", "Eb", "E", "F", "F#", "Gb", "G", "G#", "Ab", "A", "A#", "Bb", "B")
MODES = ("major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian", "harmonic minor", "melodic minor")
TEXTURES = ("Warm", "Bright", "Gritty", "Airy", "Vintage", "Clean")
FOCUS = ("Balanced", "Drums", "Bass", "Chords", "Melody", "Pad", "Texture")
EFFECTS = ("reverb", "delay", "drive", "eq")
USUAL_TEMPO = {"LoFi": 80, "Hip-Hop": 92, "Trap": 142, "House": 124, "Techno": 132, "Drum & Bass": 174, "Ambient": 70,
               "Pop": 116, "Rock": 126, "R&B": 88, "Jazz": 130, "Funk": 106, "Synthwave": 104, "Cinematic": 90}


def beats_per_bar(params):
    return int(params.get("meter", "4/4").split("/")[0])


def bars_for(tempo, beats, seconds):
    """The even number of bars nearest to `seconds` of music, 2 at least."""
    return max(2, int(round(seconds * tempo / 60 / beats / 2)) * 2)


def draw_request(number, seed=1, seconds=18.0):
    """Request `number` of the draw: a parameter object."""
    rng = np.random.default_rng([seed, number])
    genre = GENRES[number % len(GENRES)]
    usual = USUAL_TEMPO[genre]
    tempo = usual * 2 ** rng.uniform(-0.3, 0.3) if rng.random() < 0.8 else rng.uniform(40, 240)
    tempo = float(np.clip(round(tempo, int(rng.integers(0, 3))), 40, 240))
    mode = MODES[rng.integers(len(MODES))] if rng.random() < 0.5 else ("major", "minor")[rng.integers(2)]
    meter = "3/4" if rng.random() < 0.12 else "4/4"
    effects = [] if rng.random() < 0.4 else [name for name in EFFECTS if rng.random() < 0.5]
    return {
        "prompt": f"request {number}: {genre} for the acceptance table", "genre": genre, "tempo": tempo,
        "key": f"{TONICS[rng.integers(len(TONICS))]} {mode}", "meter": meter,
        "bars": bars_for(tempo, 3 if meter == "3/4" else 4, seconds),
        "mood": round(rng.random(), 2), "energy": round(rng.random(), 2), "complexity": round(rng.random(), 2),
        "humanize": 0.0 if rng.random() < 0.5 else round(rng.random(), 2),
        "texture": TEXTURES[rng.integers(len(TEXTURES))], "instrument_focus": FOCUS[rng.integers(len(FOCUS))],
        "fx": effects, "sample_rate": 44100 if rng.random() < 0.2 else 48000, "seed": int(rng.integers(1, 1 << 31)),
        "video_sync": False,
    }


EXAMPLE = {"prompt": "Dreamy lofi with vinyl crackle", "genre": "LoFi", "mood": 0.4, "energy": 0.3, "tempo": 82,
           "key": "A minor", "instrument_focus": "Melody", "texture": "Warm", "complexity": 0.5,
           "fx": ["reverb", "delay"], "humanize": 0.6, "video_sync": False}
