// A task context for tests: inputs and outputs in a folder, no sockets.
#pragma once

#include "proto/base/durable_file.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "worker/tasks/executor.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace loopmind::tasks {

class MemoryOutput final : public OutputStream {
  public:
    std::string bytes;
    std::uint64_t announced = 0;
    int appends = 0;
    std::function<Status()> before_append = [] { return Status(); };
    Status append(std::span<const std::byte> piece) override {
        if (auto status = before_append(); !status) return status;
        bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        ++appends;
        return {};
    }
};

class MemoryContext final : public TaskContext {
  public:
    explicit MemoryContext(request::TaskSpec spec) : spec_(std::move(spec)) {
        std::filesystem::create_directories(folder_);
    }
    ~MemoryContext() override { std::filesystem::remove_all(folder_); }

    void give(const std::string& role, const std::string& bytes) {
        const auto path = folder_ / base::sha256_hex(role);
        EXPECT_TRUE(base::write_durably(path, bytes));
        roles_.push_back(role);
        inputs_[role] = {role, base::sha256_hex(bytes), bytes.size(), path};
    }

    const request::TaskSpec& spec() const override { return spec_; }
    Result<Input> input(const std::string& role) override {
        const auto found = inputs_.find(role);
        if (found != inputs_.end()) return found->second;
        return Error{ErrorCode::kNotFound, "inputs", "no input " + role, ""};
    }
    std::vector<std::string> input_roles() const override { return roles_; }
    Result<OutputStream*> output(const std::string& role, std::uint64_t total) override {
        EXPECT_FALSE(outputs.contains(role)) << "opened twice: " << role;
        outputs[role].announced = total;
        outputs[role].before_append = before_append;
        return static_cast<OutputStream*>(&outputs[role]);
    }
    Result<std::filesystem::path> scratch() override {
        std::filesystem::create_directories(folder_ / "scratch");
        return folder_ / "scratch";
    }
    void set_preview(Preview given) override { preview = std::move(given); }
    void progress(double value) override {
        EXPECT_GE(value, done);
        EXPECT_LE(value, 1.0);
        done = value;
    }
    bool cancelled() const override { return stop || (stop_after_progress && done > 0); }

    std::map<std::string, MemoryOutput> outputs;
    std::optional<Preview> preview;
    std::function<Status()> before_append = [] { return Status(); };
    std::atomic<bool> stop{false};
    bool stop_after_progress = false;
    double done = 0;

  private:
    const std::filesystem::path folder_ =
        std::filesystem::path(testing::TempDir()) / ("task-" + base::random_hex(8));
    const request::TaskSpec spec_;
    std::map<std::string, Input> inputs_;
    std::vector<std::string> roles_;
};

} // namespace loopmind::tasks
