// What an automation lane moves: the text `target` taken apart, with the range of its values. JUCE-free.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace loopmind::session {

/// A parsed target: "gain_db", "pan", "mute", "sends.<bus id>.level" or "inserts.<insert id>.<param>".
struct AutomationTarget {
    enum class Kind { kGain, kPan, kMute, kSend, kInsert };
    Kind kind = Kind::kGain;
    std::string id{};      ///< of the bus or the insert; "" for the others
    std::string param{};   ///< of kInsert
    double minimum = -144; ///< values outside are refused; an insert's own range is its effect's
    double maximum = 48;
};

/// Takes a target apart; nullopt when it is none. Ids may hold points: a parameter's name holds none.
inline std::optional<AutomationTarget> parse_automation_target(std::string_view text) {
    using Kind = AutomationTarget::Kind;
    constexpr double kAny = 1e15; // any finite value that an effect can mean; sums of such stay finite
    constexpr std::string_view kSends = "sends.", kLevel = ".level", kInserts = "inserts.";
    if (text == "gain_db") return AutomationTarget{};
    if (text == "pan") return AutomationTarget{Kind::kPan, {}, {}, -1, 1};
    if (text == "mute") return AutomationTarget{Kind::kMute, {}, {}, 0, 1};
    if (text.starts_with(kSends) && text.ends_with(kLevel) && text.size() > kSends.size() + kLevel.size()) {
        text.remove_prefix(kSends.size());
        text.remove_suffix(kLevel.size());
        return AutomationTarget{Kind::kSend, std::string(text), {}, 0, 4};
    }
    if (text.starts_with(kInserts)) {
        text.remove_prefix(kInserts.size());
        const std::size_t point = text.rfind('.');
        if (point == std::string_view::npos || point == 0 || point + 1 == text.size()) return std::nullopt;
        return AutomationTarget{Kind::kInsert, std::string(text.substr(0, point)),
                                std::string(text.substr(point + 1)), -kAny, kAny};
    }
    return std::nullopt;
}

/// Targets of a send and of an insert's parameter.
inline std::string send_target(std::string_view bus_id) {
    return "sends." + std::string(bus_id) + ".level";
}
inline std::string insert_target(std::string_view insert_id, std::string_view param) {
    return "inserts." + std::string(insert_id) + "." + std::string(param);
}

} // namespace loopmind::session
