// Reads the resolved request that layers keep.
#include "engine/automix/wishes.h"

#include "engine/session/session.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>

namespace loopmind::automix {

Wishes wishes_of(const session::Session& session) {
    Wishes out;
    const std::vector<session::Layer> layers = session.layers();
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        const auto params = nlohmann::json::parse(layer->params_json(), nullptr, false);
        if (!params.is_object()) continue;
        const auto text = [&](const char* name) {
            const auto found = params.find(name);
            return found != params.end() && found->is_string() ? found->get<std::string>() : std::string();
        };
        const auto genre = genre_target(text("genre"));
        if (!genre) continue;
        out.genre = genre->name();
        if (const auto energy = params.find("energy"); energy != params.end() && energy->is_number())
            out.energy = std::clamp(energy->get<double>(), 0.0, 1.0);
        if (std::string focus = text("instrument_focus"); !focus.empty()) {
            std::transform(focus.begin(), focus.end(), focus.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
            out.focus = focus;
        }
        break;
    }
    return out;
}

RoleTarget target_for(const GenreTarget& genre, Role role, const Wishes& wishes) {
    constexpr double kNearer = 3, kFarther = -1.5; // as models/composer places a focus
    RoleTarget out = genre.role(role, wishes.energy);
    if (wishes.focus == "balanced") return out;
    const bool drums = role == Role::kDrums || role == Role::kKick || role == Role::kSnare ||
                       role == Role::kHats || role == Role::kPercussion;
    const bool focus = wishes.focus == role_name(role) || (wishes.focus == "drums" && drums);
    out.lu += focus ? kNearer : kFarther;
    return out;
}

} // namespace loopmind::automix
