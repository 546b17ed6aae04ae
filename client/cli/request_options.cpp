// The request fields as command line options, and how they become the parameter JSON.
#include "client/cli/request_options.h"

#include "proto/request/catalogue.h"
#include "proto/request/key.h"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>

namespace loopmind::cli {

using nlohmann::json;

namespace {

std::vector<std::string> genre_names() {
    std::vector<std::string> names;
    for (const request::Genre& genre : request::genres())
        names.push_back(genre.name);
    return names;
}
std::vector<std::string> focus_names() {
    return request::focuses();
}
std::vector<std::string> texture_names() {
    return request::textures();
}
std::vector<std::string> effect_names() {
    return request::effects();
}
std::vector<std::string> stem_names() {
    return request::stem_roles();
}
std::vector<std::string> engine_names() {
    return request::engines();
}
std::vector<std::string> rates() {
    return {"44100", "48000"};
}
std::vector<std::string> meters() {
    return {"3/4", "4/4"};
}

std::string trimmed(const std::string& text) {
    const auto from = text.find_first_not_of(" \t");
    if (from == std::string::npos) return "";
    return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find(separator, at), text.size());
        if (const std::string part = trimmed(text.substr(at, end - at)); !part.empty()) parts.push_back(part);
        at = end + 1;
    }
    return parts;
}

/// The number a text spells, or the text itself, so that the request's own check names the field and the
/// range.
json number_or_text(const std::string& text) {
    const std::string clean = trimmed(text);
    const char* end = clean.data() + clean.size();
    std::uint64_t whole = 0;
    if (auto [at, error] = std::from_chars(clean.data(), end, whole); error == std::errc() && at == end)
        return whole;
    double value = 0;
    if (auto [at, error] = std::from_chars(clean.data(), end, value);
        error == std::errc() && at == end && std::isfinite(value))
        return value;
    return text;
}

Result<json> sections_json(const std::string& text) {
    json sections = json::array();
    for (const std::string& part : split(text, ',')) {
        const std::size_t colon = part.rfind(':');
        if (colon == std::string::npos)
            return Error{ErrorCode::kInvalidArgument, "sections", "\"" + part + "\" has no number of bars",
                         "write them like Intro:4,Verse:8"};
        sections.push_back(
            {{"name", trimmed(part.substr(0, colon))}, {"bars", number_or_text(part.substr(colon + 1))}});
    }
    return sections;
}

Result<json> value_json(const RequestOption& option, const std::string& text) {
    switch (option.kind) {
    case OptionKind::kText:
        return json(text);
    case OptionKind::kNumber:
    case OptionKind::kInteger:
        return number_or_text(text);
    case OptionKind::kFlag:
        return json(text == "true");
    case OptionKind::kList: {
        json list = json::array();
        if (text == "none") return list;
        for (const std::string& part : split(text, ','))
            list.push_back(part);
        return list;
    }
    case OptionKind::kStems: {
        const json count = number_or_text(text);
        if (count.is_number()) return count;
        json list = json::array();
        for (const std::string& part : split(text, ','))
            list.push_back(part);
        return list;
    }
    case OptionKind::kSections:
        return sections_json(text);
    case OptionKind::kSeed:
        return text == "random" ? json(text) : number_or_text(text);
    }
    return json(text);
}

Error no_object(const std::string& name) {
    return {ErrorCode::kInvalidArgument, name, "holds no JSON object", "write {\"prompt\": \"...\"}"};
}

} // namespace

const std::vector<RequestOption>& request_options() {
    static const std::vector<RequestOption> kOptions = {
        {"prompt", "--prompt", OptionKind::kText, "TEXT", "What it should sound like, in words", nullptr},
        {"genre", "--genre", OptionKind::kText, "NAME", "Genre", genre_names},
        {"mood", "--mood", OptionKind::kNumber, "0..1", "0 dark and sad, 1 bright and happy", nullptr},
        {"energy", "--energy", OptionKind::kNumber, "0..1", "0 calm, 1 driving", nullptr},
        {"tempo", "--tempo", OptionKind::kNumber, "40..240", "Quarter notes per minute", nullptr},
        {"key", "--key", OptionKind::kText, "KEY", "Tonic and mode, e.g. \"A minor\", \"F# dorian\"",
         nullptr},
        {"instrument_focus", "--instrument-focus", OptionKind::kText, "NAME", "What stands in front",
         focus_names},
        {"texture", "--texture", OptionKind::kText, "NAME", "Colour of the sound", texture_names},
        {"complexity", "--complexity", OptionKind::kNumber, "0..1", "Syncopation, extensions, fills",
         nullptr},
        {"fx", "--fx", OptionKind::kList, "A,B", "Effects, separated by commas; \"none\" for none",
         effect_names},
        {"humanize", "--humanize", OptionKind::kNumber, "0..1", "Looseness of timing and velocity", nullptr},
        {"video_sync", "--video-sync", OptionKind::kFlag, "", "Store cut markers on the beat for a video",
         nullptr},
        {"bars", "--bars", OptionKind::kInteger, "1..256", "Length in bars", nullptr},
        {"sections", "--sections", OptionKind::kSections, "LIST", "Form, e.g. \"Intro:4,Verse:8,Hook:8\"",
         nullptr},
        {"stems", "--stems", OptionKind::kStems, "A,B|N", "Stems by name, or how many", stem_names},
        {"variations", "--variations", OptionKind::kInteger, "1..8", "How many takes", nullptr},
        {"seed", "--seed", OptionKind::kSeed, "N|random", "The same seed gives the same music", nullptr},
        {"sample_rate", "--sample-rate", OptionKind::kInteger, "HZ", "44100 or 48000", rates},
        {"engine", "--engine", OptionKind::kText, "NAME", "Which engine makes the music", engine_names},
        {"meter", "--meter", OptionKind::kText, "N/4", "3/4 or 4/4", meters},
        {"print_fx", "--print-fx", OptionKind::kFlag, "", "Render the effects into the stems", nullptr},
    };
    return kOptions;
}

Result<request::Request> build_request(const std::string& params_text, const std::string& params_name,
                                       const std::vector<GivenOption>& given,
                                       const std::string& positional_prompt, std::uint64_t drawn_seed) {
    json document = json::object();
    if (!params_name.empty()) {
        // The request's reader finds mistakes with line and column; only then is the text taken apart here.
        if (auto checked = request::parse_request(params_text); !checked.ok()) {
            Error error = checked.error();
            error.field = error.field.empty() ? params_name : params_name + ": " + error.field;
            return error;
        }
        document = json::parse(params_text, nullptr, false);
        if (!document.is_object()) return no_object(params_name);
    }
    for (const GivenOption& item : given) {
        auto value = value_json(*item.option, item.value);
        if (!value.ok()) return value.error();
        document[item.option->field] = std::move(*value);
    }
    if (!positional_prompt.empty()) document["prompt"] = positional_prompt;
    auto parsed = request::parse_request(document.dump(-1, ' ', false, json::error_handler_t::replace));
    if (!parsed.ok()) return parsed;
    if (parsed->random_seed) {
        parsed->random_seed = false;
        parsed->seed = drawn_seed;
    }
    if (auto resolved = request::resolve(*parsed, drawn_seed); !resolved.ok()) return resolved.error();
    return parsed;
}

void add_request_options(CLI::App& app) {
    for (const RequestOption& option : request_options()) {
        std::string text = option.help;
        if (option.choices) {
            std::string names;
            for (const std::string& name : option.choices())
                names += (names.empty() ? "" : ", ") + name;
            text += ": " + names;
        }
        // Const, or CLI11 takes it for a variable to write to.
        const std::string help = text;
        CLI::Option* added = nullptr;
        if (option.kind == OptionKind::kFlag) {
            const std::string name = option.option;
            added = app.add_flag(name + ",!--no-" + name.substr(2), help);
        } else {
            added = app.add_option(option.option, help)->type_name(option.value_name)->expected(1);
            added->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
        }
        added->group("Request");
    }
}

std::vector<GivenOption> given_options(const CLI::App& app) {
    std::vector<GivenOption> given;
    for (const RequestOption& option : request_options()) {
        const CLI::Option* parsed = app.get_option(option.option);
        if (parsed->count() == 0) continue;
        if (option.kind == OptionKind::kFlag)
            given.push_back({&option, parsed->as<bool>() ? "true" : "false"});
        else
            given.push_back({&option, parsed->results().back()});
    }
    return given;
}

} // namespace loopmind::cli
