// Reads and checks the resolved parameters of a request; every problem names its field.
#include "models/composer/request.h"

#include "models/composer/genre.h"
#include "models/composer/scale.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace loopmind::composer {
namespace {

using nlohmann::json;

Error bad(const std::string& field, const std::string& message, const std::string& hint = "") {
    return Error{ErrorCode::kInvalidArgument, field, message, hint};
}

/// Collects the first error so that the reading code stays a flat list of fields.
class Reader {
  public:
    explicit Reader(const json& object) : object_(object) {}

    double number(const char* field, double low, double high) {
        const json* value = find(field);
        if (!value) return low;
        if (!value->is_number()) return fail(field, "must be a number"), low;
        const double x = value->get<double>();
        if (!std::isfinite(x) || x < low || x > high) {
            return fail(field, "is out of range", "use " + shown(low) + " to " + shown(high)), low;
        }
        return x;
    }

    std::int64_t integer(const json* value, const std::string& field, std::int64_t low, std::int64_t high) {
        if (!value) return low;
        if (!value->is_number_integer()) return fail(field, "must be a whole number"), low;
        const bool too_big =
            value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(high);
        if (too_big || value->get<std::int64_t>() < low || value->get<std::int64_t>() > high) {
            return fail(field, "is out of range",
                        "use " + std::to_string(low) + " to " + std::to_string(high)),
                   low;
        }
        return value->get<std::int64_t>();
    }
    std::int64_t integer(const char* field, std::int64_t low, std::int64_t high) {
        return integer(find(field), field, low, high);
    }

    std::string text(const json* value, const std::string& field) {
        if (!value) return "";
        if (!value->is_string()) return fail(field, "must be text"), "";
        return value->get<std::string>();
    }
    std::string text(const char* field) { return text(find(field), field); }

    template <std::size_t N>
    std::string choice(const char* field, const std::array<const char*, N>& allowed) {
        const std::string value = text(field);
        if (error_) return value;
        check_choice(field, value, allowed);
        return value;
    }

    template <std::size_t N>
    void check_choice(const std::string& field, const std::string& value,
                      const std::array<const char*, N>& allowed) {
        for (const char* name : allowed) {
            if (value == name) return;
        }
        std::string list;
        for (const char* name : allowed)
            list += (list.empty() ? "" : ", ") + std::string(name);
        fail(field, "is not known", "use one of " + list);
    }

    const json* array(const char* field, std::size_t low, std::size_t high) {
        const json* value = find(field);
        if (!value) return nullptr;
        if (!value->is_array()) return fail(field, "must be a list"), nullptr;
        if (value->size() < low || value->size() > high) {
            return fail(field, "has the wrong number of entries",
                        "use " + std::to_string(low) + " to " + std::to_string(high)),
                   nullptr;
        }
        return value;
    }

    void fail(const std::string& field, const std::string& message, const std::string& hint = "") {
        if (!error_) error_ = bad(field, message, hint);
    }
    const std::optional<Error>& error() const { return error_; }

  private:
    const json* find(const char* field) {
        const auto it = object_.find(field);
        if (it == object_.end()) return fail(field, "is missing", "resolve the request first"), nullptr;
        return &*it;
    }
    static std::string shown(double x) {
        std::string s = std::to_string(x);
        s.erase(s.find_last_not_of('0') + 1);
        if (!s.empty() && s.back() == '.') s.pop_back();
        return s;
    }

    const json& object_;
    std::optional<Error> error_;
};

constexpr std::array<const char*, 7> kFocuses{"Balanced", "Drums", "Bass",   "Chords",
                                              "Melody",   "Pad",   "Texture"};
constexpr std::array<const char*, 6> kTextures{"Warm", "Bright", "Gritty", "Airy", "Vintage", "Clean"};
constexpr std::array<const char*, 5> kSections{"Intro", "Verse", "Hook", "Bridge", "Outro"};
constexpr std::array<const char*, 9> kRoles{"drums", "percussion", "bass",    "chords", "melody",
                                            "pad",   "arp",        "texture", "vocals"};
constexpr std::array<const char*, 4> kEffects{"reverb", "delay", "drive", "eq"};
constexpr std::array<const char*, 2> kMeters{"4/4", "3/4"};

void read_sections(Reader& reader, Request& request) {
    const json* list = reader.array("sections", 1, 256);
    if (!list) return;
    int sum = 0;
    for (std::size_t i = 0; i < list->size() && !reader.error(); ++i) {
        const std::string field = "sections[" + std::to_string(i) + "]";
        const json& entry = (*list)[i];
        if (!entry.is_object() || !entry.contains("name") || !entry.contains("bars")) {
            return reader.fail(field, "must be an object with name and bars");
        }
        SectionRequest section;
        section.name = reader.text(&entry["name"], field + ".name");
        if (!reader.error()) reader.check_choice(field + ".name", section.name, kSections);
        section.bars = static_cast<int>(reader.integer(&entry["bars"], field + ".bars", 1, 256));
        sum += section.bars;
        request.sections.push_back(section);
    }
    if (!reader.error() && sum != request.bars) {
        reader.fail("sections", "do not add up to bars", "make the bars of all sections sum to `bars`");
    }
}

void read_names(Reader& reader, const char* field, std::size_t low, std::vector<std::string>& out,
                auto& allowed) {
    const json* list = reader.array(field, low, allowed.size());
    if (!list) return;
    for (std::size_t i = 0; i < list->size() && !reader.error(); ++i) {
        const std::string where = std::string(field) + "[" + std::to_string(i) + "]";
        const std::string name = reader.text(&(*list)[i], where);
        if (reader.error()) return;
        reader.check_choice(where, name, allowed);
        if (std::find(out.begin(), out.end(), name) != out.end()) reader.fail(where, "appears twice");
        out.push_back(name);
    }
}

} // namespace

Result<Request> parse_request(const std::string& resolved_json) {
    const json root = json::parse(resolved_json, nullptr, false);
    if (root.is_discarded()) return bad("params", "is not valid JSON");
    if (!root.is_object()) return bad("params", "must be a JSON object");
    Reader reader(root);
    Request request;
    if (reader.integer("schema", 0, 1'000'000) != 1 && !reader.error()) {
        return bad("schema", "is not supported", "use 1");
    }
    request.genre = reader.text("genre");
    if (!reader.error() && !find_genre(request.genre)) reader.fail("genre", "is not known");
    request.mood = reader.number("mood", 0, 1);
    request.energy = reader.number("energy", 0, 1);
    request.complexity = reader.number("complexity", 0, 1);
    request.humanize = reader.number("humanize", 0, 1);
    request.tempo = reader.number("tempo", 40, 240);
    const std::string key = reader.text("key");
    if (!reader.error()) {
        const auto parsed = parse_key(key);
        if (!parsed)
            reader.fail("key", "is not a key", "write it like \"A minor\" or \"F# dorian\"");
        else
            request.key = *parsed;
    }
    request.beats_per_bar = reader.choice("meter", kMeters) == "3/4" ? 3 : 4;
    request.bars = static_cast<int>(reader.integer("bars", 1, 256));
    request.focus = reader.choice("instrument_focus", kFocuses);
    request.texture = reader.choice("texture", kTextures);
    read_names(reader, "fx", 0, request.fx, kEffects);
    read_sections(reader, request);
    read_names(reader, "stems", 1, request.stems, kRoles);
    request.variations = static_cast<int>(reader.integer("variations", 1, 8));
    request.seed = static_cast<std::uint64_t>(reader.integer("seed", 0, std::int64_t{1} << 53));
    if (reader.error()) return *reader.error();
    return request;
}

} // namespace loopmind::composer
