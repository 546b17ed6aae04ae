// Adopting is what the farm's promises are about; nobody reads or uploads here.
#include "tests/sim/memory_blobs.h"

#include "proto/base/sha256.h"

namespace loopmind::sim {
namespace {

Error nobody_asks() {
    return {ErrorCode::kInternal, "", "the virtual farm neither reads nor uploads", ""};
}

} // namespace

std::optional<std::uint64_t> MemoryBlobs::size(const std::string& sha256) {
    const auto found = blobs_.find(sha256);
    if (found == blobs_.end()) return std::nullopt;
    return found->second;
}

Result<std::unique_ptr<blobs::Reader>> MemoryBlobs::open(const std::string&) {
    return nobody_asks();
}

Result<std::unique_ptr<blobs::Reader>> MemoryBlobs::open_attempt(const blobs::AttemptOutput&) {
    return nobody_asks();
}

Result<std::unique_ptr<blobs::Upload>> MemoryBlobs::begin_upload(const std::string&, std::uint64_t) {
    return nobody_asks();
}

Result<std::uint64_t> MemoryBlobs::write_attempt(const blobs::AttemptOutput& output, std::uint64_t offset,
                                                 std::span<const std::byte> bytes) {
    std::string& file = attempts_[output];
    if (offset == 0 && file.empty()) file.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return file.size();
}

Result<blobs::AdoptVerdict> MemoryBlobs::adopt(const blobs::AttemptOutput& output, const std::string& sha256,
                                               std::uint64_t size) {
    if (full()) return Error{ErrorCode::kResourceExhausted, "disk", "it is full", ""};
    const auto file = attempts_.find(output);
    if (file == attempts_.end())
        return adopted_.contains({output, sha256}) ? blobs::AdoptVerdict::kAdopted
                                                   : blobs::AdoptVerdict::kMissing;
    const bool equal = file->second.size() == size && base::sha256_hex(file->second) == sha256;
    attempts_.erase(file);
    if (!equal) return blobs::AdoptVerdict::kMismatch;
    blobs_[sha256] = size;
    adopted_.insert({output, sha256});
    return blobs::AdoptVerdict::kAdopted;
}

std::size_t MemoryBlobs::sweep(const std::function<bool(std::uint64_t epoch)>& live) {
    return std::erase_if(attempts_, [&live](const auto& entry) { return !live(entry.first.epoch); });
}

} // namespace loopmind::sim
