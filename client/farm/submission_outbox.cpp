// Submissions kept on disk until the coordinator has acknowledged them.
#include "client/farm/submission_outbox.h"

#include "proto/base/durable_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace loopmind::farm {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {
constexpr std::size_t kSubmissionMax = 1 << 20;
}

bool is_job_id(const std::string& text) {
    return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

Status SubmissionOutbox::keep(const v1::SubmitJob& submission) const {
    std::error_code failed;
    fs::create_directories(folder_, failed);
    if (failed) return base::file_error(folder_, "cannot be created", failed.value());
    const json document = {{"job_id", submission.job_id()},
                           {"kind", static_cast<int>(submission.kind())},
                           {"params_json", submission.params_json()},
                           {"supersede_key", submission.supersede_key()}};
    return base::write_durably(file_of(submission.job_id()),
                               document.dump(-1, ' ', false, json::error_handler_t::replace));
}

void SubmissionOutbox::forget(const std::string& job_id) const {
    if (!is_job_id(job_id)) return;
    std::error_code ignored;
    fs::remove(file_of(job_id), ignored);
}

std::vector<v1::SubmitJob> SubmissionOutbox::kept() const {
    std::vector<v1::SubmitJob> found;
    std::error_code failed;
    for (fs::directory_iterator it(folder_, failed), end; !failed && it != end; it.increment(failed)) {
        if (it->path().extension() != ".json") continue;
        const auto text = base::read_file(it->path(), kSubmissionMax);
        if (!text.ok()) continue; // taken by another process meanwhile, or not readable now
        const json document = json::parse(*text, nullptr, false);
        v1::SubmitJob submission;
        try {
            submission.set_job_id(document.at("job_id").get<std::string>());
            submission.set_kind(static_cast<v1::JobKind>(document.at("kind").get<int>()));
            submission.set_params_json(document.at("params_json").get<std::string>());
            submission.set_supersede_key(document.value("supersede_key", ""));
        } catch (const json::exception&) {
            submission.clear_job_id();
        }
        if (is_job_id(submission.job_id()) && it->path().stem() == submission.job_id()) {
            found.push_back(std::move(submission));
        } else {
            std::error_code ignored;
            fs::rename(it->path(), it->path().string() + ".corrupt", ignored);
        }
    }
    return found;
}

} // namespace loopmind::farm
