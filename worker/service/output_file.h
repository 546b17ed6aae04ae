// One output of an attempt on its way to disk: appended, hashed and announced while it grows.
#pragma once

#include "proto/base/result.h"
#include "proto/base/sha256.h"
#include "worker/tasks/executor.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace loopmind::worker {

/// Where an output lies and how far it is.
struct OutputGrowth {
    std::string role;
    std::filesystem::path path;
    bool direct = false;     ///< in the coordinator's folder
    std::uint64_t bytes = 0; ///< readable now
    std::uint64_t total = 0; ///< final size, 0 until known
};

/// Written by one slot thread. The first audio is announced at once (8 KiB), later growth in steps of 64 KiB.
class OutputFile final : public tasks::OutputStream {
  public:
    using Announce = std::function<void(const OutputGrowth&)>;

    /// Makes the file anew. `cancelled` is asked at each append: a cancelled attempt writes nothing more.
    static Result<std::unique_ptr<OutputFile>> create(OutputGrowth where, Announce announce,
                                                      std::function<bool()> cancelled);
    /// Removes the file unless it was finished.
    ~OutputFile() override;

    Status append(std::span<const std::byte> bytes) override;
    /// Closes the file and returns its digest. Errors: internal when fewer or more bytes than announced were
    /// written.
    Result<base::FileDigest> finish();
    const OutputGrowth& growth() const { return growth_; }

  private:
    OutputFile(int fd, OutputGrowth where, Announce announce, std::function<bool()> cancelled);

    int fd_;
    OutputGrowth growth_;
    Announce announce_;
    std::function<bool()> cancelled_;
    base::Sha256 hash_;
    std::uint64_t announced_ = 0;
    bool finished_ = false;
};

} // namespace loopmind::worker
