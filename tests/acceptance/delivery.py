# A delivered folder as its files: stems with MIDI, mix, premaster, project.
import glob
import json
import os
from dataclasses import dataclass, field

from measures.notes import merge, read_midi
from measures.wave_file import read_wave

ROLES = ("drums", "percussion", "bass", "chords", "melody", "pad", "arp", "texture", "vocals")


@dataclass
class Delivery:
    folder: str
    audio: dict = field(default_factory=dict)  # role or "mix" or "premaster" -> path
    midi: dict = field(default_factory=dict)  # role -> path
    project: str = ""
    _waves: dict = field(default_factory=dict)
    _parts: dict = field(default_factory=dict)

    @property
    def stems(self):
        return {role: path for role, path in self.audio.items() if role in ROLES}

    def wave(self, role):
        if role not in self._waves:
            self._waves[role] = read_wave(self.audio[role])
        return self._waves[role]

    def part(self, role):
        if role not in self._parts:
            self._parts[role] = read_midi(self.midi[role])
        return self._parts[role]

    def pitched(self, *roles):
        """Notes of the given stems (all when none are named) that do not play on the drum channel."""
        chosen = roles or tuple(self.midi)
        return merge([self.part(role) for role in chosen
                      if role in self.midi and role not in ("drums", "percussion", "texture") and not self.part(role).is_drums])

    def all_notes(self):
        return merge([self.part(role) for role in self.midi if role != "texture"])

    def drum_notes(self):
        return merge([self.part(role) for role in self.midi if role in ("drums", "percussion")])


def _role_of(path):
    name = os.path.basename(path).lower()
    for role in ("premaster", "mix", *ROLES):
        if role in name:
            return role
    return None


def open_delivery(folder):
    """Finds the files of the first variation below `folder`."""
    found = Delivery(folder=folder)
    for path in sorted(glob.glob(os.path.join(folder, "**", "*"), recursive=True)):
        role = _role_of(path)
        if path.endswith(".wav") and role and role not in found.audio:
            found.audio[role] = path
        elif path.endswith((".mid", ".midi")) and role in ROLES and role not in found.midi:
            found.midi[role] = path
        elif path.endswith(".loopmind") and not found.project:
            found.project = path
    return found


def read_project(delivery):
    with open(delivery.project) as stream:
        return json.load(stream)
