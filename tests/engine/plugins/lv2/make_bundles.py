#!/usr/bin/env python3
"""Writes the descriptions of the test plug-ins: make_bundles.py FOLDER BINARY."""
import os
import shutil
import sys

PREFIXES = """@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix doap: <http://usefulinc.com/ns/doap#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix state: <http://lv2plug.in/ns/ext/state#> .
@prefix units: <http://lv2plug.in/ns/extensions/units#> .
@prefix pg: <http://lv2plug.in/ns/ext/port-groups#> .
@prefix pprop: <http://lv2plug.in/ns/ext/port-props#> .
@prefix urid: <http://lv2plug.in/ns/ext/urid#> .
"""

def audio(symbol, way, more=""):
    return f'a lv2:{way}Port , lv2:AudioPort ; lv2:symbol "{symbol}" ; lv2:name "{symbol}" {more}'

def control(symbol, name, initial, minimum, maximum, more=""):
    return (f'a lv2:InputPort , lv2:ControlPort ; lv2:symbol "{symbol}" ; lv2:name "{name}" ; '
            f'lv2:default {initial:.4f} ; lv2:minimum {minimum:.4f} ; lv2:maximum {maximum:.4f} {more}')

STEREO = [audio("in_l", "Input"), audio("in_r", "Input"), audio("out_l", "Output"), audio("out_r", "Output")]
GAIN = control("gain", "Gain", 1, 0, 2, "; units:unit units:coef")

def plugin(name, ports, kind="lv2:Plugin", more=""):
    listed = " ,\n    ".join(f"[ lv2:index {i} ; {port} ]" for i, port in enumerate(ports))
    return f"""
<urn:loopmind:test:{name}>
    a lv2:Plugin , {kind} ;
    doap:name "Test {name}" ;
    doap:maintainer [ foaf:name "LoopMind tests" ] ;
    {more}
    lv2:port {listed} .
"""

def keyed():
    group = "; pg:group <urn:loopmind:test:keyed:{}> ; lv2:designation pg:{}"
    ports = [audio("in_l", "Input", group.format("main", "left")), audio("in_r", "Input", group.format("main", "right")),
             audio("out_l", "Output"), audio("out_r", "Output"), GAIN,
             audio("key_l", "Input", group.format("key", "left")), audio("key_r", "Input", group.format("key", "right"))]
    return plugin("keyed", ports, "lv2:CompressorPlugin", "pg:mainInput <urn:loopmind:test:keyed:main> ;") + """
<urn:loopmind:test:keyed:main> a pg:StereoGroup , pg:InputGroup ; lv2:symbol "main" ; lv2:name "Main" .
<urn:loopmind:test:keyed:key> a pg:StereoGroup , pg:InputGroup ; lv2:symbol "key" ; lv2:name "Key" ;
    pg:sideChainOf <urn:loopmind:test:keyed:main> .
"""

def latency():
    out = ('a lv2:OutputPort , lv2:ControlPort ; lv2:symbol "latency" ; lv2:name "Latency" ; '
           'lv2:portProperty lv2:reportsLatency ; lv2:designation lv2:latency')
    return plugin("latency", STEREO + [GAIN, out], "lv2:DelayPlugin")

def good():
    more = [control("steps", "Steps", 2, 0, 8, "; lv2:portProperty lv2:integer"),
            control("cutoff", "Cutoff", 1000, 20, 20000, "; lv2:portProperty pprop:logarithmic ; units:unit units:hz")]
    many = [control(f"p{i}", f"P{i}", 0, 0, 1) for i in range(60)]
    mono = [audio("in", "Input"), audio("out", "Output"), GAIN]
    return {
        "gain": plugin("gain", STEREO + [GAIN] + more, "lv2:AmplifierPlugin"),
        "latency": latency(),
        "mono": plugin("mono", mono),
        "keyed": keyed(),
        "state": plugin("state", STEREO + [GAIN], more="lv2:extensionData state:interface ; lv2:requiredFeature urid:map ;"),
        "many": plugin("many", STEREO + many),
        "network": plugin("network", STEREO + [GAIN]),
    }

def main():
    folder, binary = sys.argv[1:3]
    same = lambda *names: {name: plugin(name, STEREO + [GAIN]) for name in names}
    bundles = {
        "good": good(),
        "bad": same("abort-in-run", "segfault-in-run", "hang-in-run", "hungry", "nan"),
        # The crash is in the middle: what stands before and behind it must be found.
        "crash": same("aa", "abort-at-scan", "zz"),
        "hang": same("hang-at-scan"),
        "missing": same("not-in-the-binary"),
    }
    for bundle, plugins in bundles.items():
        place = os.path.join(folder, f"loopmind-{bundle}.lv2")
        os.makedirs(place, exist_ok=True)
        shutil.copy(binary, os.path.join(place, "plugins.so"))
        with open(os.path.join(place, "manifest.ttl"), "w") as out:
            out.write(PREFIXES)
            for name in plugins:
                out.write(f"<urn:loopmind:test:{name}> a lv2:Plugin ; lv2:binary <plugins.so> ; "
                          "rdfs:seeAlso <plugins.ttl> .\n")
        with open(os.path.join(place, "plugins.ttl"), "w") as out:
            out.write(PREFIXES + "".join(plugins.values()))

main()
