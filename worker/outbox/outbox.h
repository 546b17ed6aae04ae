// Finished attempts, kept on disk until the coordinator's verdict: they survive kill -9 of the worker.
#pragma once

#include "proto/base/result.h"

#include "loopmind/v1/worker.pb.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace loopmind::outbox {

/// Names one attempt.
struct Attempt {
    std::string task_id;
    std::uint64_t epoch = 0;
    auto operator<=>(const Attempt&) const = default;
};

/// An output file of a finished attempt.
struct OutputFile {
    std::string role;
    std::filesystem::path path;
    std::uint64_t size = 0;
    bool direct = false; ///< lies in the coordinator's blob folder: the coordinator moves or removes it
};

/// What will be said about an attempt, and the bytes behind it.
struct Entry {
    Attempt attempt;
    v1::WorkerMessage report;      ///< holds Complete or Failed
    std::vector<OutputFile> files; ///< of Complete, in the order of its outputs
};

/// The folder `<home>/outbox`: one `*.done` file per entry, written durably, and `*.part` files of outputs
/// that have to be sent. Thread-safe. One process at a time (the worker's lock sees to that).
class Outbox {
  public:
    /// Makes the folder when missing and reads what an earlier process left. Entries that are damaged or
    /// whose output files are missing or cut short are dropped (and listed in `dropped()`): their attempts
    /// will be given out again. Part files that belong to no entry are removed.
    static Result<std::unique_ptr<Outbox>> open(const std::filesystem::path& folder);

    /// Where an output that the coordinator's folder cannot take is written.
    std::filesystem::path part_path(const Attempt& attempt, const std::string& role) const;
    /// Stores an entry durably; only then may it be reported. Replaces an entry of the same attempt.
    Status put(const Entry& entry);
    /// After the verdict: forgets the entry and removes its files, direct ones excepted.
    void remove(const Attempt& attempt);
    std::optional<Entry> find(const Attempt& attempt) const;
    std::vector<Attempt> attempts() const;
    const std::vector<std::string>& dropped() const { return dropped_; }

  private:
    explicit Outbox(std::filesystem::path folder) : folder_(std::move(folder)) {}
    Status load();
    std::filesystem::path entry_path(const Attempt& attempt) const;

    const std::filesystem::path folder_;
    mutable std::mutex mutex_;
    std::map<Attempt, Entry> entries_;
    std::vector<std::string> dropped_;
};

} // namespace loopmind::outbox
