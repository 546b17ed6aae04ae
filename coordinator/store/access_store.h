// Who may take part: invitations, identities and the audit log, behind one interface.
//
// Apart from store.h because people invite, revoke and look beside a running coordinator: nothing here
// belongs to a term of leadership. tests/coordinator/store/access_conformance.cpp is its conformance suite.
// Promises:
//  - An invitation makes one key an identity, once; of programs that redeem it at the same time one wins. The
//  secret
//    is kept only as its SHA-256.
//  - Enrolment and revocation write their audit record in their own transaction.
//  - Times are the database's clock, so that machines need not agree.
//  - The audit log keeps the newest kMostAuditRecords.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "coordinator/core/records.h"
#include "coordinator/store/store.h"

namespace loopmind::store {

inline constexpr std::uint64_t kMostAuditRecords = 200'000;

struct Invitation {
    std::string secret_hash; ///< SHA-256 of the secret, 64 hexadecimal digits.
    std::string role;
    std::string name;
    std::string tenant;
    core::Millis valid_for{0};
};

/// Who does something, for the audit log.
struct Actor {
    std::string name;    ///< Of an identity, or of a person at the coordinator's command line.
    std::string key;     ///< Public key; empty at the command line.
    std::string tenant;  ///< Empty at the command line.
    std::string address; ///< Where from.
};

struct AuditRecord {
    std::uint64_t at_ms = 0; ///< Unix time; set by the store.
    Actor who;
    std::string action;  ///< invite enrol revoke submit cancel retry refuse
    std::string subject; ///< What it concerned: a job, a key, a name.
    std::string outcome; ///< "ok", or why not.
};

struct Redemption {
    enum class State {
        kEnrolled,
        kUnknown,
        kExpired,
        kUsed,
        kKeyEnrolled,
        kKeyRevoked
    } state = State::kUnknown;
    StoredIdentity identity; ///< With kEnrolled.
};

/// One thread owns it.
class AccessStore {
  public:
    virtual ~AccessStore() = default;

    /// Errors: invalid_argument (role).
    virtual Status add_invitation(const Invitation& invitation, const Actor& by) = 0;
    /// Enrols `key`. The same key may ask again, its answer may have been lost: kEnrolled as long as it is
    /// not revoked. A key that was enrolled otherwise, or revoked, leaves the invitation as it is.
    virtual Result<Redemption> redeem(const std::string& secret_hash, const std::string& key,
                                      const std::string& address) = 0;

    /// All, by name.
    virtual Result<std::vector<StoredIdentity>> identities() = 0;
    /// Another text after each change of an identity, by whatever program.
    virtual Result<std::string> identities_version() = 0;
    /// False when the key is unknown or was revoked before.
    virtual Result<bool> revoke(const std::string& key, const Actor& by) = 0;

    /// Not waiting for the disk: what the machine loses with its power are the last records.
    virtual Status append_audit(std::span<const AuditRecord> records) = 0;
    /// Oldest first, the last `limit` of those that are not older than `since_ms`.
    virtual Result<std::vector<AuditRecord>> audit(std::uint64_t since_ms, std::size_t limit) = 0;
};

/// An invitation as it lies in the database.
struct KeptInvitation {
    Invitation invitation;
    std::string used_by; ///< Public key; empty: not used.
    bool expired = false;
};

/// The rule of redeem(); `known`: what the key is already.
Redemption::State decide_redemption(const std::optional<KeptInvitation>& kept,
                                    const std::optional<StoredIdentity>& known, const std::string& key);

} // namespace loopmind::store
