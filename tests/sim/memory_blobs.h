// Shared storage in memory: attempt files and blobs, of which only names and sizes matter.
#pragma once

#include <map>
#include <set>
#include <utility>

#include "coordinator/blobs/blob_store.h"

namespace loopmind::sim {

/// The bytes of an output are the text that its hash is of.
class MemoryBlobs : public blobs::BlobStore {
  public:
    std::function<bool()> full = [] { return false; }; ///< Asked before anything is made durable.

    std::optional<std::uint64_t> size(const std::string& sha256) override;
    Result<std::unique_ptr<blobs::Reader>> open(const std::string& sha256) override;
    Result<std::unique_ptr<blobs::Reader>> open_attempt(const blobs::AttemptOutput& output) override;
    Result<std::uint64_t> write_attempt(const blobs::AttemptOutput& output, std::uint64_t offset,
                                        std::span<const std::byte> bytes) override;
    Result<blobs::AdoptVerdict> adopt(const blobs::AttemptOutput& output, const std::string& sha256,
                                      std::uint64_t size) override;
    void discard(const blobs::AttemptOutput& output) override { attempts_.erase(output); }
    Result<std::unique_ptr<blobs::Upload>> begin_upload(const std::string& sha256,
                                                        std::uint64_t size) override;
    std::size_t sweep(const std::function<bool(std::uint64_t epoch)>& live) override;

  private:
    std::map<blobs::AttemptOutput, std::string> attempts_;
    std::map<std::string, std::uint64_t> blobs_;
    std::set<std::pair<blobs::AttemptOutput, std::string>> adopted_; ///< Knowing a name is not enough.
};

} // namespace loopmind::sim
