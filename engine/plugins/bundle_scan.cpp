// Reads what the scanning child says, and blames what it was loading when it stopped saying anything.
#include "engine/plugins/bundle_scan.h"

#include "engine/plugins/plugin_child.h"

#include <nlohmann/json.hpp>

#include <set>

namespace loopmind::plugins {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxPlugins = 4096; ///< in a bundle

std::string text_of(const json& item, const char* name) {
    const auto found = item.find(name);
    return found != item.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// Once through the bundle, as far as one child comes.
class Pass {
  public:
    Pass(const std::filesystem::path& bundle, const ScanOptions& options, const std::set<std::string>& tried,
         ScannedBundle& out)
        : bundle_(bundle.string()), options_(options), tried_(tried), out_(out) {}

    /// Whether the child came to the end.
    Result<bool> run() {
        std::vector<std::string> arguments{"scan", "--bundle", bundle_, "--memory",
                                           std::to_string(options_.memory_bytes)};
        for (const std::string& uri : tried_)
            arguments.insert(arguments.end(), {"--skip", uri});
        auto child = start_plugin_child(options_.program, arguments, -1);
        if (!child) return child.error();
        while (true) {
            const auto until = Clock::now() + std::chrono::seconds(options_.seconds_a_plugin);
            auto message = receive_message(child->control.get(), until);
            if (!message) return blame(*child, message.error());
            if (message->contains("end")) return true;
            if (!take(*message)) return blame(*child, {ErrorCode::kDataCorrupt, "", "", ""});
        }
    }
    const std::string& loading() const { return loading_; }

  private:
    bool take(const json& message) {
        if (message.contains("loading")) {
            loading_ = text_of(message, "loading");
            // Each once: a child cannot keep us busy for ever.
            return !loading_.empty() && !tried_.contains(loading_) && here_.insert(loading_).second &&
                   here_.size() <= kMaxPlugins;
        }
        if (message.contains("refused")) {
            out_.blocked.push_back({loading_, bundle_, text_of(message, "why").substr(0, 1000)});
            return true;
        }
        auto info = plugin_from_json(message.value("plugin", json()));
        if (!info || info->uri != loading_) return false;
        info->bundle = bundle_;
        out_.plugins.push_back(std::move(*info));
        return true;
    }

    bool blame(PluginChild& child, const Error& problem) {
        std::string why = "gave a description that cannot be understood";
        if (problem.code == ErrorCode::kResourceExhausted)
            why = "did not answer within " + std::to_string(options_.seconds_a_plugin) + " s";
        child.child.kill(); // when it is dead already, this changes nothing
        const int status = child.child.reap();
        if (problem.code == ErrorCode::kUnavailable) why = process::how_it_ended(status);
        out_.blocked.push_back({loading_, bundle_, why + " while it was scanned"});
        return false;
    }

    std::string bundle_;
    const ScanOptions& options_;
    const std::set<std::string>& tried_;
    ScannedBundle& out_;
    std::string loading_;
    std::set<std::string> here_; ///< what this child has loaded
};

} // namespace

Result<ScannedBundle> scan_bundle(const std::filesystem::path& bundle, const ScanOptions& options) {
    ScannedBundle out;
    std::set<std::string> tried;
    while (true) {
        Pass pass(bundle, options, tried, out);
        auto whole = pass.run();
        if (!whole) return whole.error();
        if (*whole || pass.loading().empty()) return out; // a bundle that cannot be read at all is one blame
        for (const PluginInfo& info : out.plugins)
            tried.insert(info.uri);
        for (const BlockedPlugin& one : out.blocked)
            tried.insert(one.uri);
    }
}

} // namespace loopmind::plugins
