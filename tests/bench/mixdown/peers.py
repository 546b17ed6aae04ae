# The programs that mix the same song: how each is told to, and what it cannot do as we do.
import os
import shutil

import numpy as np

import song as songs

THREADS = "1"


class Peer:
    """One program. `steps(song, work, out)` gives the commands to run one after the other; `work` is a scratch folder."""

    name = package = ""
    programs = ()
    files = ()
    differs = ""
    crashes = 0
    failure = ""  # why it could not be measured

    def missing(self):
        """Packages to install before this peer can run; "" when all is there."""
        there = all(shutil.which(program) for program in self.programs) and all(os.path.exists(file) for file in self.files)
        return "" if there else self.package

    def environment(self):
        return {}

    def steps(self, song, work, out):
        raise NotImplementedError


class FFmpeg(Peer):
    name, package, programs = "ffmpeg", "ffmpeg", ("ffmpeg",)
    differs = ("EQ: the same formulas in float; compressor: a knee of its own (at least 1 dB) and an attack that follows the level, not the "
               "reduction; reverb: convolution with 1.8 s of decaying noise (there is no other); delay: six echoes without "
               "feedback; limiter: sample peak")

    def strip(self, song, track):
        out = []
        if "eq" in song.parts:
            names = {"low_shelf": "bass", "peak": "equalizer", "high_shelf": "treble"}
            out += [f"{names[kind]}=f={hertz}:t=q:w={q}:g={db}" for kind, hertz, q, db in songs.EQ]
        if "compressor" in song.parts:
            c = songs.COMPRESSOR
            out.append(f"acompressor=threshold={10 ** (c['threshold_db'] / 20):.6f}:ratio={c['ratio']}:attack={c['attack_ms']}"
                       f":release={c['release_ms']}:knee=1:detection=peak:link=maximum")
        left, right = track.gains()
        levels = [(left, right)]
        if "sends" in song.parts:
            levels += [(left * send, right * send) for send in (track.reverb, track.delay)]
        pans = [f"c{2 * n + side}={pair[side]:.7f}*c{side}" for n, pair in enumerate(levels) for side in (0, 1)]
        out.append(f"pan={'stereo' if len(levels) == 1 else '6c'}|" + "|".join(pans))
        return out

    def steps(self, song, work, out):
        count = len(song.tracks)
        graph = [f"[{i}:a]aformat=sample_fmts=fltp," + ",".join(self.strip(song, t)) + f"[a{i}]" for i, t in enumerate(song.tracks)]
        inputs = [argument for t in song.tracks for argument in ("-i", song.path(t))]
        graph.append("".join(f"[a{i}]" for i in range(count)) + f"amix=inputs={count}:normalize=0[sum]")
        last = "[sum]"
        if "sends" in song.parts:
            room = os.path.join(work, "room.wav")
            write_room(room)
            inputs += ["-i", room]
            times = [int(1000 * songs.DELAY["seconds"] * (n + 1)) for n in range(6)]
            levels = [songs.DELAY["feedback"] ** n for n in range(6)]
            graph.append("[sum]asplit=3[s0][s1][s2];[s0]pan=stereo|c0=c0|c1=c1[dry];[s1]pan=stereo|c0=c2|c1=c3[r];"
                         "[s2]pan=stereo|c0=c4|c1=c5[d]")
            graph.append(f"[r][{count}:a]afir=dry=1:wet=1:gtype=none[wet]")
            graph.append("[d]aecho=0:1:" + "|".join(map(str, times)) + ":" + "|".join(f"{x:.5f}" for x in levels) + "[echo]")
            graph.append("[dry][wet][echo]amix=inputs=3:normalize=0[all]")
            last = "[all]"
        if "limiter" in song.parts:
            m = songs.LIMITER
            graph.append(f"{last}alimiter=limit={10 ** (m['ceiling_db'] / 20):.6f}:attack={m['lookahead_ms']}:release={m['release_ms']}"
                         ":level=false[end]")
            last = "[end]"
        script = os.path.join(work, "graph.txt")
        with open(script, "w") as text:
            text.write(";\n".join(graph))
        codec = "pcm_f32le" if out.endswith(".f32.wav") else "pcm_s24le"
        return [["ffmpeg", "-nostdin", "-v", "error", "-y", "-threads", THREADS, "-filter_complex_threads", THREADS, *inputs,
                 "-filter_complex_script", script, "-map", last, "-c:a", codec, out]]


def write_room(path):
    """Decaying noise of the reverb's time: what a convolution reverb takes for a room."""
    random = np.random.default_rng(7)
    n = int(songs.REVERB["decay_s"] * songs.RATE)
    noise = random.standard_normal((n, 2)) * (10 ** (-3 * np.arange(n) / n))[:, None]
    songs.write_wav(path, 0.5 * noise / np.sqrt((noise ** 2).sum(axis=0)).max())


class Sox(Peer):
    name, package, programs = "sox", "sox", ("sox",)
    differs = ("EQ: the same formulas, between stages rounded to 32 bits; compressor: compand, which smooths the level and not the "
               "reduction; sends: six channels through one mix, then three passes over a 32-bit file; limiter: compand with "
               "look-ahead, sample peak")
    headroom_db = 12.0  # whole numbers clip at full scale: the sum runs this much lower

    def strip(self, song, track):
        out = []
        if "eq" in song.parts:
            for kind, hertz, q, db in songs.EQ:
                out += ["equalizer", hertz, f"{q}q", db] if kind == "peak" else [
                    "bass" if kind == "low_shelf" else "treble", db, hertz, f"{q}q"]
        if "compressor" in song.parts:
            c = songs.COMPRESSOR
            top = c["threshold_db"] * (1 - 1 / c["ratio"])
            out += ["compand", f"{c['attack_ms'] / 1000},{c['release_ms'] / 1000}",
                    f"-100,-100,{c['threshold_db']},{c['threshold_db']},0,{top}"]
        down = 10 ** (-self.headroom_db / 20)
        left, right = (gain * down for gain in track.gains())
        sends = (1, track.reverb, track.delay) if "sends" in song.parts else (1,)
        out += ["remix"] + [f"{side + 1}v{(left, right)[side] * send:.8f}" for send in sends for side in (0, 1)]
        return [str(x) for x in out]

    def steps(self, song, work, out):
        inputs = [argument for t in song.tracks
                  for argument in ("-v", "1", "|sox " + song.path(t) + " -p " + " ".join(self.strip(song, t)))]
        form = ["-b", "32", "-e", "floating-point"] if out.endswith(".f32.wav") else ["-b", "24"]
        mix = ["sox", "-V1"] + (["-m"] if len(song.tracks) > 1 else [])
        end = ["gain", f"{self.headroom_db}"]
        if "limiter" in song.parts:
            m = songs.LIMITER
            limit = m["ceiling_db"] - self.headroom_db
            end = ["compand", f"0.0005,{m['release_ms'] / 1000}", f"{limit},{limit},0,{limit}", str(self.headroom_db), "0",
                   str(m["lookahead_ms"] / 1000)]
        if "sends" not in song.parts:
            return [mix + inputs + form + [out] + end]
        summed = os.path.join(work, "sum.sox")
        echoes = ["echo", "1", "1"]
        for n in range(6):
            echoes += [str(1000 * songs.DELAY["seconds"] * (n + 1)), f"{songs.DELAY['feedback'] ** n:.5f}"]
        passes = [f"|sox {summed} -p remix 1 2", f"|sox {summed} -p remix 3 4 reverb -w 50 50 100 100 {songs.REVERB['predelay_ms']} 0",
                  f"|sox {summed} -p remix 5 6 " + " ".join(echoes)]
        joined = [argument for one in passes for argument in ("-v", "1", one)]
        return [mix + inputs + [summed], ["sox", "-V1", "-m"] + joined + form + [out] + end]


class Ecasound(Peer):
    name, package, programs = "ecasound", "ecasound swh-plugins tap-plugins", ("ecasound",)
    files = ("/usr/lib/ladspa/triple_para_1204.so", "/usr/lib/ladspa/sc4_1882.so", "/usr/lib/ladspa/tap_reverb.so",
             "/usr/lib/ladspa/fast_lookahead_limiter_1913.so")
    differs = ("LADSPA plug-ins; EQ: triplePara, peaks by octaves; compressor: SC4, with at least 1 dB of knee, reads the gain once in "
               "four frames; reverb: TAP Reverberator; delay: TAP Stereo Echo; limiter: fastLookaheadLimiter, sample peak")

    def environment(self):
        return {"LADSPA_PATH": "/usr/lib/ladspa"}

    def strip(self, song, track):
        out = []
        if "eq" in song.parts:
            low, first, second, high = songs.EQ
            octaves = 2 * np.arcsinh(0.5) / np.log(2)  # of a peak whose Q is 1
            out.append(f"-el:triplePara,{low[3]},{low[1]},1,{first[3]},{first[1]},{octaves:.5f},{second[3]},{second[1]},{octaves:.5f},"
                       f"0,4000,1,{high[3]},{high[1]},1")
        if "compressor" in song.parts:
            c = songs.COMPRESSOR
            out.append(f"-el:sc4,1,{c['attack_ms']},{c['release_ms']},{c['threshold_db']},{c['ratio']},1,0")
        left, right = track.gains()
        out += [f"-eac:{100 * left:.6f},1", f"-eac:{100 * right:.6f},2"]
        if "sends" in song.parts:
            out += ["-chcopy:1,3", "-chcopy:2,4", "-chcopy:1,5", "-chcopy:2,6"]
            out += [f"-eac:{100 * track.reverb:.6f},3", f"-eac:{100 * track.reverb:.6f},4"]
            out += [f"-eac:{100 * track.delay:.6f},5", f"-eac:{100 * track.delay:.6f},6"]
        return out

    def steps(self, song, work, out):
        sends = "sends" in song.parts
        command = ["ecasound", "-q", "-D", "-b:4096", "-z:nodb", "-z:mixmode,sum", f"-t:{song.seconds}"]
        for number, track in enumerate(song.tracks, 1):
            command += [f"-a:{number}", f"-f:s24_le,2,{songs.RATE}", "-i:" + song.path(track), *self.strip(song, track)]
        names = ",".join(str(n + 1) for n in range(len(song.tracks)))
        form = "f32_le" if out.endswith(".f32.wav") else "s24_le"
        if not sends:
            end = [f"-f:{form},2,{songs.RATE}", "-o:" + out]
            if "limiter" not in song.parts:
                return [command + [f"-a:{names}", *end]]
        command += [f"-a:{names}", f"-f:f32_le,{6 if sends else 2},{songs.RATE}", "-o:loop,1"]
        loop = ["-i:loop,1"]
        if sends:
            delay = 1000 * songs.DELAY["seconds"]
            feedback = 100 * songs.DELAY["feedback"]
            command += ["-a:dry,rev,echo", *loop]
            command += ["-a:dry", "-chorder:1,2", "-a:rev", "-chorder:3,4",
                        f"-el:tap_reverb,{1000 * songs.REVERB['decay_s']},-70,0,1,1,1,1,0", "-a:echo", "-chorder:5,6",
                        f"-el:tap_stereo_echo,{delay},{feedback},{delay},{feedback},0,0,-70,0,0,0"]
            command += ["-a:dry,rev,echo", f"-f:f32_le,2,{songs.RATE}", "-o:loop,2"]
            loop = ["-i:loop,2"]
        command += ["-a:master", *loop]
        if "limiter" in song.parts:
            m = songs.LIMITER
            command.append(f"-el:fastLookaheadLimiter,0,{m['ceiling_db']},{m['release_ms'] / 1000}")
        return [command + [f"-f:{form},2,{songs.RATE}", "-o:" + out]]
