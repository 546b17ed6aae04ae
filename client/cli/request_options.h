// The request fields as command line options, and how they become the parameter JSON.
#pragma once

#include "proto/base/result.h"
#include "proto/request/params.h"

#include <CLI/CLI.hpp>

#include <optional>
#include <string>
#include <vector>

namespace loopmind::cli {

enum class OptionKind { kText, kNumber, kInteger, kFlag, kList, kSections, kSeed, kStems };

/// One request field and the option that sets it.
struct RequestOption {
    const char* field;  ///< name in the parameter JSON
    const char* option; ///< "--instrument-focus"
    OptionKind kind;
    const char* value_name; ///< shown in --help
    const char* help;
    std::vector<std::string> (*choices)(); ///< closed set for help and completion; nullptr: none
};

/// All fields of a request, in the order of --help.
const std::vector<RequestOption>& request_options();

/// What the person gave for one field; flags are "true" or "false".
struct GivenOption {
    const RequestOption* option;
    std::string value;
};

/// Reads `params_text` (may be empty) and lets `given` and `prompt_words` (the positional prompt) win over
/// it; checks everything as the coordinator will. `params_name` names the text in errors. The result holds an
/// explicit seed when "random" was asked for, drawn as `drawn_seed`, so that sending it twice is one request.
Result<request::Request> build_request(const std::string& params_text, const std::string& params_name,
                                       const std::vector<GivenOption>& given,
                                       const std::string& positional_prompt, std::uint64_t drawn_seed);

/// Registers all options on `app`; read them back with given_options(app) once it has parsed.
void add_request_options(CLI::App& app);
std::vector<GivenOption> given_options(const CLI::App& app);

} // namespace loopmind::cli
