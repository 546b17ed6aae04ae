// The hidden file that says what a delivery wrote, so that the same delivery again costs nothing.
#include "client/farm/delivery_manifest.h"

#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"

#include <nlohmann/json.hpp>

#include <sys/stat.h>

namespace loopmind::farm {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr std::size_t kManifestMax = 1 << 20;

std::int64_t modified_ns(const struct stat& info) {
    return info.st_mtim.tv_sec * 1'000'000'000ll + info.st_mtim.tv_nsec;
}

} // namespace

std::string delivery_digest(const DeliveryPlan& plan, bool embed) {
    std::string text =
        "LoopMind Farm " LOOPMIND_VERSION "\n" + plan.params_json + (embed ? "\nembedded" : "\nlinked");
    for (const PlannedVariation& variation : plan.variations) {
        for (const PlannedStem& stem : variation.stems)
            text += "\n" + stem.id + " " + stem.audio.sha256() + " " + stem.midi.sha256();
        text += "\n" + variation.mix.sha256() + " " + variation.premaster.sha256() + " " +
                variation.session.sha256();
    }
    return base::sha256_hex(text);
}

Status write_manifest(const fs::path& folder, const DeliveryPlan& plan, const std::string& digest,
                      const std::vector<DeliveredFile>& files) {
    json list = json::array();
    for (const DeliveredFile& file : files) {
        struct stat info {};
        if (::stat((folder / file.file).c_str(), &info) != 0)
            return base::file_error(folder / file.file, "cannot be read", errno);
        list.push_back({{"file", file.file},
                        {"role", file.role},
                        {"stem", file.stem},
                        {"variation", file.variation},
                        {"size", static_cast<std::uint64_t>(info.st_size)},
                        {"modified_ns", modified_ns(info)}});
    }
    const json document = {{"version", 1},
                           {"software", "LoopMind Farm " LOOPMIND_VERSION},
                           {"delivery", digest},
                           {"params", json::parse(plan.params_json, nullptr, false)},
                           {"files", list}};
    return base::write_durably(folder / kManifestName,
                               document.dump(1, ' ', false, json::error_handler_t::replace) + "\n");
}

std::optional<Manifest> read_manifest(const fs::path& folder) {
    const auto text = base::read_file(folder / kManifestName, kManifestMax);
    if (!text.ok()) return std::nullopt;
    const json document = json::parse(*text, nullptr, false);
    if (!document.is_object()) return std::nullopt;
    Manifest manifest;
    try {
        manifest.digest = document.at("delivery").get<std::string>();
        manifest.params_json = document.at("params").dump();
        manifest.intact = true;
        for (const json& item : document.at("files")) {
            DeliveredFile file{item.at("file").get<std::string>(), item.at("role").get<std::string>(),
                               item.at("stem").get<std::string>(), item.at("variation").get<int>()};
            struct stat info {};
            manifest.intact =
                manifest.intact && ::stat((folder / file.file).c_str(), &info) == 0 &&
                static_cast<std::uint64_t>(info.st_size) == item.at("size").get<std::uint64_t>() &&
                modified_ns(info) == item.at("modified_ns").get<std::int64_t>();
            manifest.files.push_back(std::move(file));
        }
    } catch (const json::exception&) {
        return std::nullopt;
    }
    return manifest;
}

} // namespace loopmind::farm
