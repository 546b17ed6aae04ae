# Ardour's export without a display: a Lua script makes the session, its audio is written into the session's XML.
import os
import shutil
import xml.etree.ElementTree as ElementTree

import song as songs
from peers import Peer

SCRIPT = """
AudioEngine:set_backend("None (Dummy)", "", "")
local session = create_session("{folder}", "mix", {rate})
assert(session, "no session")
local none = PBD.GroupControlDisposition.NoGroup
local LV2, LADSPA = ARDOUR.PluginType.LV2, ARDOUR.PluginType.LADSPA
local function plugin(route, name, kind, place, values)
    local made = ARDOUR.LuaAPI.new_plugin(session, name, kind, "")
    assert(not made:isnil(), "no plug-in " .. name)
    assert(route:add_processor_by_index(made, place, nil, true) == 0, "cannot add " .. name)
    for parameter, value in pairs(values) do
        assert(ARDOUR.LuaAPI.set_processor_param(made, parameter, value), "cannot set a parameter of " .. name)
    end
end
local function join(route)
    for side = 0, 1 do route:output():audio(side):connect("Master/audio_in " .. (side + 1)) end
end
local function bus(name)
    local kind, order = ARDOUR.PresentationInfo.Flag.AudioBus, ARDOUR.PresentationInfo.max_order
    local route = session:new_audio_route(2, 2, nil, 1, name, kind, order):front()
    join(route)
    return route
end
local function track(name, level, pan)
    local order = ARDOUR.PresentationInfo.max_order
    local route = session:new_audio_track(2, 2, nil, 1, name, order, ARDOUR.TrackMode.Normal, true):front()
    join(route)
    route:gain_control():set_value(level, none)
    route:pan_azimuth_control():set_value(pan, none)
    return route
end
local function send(route, number, to, level)
    local routes = ARDOUR.RouteListPtr()
    routes:push_back(route)
    session:add_internal_sends(to, ARDOUR.Placement.PostFader, routes)
    route:send_level_controllable(number):set_value(level, none)
end
{body}
session:save_state("")
session = nil
close_session()
"""


def values(settings):
    """A Lua table; parameters count from 0 over the plug-in's control inputs."""
    return "{" + ", ".join(f"[{key}] = {value}" for key, value in settings.items()) + "}"


class Ardour(Peer):
    name, package, programs = "ardour", "ardour swh-plugins", ("ardour7-lua", "ardour7-export")
    files = ("/usr/lib/lv2/a-eq.lv2/manifest.ttl", "/usr/lib/ladspa/fast_lookahead_limiter_1913.so")
    differs = ("EQ, compressor, reverb and delay: its own a-eq, a-comp, a-reverb (no decay time) and a-delay (mono, used twice); limiter: "
               "fastLookaheadLimiter, sample peak; pan: its balance at gains equal to ours; making the session is not counted")

    def environment(self):
        return {"LADSPA_PATH": "/usr/lib/ladspa"}

    def strip(self, song):
        out = []
        if "eq" in song.parts:
            low, first, second, high = songs.EQ
            octaves = 1.388  # of a peak whose Q is 1
            out.append(("urn:ardour:a-eq", {0: low[1], 1: low[3], 2: first[1], 3: first[3], 4: octaves, 5: second[1], 6: second[3],
                                            7: octaves, 14: high[1], 15: high[3], 20: 0, 21: 0}))
        if "compressor" in song.parts:
            c = songs.COMPRESSOR
            out.append(("urn:ardour:a-comp#stereo",
                        {0: c["attack_ms"], 1: c["release_ms"], 2: 0, 3: c["ratio"], 4: c["threshold_db"], 5: 0}))
        return out

    def script(self, song):
        """Lua that makes the session; the tracks stay empty."""
        out = []
        if "sends" in song.parts:
            echo = {2: 1000 * songs.DELAY["seconds"], 4: 100, 5: 100 * songs.DELAY["feedback"], 6: 20000}
            out.append('local reverb, delay = bus("reverb"), bus("delay")')
            out.append(f'plugin(reverb, "urn:ardour:a-reverb", LV2, 0, {values({0: 1, 1: 0.75})})')
            out.append(f'plugin(delay, "urn:ardour:a-delay", LV2, 0, {values(echo)})')
        for number, track in enumerate(song.tracks):
            left, right = track.gains()
            level = max(left, right)
            pan = right / level / 2 if left >= right else 1 - left / level / 2  # its balance turns down the far side
            out.append(f'do local route = track("t{number:02}", {level:.9f}, {pan:.9f})')
            for place, (name, settings) in enumerate(self.strip(song)):
                out.append(f'plugin(route, "{name}", LV2, {place}, {values(settings)})')
            if "sends" in song.parts:
                out += [f"send(route, 0, reverb, {track.reverb})", f"send(route, 1, delay, {track.delay})"]
            out.append("end")
        if "limiter" in song.parts:
            m = songs.LIMITER
            settings = {0: 0, 1: m["ceiling_db"], 2: m["release_ms"] / 1000}
            out.append(f'plugin(session:master_out(), "1913", LADSPA, 0, {values(settings)})')
        return "\n".join(out)

    def place_audio(self, song, file):
        """Writes sources, regions and the range to export into the session's XML."""
        tree = ElementTree.parse(file)
        root = tree.getroot()
        number = int(root.get("id-counter"))
        ticks = int(root.find("TempoMap").get("superclocks-per-second"))
        frames = int(song.seconds * songs.RATE)
        length = f"a{frames * ticks // songs.RATE}@a0"

        def add(parent, tag, **attributes):
            nonlocal number
            number += 1
            return ElementTree.SubElement(parent, tag, id=str(number), **attributes)

        playlists = {item.get("name"): item for item in root.iter("Playlist")}
        for index, track in enumerate(song.tracks):
            name = f"t{index:02}"
            sources = [add(root.find("Sources"), "Source", name=track.file, type="audio", flags="CanRename", channel=str(side),
                           origin=song.path(track), gain="1") for side in (0, 1)]
            link = {f"{kind}source-{side}": source.get("id") for side, source in enumerate(sources) for kind in ("", "master-")}
            where = {"name": name, "type": "audio", "channels": "2", "start": "a0", "length": length, "sync-position": "a0",
                     "ancestral-start": "a0", "ancestral-length": length, "first-edit": "nothing", "opaque": "1", "automatic": "1",
                     "scale-amplitude": "1", "fade-in-active": "0", "fade-out-active": "0", "envelope-active": "0", **link}
            add(root.find("Regions"), "Region", **where, **{"whole-file": "1"})
            add(playlists[name], "Region", **where, **{"whole-file": "0"})
        add(root.find("Locations"), "Location", name="session", start="a0", end=length.split("@")[0], flags="IsSessionRange", locked="0")
        root.set("id-counter", str(number + 1))
        tree.write(file, encoding="UTF-8", xml_declaration=True)

    def prepare(self, song, work, run):
        """Makes the session, which is no part of the mixdown; `run` runs a command."""
        folder = os.path.join(work, "ardour-session")
        shutil.rmtree(folder, ignore_errors=True)
        script = os.path.join(work, "session.lua")
        with open(script, "w") as out:
            out.write(SCRIPT.format(folder=folder, rate=songs.RATE, body=self.script(song)))
        run(["ardour7-lua", script])
        audio = os.path.join(folder, "interchange", "ardour-session", "audiofiles")
        for track in song.tracks:
            os.symlink(song.path(track), os.path.join(audio, track.file))
        self.place_audio(song, os.path.join(folder, "mix.ardour"))

    def steps(self, song, work, out):
        depth = "float" if out.endswith(".f32.wav") else "24"
        return [["ardour7-export", "-b", depth, "-s", str(songs.RATE), "-o", out, os.path.join(work, "ardour-session"), "mix"]]
