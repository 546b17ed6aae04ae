// Word tables and patterns for prompts.
#include "proto/request/prompt_words.h"

#include "proto/request/catalogue.h"
#include "proto/request/key.h"
#include "proto/request/nearest.h"
#include "proto/request/params.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <regex>

namespace loopmind::request {
namespace {

struct Shift {
    double mood = 0, energy = 0, complexity = 0, humanize = 0;
};

// Shifts are relative to the genre's own default, so that "calm techno" is still techno.
const std::map<std::string, Shift>& shifts() {
    static const std::map<std::string, Shift> table = {{"sad", {-0.3, -0.1}},
                                                       {"dark", {-0.3}},
                                                       {"melancholic", {-0.25, -0.1}},
                                                       {"gloomy", {-0.3, -0.1}},
                                                       {"moody", {-0.15}},
                                                       {"ominous", {-0.35}},
                                                       {"sinister", {-0.4}},
                                                       {"tense", {-0.25, 0.1}},
                                                       {"lonely", {-0.25, -0.1}},
                                                       {"nostalgic", {-0.1, -0.05}},
                                                       {"dreamy", {0.0, -0.1}},
                                                       {"happy", {0.35, 0.1}},
                                                       {"joyful", {0.4, 0.15}},
                                                       {"bright", {0.2}},
                                                       {"uplifting", {0.35, 0.15}},
                                                       {"cheerful", {0.35, 0.1}},
                                                       {"sunny", {0.35, 0.05}},
                                                       {"hopeful", {0.25}},
                                                       {"romantic", {0.1, -0.05}},
                                                       {"triumphant", {0.3, 0.2}},
                                                       {"euphoric", {0.4, 0.2}},
                                                       {"calm", {0, -0.25}},
                                                       {"chill", {0, -0.2}},
                                                       {"relaxed", {0.05, -0.2}},
                                                       {"soft", {0, -0.2}},
                                                       {"gentle", {0.05, -0.25}},
                                                       {"peaceful", {0.1, -0.25}},
                                                       {"mellow", {0, -0.2}},
                                                       {"sleepy", {0, -0.3}},
                                                       {"laid-back", {0, -0.15, 0, 0.15}},
                                                       {"energetic", {0, 0.3}},
                                                       {"driving", {0, 0.25}},
                                                       {"intense", {-0.05, 0.3}},
                                                       {"aggressive", {-0.2, 0.35}},
                                                       {"hard", {-0.05, 0.25}},
                                                       {"powerful", {0, 0.25}},
                                                       {"upbeat", {0.2, 0.2}},
                                                       {"banging", {0, 0.3}},
                                                       {"heavy", {-0.1, 0.2}},
                                                       {"simple", {0, 0, -0.25}},
                                                       {"minimal", {0, -0.05, -0.3}},
                                                       {"sparse", {0, -0.15, -0.25}},
                                                       {"complex", {0, 0, 0.3}},
                                                       {"intricate", {0, 0, 0.3}},
                                                       {"busy", {0, 0.1, 0.25}},
                                                       {"sophisticated", {0, 0, 0.25}},
                                                       {"syncopated", {0, 0, 0.25}},
                                                       {"human", {0, 0, 0, 0.25}},
                                                       {"loose", {0, 0, 0, 0.3}},
                                                       {"live", {0, 0, 0, 0.25}},
                                                       {"tight", {0, 0, 0, -0.3}},
                                                       {"quantized", {0, 0, 0, -1}},
                                                       {"robotic", {0, 0, 0, -1}},
                                                       {"mechanical", {0, 0, 0, -1}}};
    return table;
}

const std::map<std::string, std::string>& texture_words() {
    static const std::map<std::string, std::string> table = {
        {"warm", "Warm"},        {"analog", "Warm"},    {"cozy", "Warm"},       {"bright", "Bright"},
        {"crisp", "Bright"},     {"shiny", "Bright"},   {"gritty", "Gritty"},   {"dirty", "Gritty"},
        {"distorted", "Gritty"}, {"raw", "Gritty"},     {"airy", "Airy"},       {"ethereal", "Airy"},
        {"dreamy", "Airy"},      {"breathy", "Airy"},   {"vintage", "Vintage"}, {"retro", "Vintage"},
        {"dusty", "Vintage"},    {"old", "Vintage"},    {"tape", "Vintage"},    {"vinyl", "Vintage"},
        {"clean", "Clean"},      {"polished", "Clean"}, {"modern", "Clean"}};
    return table;
}

const std::map<std::string, std::string>& effect_words() {
    static const std::map<std::string, std::string> table = {
        {"reverb", "reverb"},  {"spacious", "reverb"},  {"roomy", "reverb"},    {"cavernous", "reverb"},
        {"delay", "delay"},    {"echo", "delay"},       {"echoes", "delay"},    {"dub", "delay"},
        {"drive", "drive"},    {"distortion", "drive"}, {"distorted", "drive"}, {"overdriven", "drive"},
        {"saturated", "drive"}};
    return table;
}

const std::map<std::string, std::string>& stem_words() {
    static const std::map<std::string, std::string> table = {
        {"drums", "drums"},       {"drum", "drums"},
        {"beat", "drums"},        {"percussion", "percussion"},
        {"shaker", "percussion"}, {"congas", "percussion"},
        {"bongos", "percussion"}, {"bass", "bass"},
        {"bassline", "bass"},     {"sub", "bass"},
        {"808", "bass"},          {"chords", "chords"},
        {"piano", "chords"},      {"rhodes", "chords"},
        {"organ", "chords"},      {"melody", "melody"},
        {"lead", "melody"},       {"saxophone", "melody"},
        {"flute", "melody"},      {"pad", "pad"},
        {"pads", "pad"},          {"strings", "pad"},
        {"arp", "arp"},           {"arpeggio", "arp"},
        {"arpeggios", "arp"},     {"vinyl", "texture"},
        {"crackle", "texture"},   {"rain", "texture"},
        {"tape", "texture"},      {"vocals", "vocals"},
        {"vocal", "vocals"},      {"choir", "vocals"},
        {"voices", "vocals"}};
    return table;
}

const std::map<std::string, std::string>& focus_of_stem() {
    static const std::map<std::string, std::string> table = {
        {"drums", "Drums"},   {"percussion", "Drums"}, {"bass", "Bass"},
        {"chords", "Chords"}, {"melody", "Melody"},    {"arp", "Melody"},
        {"pad", "Pad"},       {"vocals", "Melody"},    {"texture", "Texture"}};
    return table;
}

template <typename List> void add_once(List& list, const std::string& item) {
    if (std::find(list.begin(), list.end(), item) == list.end()) list.push_back(item);
}

/// Lower case, with every byte that is no part of a word turned into a space, and one space at both ends.
std::string words_only(std::string_view prompt) {
    std::string out = " ";
    for (const char c : lower(prompt)) {
        const auto byte = static_cast<unsigned char>(c);
        const bool word = byte >= 0x80 || std::isalnum(byte) || c == '-' || c == '&' || c == '\'' ||
                          c == '#' || c == '/' || c == '.';
        out += word ? c : ' ';
    }
    // A full stop ends a word unless it is a decimal point.
    for (std::size_t i = 0; i < out.size(); ++i)
        if (out[i] == '.' && !(i + 1 < out.size() && std::isdigit(static_cast<unsigned char>(out[i + 1]))))
            out[i] = ' ';
    return out + " ";
}

void read_genre(const std::string& text, PromptHints& hints) {
    // The longest phrase wins: "drum and bass" before "bass", "deep house" before "house".
    std::size_t longest = 0;
    for (const auto& genre : genres()) {
        auto phrases = genre.aliases;
        phrases.push_back(lower(genre.name));
        for (const auto& phrase : phrases) {
            if (phrase.size() > longest && text.find(" " + phrase + " ") != std::string::npos) {
                longest = phrase.size();
                hints.genre = genre.name;
            }
        }
    }
}

void read_numbers(const std::string& text, PromptHints& hints) {
    std::smatch match;
    static const std::regex bpm(R"( (\d{2,3}(?:\.\d{1,3})?) ?(?:bpm|beats per minute) )");
    if (std::regex_search(text, match, bpm)) {
        const double tempo = std::strtod(match[1].str().c_str(), nullptr);
        if (tempo >= kTempoMin && tempo <= kTempoMax) hints.tempo = tempo;
    }
    static const std::regex bars(R"( (\d{1,3})[ -](?:bars?|measures?) )");
    if (std::regex_search(text, match, bars)) {
        const int count = std::atoi(match[1].str().c_str());
        if (count >= 1 && count <= kBarsMax) hints.bars = count;
    }
    if (text.find(" 3/4 ") != std::string::npos || text.find(" waltz ") != std::string::npos)
        hints.meter = "3/4";
    else if (text.find(" 4/4 ") != std::string::npos)
        hints.meter = "4/4";
}

void read_key(std::string_view prompt, PromptHints& hints) {
    // On the original text, because a lower-case "a" is an article: a bare tonic must be a capital with a
    // mode.
    static const std::regex named(
        R"((?:^|[^A-Za-z#])([A-G][#b]?)[ -]?([Hh]armonic [Mm]inor|[Mm]elodic [Mm]inor|[Nn]atural [Mm]inor|[Mm]ajor|[Mm]inor|maj|min|[Dd]orian|[Pp]hrygian|[Ll]ydian|[Mm]ixolydian|[Ll]ocrian|[Aa]eolian|[Ii]onian)(?![A-Za-z]))");
    static const std::regex shorthand(R"((?:in|key of) ([A-G][#b]?m?)(?![A-Za-z#]))");
    const std::string text(prompt);
    std::smatch match;
    std::string found;
    if (std::regex_search(text, match, named)) {
        found = match[1].str() + " " + match[2].str();
    } else if (std::regex_search(text, match, shorthand)) {
        found = match[1].str();
    }
    if (found.empty()) return;
    if (const auto key = parse_key(found)) hints.key = key->text();
}

void read_words(const std::string& text, PromptHints& hints) {
    std::vector<std::string> words;
    for (std::size_t start = 0; start < text.size();) {
        const auto end = std::min(text.find(' ', start), text.size());
        if (end > start) words.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    for (std::size_t i = 0; i < words.size(); ++i) {
        const auto& word = words[i];
        const std::string before = i > 0 ? words[i - 1] : "";
        const std::string after = i + 1 < words.size() ? words[i + 1] : "";
        const bool refused = before == "no" || before == "without";
        if (const auto stem = stem_words().find(word); stem != stem_words().end()) {
            // "drum and bass" and "drum & bass" name a genre, not stems.
            const bool genre_phrase = hints.genre == "Drum & Bass" && (word == "drum" || word == "bass");
            if (!genre_phrase) add_once(refused ? hints.without_stems : hints.with_stems, stem->second);
            const bool leading =
                after == "heavy" || after == "focused" || after == "driven" || after == "led";
            if (leading && !refused) hints.instrument_focus = focus_of_stem().at(stem->second);
        }
        if (refused) continue;
        if (const auto shift = shifts().find(word); shift != shifts().end()) {
            hints.mood += shift->second.mood;
            hints.energy += shift->second.energy;
            hints.complexity += shift->second.complexity;
            hints.humanize += shift->second.humanize;
        }
        if (const auto texture = texture_words().find(word);
            texture != texture_words().end() && !hints.texture)
            hints.texture = texture->second;
        if (const auto effect = effect_words().find(word); effect != effect_words().end())
            add_once(hints.fx, effect->second);
        if (word == "slow") hints.tempo_factor = 0.85;
        if (word == "fast") hints.tempo_factor = 1.15;
    }
}

} // namespace

PromptHints read_prompt(std::string_view prompt) {
    PromptHints hints;
    const std::string text = words_only(prompt.substr(0, kPromptMax));
    read_genre(text, hints);
    read_numbers(text, hints);
    read_key(prompt.substr(0, kPromptMax), hints);
    read_words(text, hints);
    return hints;
}

} // namespace loopmind::request
