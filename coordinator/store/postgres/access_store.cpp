// Invitations, identities and the audit log on PostgreSQL, over a connection of their own.
#include <algorithm>
#include <tuple>

#include "coordinator/store/access_store.h"
#include "coordinator/store/cache_answer.h"
#include "coordinator/store/postgres/connection.h"
#include "coordinator/store/postgres/encoding.h"
#include "coordinator/store/postgres/job_rows.h"
#include "coordinator/store/postgres/postgres_store.h"
#include "coordinator/store/postgres/schema.h"

namespace loopmind::store {
namespace {

std::string text(const pqxx::row& row, int column) {
    return unescape_text(row[column].c_str());
}

class PostgresAccess : public AccessStore {
  public:
    explicit PostgresAccess(const PostgresAddress& address) : connection_(address) {}

    /// Throws SqlFailure.
    void connect() {
        connection_.ensure();
        if (connection_.sessions() == checked_session_) return;
        require_newest_schema(connection_);
        checked_session_ = connection_.sessions();
    }

    Status add_invitation(const Invitation& invitation, const Actor& by) override {
        if (!is_identity_role(invitation.role)) return no_such_role(invitation.role);
        return status(transaction<bool>([&] {
            connection_.run("delete_old_invitations");
            connection_.run("insert_invitation", escape_text(invitation.secret_hash), invitation.role,
                            escape_text(invitation.name), escape_text(invitation.tenant),
                            static_cast<std::int64_t>(invitation.valid_for.count()));
            record({0, by, "invite", invitation.role + " " + invitation.name + " of " + invitation.tenant,
                    "ok"});
            return true;
        }));
    }

    Result<Redemption> redeem(const std::string& secret_hash, const std::string& key,
                              const std::string& address) override {
        return transaction<Redemption>([&] {
            const auto kept = find_invitation(secret_hash);
            const auto known = find_identity(key);
            Redemption out;
            out.state = decide_redemption(kept, known, key);
            if (out.state != Redemption::State::kEnrolled) return out;
            if (known) {
                out.identity = *known;
                return out;
            }
            const Invitation& wanted = kept->invitation;
            const auto made = connection_.run("insert_identity", escape_text(key), wanted.role,
                                              escape_text(wanted.name), escape_text(wanted.tenant));
            if (made.empty()) { // enrolled by another invitation between the look and the insert
                out.state = Redemption::State::kKeyEnrolled;
                return out;
            }
            connection_.run("use_invitation", escape_text(secret_hash), escape_text(key));
            out.identity = {key,         wanted.role,
                            wanted.name, wanted.tenant,
                            false,       static_cast<std::uint64_t>(made[0][0].as<std::int64_t>())};
            record({0, {wanted.name, key, wanted.tenant, address}, "enrol", wanted.role + " " + key, "ok"});
            return out;
        });
    }

    Result<std::vector<StoredIdentity>> identities() override {
        return transaction<std::vector<StoredIdentity>>([&] {
            std::vector<StoredIdentity> all;
            for (const auto& row : connection_.run("list_identities"))
                all.push_back(read_identity(row));
            std::sort(all.begin(), all.end(), [](const StoredIdentity& a, const StoredIdentity& b) {
                return std::tie(a.name, a.public_key) < std::tie(b.name, b.public_key);
            });
            return all;
        });
    }

    Result<std::string> identities_version() override {
        return transaction<std::string>([&] {
            const auto rows = connection_.run("get_meta", "identities");
            return rows.empty() ? std::string() : std::string(rows[0][0].c_str());
        });
    }

    Result<bool> revoke(const std::string& key, const Actor& by) override {
        return transaction<bool>([&] {
            if (connection_.run("revoke_identity", escape_text(key)).affected_rows() == 0) return false;
            record({0, by, "revoke", key, "ok"});
            return true;
        });
    }

    Status append_audit(std::span<const AuditRecord> records) override {
        return status(transaction<bool>([&] {
            connection_.execute("SET LOCAL synchronous_commit = off");
            record(records);
            connection_.run("trim_audit", static_cast<std::int64_t>(kMostAuditRecords));
            return true;
        }));
    }

    Result<std::vector<AuditRecord>> audit(std::uint64_t since_ms, std::size_t limit) override {
        return transaction<std::vector<AuditRecord>>([&] {
            std::vector<AuditRecord> all;
            for (const auto& row : connection_.run("list_audit", static_cast<std::int64_t>(since_ms),
                                                   static_cast<std::int64_t>(limit))) {
                AuditRecord& one = all.emplace_back();
                one.at_ms = static_cast<std::uint64_t>(row[0].as<std::int64_t>());
                one.who = {text(row, 1), text(row, 2), text(row, 3), text(row, 4)};
                one.action = text(row, 5);
                one.subject = text(row, 6);
                one.outcome = text(row, 7);
            }
            return all;
        });
    }

  private:
    // A connection that broke since its last use shows it at the first statement: that one is tried anew.
    void begin() {
        connect();
        try {
            connection_.execute("BEGIN");
        } catch (const SqlFailure&) {
            if (connection_.connected()) throw;
            connection_.forget_pause();
            connect();
            connection_.execute("BEGIN");
        }
    }

    template <typename T, typename Work> Result<T> transaction(Work&& work) {
        try {
            begin();
            T value = work();
            connection_.execute("COMMIT");
            return value;
        } catch (const SqlFailure& failure) {
            if (connection_.connected()) {
                try {
                    connection_.execute("ROLLBACK");
                } catch (const SqlFailure&) {
                    connection_.drop();
                }
            }
            return failure.error;
        }
    }

    static Status status(Result<bool> result) { return result.ok() ? Status() : Status(result.error()); }

    std::optional<StoredIdentity> find_identity(const std::string& key) {
        const auto rows = connection_.run("find_identity", escape_text(key));
        if (rows.empty()) return std::nullopt;
        return read_identity(rows[0]);
    }

    std::optional<KeptInvitation> find_invitation(const std::string& secret_hash) {
        const auto rows = connection_.run("find_invitation", escape_text(secret_hash));
        if (rows.empty()) return std::nullopt;
        const auto& row = rows[0];
        KeptInvitation kept;
        kept.invitation = {secret_hash, text(row, 0), text(row, 1), text(row, 2), {}};
        kept.used_by = text(row, 3);
        kept.expired = row[4].as<bool>();
        return kept;
    }

    void record(std::span<const AuditRecord> records) {
        using Record = AuditRecord;
        connection_.run("insert_audit", array_of(records, [](const Record& one) { return one.who.name; }),
                        array_of(records, [](const Record& one) { return one.who.key; }),
                        array_of(records, [](const Record& one) { return one.who.tenant; }),
                        array_of(records, [](const Record& one) { return one.who.address; }),
                        array_of(records, [](const Record& one) { return one.action; }),
                        array_of(records, [](const Record& one) { return one.subject; }),
                        array_of(records, [](const Record& one) { return one.outcome; }));
    }
    void record(const AuditRecord& one) { record(std::span(&one, 1)); }

    Connection connection_;
    std::uint64_t checked_session_ = 0;
};

} // namespace

Result<std::unique_ptr<AccessStore>> open_postgres_access(const PostgresAddress& address) {
    auto store = std::make_unique<PostgresAccess>(address);
    try {
        store->connect();
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
    return std::unique_ptr<AccessStore>(std::move(store));
}

} // namespace loopmind::store
