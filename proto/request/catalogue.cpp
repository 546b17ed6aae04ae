// The closed lists of the request contract.
#include "proto/request/catalogue.h"

#include "proto/request/nearest.h"

namespace loopmind::request {

const std::vector<Genre>& genres() {
    static const std::vector<Genre> list = {
        {"LoFi",
         {"lofi", "lo-fi", "lo fi", "chillhop", "study beats", "chill beats"},
         82,
         0.45,
         0.3,
         0.5,
         0.5,
         "Warm",
         {"drums", "bass", "chords", "melody", "texture"},
         {"reverb"}},
        {"Hip-Hop",
         {"hip-hop", "hip hop", "hiphop", "boom bap", "boom-bap", "rap beat"},
         92,
         0.45,
         0.5,
         0.45,
         0.4,
         "Gritty",
         {"drums", "bass", "chords", "melody", "texture"},
         {"reverb"}},
        {"Trap",
         {"trap", "drill", "808s"},
         142,
         0.25,
         0.65,
         0.45,
         0.15,
         "Clean",
         {"drums", "bass", "melody", "pad", "percussion"},
         {"reverb"}},
        {"House",
         {"house", "deep house", "edm", "dance", "club", "disco house"},
         124,
         0.6,
         0.7,
         0.4,
         0.1,
         "Clean",
         {"drums", "bass", "chords", "melody", "percussion"},
         {"reverb"}},
        {"Techno",
         {"techno", "rave", "warehouse", "industrial"},
         132,
         0.25,
         0.8,
         0.35,
         0.05,
         "Gritty",
         {"drums", "bass", "arp", "pad", "percussion"},
         {"reverb", "delay"}},
        {"Drum & Bass",
         {"drum & bass", "drum and bass", "drum n bass", "drum'n'bass", "dnb", "d&b", "jungle", "liquid"},
         174,
         0.4,
         0.85,
         0.55,
         0.1,
         "Bright",
         {"drums", "bass", "pad", "melody", "arp"},
         {"reverb"}},
        {"Ambient",
         {"ambient", "drone", "meditation", "soundscape", "sleep music"},
         70,
         0.45,
         0.15,
         0.35,
         0.4,
         "Airy",
         {"pad", "chords", "melody", "texture"},
         {"reverb", "delay"}},
        {"Pop",
         {"pop", "radio hit", "indie pop", "dance pop", "k-pop"},
         112,
         0.7,
         0.6,
         0.4,
         0.25,
         "Bright",
         {"drums", "bass", "chords", "melody", "pad"},
         {"reverb"}},
        {"Rock",
         {"rock", "indie rock", "punk", "metal", "grunge", "garage rock"},
         128,
         0.5,
         0.8,
         0.4,
         0.35,
         "Gritty",
         {"drums", "bass", "chords", "melody"},
         {"drive"}},
        {"R&B",
         {"r&b", "rnb", "r and b", "rhythm and blues", "neo soul", "neo-soul", "soul"},
         76,
         0.5,
         0.4,
         0.65,
         0.5,
         "Warm",
         {"drums", "bass", "chords", "melody", "pad"},
         {"reverb"}},
        {"Jazz",
         {"jazz", "bebop", "swing", "bossa", "jazzy"},
         120,
         0.55,
         0.45,
         0.75,
         0.6,
         "Warm",
         {"drums", "bass", "chords", "melody"},
         {"reverb"}},
        {"Funk",
         {"funk", "funky", "disco", "groove"},
         106,
         0.7,
         0.7,
         0.6,
         0.35,
         "Bright",
         {"drums", "bass", "chords", "melody", "percussion"},
         {}},
        {"Synthwave",
         {"synthwave", "retrowave", "outrun", "80s synth", "vaporwave", "eighties"},
         100,
         0.4,
         0.6,
         0.35,
         0.1,
         "Vintage",
         {"drums", "bass", "arp", "melody", "pad"},
         {"reverb", "delay"}},
        {"Cinematic",
         {"cinematic", "epic", "orchestral", "film score", "soundtrack", "trailer", "score"},
         90,
         0.35,
         0.55,
         0.5,
         0.4,
         "Airy",
         {"drums", "bass", "chords", "melody", "pad"},
         {"reverb"}},
    };
    return list;
}

const Genre* find_genre(std::string_view name) {
    const std::string wanted = lower(name);
    for (const auto& genre : genres()) {
        if (lower(genre.name) == wanted) return &genre;
        for (const auto& alias : genre.aliases)
            if (alias == wanted) return &genre;
    }
    return nullptr;
}

const std::vector<std::string>& stem_roles() {
    static const std::vector<std::string> list = {"drums", "percussion", "bass",    "chords", "melody",
                                                  "pad",   "arp",        "texture", "vocals"};
    return list;
}
const std::vector<std::string>& textures() {
    static const std::vector<std::string> list = {"Warm", "Bright", "Gritty", "Airy", "Vintage", "Clean"};
    return list;
}
const std::vector<std::string>& effects() {
    static const std::vector<std::string> list = {"reverb", "delay", "drive", "eq"};
    return list;
}
const std::vector<std::string>& focuses() {
    static const std::vector<std::string> list = {"Balanced", "Drums", "Bass",   "Chords",
                                                  "Melody",   "Pad",   "Texture"};
    return list;
}
const std::vector<std::string>& section_names() {
    static const std::vector<std::string> list = {"Intro", "Verse", "Hook", "Bridge", "Outro"};
    return list;
}
const std::vector<std::string>& engines() {
    static const std::vector<std::string> list = {"loopmind"};
    return list;
}

std::optional<std::string> find_name(const std::vector<std::string>& list, std::string_view name) {
    const std::string wanted = lower(name);
    for (const auto& entry : list)
        if (lower(entry) == wanted) return entry;
    return std::nullopt;
}

} // namespace loopmind::request
