#!/usr/bin/python3
# The listening sheet: one request per genre, a spectrogram picture and measures of each, as sheet.md with pictures.
import argparse
import json
import os
import sys
import tempfile
import time

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "acceptance"))
import drawing  # noqa: E402
from delivery import open_delivery  # noqa: E402
from farm import DEFAULT_BIN, Farm  # noqa: E402
from measures import grid, notes, sound  # noqa: E402

BANDS, COLUMNS = 72, 320


def spectrogram(wave):
    """Levels in dB on a logarithmic frequency axis, COLUMNS wide, for a picture that stays small."""
    mono = wave.mono
    hop = max(len(mono) // COLUMNS, 1)
    size = 4096
    padded = np.pad(mono, (size // 2, size))
    frames = np.stack([padded[n * hop : n * hop + size] for n in range(COLUMNS)]) * np.hanning(size)
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    frequencies = np.linspace(0, wave.rate / 2, power.shape[1])
    edges = np.geomspace(30, 18000, BANDS + 1)
    picture = np.zeros((BANDS, COLUMNS))
    for n in range(BANDS):
        inside = (frequencies >= edges[n]) & (frequencies < edges[n + 1])
        if not inside.any():
            inside[np.abs(frequencies - edges[n]).argmin()] = True
        picture[n] = power[:, inside].mean(axis=1)
    level = 10 * np.log10(picture + 1e-12)
    return np.clip(level, level.max() - 70, level.max())


def draw(delivery, title, path):
    """Mix spectrogram above, the stems' notes below (drums grey)."""
    wave = delivery.wave("mix")
    figure, (top, low) = plt.subplots(2, 1, figsize=(7.2, 3.6), dpi=80, height_ratios=(3, 2), sharex=True)
    seconds = wave.frames / wave.rate
    top.imshow(np.round(spectrogram(wave) / 3), origin="lower", aspect="auto", extent=(0, seconds, 0, BANDS), cmap="magma",
               interpolation="nearest")
    marks = (50, 200, 1000, 5000, 15000)
    top.set_yticks([np.log(m / 30) / np.log(18000 / 30) * BANDS for m in marks], [f"{m} Hz" for m in marks], fontsize=7)
    top.set_title(title, fontsize=9, loc="left")
    for role in delivery.midi:
        part = delivery.part(role)
        if role == "texture" or not len(part.notes):
            continue
        beat = 60 / part.tempo
        colour = "0.6" if part.is_drums else None
        low.scatter(part.notes[:, 0] * beat, part.notes[:, 2], s=3, c=colour, label=role, linewidths=0)
    low.legend(fontsize=6, ncol=6, loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False, markerscale=2)
    low.tick_params(labelsize=6)
    figure.tight_layout(pad=0.4)
    figure.savefig(path)
    plt.close(figure)


def measure(delivery, params):
    wave = delivery.wave("mix")
    integrated, peak = sound.loudness(delivery.audio["mix"])
    source = "drums" if "drums" in delivery.audio else "mix"
    onsets, _ = grid.aubio_onsets(delivery.audio[source])
    fit = grid.fit_grid(onsets, params["tempo"])
    pitched = delivery.pitched()
    return {
        "tempo": params["tempo"], "key": params["key"], "stems": len(delivery.stems),
        "LUFS": integrated, "dBTP": peak, "onsets/s": round(len(onsets) * wave.rate / wave.frames, 2),
        "grid strength": round(fit.strength, 3), "period off %": round(fit.deviation * 100, 3),
        "swing": fit.ratio, "off-beats": round(notes.offbeat_share(delivery.all_notes()), 2),
        "pitch classes/bar": round(notes.pitch_classes_per_bar(pitched, 4, params["bars"]), 2),
        "mean pitch": round(float(pitched[:, 2].mean()), 1) if len(pitched) else "-",
        "centroid Hz": round(sound.centroid(wave.samples, wave.rate)),
        "crest dB": round(sound.crest_db(wave.samples), 1),
    }


def main():
    parser = argparse.ArgumentParser(description="Makes the listening sheet: a picture and measures per genre.")
    parser.add_argument("--bin", default=DEFAULT_BIN)
    parser.add_argument("--home", help="use the farm that runs in this home")
    parser.add_argument("--out", default=HERE, help="folder for sheet.md and pictures/ (default: beside this script)")
    parser.add_argument("--quick", action="store_true", help="two genres")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    pictures = os.path.join(options.out, "pictures")
    os.makedirs(pictures, exist_ok=True)
    requests = [("The example request", drawing.EXAMPLE | {"bars": 8, "seed": 82})]
    for genre in drawing.GENRES[: 1 if options.quick else None]:
        key = "A minor" if drawing.GENRES.index(genre) % 2 else "C major"
        requests.append((genre, {"prompt": f"{genre}, as it comes", "genre": genre, "tempo": drawing.USUAL_TEMPO[genre],
                                 "key": key, "bars": 8, "humanize": 0.2, "seed": 2026, "video_sync": False}))
    rows, music, began = {}, 0.0, time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, Farm(options.bin, home=options.home, start=not options.home) as farm:
        for title, params in requests:
            name = title.lower().replace(" & ", "-").replace(" ", "-").replace("&", "n")
            farm.generate(params, os.path.join(folder, name))
            delivery = open_delivery(os.path.join(folder, name))
            rows[title] = measure(delivery, params)
            draw(delivery, f"{title}, {params['tempo']} BPM, {params['key']}", os.path.join(pictures, f"{name}.png"))
            music += delivery.wave("mix").frames / delivery.wave("mix").rate * len(delivery.stems)
    spent = time.perf_counter() - began
    columns = list(next(iter(rows.values())))
    with open(os.path.join(options.out, "sheet.md"), "w") as sheet:
        sheet.write("# Listening sheet\n\nOne request per genre, seed 2026, measured from the delivered files by "
                    "`tests/bench/listen`; the example request first. Above each: spectrogram of the mix; below: the notes "
                    "of the MIDI stems.\n\n")
        sheet.write("| genre | " + " | ".join(columns) + " |\n|" + " --- |" * (len(columns) + 1) + "\n")
        for title, row in rows.items():
            sheet.write(f"| {title} | " + " | ".join(str(row[c]) for c in columns) + " |\n")
        for title in rows:
            name = title.lower().replace(" & ", "-").replace(" ", "-").replace("&", "n")
            sheet.write(f"\n## {title}\n\n![Spectrogram and notes of {title}](pictures/{name}.png)\n")
    if options.json:
        with open(options.json, "w") as stream:
            json.dump(rows, stream, indent=1)
    print(f"wrote {os.path.join(options.out, 'sheet.md')} with {len(rows)} pictures")
    print(f"listen ratio {music / spent:.2f} stem-seconds delivered and measured per second")


if __name__ == "__main__":
    main()
