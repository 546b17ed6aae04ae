// A coordinator as a process of its own, with blobs and identities made ready for a benchmark.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "proto/wire/keys.h"

namespace loopmind::bench {

/// Errors are exceptions. The home goes away with it.
class FarmProcess {
  public:
    /// `clients` identities of one tenant may read `blobs` blobs of `blob_bytes` each; one worker.
    FarmProcess(std::size_t clients, std::size_t blobs, std::uint64_t blob_bytes);
    ~FarmProcess();
    FarmProcess(const FarmProcess&) = delete;
    FarmProcess& operator=(const FarmProcess&) = delete;

    const std::string& client_endpoint() const { return client_endpoint_; }
    const std::string& worker_endpoint() const { return worker_endpoint_; }
    const std::string& public_key() const { return public_key_; }
    const std::vector<wire::KeyPair>& clients() const { return clients_; }
    const wire::KeyPair& worker() const { return worker_; }
    const std::vector<std::string>& blobs() const { return blobs_; }
    /// Resident memory in bytes: now, and the most there ever was.
    std::uint64_t memory() const { return status("VmRSS:"); }
    std::uint64_t most_memory() const { return status("VmHWM:"); }

  private:
    void fill(std::size_t clients, std::size_t blobs, std::uint64_t blob_bytes);
    void start();
    std::uint64_t status(const std::string& field) const;

    std::filesystem::path home_;
    pid_t pid_ = -1;
    std::string client_endpoint_, worker_endpoint_, public_key_;
    std::vector<wire::KeyPair> clients_;
    wire::KeyPair worker_;
    std::vector<std::string> blobs_;
};

} // namespace loopmind::bench
