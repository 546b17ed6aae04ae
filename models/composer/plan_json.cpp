// The plan as canonical JSON, and the suspicious reader of what claims to be one.
#include "models/composer/plan.h"
#include "models/composer/scale.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace loopmind::composer {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxText = std::size_t{256} << 20;
constexpr std::size_t kMaxVariations = 8, kMaxStems = 16, kMaxSections = 256, kMaxChords = 16384;
constexpr std::size_t kMaxNotes = 200'000, kMaxParams = 64, kMaxName = 200;
constexpr double kMaxBeats = 256 * 4;

json note_json(const Note& note) {
    return {{"start", note.start}, {"length", note.length},     {"grid", note.grid},
            {"pitch", note.pitch}, {"velocity", note.velocity}, {"chromatic", note.chromatic}};
}

json stem_json(const StemPlan& stem) {
    json notes = json::array();
    for (const Note& note : stem.notes)
        notes.push_back(note_json(note));
    const Tone& tone = stem.tone;
    return {{"id", stem.id},
            {"role", stem.role},
            {"name", stem.name},
            {"instrument",
             {{"engine", stem.instrument.engine},
              {"patch", stem.instrument.patch},
              {"program", stem.instrument.program},
              {"bank", stem.instrument.bank},
              {"params", stem.instrument.params}}},
            {"tone",
             {{"brightness", tone.brightness},
              {"warmth", tone.warmth},
              {"drive", tone.drive},
              {"air", tone.air},
              {"age", tone.age},
              {"punch", tone.punch}}},
            {"midi_channel", stem.midi_channel},
            {"level_db", stem.level_db},
            {"pan", stem.pan},
            {"width", stem.width},
            {"reverb_send", stem.reverb_send},
            {"delay_send", stem.delay_send},
            {"notes", std::move(notes)}};
}

json plan_json(const Plan& plan) {
    json sections = json::array(), chords = json::array(), stems = json::array();
    for (const Section& s : plan.sections) {
        sections.push_back({{"name", s.name},
                            {"start_bar", s.start_bar},
                            {"bars", s.bars},
                            {"density", s.density},
                            {"variant", s.variant},
                            {"material", s.material}});
    }
    for (const Chord& c : plan.chords) {
        chords.push_back({{"start", c.start},
                          {"length", c.length},
                          {"root", c.root},
                          {"quality", c.quality},
                          {"symbol", c.symbol},
                          {"pitch_classes", c.pitch_classes}});
    }
    for (const StemPlan& stem : plan.stems)
        stems.push_back(stem_json(stem));
    return {{"schema", plan.schema},
            {"genre", plan.genre},
            {"tempo", plan.tempo},
            {"beats_per_bar", plan.beats_per_bar},
            {"bars", plan.bars},
            {"key", {{"tonic", plan.key.tonic}, {"mode", plan.key.mode}, {"scale", plan.key.scale}}},
            {"swing", plan.swing},
            {"swing_grid", plan.swing_grid},
            {"seed", plan.seed},
            {"sections", std::move(sections)},
            {"chords", std::move(chords)},
            {"stems", std::move(stems)}};
}

/// Reads checked values out of one object; remembers the first error with its path and then answers defaults.
class Checked {
  public:
    Checked(const json& value, std::string path, std::optional<Error>& error)
        : value_(value), path_(std::move(path)), error_(error) {
        if (!value_.is_object()) fail("", "must be an object");
    }

    double number(const char* field, double low, double high) {
        const json* v = find(field);
        if (!v) return low;
        if (!v->is_number()) return fail(field, "must be a number"), low;
        const double x = v->get<double>();
        if (!std::isfinite(x) || x < low || x > high) return fail(field, "is out of range"), low;
        return x;
    }
    int integer(const char* field, int low, int high) {
        const json* v = find(field);
        return v ? integer_of(*v, field, low, high) : low;
    }
    int integer_of(const json& v, const char* field, int low, int high) {
        if (!v.is_number_integer()) return fail(field, "must be a whole number"), low;
        if (v.is_number_unsigned() && v.get<std::uint64_t>() > 1u << 30)
            return fail(field, "is out of range"), low;
        const std::int64_t x = v.get<std::int64_t>();
        if (x < low || x > high) return fail(field, "is out of range"), low;
        return static_cast<int>(x);
    }
    std::uint64_t seed(const char* field) {
        const json* v = find(field);
        if (!v) return 0;
        if (!v->is_number_unsigned() || v->get<std::uint64_t>() > std::uint64_t{1} << 53) {
            return fail(field, "must be a whole number up to 2^53"), 0;
        }
        return v->get<std::uint64_t>();
    }
    bool boolean(const char* field) {
        const json* v = find(field);
        if (!v) return false;
        if (!v->is_boolean()) return fail(field, "must be true or false"), false;
        return v->get<bool>();
    }
    std::string text(const char* field) {
        const json* v = find(field);
        if (!v) return "";
        if (!v->is_string()) return fail(field, "must be text"), "";
        const auto& s = v->get_ref<const std::string&>();
        if (s.size() > kMaxName) return fail(field, "is too long"), "";
        return s;
    }
    std::vector<int> classes(const char* field, std::size_t low, std::size_t high) {
        std::vector<int> out;
        const json* v = list(field, low, high);
        for (std::size_t i = 0; v && i < v->size() && !error_; ++i)
            out.push_back(integer_of((*v)[i], field, 0, 11));
        return out;
    }
    const json* list(const char* field, std::size_t low, std::size_t high) {
        const json* v = find(field);
        if (!v) return nullptr;
        if (!v->is_array()) return fail(field, "must be a list"), nullptr;
        if (v->size() < low || v->size() > high)
            return fail(field, "has the wrong number of entries"), nullptr;
        return v;
    }
    const json* object(const char* field) {
        const json* v = find(field);
        if (v && !v->is_object()) return fail(field, "must be an object"), nullptr;
        return v;
    }
    std::string path_of(const char* field) const {
        return path_.empty() ? field : *field ? path_ + "." + field : path_;
    }
    std::string path_of(const char* field, std::size_t i) const {
        return path_of(field) + "[" + std::to_string(i) + "]";
    }
    void fail(const char* field, const char* message) {
        if (!error_)
            error_ = Error{ErrorCode::kDataCorrupt, path_of(field), message, "compose the plan again"};
    }
    std::optional<Error>& error() { return error_; }

  private:
    const json* find(const char* field) {
        if (error_) return nullptr;
        const auto it = value_.find(field);
        if (it == value_.end()) return fail(field, "is missing"), nullptr;
        return &*it;
    }
    const json& value_;
    std::string path_;
    std::optional<Error>& error_;
};

Note read_note(Checked in, double total) {
    Note note;
    note.start = in.number("start", 0, total);
    note.length = in.number("length", 0, kMaxBeats);
    note.grid = in.number("grid", 0, total);
    note.pitch = in.integer("pitch", 0, 127);
    note.velocity = in.integer("velocity", 1, 127);
    note.chromatic = in.boolean("chromatic");
    if (!in.error() && note.start >= total) in.fail("start", "is past the end of the loop");
    if (!in.error() && note.length <= 0) in.fail("length", "must be positive");
    return note;
}

Instrument read_instrument(Checked in) {
    Instrument out;
    out.engine = in.text("engine");
    if (!in.error() && out.engine != "synth" && out.engine != "soundfont") in.fail("engine", "is not known");
    out.patch = in.text("patch");
    out.program = in.integer("program", 0, 127);
    out.bank = in.integer("bank", 0, 16383);
    const json* params = in.object("params");
    if (!params) return out;
    if (params->size() > kMaxParams) return in.fail("params", "has too many entries"), out;
    Checked values(*params, in.path_of("params"), in.error());
    for (const auto& [name, value] : params->items()) {
        if (name.size() > kMaxName) return in.fail("params", "has a name that is too long"), out;
        out.params[name] = values.number(name.c_str(), -1e9, 1e9);
    }
    return out;
}

Tone read_tone(Checked in) {
    Tone tone;
    tone.brightness = in.number("brightness", 0, 1);
    tone.warmth = in.number("warmth", 0, 1);
    tone.drive = in.number("drive", 0, 1);
    tone.air = in.number("air", 0, 1);
    tone.age = in.number("age", 0, 1);
    tone.punch = in.number("punch", 0, 1);
    return tone;
}

StemPlan read_stem(Checked in, double total) {
    StemPlan stem;
    stem.id = in.text("id");
    stem.role = in.text("role");
    stem.name = in.text("name");
    if (!in.error() && stem.id.empty()) in.fail("id", "must not be empty");
    if (const json* v = in.object("instrument")) {
        stem.instrument = read_instrument(Checked(*v, in.path_of("instrument"), in.error()));
    }
    if (const json* v = in.object("tone")) stem.tone = read_tone(Checked(*v, in.path_of("tone"), in.error()));
    stem.midi_channel = in.integer("midi_channel", 1, 16);
    stem.level_db = in.number("level_db", -60, 0);
    stem.pan = in.number("pan", -1, 1);
    stem.width = in.number("width", 0, 1);
    stem.reverb_send = in.number("reverb_send", 0, 1);
    stem.delay_send = in.number("delay_send", 0, 1);
    const json* notes = in.list("notes", 0, kMaxNotes);
    for (std::size_t i = 0; notes && i < notes->size() && !in.error(); ++i) {
        stem.notes.push_back(read_note(Checked((*notes)[i], in.path_of("notes", i), in.error()), total));
        if (i > 0 && !in.error() && stem.notes[i].start < stem.notes[i - 1].start)
            in.fail("notes", "are not sorted");
    }
    return stem;
}

Key read_key(Checked in) {
    Key key;
    key.tonic = in.integer("tonic", 0, 11);
    key.mode = in.text("mode");
    key.scale = in.classes("scale", 7, 7);
    if (!in.error() && !known_mode(key.mode)) in.fail("mode", "is not known");
    if (!in.error() && key.scale != scale_of(key.tonic, key.mode))
        in.fail("scale", "does not belong to the key");
    return key;
}

void read_sections(Checked& in, Plan& plan) {
    const json* list = in.list("sections", 1, kMaxSections);
    int bar = 0;
    for (std::size_t i = 0; list && i < list->size() && !in.error(); ++i) {
        Checked entry((*list)[i], in.path_of("sections", i), in.error());
        Section s;
        s.name = entry.text("name");
        s.start_bar = entry.integer("start_bar", 0, plan.bars - 1);
        s.bars = entry.integer("bars", 1, plan.bars);
        s.density = entry.number("density", 0, 1);
        s.variant = entry.integer("variant", 0, 1'000'000);
        s.material = entry.text("material");
        if (!in.error() && s.start_bar != bar) entry.fail("start_bar", "leaves a gap or an overlap");
        bar += s.bars;
        plan.sections.push_back(std::move(s));
    }
    if (!in.error() && bar != plan.bars) in.fail("sections", "do not add up to the bars of the plan");
}

void read_chords(Checked& in, Plan& plan) {
    const json* list = in.list("chords", 0, kMaxChords);
    for (std::size_t i = 0; list && i < list->size() && !in.error(); ++i) {
        Checked entry((*list)[i], in.path_of("chords", i), in.error());
        Chord c;
        c.start = entry.number("start", 0, plan.total_beats());
        c.length = entry.number("length", 0, plan.total_beats());
        c.root = entry.integer("root", 0, 11);
        c.quality = entry.text("quality");
        c.symbol = entry.text("symbol");
        c.pitch_classes = entry.classes("pitch_classes", 0, 12);
        plan.chords.push_back(std::move(c));
    }
}

Plan read_plan(Checked in) {
    Plan plan;
    plan.schema = in.integer("schema", 1, 1);
    plan.genre = in.text("genre");
    plan.tempo = in.number("tempo", 40, 240);
    plan.beats_per_bar = in.integer("beats_per_bar", 3, 4);
    plan.bars = in.integer("bars", 1, 256);
    if (const json* v = in.object("key")) plan.key = read_key(Checked(*v, in.path_of("key"), in.error()));
    plan.swing = in.number("swing", 0, 1);
    plan.swing_grid = in.number("swing_grid", 0.0625, 4);
    plan.seed = in.seed("seed");
    if (!in.error()) read_sections(in, plan);
    if (!in.error()) read_chords(in, plan);
    const json* stems = in.list("stems", 1, kMaxStems);
    for (std::size_t i = 0; stems && i < stems->size() && !in.error(); ++i) {
        plan.stems.push_back(
            read_stem(Checked((*stems)[i], in.path_of("stems", i), in.error()), plan.total_beats()));
        for (std::size_t k = 0; k < i; ++k) {
            if (plan.stems[k].id == plan.stems[i].id) in.fail("stems", "hold one id twice");
        }
    }
    return plan;
}

} // namespace

std::string to_json(const Composition& composition) {
    json variations = json::array();
    for (const Plan& plan : composition.variations)
        variations.push_back(plan_json(plan));
    const json root{{"schema", composition.schema}, {"variations", std::move(variations)}};
    return root.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Composition> composition_from_json(const std::string& text) {
    const auto corrupt = [](const char* message) {
        return Error{ErrorCode::kDataCorrupt, "plan", message, "compose the plan again"};
    };
    if (text.size() > kMaxText) return corrupt("is too large");
    try {
        const json root = json::parse(text, nullptr, false);
        if (root.is_discarded()) return corrupt("is not valid JSON");
        std::optional<Error> error;
        Checked in(root, "", error);
        Composition composition;
        composition.schema = in.integer("schema", 1, 1);
        const json* list = in.list("variations", 1, kMaxVariations);
        for (std::size_t i = 0; list && i < list->size() && !error; ++i) {
            composition.variations.push_back(
                read_plan(Checked((*list)[i], in.path_of("variations", i), error)));
        }
        if (error) return *error;
        return composition;
    } catch (const std::exception&) { // bad_alloc on hostile sizes
        return corrupt("could not be read");
    }
}

} // namespace loopmind::composer
