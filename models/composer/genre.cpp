// Finds the style table of a genre.
#include "models/composer/genre.h"

namespace loopmind::composer {

std::vector<const GenreStyle*> all_genres() {
    using namespace genres;
    return {&lofi(), &hip_hop(), &trap(), &house(), &techno(), &drum_and_bass(), &ambient(),
            &pop(),  &rock(),    &rnb(),  &jazz(),  &funk(),   &synthwave(),     &cinematic()};
}

const GenreStyle* find_genre(std::string_view name) {
    static const std::vector<const GenreStyle*> styles = all_genres();
    for (const GenreStyle* style : styles) {
        if (name == style->name) return style;
    }
    return nullptr;
}

} // namespace loopmind::composer
