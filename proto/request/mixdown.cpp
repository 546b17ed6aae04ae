// The JSON of a mixdown, and the specs of its tasks.
#include "proto/request/mixdown.h"

#include "proto/base/sha256.h"
#include "proto/request/json_reading.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <set>

namespace loopmind::request {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kBlobBytesMax = std::uint64_t{8} << 30;
constexpr std::size_t kMediaMax = 100'000;
constexpr std::array kTags = {"title", "artist", "isrc", "genre", "comment"};

struct Format {
    const char* name;
    std::vector<int> bits; ///< empty: lossy, takes kbps
    int usual;
};
const std::array<Format, 7>& formats() {
    static const std::array<Format, 7> all = {{{"wav", {16, 24, 32}, 24},
                                               {"aiff", {16, 24}, 24},
                                               {"flac", {16, 24}, 24},
                                               {"ogg", {}, 256},
                                               {"mp3", {}, 320},
                                               {"opus", {}, 192},
                                               {"aac", {}, 256}}};
    return all;
}

bool is_id(const std::string& id) {
    return !id.empty() && id.size() <= 128 &&
           std::none_of(id.begin(), id.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

/// The fields of one object, each taken once; what is left over is unknown.
class Fields {
  public:
    Fields(const Json& object, std::string place) : object_(object), place_(std::move(place)) {
        if (!object_.is_object()) fail("", "is " + shown(object_) + ", not an object");
    }
    const Json* take(const char* name) {
        taken_.insert(name);
        if (error_ || !object_.contains(name) || object_[name].is_null()) return nullptr;
        return &object_[name];
    }
    const Json* need(const char* name) {
        const Json* value = take(name);
        if (value == nullptr) fail(name, "is missing");
        return value;
    }
    std::string text(const char* name, std::size_t longest, bool needed) {
        const Json* value = needed ? need(name) : take(name);
        if (value == nullptr) return {};
        if (!value->is_string()) return fail(name, "is " + shown(*value) + ", not text"), std::string();
        auto out = value->get<std::string>();
        if (out.size() > longest) fail(name, "is longer than " + std::to_string(longest) + " bytes");
        return out;
    }
    std::optional<double> number(const char* name, double low, double high) {
        const Json* value = take(name);
        if (value == nullptr) return std::nullopt;
        const double out = value->is_number() ? value->get<double>() : std::nan("");
        if (!(out >= low && out <= high)) {
            fail(name, "is " + shown(*value) + ", not a number from " + shown(Json(low)) + " to " +
                           shown(Json(high)));
            return std::nullopt;
        }
        return out;
    }
    std::optional<int> whole(const char* name, int low, int high) {
        const auto out = number(name, low, high);
        if (!out) return std::nullopt;
        if (*out != std::floor(*out)) {
            fail(name, "is " + shown(Json(*out)) + ", not a whole number");
            return std::nullopt;
        }
        return static_cast<int>(*out);
    }
    bool flag(const char* name) {
        const Json* value = take(name);
        if (value == nullptr) return false;
        if (!value->is_boolean()) fail(name, "is " + shown(*value) + ", not true or false");
        return value->is_boolean() && value->get<bool>();
    }
    const Json& list(const char* name, std::size_t most, bool needed) {
        static const Json none = Json::array();
        const Json* value = needed ? need(name) : take(name);
        if (value == nullptr) return none;
        if (!value->is_array() || value->size() > most) {
            fail(name, "is no list of at most " + std::to_string(most));
            return none;
        }
        return *value;
    }
    void fail(const std::string& name, std::string message, std::string hint = {}) {
        if (error_) return;
        const std::string dot = place_.empty() || name.empty() ? "" : ".";
        error_ = invalid(place_ + dot + name, std::move(message), std::move(hint));
    }
    /// The first error, or an unknown field.
    std::optional<Error> end() {
        if (error_) return error_;
        for (const auto& [name, value] : object_.items())
            if (!taken_.contains(name)) fail(name.substr(0, 60), "is not a known field");
        return error_;
    }

  private:
    const Json& object_;
    const std::string place_;
    std::set<std::string, std::less<>> taken_;
    std::optional<Error> error_;
};

std::string at(const std::string& list, std::size_t index) {
    return list + "[" + std::to_string(index) + "]";
}

Result<BlobName> read_blob(const Json& value, const std::string& place) {
    Fields fields(value, place);
    BlobName blob;
    blob.sha256 = fields.text("sha256", 64, true);
    if (!base::is_sha256_hex(blob.sha256)) fields.fail("sha256", "is not 64 lower-case hexadecimal digits");
    blob.size =
        static_cast<std::uint64_t>(fields.number("size", 0, static_cast<double>(kBlobBytesMax)).value_or(0));
    if (fields.take("size") == nullptr) fields.fail("size", "is missing");
    if (auto error = fields.end()) return *error;
    return blob;
}

Status read_blobs(const Json& list, const std::string& place, std::vector<BlobName>& out) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        auto blob = read_blob(list[i], at(place, i));
        if (!blob) return blob.error();
        out.push_back(*blob);
    }
    return {};
}

Result<MixdownTrack> read_track(const Json& value, const std::string& place) {
    Fields fields(value, place);
    MixdownTrack track;
    track.id = fields.text("id", 128, true);
    if (!is_id(track.id)) fields.fail("id", "is empty or holds control characters");
    const Json* session = fields.need("session");
    const Json& media = fields.list("media", kMediaMax, false);
    const Json& needs = fields.list("needs", kMixdownTracksMax, false);
    if (auto error = fields.end()) return *error;
    auto document = read_blob(*session, place + ".session");
    if (!document) return document.error();
    track.session = *document;
    if (Status read = read_blobs(media, place + ".media", track.media); !read) return read.error();
    for (std::size_t i = 0; i < needs.size(); ++i) {
        if (!needs[i].is_string()) return invalid(at(place + ".needs", i), "is no track's id");
        track.needs.push_back(needs[i].get<std::string>());
    }
    return track;
}

Result<MixdownExport> read_export(const Json& value, const std::string& place) {
    Fields fields(value, place);
    MixdownExport out;
    out.format = fields.text("format", 16, true);
    const auto bits = fields.whole("bits", 8, 64);
    const auto kbps = fields.whole("kbps", 32, 512);
    const auto format = std::find_if(formats().begin(), formats().end(),
                                     [&](const Format& f) { return out.format == f.name; });
    if (format == formats().end()) {
        std::string known;
        for (const Format& f : formats())
            known += (known.empty() ? "" : ", ") + std::string(f.name);
        fields.fail("format", "\"" + out.format + "\" is not a known file format", "choose one of: " + known);
    } else if (format->bits.empty()) {
        if (bits) fields.fail("bits", out.format + " is lossy and has no depth", "give kbps instead");
        out.bits = 0;
        out.kbps = kbps.value_or(format->usual);
    } else {
        if (kbps) fields.fail("kbps", out.format + " is lossless and has no bit rate", "give bits instead");
        out.bits = bits.value_or(format->usual);
        if (std::find(format->bits.begin(), format->bits.end(), out.bits) == format->bits.end())
            fields.fail("bits", out.format + " is not written with " + std::to_string(out.bits) + " bits");
    }
    if (auto error = fields.end()) return *error;
    return out;
}

/// Ids are known and unique, and no track waits for itself by any way round.
std::optional<Error> bad_needs(const std::vector<MixdownTrack>& tracks) {
    std::map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < tracks.size(); ++i)
        if (!index.emplace(tracks[i].id, i).second)
            return invalid(at("tracks", i) + ".id", "\"" + tracks[i].id + "\" is there twice",
                           "give each track its own id");
    std::vector<std::size_t> waiting(tracks.size());
    std::vector<std::vector<std::size_t>> dependants(tracks.size());
    for (std::size_t i = 0; i < tracks.size(); ++i) {
        std::set<std::string> seen;
        for (const std::string& need : tracks[i].needs) {
            const auto found = index.find(need);
            if (found == index.end() || !seen.insert(need).second)
                return invalid(at("tracks", i) + ".needs",
                               "\"" + need + "\" is there twice or no track of the mixdown");
            dependants[found->second].push_back(i);
            ++waiting[i];
        }
    }
    std::vector<std::size_t> free;
    for (std::size_t i = 0; i < tracks.size(); ++i)
        if (waiting[i] == 0) free.push_back(i);
    std::size_t done = 0;
    while (!free.empty()) {
        const std::size_t next = free.back();
        free.pop_back();
        ++done;
        for (const std::size_t dependant : dependants[next])
            if (--waiting[dependant] == 0) free.push_back(dependant);
    }
    if (done == tracks.size()) return std::nullopt;
    std::string names;
    for (std::size_t i = 0; i < tracks.size(); ++i)
        if (waiting[i] > 0) names += (names.empty() ? "" : ", ") + tracks[i].id;
    return invalid("tracks", "side chains go in a circle through " + names, "remove one of them");
}

Json json_of(const BlobName& blob) {
    return {{"sha256", blob.sha256}, {"size", blob.size}};
}

Json json_of(const std::vector<MixdownExport>& exports) {
    Json out = Json::array();
    for (const MixdownExport& one : exports) {
        Json item = {{"format", one.format}};
        if (one.bits > 0) item["bits"] = one.bits;
        if (one.kbps > 0) item["kbps"] = one.kbps;
        out.push_back(std::move(item));
    }
    return out;
}

/// What mixdown documents and sum specs share.
void put_sum(Json& out, const Mixdown& mixdown) {
    out["name"] = mixdown.name;
    out["sample_rate"] = mixdown.sample_rate;
    out["session"] = json_of(mixdown.session);
    for (const BlobName& blob : mixdown.media)
        out["media"].push_back(json_of(blob));
    out["exports"] = json_of(mixdown.exports);
    out["stems"] = mixdown.stems;
    if (mixdown.lufs) out["lufs"] = *mixdown.lufs;
    if (mixdown.lufs) out["ceiling_db"] = mixdown.ceiling_db;
    if (!mixdown.tags.empty()) out["tags"] = mixdown.tags;
}

Json json_of(const MixdownTrack& track) {
    Json out = {{"session", json_of(track.session)}};
    for (const BlobName& blob : track.media)
        out["media"].push_back(json_of(blob));
    return out;
}

} // namespace

Result<Mixdown> parse_mixdown(std::string_view text) {
    const auto document = parse_object(text, kMixdownJsonMax, "mixdown",
                                       "write an object with session, tracks and exports", 16);
    if (!document) return document.error();
    Fields fields(*document, "");
    Mixdown out;
    out.name = fields.text("name", 256, false);
    out.sample_rate = fields.whole("sample_rate", 8000, 384000).value_or(48000);
    const Json* session = fields.need("session");
    const Json& media = fields.list("media", kMediaMax, false);
    const Json& tracks = fields.list("tracks", kMixdownTracksMax, true);
    const Json& exports = fields.list("exports", kMixdownExportsMax, true);
    out.stems = fields.flag("stems");
    out.lufs = fields.number("lufs", -40, -5);
    out.ceiling_db = fields.number("ceiling_db", -12, 0).value_or(-1);
    if (const Json* tags = fields.take("tags")) {
        Fields given(*tags, "tags");
        for (const char* tag : kTags)
            if (std::string value = given.text(tag, 1024, false); !value.empty()) out.tags[tag] = value;
        if (auto error = given.end()) return *error;
    }
    if (auto error = fields.end()) return *error;
    if (exports.empty())
        return invalid("exports", "is empty", "name at least one file format, e.g. {\"format\":\"wav\"}");
    auto blob = read_blob(*session, "session");
    if (!blob) return blob.error();
    out.session = *blob;
    if (Status read = read_blobs(media, "media", out.media); !read) return read.error();
    for (std::size_t i = 0; i < tracks.size(); ++i) {
        auto track = read_track(tracks[i], at("tracks", i));
        if (!track) return track.error();
        out.tracks.push_back(std::move(*track));
    }
    for (std::size_t i = 0; i < exports.size(); ++i) {
        auto one = read_export(exports[i], at("exports", i));
        if (!one) return one.error();
        if (std::find(out.exports.begin(), out.exports.end(), *one) != out.exports.end())
            return invalid(at("exports", i), "is there twice");
        out.exports.push_back(*one);
    }
    if (auto error = bad_needs(out.tracks)) return *error;
    return out;
}

std::string canonical_json(const Mixdown& mixdown) {
    Json out = {{"tracks", Json::array()}};
    put_sum(out, mixdown);
    for (const MixdownTrack& track : mixdown.tracks) {
        Json item = json_of(track);
        item["id"] = track.id;
        for (const std::string& need : track.needs)
            item["needs"].push_back(need);
        out["tracks"].push_back(std::move(item));
    }
    return out.dump();
}

std::vector<MixdownTask> mixdown_tasks(const Mixdown& mixdown) {
    std::map<std::string, std::size_t> index;
    for (std::size_t i = 0; i < mixdown.tracks.size(); ++i)
        index[mixdown.tracks[i].id] = i;
    std::vector<MixdownTask> tasks(mixdown.tracks.size());
    std::vector<std::string> digests(mixdown.tracks.size());
    // A side chain's source decides how a track sounds, so its spec's digest is part of the track's spec.
    const std::function<void(std::size_t)> make = [&](std::size_t i) {
        if (!digests[i].empty()) return;
        const MixdownTrack& track = mixdown.tracks[i];
        Json spec = json_of(track);
        spec["kind"] = "track";
        spec["track"] = track.id;
        spec["sample_rate"] = mixdown.sample_rate;
        for (const std::string& need : track.needs) {
            const std::size_t source = index.at(need);
            make(source);
            spec["tracks"].push_back({{"id", need}, {"spec", digests[source]}});
            tasks[i].needs.push_back(static_cast<std::uint32_t>(source));
        }
        tasks[i].track = track.id;
        tasks[i].spec_json = spec.dump();
        digests[i] = base::sha256_hex(tasks[i].spec_json);
    };
    Json sum = {{"kind", "sum"}, {"tracks", Json::array()}};
    put_sum(sum, mixdown);
    MixdownTask last;
    for (std::size_t i = 0; i < mixdown.tracks.size(); ++i) {
        make(i);
        sum["tracks"].push_back({{"id", mixdown.tracks[i].id}, {"spec", digests[i]}});
        last.needs.push_back(static_cast<std::uint32_t>(i));
    }
    last.spec_json = sum.dump();
    tasks.push_back(std::move(last));
    return tasks;
}

Result<MixdownSpec> parse_mixdown_spec(std::string_view spec_json) {
    const Json document = Json::parse(spec_json, nullptr, false);
    Fields fields(document, "spec");
    MixdownSpec out;
    const bool is_track = fields.text("kind", 16, true) == "track";
    out.track = fields.text("track", 128, is_track);
    out.sample_rate = fields.whole("sample_rate", 8000, 384000).value_or(48000);
    const Json* session = fields.need("session");
    const Json& media = fields.list("media", kMediaMax, false);
    const Json& tracks = fields.list("tracks", kMixdownTracksMax, false);
    out.name = fields.text("name", 256, false);
    const Json& exports = fields.list("exports", kMixdownExportsMax, !is_track);
    out.stems = fields.flag("stems");
    out.lufs = fields.number("lufs", -40, -5);
    out.ceiling_db = fields.number("ceiling_db", -12, 0).value_or(-1);
    if (const Json* tags = fields.take("tags"))
        for (const auto& [name, value] : tags->items())
            if (value.is_string()) out.tags[name] = value.get<std::string>();
    if (auto error = fields.end()) return *error;
    auto blob = read_blob(*session, "spec.session");
    if (!blob) return blob.error();
    out.session = *blob;
    if (Status read = read_blobs(media, "spec.media", out.media); !read) return read.error();
    for (std::size_t i = 0; i < tracks.size(); ++i) {
        Fields source(tracks[i], at("spec.tracks", i));
        out.tracks.push_back(source.text("id", 128, true));
        source.take("spec");
        if (auto error = source.end()) return *error;
    }
    for (std::size_t i = 0; i < exports.size(); ++i) {
        auto one = read_export(exports[i], at("spec.exports", i));
        if (!one) return one.error();
        out.exports.push_back(*one);
    }
    return out;
}

std::string media_role(const std::string& sha256) {
    return "media:" + sha256;
}

std::string track_role(const std::string& track_id) {
    return "track:" + track_id;
}

std::vector<SpecInput> spec_inputs(std::string_view spec_json) {
    std::vector<SpecInput> out;
    const Json spec = Json::parse(spec_json, nullptr, false);
    if (!spec.is_object() || !spec.contains("session")) return out;
    const auto blob = [](const Json& value) {
        return BlobName{value.value("sha256", ""), value.value("size", std::uint64_t{0})};
    };
    out.push_back({kSessionRole, blob(spec["session"])});
    for (const Json& one : spec.value("media", Json::array()))
        out.push_back({media_role(one.value("sha256", "")), blob(one)});
    return out;
}

std::vector<BlobName> blobs_of(const Mixdown& mixdown) {
    std::set<BlobName> all{mixdown.session};
    all.insert(mixdown.media.begin(), mixdown.media.end());
    for (const MixdownTrack& track : mixdown.tracks) {
        all.insert(track.session);
        all.insert(track.media.begin(), track.media.end());
    }
    return {all.begin(), all.end()};
}

} // namespace loopmind::request
