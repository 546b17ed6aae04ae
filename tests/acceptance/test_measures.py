#!/usr/bin/env python3
# Self-tests of the acceptance measures on sound and MIDI made here: each must see good material and catch bad.
import os
import struct
import subprocess
import sys
import tempfile
import unittest

import mido
import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from measures import classify, grid, notes, order, sound, wave_file  # noqa: E402

RATE = 48000


def write_plain(path, samples, extra=b"", bits=24):
    """A WAV made by hand; `extra` holds whole chunks behind data."""
    samples = np.atleast_2d(np.asarray(samples).T).T
    channels = samples.shape[1]
    if bits == 24:
        values = np.clip(np.round(samples * 8388608), -8388608, 8388607).astype("<i4")
        data = values.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    else:
        data = np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2").tobytes()
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", 1, channels, RATE, RATE * block, block, bits)
    body = b"WAVE" + b"fmt " + struct.pack("<I", 16) + fmt + b"data" + struct.pack("<I", len(data)) + data + extra
    with open(path, "wb") as stream:
        stream.write(b"RIFF" + struct.pack("<I", len(body)) + body)


def click_track(seconds, times, rng):
    """Short noise bursts with a tone, as a drum would be."""
    out = np.zeros(int(seconds * RATE))
    for n, time in enumerate(times):
        length = int(0.06 * RATE)
        decay = np.exp(-np.arange(length) / (0.012 * RATE))
        hit = decay * (0.5 * rng.standard_normal(length) + 0.5 * np.sin(2 * np.pi * (90 + 60 * (n % 3)) * np.arange(length) / RATE))
        at = int(time * RATE)
        room = min(length, len(out) - at)
        out[at : at + room] += 0.4 * hit[:room]
    return out


def pattern(tempo, bars, swing=0.5, pair=1.0, density=0.7, seed=1):
    rng = np.random.default_rng(seed)
    beats = []
    for step in range(bars * 16):
        beat = step / 4
        if step % 4 and rng.random() > density:
            continue
        inside = (beat % pair) / pair
        if abs(inside - 0.5) < 1e-6:
            beat += (swing - 0.5) * pair
        if pair == 1.0 and step % 2:  # eighth swing patterns hold no straight sixteenths
            continue
        beats.append(beat)
    return np.array(beats) * 60 / tempo


class GridFit(unittest.TestCase):
    def fit_audio(self, times, tempo, bars=8):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "drums.wav")
            write_plain(path, click_track(bars * 4 * 60 / tempo, times, np.random.default_rng(3)))
            found, complaint = grid.aubio_onsets(path)
            self.assertEqual(complaint, "")
            return grid.fit_grid(found, tempo)

    def test_a_tight_loop_fits_within_a_thousandth(self):
        for tempo in (62.5, 82, 120, 174):
            fit = self.fit_audio(pattern(tempo, 8), tempo)
            self.assertLess(fit.deviation, 0.001, f"{tempo}: {fit}")
            self.assertGreater(fit.strength, 0.8, f"{tempo}: {fit}")

    def test_swing_is_straightened(self):
        for ratio, pair in ((0.58, 1.0), (0.64, 1.0), (0.6, 0.5)):
            fit = self.fit_audio(pattern(90, 8, swing=ratio, pair=pair), 90)
            self.assertLess(fit.deviation, 0.001, f"{ratio} of {pair}: {fit}")
            self.assertGreater(fit.strength, 0.8, f"{ratio} of {pair}: {fit}")

    def test_half_a_percent_off_is_caught(self):
        for tempo in (82, 140):
            fit = self.fit_audio(pattern(tempo * 1.005, 8), tempo)
            self.assertFalse(fit.deviation <= 0.001 and fit.strength >= 0.8, str(fit))

    def test_two_thousandths_off_are_caught(self):
        fit = grid.fit_grid(pattern(100 * 1.002, 8), 100)
        self.assertGreater(fit.deviation, 0.001)

    def test_random_onsets_are_not_a_grid(self):
        for seed in range(20):
            times = np.sort(np.random.default_rng(seed).uniform(0, 20, 60))
            self.assertLess(grid.fit_grid(times, 96).strength, 0.8)

    def test_loose_playing_is_measured_as_loose(self):
        rng = np.random.default_rng(5)
        times = pattern(100, 8)
        spreads = []
        for sigma in (0.002, 0.008, 0.016):
            fit = grid.fit_grid(times + rng.normal(0, sigma, len(times)), 100)
            spreads.append(fit.spread_seconds(100))
        self.assertTrue(spreads[0] < spreads[1] < spreads[2], spreads)

    def test_too_few_onsets_are_no_fit(self):
        self.assertEqual(grid.fit_grid([0, 1, 2, 3], 60).strength, 0.0)


class Samples(unittest.TestCase):
    def test_a_seam_with_a_jump_is_caught(self):
        frames = RATE
        smooth = 0.5 * np.sin(2 * np.pi * 100 * np.arange(frames) / frames * 1.0)
        jump, typical = sound.seam_jump(smooth[:, None])
        self.assertLessEqual(jump, typical * 1.01)
        broken = 0.5 * np.sin(2 * np.pi * 100.25 * np.arange(frames) / frames)
        jump, typical = sound.seam_jump(broken[:, None])
        self.assertGreater(jump, typical)

    def test_a_hit_across_the_seam_is_no_jump_but_an_offset_is(self):
        rng = np.random.default_rng(8)
        tail = 0.001 * rng.standard_normal(RATE)
        hit = np.exp(-np.arange(RATE) / 400) * rng.uniform(-0.2, 0.2, RATE)
        across = np.roll(tail + hit, -5)[:, None]
        self.assertLessEqual(*sound.seam_jump(across))
        broken = across.copy()
        broken[: RATE // 2] += 0.6
        self.assertGreater(*sound.seam_jump(broken))

    def test_clipping_is_counted(self):
        self.assertEqual(sound.clipped_samples(np.array([[0.5], [-0.9999]])), 0)
        self.assertEqual(sound.clipped_samples(np.array([[1.0], [-1.0], [8388607 / 8388608]])), 3)

    def test_silence_is_found(self):
        samples = np.ones((RATE * 4, 1)) * 0.1
        samples[RATE : 3 * RATE] = 0
        self.assertAlmostEqual(sound.longest_silence(samples, RATE), 2.0, delta=0.11)

    def test_centroids_follow_brightness(self):
        rng = np.random.default_rng(1)
        white = rng.standard_normal((RATE, 1))
        dark = np.cumsum(white, axis=0)
        dark -= dark.mean()
        self.assertGreater(sound.centroid(white, RATE), sound.centroid(dark, RATE) * 3)
        self.assertGreater(sound.log_centroid(white, RATE), sound.log_centroid(dark, RATE))
        self.assertGreater(sound.flatness(white), 0.4)
        tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)[:, None]
        self.assertLess(sound.flatness(tone), 0.05)

    def test_crest_of_known_signals(self):
        tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)[:, None]
        self.assertAlmostEqual(sound.crest_db(tone), 3.01, delta=0.05)
        self.assertAlmostEqual(sound.transient_crest_db(tone, RATE), 3.01, delta=0.1)
        clicks = click_track(4, np.arange(0, 4, 0.25), np.random.default_rng(1))[:, None]
        self.assertGreater(sound.transient_crest_db(clicks, RATE), 9)

    def test_transient_crest_follows_louder_transients_whatever_joins(self):
        """Soft hits over a tone; then every hit 2 dB louder and more of the ones with the lower crest."""
        def windows(softer, sharper, gain):
            time = np.arange(int(RATE * 0.2))
            tone = 0.1 * np.sin(2 * np.pi * 100 * time / RATE)
            made = []
            for peak in [0.25] * softer + [0.8] * sharper:
                hit = tone.copy()
                hit[:40] += peak * gain
                made.append(hit)
            return np.concatenate(made)[:, None]

        few = sound.transient_crest_db(windows(9, 11, 1.0), RATE)
        more = sound.transient_crest_db(windows(11, 10, 10 ** (2 / 20)), RATE)
        self.assertGreater(more, few)

    def test_distortion_adds_overtones(self):
        tone = np.sin(2 * np.pi * 80 * np.arange(RATE) / RATE)[:, None]
        self.assertGreater(sound.distortion_share(np.tanh(4 * tone), RATE), 2 * sound.distortion_share(tone, RATE))

    def test_loudness_of_the_reference_tone(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "tone.wav")
            tone = 10 ** (-23 / 20) * np.sin(2 * np.pi * 1000 * np.arange(RATE * 5) / RATE)
            write_plain(path, np.stack([tone, tone], axis=1))
            integrated, peak = sound.loudness(path)
            self.assertAlmostEqual(integrated, -23.0, delta=0.15)
            self.assertAlmostEqual(peak, -23.0, delta=0.15)

    def test_readers_complain_about_a_cut_file_only(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "tone.wav")
            write_plain(path, np.zeros((RATE, 2)) + 0.1)
            self.assertEqual(sound.reader_warnings(path), [])
            with open(path, "r+b") as stream:
                stream.truncate(30)
            self.assertNotEqual(sound.reader_warnings(path), [])


class Chunks(unittest.TestCase):
    def test_chunks_are_read_back(self):
        smpl = struct.pack("<9I", 0, 0, 20833, 57, 0, 0, 0, 1, 0) + struct.pack("<6I", 0, 0, 0, 47999, 0, 0)
        acid = struct.pack("<IHHfIHHf", 2, 57, 0x8000, 0.0, 32, 4, 4, 82.0)
        info = b"INFO" + b"ICMT" + struct.pack("<I", 6) + b"seed1\0"
        bext = b"a prompt".ljust(256, b"\0") + b"LoopMind".ljust(32, b"\0") + bytes(32 + 10 + 8 + 8) + struct.pack("<H", 1) + bytes(254) + b"A=PCM"
        extra = b"".join(name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)
                         for name, body in ((b"smpl", smpl), (b"acid", acid), (b"LIST", info), (b"bext", bext)))
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "loop.wav")
            expected = np.linspace(-0.5, 0.5, 2 * RATE).reshape(-1, 2)
            write_plain(path, expected, extra)
            wave = wave_file.read_wave(path)
            self.assertEqual(wave.problems, [])
            self.assertEqual((wave.frames, wave.channels, wave.bits, wave.rate), (RATE, 2, 24, RATE))
            self.assertLess(np.abs(wave.samples - expected).max(), 2e-7)
            self.assertEqual(wave_file.sampler_loops(wave), [(0, 0, 47999, 0)])
            self.assertEqual(wave_file.acid(wave)["beats"], 32)
            self.assertAlmostEqual(wave_file.acid(wave)["tempo"], 82.0)
            self.assertEqual(wave_file.info_tags(wave), {"ICMT": "seed1"})
            self.assertEqual(wave_file.broadcast(wave)["description"], "a prompt")
            with open(path, "ab") as stream:
                stream.write(b"xx")
            self.assertNotEqual(wave_file.read_wave(path).problems, [])

    def test_missing_chunks_are_none(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "plain.wav")
            write_plain(path, np.zeros((100, 2)))
            wave = wave_file.read_wave(path)
            self.assertIsNone(wave_file.sampler_loops(wave))
            self.assertIsNone(wave_file.acid(wave))
            self.assertIsNone(wave_file.info_tags(wave))


def rows(*spec):
    return np.array([(start, 0.5, pitch, 90, 0) for start, pitch in spec], dtype=float)


class Notes(unittest.TestCase):
    def test_midi_is_parsed(self):
        song = mido.MidiFile(type=1)
        head, track = mido.MidiTrack(), mido.MidiTrack()
        song.tracks += [head, track]
        head += [mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(82)), mido.MetaMessage("key_signature", key="Am"),
                 mido.MetaMessage("time_signature", numerator=3, denominator=4)]
        track += [mido.MetaMessage("track_name", name="Keys"), mido.Message("program_change", program=4),
                  mido.Message("note_on", note=60, velocity=80, time=480), mido.Message("note_off", note=60, time=240),
                  mido.Message("note_on", note=64, velocity=80, time=0)]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "keys.mid")
            song.save(path)
            part = notes.read_midi(path)
        self.assertAlmostEqual(part.tempo, 82, delta=1e-3)
        self.assertEqual((part.key, part.meter, part.names, part.programs), ("Am", (3, 4), ["Keys"], [4]))
        self.assertEqual(part.notes.shape, (1, 5))
        self.assertAlmostEqual(part.notes[0, 0], 1.0)
        self.assertAlmostEqual(part.notes[0, 1], 0.5)
        self.assertIn("a note never ends", part.problems)

    def test_scales(self):
        self.assertEqual(notes.scale_of("A minor"), {9, 11, 0, 2, 4, 5, 7})
        self.assertEqual(notes.scale_of("C lydian"), {0, 2, 4, 6, 7, 9, 11})
        self.assertEqual(notes.scale_of("Eb major"), {3, 5, 7, 8, 10, 0, 2})

    def test_an_approach_is_by_design_and_a_leap_is_not(self):
        self.assertEqual(notes.outside_scale(rows((0, 57), (1, 61), (2, 62)), "A minor"), (1, 1))
        self.assertEqual(notes.outside_scale(rows((0, 57), (1, 61), (2, 65)), "A minor"), (1, 0))
        self.assertEqual(notes.outside_scale(rows((0, 57), (1, 61), (4, 62)), "A minor"), (1, 0))

    def test_notes_outside_are_counted_and_excused_by_harmony(self):
        line = rows((0, 57), (1, 61), (2, 66))
        harmony = rows((2, 54), (2, 58))
        self.assertEqual(notes.outside_scale(line, "A minor"), (2, 0))
        self.assertEqual(notes.outside_scale(line, "A minor", harmony), (2, 1))

    def test_offbeats(self):
        self.assertEqual(notes.offbeat_share(rows((0, 60), (1, 60), (2, 60))), 0.0)
        self.assertAlmostEqual(notes.offbeat_share(rows((0, 60), (0.5, 60), (1, 60), (1, 64), (1.75, 60))), 0.5)

    def test_pitch_classes(self):
        line = rows((0, 60), (1, 64), (2, 72), (4, 60))
        self.assertAlmostEqual(notes.pitch_classes_per_bar(line, 4, 2), 1.5)

    def test_deviation_grows_with_looseness_and_ignores_swing(self):
        rng = np.random.default_rng(2)
        straight = np.arange(0, 32, 0.25)
        swung = np.where((np.arange(len(straight)) % 4) == 2, straight + 0.1, straight)[::2]
        for starts in (straight, swung):
            values = []
            for sigma in (0, 0.01, 0.03):
                line = np.array([(t, 0.2, 60, 90, 0) for t in starts + rng.normal(0, sigma, len(starts))])
                values.append(notes.grid_deviation(line))
            self.assertLess(values[0], 0.003)
            self.assertTrue(values[0] < values[1] < values[2], values)

    def test_velocity_spread_ignores_the_pattern(self):
        rng = np.random.default_rng(3)
        accents = [(beat, 0.2, 36, 110 if beat % 1 == 0 else 60, 9) for beat in np.arange(0, 32, 0.25)]
        self.assertAlmostEqual(notes.velocity_spread(np.array(accents), 4), 0.0)
        loose = [(b, l, p, v + rng.normal(0, 8), c) for b, l, p, v, c in accents]
        self.assertGreater(notes.velocity_spread(np.array(loose), 4), 5)

    def test_ngrams_ignore_key_but_see_other_melodies(self):
        rng = np.random.default_rng(4)
        line = rows(*[(n * 0.5, 60 + int(rng.integers(0, 12))) for n in range(40)])
        moved = line.copy()
        moved[:, 2] += 5
        other = rows(*[(n * 0.5, 60 + int(rng.integers(0, 12))) for n in range(40)])
        self.assertEqual(notes.shared_ngrams(notes.ngrams(line), notes.ngrams(moved)), 1.0)
        self.assertLess(notes.shared_ngrams(notes.ngrams(line), notes.ngrams(other)), 0.3)


class Orders(unittest.TestCase):
    def test_monotonic(self):
        self.assertTrue(order.rises([1, 2, 3, 4, 5]))
        self.assertTrue(order.rises([1, 2, 1.99, 4, 5]))  # a wobble of 0.25 % of the range
        self.assertFalse(order.rises([1, 3, 2, 4, 5]))
        self.assertFalse(order.rises([5, 4, 3, 2, 1]))
        self.assertFalse(order.rises([1, 1, 1, 1, 1]))


class Classifier(unittest.TestCase):
    def test_names_separable_classes_and_not_noise(self):
        rng = np.random.default_rng(6)
        labels = np.repeat(np.arange(5), 12)
        centres = rng.normal(0, 1, (5, 30))
        features = centres[labels] + rng.normal(0, 0.5, (60, 30))
        train = np.arange(60) % 2 == 0
        model = classify.train(features[train], labels[train])
        self.assertGreater(np.mean(classify.predict(model, features[~train]) == labels[~train]), 0.9)
        noise = rng.normal(0, 1, (60, 30))
        model = classify.train(noise[train], labels[train])
        self.assertLess(np.mean(classify.predict(model, noise[~train]) == labels[~train]), 0.6)


if __name__ == "__main__":
    unittest.main(verbosity=1)
