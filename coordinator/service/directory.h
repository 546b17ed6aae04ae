// Who is enrolled: for the ZAP handshakes and for every message after them.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "coordinator/core/records.h"
#include "coordinator/store/store.h"
#include "proto/wire/zap.h"

namespace loopmind::service {

/// Any thread. A key enrolled or revoked by another program counts within one second.
class Directory {
  public:
    explicit Directory(std::unique_ptr<store::IdentityReader> reader) : reader_(std::move(reader)) {}

    /// The enrolled, not revoked identity of a key. While the database cannot be read, what was known last
    /// counts.
    std::optional<store::StoredIdentity> find(const std::string& public_key, core::Millis now);

    /// All identities as they are now, after one changed: what was remembered is put right, and who is
    /// revoked stays out also while the reader still lags behind.
    void refresh(const std::vector<store::StoredIdentity>& all, core::Millis now);

    /// For ZAP: the identity if it may enter the workers' (or clients') socket.
    std::optional<wire::Identity> admit(const std::string& public_key, bool workers_socket);

  private:
    struct Known {
        std::optional<store::StoredIdentity> identity;
        core::Millis read_at{0};
    };
    std::unique_ptr<store::IdentityReader> reader_;
    std::mutex mutex_;
    std::map<std::string, Known> known_;
    std::unordered_set<std::string> revoked_;
};

} // namespace loopmind::service
