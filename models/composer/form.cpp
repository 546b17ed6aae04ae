// Lays out sections: the same material returns exactly or as a listed variation.
#include "models/composer/form.h"

#include <algorithm>
#include <map>

namespace loopmind::composer {
namespace {

double density_of(const std::string& name) {
    if (name == "Intro") return 0.5;
    if (name == "Verse") return 0.75;
    if (name == "Hook") return 1.0;
    if (name == "Bridge") return 0.6;
    return 0.45; // Outro
}

std::string material_of(const std::string& name) {
    if (name == "Verse") return "verse";
    if (name == "Hook") return "hook";
    if (name == "Bridge") return "bridge";
    return "frame"; // Intro and Outro frame the piece with the same material
}

struct Appearance {
    int count = 0;
    std::string name;
    int bars = 0;
};

/// 0 when a returning section repeats its first appearance note for note.
int variant_of(const Appearance& first, const Section& section) {
    if (first.count == 0) return 0;
    if (section.name != first.name || section.bars != first.bars) return first.count;
    if (section.name == "Verse") return first.count;
    return first.count % 2 == 0 ? first.count : 0;
}

} // namespace

std::vector<Section> plan_sections(const Request& request) {
    std::vector<Section> sections;
    std::map<std::string, Appearance> seen;
    int bar = 0;
    for (const SectionRequest& asked : request.sections) {
        Section section{asked.name, bar, asked.bars, density_of(asked.name), 0, material_of(asked.name)};
        Appearance& first = seen[section.material];
        section.variant = variant_of(first, section);
        if (first.count == 0) first.name = section.name, first.bars = section.bars;
        ++first.count;
        bar += section.bars;
        sections.push_back(section);
    }
    return sections;
}

int material_index(const std::string& section_name) {
    return section_name == "Hook" ? 1 : section_name == "Bridge" ? 2 : 0;
}

double register_shift(const std::string& name) {
    if (name == "Verse") return -3;
    if (name == "Hook") return 2;
    if (name == "Bridge") return 4;
    return -1;
}

bool sounds_in(const std::string& name, const std::string& role, double fraction, bool backbone) {
    if (name == "Intro") {
        if (role == "drums") return !backbone || fraction >= 0.5;
        if (role == "bass" || role == "melody" || role == "percussion") return fraction >= 0.5;
        return role != "vocals";
    }
    const bool late =
        role == "vocals" || role == "percussion" || role == "arp"; // join halfway, for the hook to top
    if (name == "Verse") return !late || fraction >= 0.5;
    if (name == "Bridge") return (role == "drums" ? !backbone : !late) || fraction >= 0.5;
    if (name == "Outro") {
        if (role == "drums") return !backbone || fraction < 0.75;
        if (role == "melody" || role == "vocals") return fraction < 0.5;
        if (role == "percussion" || role == "arp") return fraction < 0.75;
    }
    return true;
}

bool chords_sound_in(const Request& request, const std::string& name, double fraction) {
    const auto has = [&](const char* role) {
        return std::find(request.stems.begin(), request.stems.end(), role) != request.stems.end();
    };
    if (has("drums") || !has("pad")) return true;
    return name == "Intro" ? fraction >= 0.5 : name == "Outro" ? fraction < 0.5 : true;
}

double choose_feel(double tempo, const GenreStyle& style) {
    if (tempo > style.tempo_high * 1.45) return 2;
    if (tempo < style.tempo_low * 0.62) return 0.5;
    return 1;
}

} // namespace loopmind::composer
