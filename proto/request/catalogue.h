// The names a request may use: genres with their defaults, stems, textures, effects, modes, sections.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::request {

/// A genre and what a request gets from it when it leaves fields open.
struct Genre {
    std::string name;                 ///< canonical spelling, e.g. "LoFi"
    std::vector<std::string> aliases; ///< lower-case words and phrases that mean it, in prompts and fields
    double tempo;                     ///< quarter notes per minute
    double mood, energy, complexity, humanize; ///< 0..1
    std::string texture;
    std::vector<std::string> stems;
    std::vector<std::string> fx;
};

/// All genres, in the order they are shown to people.
const std::vector<Genre>& genres();

/// The genre of that name or alias (any case); nullptr when there is none.
const Genre* find_genre(std::string_view name);

/// Closed lists of the contract, canonical spelling.
const std::vector<std::string>& stem_roles();
const std::vector<std::string>& textures();
const std::vector<std::string>& effects();
const std::vector<std::string>& focuses();
const std::vector<std::string>& section_names();
const std::vector<std::string>& engines();

/// The entry of `list` equal to `name` in any case.
std::optional<std::string> find_name(const std::vector<std::string>& list, std::string_view name);

} // namespace loopmind::request
