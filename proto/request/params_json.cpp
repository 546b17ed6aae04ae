// The JSON of request parameters: strict reading, canonical writing.
#include "proto/request/catalogue.h"
#include "proto/request/json_reading.h"
#include "proto/request/key.h"
#include "proto/request/nearest.h"
#include "proto/request/params.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

namespace loopmind::request {
namespace {

using Json = nlohmann::json;

using Reader = std::function<Status(const Json&, Request&)>;

Reader text_field(const char* field, std::optional<std::string> Request::*member, std::size_t longest) {
    return [=](const Json& value, Request& request) -> Status {
        if (!value.is_string())
            return invalid(field, "is " + shown(value) + ", not text", "write it in quotes");
        auto text = value.get<std::string>();
        if (text.size() > longest)
            return invalid(field, "is " + std::to_string(text.size()) + " bytes long",
                           "use at most " + std::to_string(longest));
        request.*member = std::move(text);
        return {};
    };
}

Reader choice_field(const char* field, std::optional<std::string> Request::*member,
                    const std::vector<std::string>& choices) {
    return [=](const Json& value, Request& request) -> Status {
        if (!value.is_string())
            return invalid(field, "is " + shown(value) + ", not text", "choose one of: " + join(choices));
        const auto text = value.get<std::string>();
        const auto found = find_name(choices, text);
        if (!found) {
            const auto close = nearest(text, choices);
            return invalid(field,
                           shown(value) + " is not known" +
                               (close.empty() ? "" : "; did you mean " + close + "?"),
                           "choose one of: " + join(choices));
        }
        request.*member = *found;
        return {};
    };
}

Status read_genre(const Json& value, Request& request) {
    std::vector<std::string> names, spellings;
    for (const auto& genre : genres()) {
        names.push_back(genre.name);
        spellings.push_back(genre.name);
        spellings.insert(spellings.end(), genre.aliases.begin(), genre.aliases.end());
    }
    if (!value.is_string())
        return invalid("genre", "is " + shown(value) + ", not text", "choose one of: " + join(names));
    const auto text = value.get<std::string>();
    if (const Genre* found = find_genre(text)) {
        request.genre = found->name;
        return {};
    }
    const auto close = nearest(text, spellings);
    const Genre* suggestion = close.empty() ? nullptr : find_genre(close);
    return invalid("genre",
                   shown(value) + " is not a known genre" +
                       (suggestion ? "; did you mean " + suggestion->name + "?" : ""),
                   "choose one of: " + join(names));
}

/// 240 rather than 240.0: how people write it.
std::string number_text(double value) {
    const std::string text = Json(value).dump();
    return text.ends_with(".0") ? text.substr(0, text.size() - 2) : text;
}

Reader number_field(const char* field, std::optional<double> Request::*member, double low, double high,
                    const char* unit) {
    return [=](const Json& value, Request& request) -> Status {
        const std::string range = "choose " + number_text(low) + " to " + number_text(high) + unit;
        if (!value.is_number()) return invalid(field, "is " + shown(value) + ", not a number", range);
        const double number = value.get<double>();
        if (!std::isfinite(number)) return invalid(field, "is not finite", range);
        if (number < low) return invalid(field, number_text(number) + " is below " + number_text(low), range);
        if (number > high)
            return invalid(field, number_text(number) + " is above " + number_text(high), range);
        request.*member = number;
        return {};
    };
}

Result<int> whole_number(const Json& value, const std::string& field, int low, int high) {
    const std::string range =
        "choose a whole number from " + std::to_string(low) + " to " + std::to_string(high);
    if (!value.is_number()) return invalid(field, "is " + shown(value) + ", not a number", range);
    const double number = value.get<double>();
    if (!(number >= low && number <= high) || number != std::floor(number))
        return invalid(field, shown(value) + " is not possible", range);
    return static_cast<int>(number);
}

Reader whole_field(const char* field, std::optional<int> Request::*member, int low, int high) {
    return [=](const Json& value, Request& request) -> Status {
        auto number = whole_number(value, field, low, high);
        if (!number) return number.error();
        request.*member = *number;
        return {};
    };
}

Reader bool_field(const char* field, std::optional<bool> Request::*member) {
    return [=](const Json& value, Request& request) -> Status {
        if (!value.is_boolean()) return invalid(field, "is " + shown(value), "write true or false");
        request.*member = value.get<bool>();
        return {};
    };
}

Result<std::vector<std::string>> name_list(const Json& value, const std::string& field,
                                           const std::vector<std::string>& choices,
                                           const std::map<std::string, std::string>& also = {}) {
    if (!value.is_array())
        return invalid(field, "is " + shown(value) + ", not a list", "write a list of: " + join(choices));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto where = field + "[" + std::to_string(i) + "]";
        if (!value[i].is_string())
            return invalid(where, "is " + shown(value[i]) + ", not text", "choose from: " + join(choices));
        const auto text = value[i].get<std::string>();
        auto found = find_name(choices, text);
        if (const auto other = also.find(lower(text)); !found && other != also.end()) found = other->second;
        if (!found) {
            const auto close = nearest(text, choices);
            return invalid(where,
                           shown(value[i]) + " is not known" +
                               (close.empty() ? "" : "; did you mean " + close + "?"),
                           "choose from: " + join(choices));
        }
        if (std::find(names.begin(), names.end(), *found) != names.end())
            return invalid(where, "'" + *found + "' is named twice", "name each once");
        names.push_back(*found);
    }
    return names;
}

Status read_fx(const Json& value, Request& request) {
    auto names =
        name_list(value, "fx", effects(),
                  {{"echo", "delay"}, {"distortion", "drive"}, {"saturation", "drive"}, {"equalizer", "eq"}});
    if (!names) return names.error();
    std::sort(names->begin(), names->end(), [](const auto& a, const auto& b) {
        const auto& order = effects();
        return std::find(order.begin(), order.end(), a) < std::find(order.begin(), order.end(), b);
    });
    request.fx = std::move(*names);
    return {};
}

Status read_stems(const Json& value, Request& request) {
    const int all = static_cast<int>(stem_roles().size());
    if (value.is_number()) {
        auto count = whole_number(value, "stems", 1, all);
        if (!count) return count.error();
        request.stem_count = static_cast<std::size_t>(*count);
        return {};
    }
    auto names =
        name_list(value, "stems", stem_roles(), {{"lead", "melody"}, {"pads", "pad"}, {"choir", "vocals"}});
    if (!names) return names.error();
    if (names->empty())
        return invalid("stems", "is an empty list", "name at least one of: " + join(stem_roles()));
    request.stems = std::move(*names);
    return {};
}

Status read_sections(const Json& value, Request& request) {
    const std::string example = R"(write e.g. [{"name":"Intro","bars":4},{"name":"Verse","bars":8}])";
    if (!value.is_array()) return invalid("sections", "is " + shown(value) + ", not a list", example);
    if (value.empty() || value.size() > kBarsMax)
        return invalid("sections", "holds " + std::to_string(value.size()) + " sections", "use 1 to 256");
    std::vector<SectionSpec> sections;
    for (std::size_t i = 0; i < value.size(); ++i) {
        const auto where = "sections[" + std::to_string(i) + "]";
        const Json& item = value[i];
        if (!item.is_object()) return invalid(where, "is " + shown(item) + ", not an object", example);
        for (const auto& [key, unused] : item.items())
            if (key != "name" && key != "bars")
                return invalid(where + "." + key, "is not a known field", example);
        if (!item.contains("name") || !item["name"].is_string())
            return invalid(where + ".name", "is missing or not text",
                           "choose one of: " + join(section_names()));
        const auto name = find_name(section_names(), item["name"].get<std::string>());
        if (!name) {
            const auto close = nearest(item["name"].get<std::string>(), section_names());
            return invalid(where + ".name",
                           shown(item["name"]) + " is not known" +
                               (close.empty() ? "" : "; did you mean " + close + "?"),
                           "choose one of: " + join(section_names()));
        }
        if (!item.contains("bars")) return invalid(where + ".bars", "is missing", example);
        auto bars = whole_number(item["bars"], where + ".bars", 1, kBarsMax);
        if (!bars) return bars.error();
        sections.push_back({*name, *bars});
    }
    request.sections = std::move(sections);
    return {};
}

Status read_seed(const Json& value, Request& request) {
    const std::string range = "choose a whole number from 0 to 9007199254740992, or \"random\"";
    if (value.is_string() && lower(value.get<std::string>()) == "random") {
        request.random_seed = true;
        return {};
    }
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kSeedMax)
        return invalid("seed", shown(value) + " is not possible", range);
    request.seed = value.get<std::uint64_t>();
    return {};
}

Status read_sample_rate(const Json& value, Request& request) {
    if (!value.is_number_integer() || (value != 44100 && value != 48000))
        return invalid("sample_rate", shown(value) + " is not supported", "choose 44100 or 48000");
    request.sample_rate = value.get<int>();
    return {};
}

Status read_key(const Json& value, Request& request) {
    if (!value.is_string())
        return invalid("key", "is " + shown(value) + ", not text", "write e.g. \"A minor\"");
    auto key = parse_key(value.get<std::string>());
    if (!key) return key.error();
    request.key = key->text();
    return {};
}

Status read_schema(const Json& value, Request&) {
    if (value != kParamsSchema)
        return Error{ErrorCode::kVersionMismatch, "schema", shown(value) + " is not known to this version",
                     "this program reads schema 1; update it"};
    return {};
}

const std::map<std::string, Reader>& readers() {
    static const std::vector<std::string> kMeters = {"4/4", "3/4"};
    static const std::map<std::string, Reader> table = {
        {"prompt", text_field("prompt", &Request::prompt, kPromptMax)},
        {"genre", read_genre},
        {"mood", number_field("mood", &Request::mood, 0, 1, "")},
        {"energy", number_field("energy", &Request::energy, 0, 1, "")},
        {"tempo", number_field("tempo", &Request::tempo, kTempoMin, kTempoMax, " BPM")},
        {"key", read_key},
        {"instrument_focus", choice_field("instrument_focus", &Request::instrument_focus, focuses())},
        {"texture", choice_field("texture", &Request::texture, textures())},
        {"complexity", number_field("complexity", &Request::complexity, 0, 1, "")},
        {"fx", read_fx},
        {"humanize", number_field("humanize", &Request::humanize, 0, 1, "")},
        {"video_sync", bool_field("video_sync", &Request::video_sync)},
        {"bars", whole_field("bars", &Request::bars, 1, kBarsMax)},
        {"sections", read_sections},
        {"stems", read_stems},
        {"variations", whole_field("variations", &Request::variations, 1, kVariationsMax)},
        {"seed", read_seed},
        {"sample_rate", read_sample_rate},
        {"engine", choice_field("engine", &Request::engine, engines())},
        {"meter", choice_field("meter", &Request::meter, kMeters)},
        {"print_fx", bool_field("print_fx", &Request::print_fx)},
        {"schema", read_schema},
    };
    return table;
}

} // namespace

Result<Request> parse_request(std::string_view text) {
    auto parsed = parse_object(text, kJsonMax, "params",
                               "write an object such as {\"prompt\":\"Dreamy lofi\",\"tempo\":82}");
    if (!parsed) return parsed.error();
    const Json& document = *parsed;
    Request request;
    for (const auto& [name, value] : document.items()) {
        const auto reader = readers().find(name);
        if (reader == readers().end()) {
            std::vector<std::string> known;
            for (const auto& [field, unused] : readers())
                if (field != "schema") known.push_back(field);
            const auto close = nearest(name, known);
            return invalid(name.substr(0, 60),
                           "is not a known field" + (close.empty() ? "" : "; did you mean " + close + "?"),
                           "known fields: " + join(known));
        }
        // null leaves a field open, as programs that write every field do.
        if (value.is_null()) continue;
        if (auto status = reader->second(value, request); !status) return status.error();
    }
    return request;
}

std::string request_json(const Request& request) {
    Json out = Json::object();
    const auto put = [&](const char* name, const auto& member) {
        if (member) out[name] = *member;
    };
    put("prompt", request.prompt);
    put("genre", request.genre);
    put("mood", request.mood);
    put("energy", request.energy);
    put("tempo", request.tempo);
    put("key", request.key);
    put("instrument_focus", request.instrument_focus);
    put("texture", request.texture);
    put("complexity", request.complexity);
    put("fx", request.fx);
    put("humanize", request.humanize);
    put("video_sync", request.video_sync);
    put("bars", request.bars);
    put("stems", request.stems);
    put("variations", request.variations);
    put("sample_rate", request.sample_rate);
    put("engine", request.engine);
    put("meter", request.meter);
    put("print_fx", request.print_fx);
    put("seed", request.seed);
    if (request.random_seed) out["seed"] = "random";
    if (request.stem_count && !request.stems) out["stems"] = *request.stem_count;
    if (request.sections) {
        out["sections"] = Json::array();
        for (const auto& section : *request.sections)
            out["sections"].push_back({{"name", section.name}, {"bars", section.bars}});
    }
    return out.dump();
}

std::string canonical_json(const Params& params) {
    Json sections = Json::array();
    for (const auto& section : params.sections)
        sections.push_back({{"name", section.name}, {"bars", section.bars}});
    const Json out = {{"schema", kParamsSchema},
                      {"prompt", params.prompt},
                      {"genre", params.genre},
                      {"mood", params.mood},
                      {"energy", params.energy},
                      {"tempo", params.tempo},
                      {"key", params.key},
                      {"instrument_focus", params.instrument_focus},
                      {"texture", params.texture},
                      {"complexity", params.complexity},
                      {"fx", params.fx},
                      {"humanize", params.humanize},
                      {"video_sync", params.video_sync},
                      {"bars", params.bars},
                      {"sections", sections},
                      {"stems", params.stems},
                      {"variations", params.variations},
                      {"seed", params.seed},
                      {"sample_rate", params.sample_rate},
                      {"engine", params.engine},
                      {"meter", params.meter},
                      {"print_fx", params.print_fx}};
    return out.dump();
}

} // namespace loopmind::request
