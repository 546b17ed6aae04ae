// Names and copies the sum's outputs.
#include "client/farm/mixdown_delivery.h"

#include "client/farm/file_names.h"
#include "client/farm/partial_folder.h"
#include "proto/base/durable_file.h"
#include "proto/request/mixdown.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <unistd.h>

namespace loopmind::farm {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr const char* kReportName = "mixdown.json";
constexpr std::size_t kReportMax = 16u << 20;

Error incomplete(const v1::JobInfo& job, const std::string& what) {
    return {ErrorCode::kDataCorrupt, "job " + job.job_id(), what, "ask for it again: `loopmind retry`"};
}

/// Copies a blob so that it is durable under its name.
Status copy_durably(const fs::path& from, const fs::path& to) {
    std::error_code failed;
    fs::copy_file(from, to, failed);
    if (failed) return base::file_error(to, "cannot be written", failed.value());
    const int fd = ::open(to.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return base::file_error(to, "cannot be opened", errno);
    const bool synced = ::fsync(fd) == 0;
    const int why = errno;
    ::close(fd);
    return synced ? Status() : Status(base::file_error(to, "cannot be made durable", why));
}

class Plan {
  public:
    Plan(const v1::JobInfo& job, const FindBlob& find_blob) : job_(job), find_blob_(find_blob) {}

    Status read() {
        auto mixdown = request::parse_mixdown(job_.resolved_json());
        if (!mixdown) return mixdown.error();
        mixdown_ = std::move(*mixdown);
        for (const v1::TaskInfo& task : job_.tasks())
            if (task.kind() == v1::TASK_KIND_SUM)
                for (const v1::Artifact& output : task.outputs())
                    outputs_[output.role()] = output.blob().sha256();
        auto report = blob("report");
        if (!report) return report.error();
        auto text = base::read_file(*report, kReportMax);
        if (!text) return text.error();
        report_ = json::parse(*text, nullptr, false);
        if (!report_.is_object() || !report_.value("files", json()).is_array())
            return incomplete(job_, "has a report that cannot be read");
        return add_faults_of_tracks();
    }

    Result<fs::path> blob(const std::string& role) const {
        const auto output = outputs_.find(role);
        if (output == outputs_.end()) return incomplete(job_, "has no output " + role);
        return find(output->second);
    }

    struct File {
        std::string role, name, track;
    };
    std::vector<File> files() const {
        const std::string name = file_name_from(mixdown_.name, "mixdown");
        std::vector<File> out;
        std::map<std::string, int> numbers;
        for (std::size_t i = 0; i < mixdown_.exports.size(); ++i)
            out.push_back({"export-" + std::to_string(i), name + ending(i), ""});
        for (const json& file : report_["files"]) {
            const std::string role = file.value("role", ""), track = file.value("track", "");
            if (track.empty()) continue;
            const auto format = static_cast<std::size_t>(std::atoi(role.substr(role.rfind('-') + 1).c_str()));
            if (format >= mixdown_.exports.size()) continue;
            const int number = numbers.emplace(track, static_cast<int>(numbers.size()) + 1).first->second;
            char prefix[16];
            std::snprintf(prefix, sizeof prefix, "%02d-", number);
            out.push_back({role,
                           "stems/" + std::string(prefix) + file_name_from(track, "track") + ending(format),
                           track});
        }
        return out;
    }

    MixdownReport report() const {
        MixdownReport out;
        out.sample_rate = report_.value("sample_rate", 0);
        if (out.sample_rate > 0) out.seconds = report_.value("frames", 0.0) / out.sample_rate;
        out.gain_db = report_.value("gain_db", 0.0);
        const auto number = [&](const char* name) -> std::optional<double> {
            if (!report_.contains(name) || !report_[name].is_number()) return std::nullopt;
            return report_[name].get<double>();
        };
        out.lufs = number("lufs");
        out.true_peak_db = number("true_peak_db");
        for (const json& insert : report_.value("faulty_inserts", json::array()))
            if (insert.is_string()) out.faulty_inserts.push_back(insert.get<std::string>());
        for (const json& reason : report_.value("fault_reasons", json::array()))
            if (reason.is_string()) out.fault_reasons.push_back(reason.get<std::string>());
        for (const json& one : report_.value("hosted_plugins", json::array()))
            out.hosted_plugins.push_back(one.value("track", "") + ": " + one.value("uri", ""));
        return out;
    }

    /// What tracks had to bypass; the sum does not see it.
    Status add_faults_of_tracks() {
        for (const v1::TaskInfo& task : job_.tasks()) {
            if (task.kind() != v1::TASK_KIND_TRACK) continue;
            for (const v1::Artifact& output : task.outputs()) {
                if (output.role() != "faults") continue;
                const auto file = find(output.blob().sha256());
                if (!file) return file.error();
                const auto text = base::read_file(*file, kReportMax);
                if (!text) return text.error();
                const json faults = json::parse(*text, nullptr, false);
                const json inserts = faults.is_object() ? faults.value("faulty_inserts", json()) : json();
                const json reasons = faults.is_object() ? faults.value("fault_reasons", json()) : json();
                if (!inserts.is_array() || !reasons.is_array() || inserts.size() != reasons.size())
                    return incomplete(job_, "has a track's report that cannot be read");
                for (std::size_t i = 0; i < inserts.size(); ++i)
                    add_fault(inserts[i], reasons[i]);
            }
        }
        return {};
    }

    /// What the farm cannot know: which plug-ins were run here, and how they fared.
    void add(const MixdownJob& known) {
        if (known.hosted.empty()) return;
        json hosted = json::array();
        for (const mixdown::HostedInsert& one : known.hosted)
            hosted.push_back({{"track", one.track}, {"insert", one.insert}, {"uri", one.uri}});
        report_["hosted_plugins"] = std::move(hosted);
        report_["bit_equal"] = false;
        for (std::size_t i = 0; i < known.bounced.faulty_inserts.size(); ++i)
            add_fault(known.bounced.faulty_inserts[i], known.bounced.fault_reasons[i]);
    }

    std::string report_text(const std::vector<File>& files) const {
        json document = report_;
        document["format"] = "loopmind mixdown";
        document["job"] = job_.job_id();
        document["name"] = mixdown_.name;
        document["files"] = json::array();
        for (const File& file : files) {
            json item = {{"file", file.name}};
            if (!file.track.empty()) item["track"] = file.track;
            document["files"].push_back(std::move(item));
        }
        return document.dump(2) + "\n";
    }

  private:
    Result<fs::path> find(const std::string& sha256) const {
        if (const auto found = find_blob_(sha256)) return *found;
        return Error{ErrorCode::kNotFound, "blob " + sha256, "is not in the local cache any more",
                     "fetch the job again"};
    }

    void add_fault(const json& insert, const json& reason) {
        for (const char* name : {"faulty_inserts", "fault_reasons"})
            if (!report_[name].is_array()) report_[name] = json::array();
        report_["faulty_inserts"].push_back(insert);
        report_["fault_reasons"].push_back(reason);
    }

    /// ".wav", or "-16.wav" when WAV is asked for twice.
    std::string ending(std::size_t index) const {
        const request::MixdownExport& one = mixdown_.exports[index];
        const auto same = std::count_if(mixdown_.exports.begin(), mixdown_.exports.end(),
                                        [&](const auto& other) { return other.format == one.format; });
        const std::string number = std::to_string(one.bits > 0 ? one.bits : one.kbps);
        return (same > 1 ? "-" + number : "") + "." + (one.format == "aac" ? "m4a" : one.format);
    }

    const v1::JobInfo& job_;
    const FindBlob& find_blob_;
    request::Mixdown mixdown_;
    std::map<std::string, std::string> outputs_; ///< role -> hash
    json report_;
};

} // namespace

Status check_mixdown_folder(const fs::path& requested, bool force) {
    const fs::path out = clean_path(requested);
    if (const auto text = base::read_file(out / kReportName, kReportMax); text.ok()) {
        const json report = json::parse(*text, nullptr, false);
        if (report.is_object() && report.value("format", "") == "loopmind mixdown") force = true;
    }
    return check_delivery_folder(out, "", force);
}

Result<DeliveredMixdown> deliver_mixdown(const v1::JobInfo& job, const FindBlob& find_blob,
                                         const fs::path& requested, bool force, const MixdownJob* known) {
    const fs::path out = clean_path(requested);
    if (Status good = check_mixdown_folder(out, force); !good.ok()) return good.error();
    Plan plan(job, find_blob);
    if (Status read = plan.read(); !read.ok()) return read.error();
    if (known != nullptr) plan.add(*known);
    PartialFolder partial;
    if (Status made = partial.make_for(out); !made.ok()) return made.error();
    DeliveredMixdown result;
    result.delivered.folder = out;
    result.report = plan.report();
    const auto files = plan.files();
    const auto write = [&]() -> Status {
        for (const Plan::File& file : files) {
            auto from = plan.blob(file.role);
            if (!from) return from.error();
            const fs::path to = partial.path() / file.name;
            std::error_code failed;
            fs::create_directories(to.parent_path(), failed);
            if (failed) return base::file_error(to.parent_path(), "cannot be created", failed.value());
            if (Status copied = copy_durably(*from, to); !copied.ok()) return copied;
            result.delivered.files.push_back({file.name, file.track.empty() ? "mix" : "stem", file.track, 0});
        }
        if (Status written = base::write_durably(partial.path() / kReportName, plan.report_text(files));
            !written.ok())
            return written;
        return partial.put_in_place(out, kReportName);
    };
    if (Status written = write(); !written.ok()) return partial.named_for(out, written.error());
    return result;
}

} // namespace loopmind::farm
