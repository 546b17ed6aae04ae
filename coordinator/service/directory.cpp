// Identities with a one-second memory.
#include "coordinator/service/directory.h"

#include <spdlog/spdlog.h>

#include "coordinator/service/clock.h"

namespace loopmind::service {
namespace {
constexpr core::Millis kFresh{1000};
constexpr std::size_t kMostKnown = 10'000;
} // namespace

std::optional<store::StoredIdentity> Directory::find(const std::string& public_key, core::Millis now) {
    const std::lock_guard lock(mutex_);
    if (revoked_.contains(public_key)) return std::nullopt;
    auto it = known_.find(public_key);
    if (it != known_.end() && now - it->second.read_at < kFresh) return it->second.identity;
    auto read = reader_->find(public_key);
    if (!read.ok()) {
        spdlog::warn("identities cannot be read: {}", read.error().text());
        return it == known_.end() ? std::nullopt : it->second.identity;
    }
    if (*read && (*read)->revoked) read->reset();
    if (!*read) {
        known_.erase(public_key); // strangers are not remembered: they could fill memory
        return std::nullopt;
    }
    if (known_.size() >= kMostKnown) known_.clear();
    known_[public_key] = {*read, now};
    return *read;
}

void Directory::refresh(const std::vector<store::StoredIdentity>& all, core::Millis now) {
    const std::lock_guard lock(mutex_);
    revoked_.clear();
    for (const store::StoredIdentity& who : all) {
        const auto known = known_.find(who.public_key);
        if (known != known_.end()) known->second = {who, now};
        if (!who.revoked) continue;
        revoked_.insert(who.public_key);
        known_.erase(who.public_key);
    }
}

std::optional<wire::Identity> Directory::admit(const std::string& public_key, bool workers_socket) {
    const auto found = find(public_key, boot_now());
    if (!found || (found->role == "worker") != workers_socket) return std::nullopt;
    return wire::Identity{found->name, found->role, found->tenant};
}

} // namespace loopmind::service
