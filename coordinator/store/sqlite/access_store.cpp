// Invitations, identities and the audit log on SQLite, over a connection of their own.
#include "coordinator/store/access_store.h"
#include "coordinator/store/cache_answer.h"
#include "coordinator/store/sqlite/database.h"
#include "coordinator/store/sqlite/sqlite_store.h"

namespace loopmind::store {
namespace {

class SqliteAccess : public AccessStore {
  public:
    explicit SqliteAccess(const std::filesystem::path& file) : database_(file, Database::Mode::kReadWrite) {
        database_.execute("PRAGMA synchronous=FULL");
    }

    Status add_invitation(const Invitation& invitation, const Actor& by) override {
        if (!is_identity_role(invitation.role)) return no_such_role(invitation.role);
        return status(transaction<bool>([&] {
            database_.query("delete_old_invitations").run();
            database_.query("insert_invitation")
                .bind(invitation.secret_hash)
                .bind(invitation.role)
                .bind(invitation.name)
                .bind(invitation.tenant)
                .bind(std::int64_t{invitation.valid_for.count()})
                .run();
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
            database_.query("use_invitation").bind(secret_hash).bind(key).run();
            out.identity = {key, wanted.role, wanted.name, wanted.tenant, false, 0};
            {
                Query query = database_.query("insert_identity");
                query.bind(key).bind(wanted.role).bind(wanted.name).bind(wanted.tenant);
                query.step();
                out.identity.created_ms = query.number(0);
                query.step();
            }
            record({0, {wanted.name, key, wanted.tenant, address}, "enrol", wanted.role + " " + key, "ok"});
            return out;
        });
    }

    Result<std::vector<StoredIdentity>> identities() override {
        return transaction<std::vector<StoredIdentity>>([&] {
            std::vector<StoredIdentity> all;
            Query query = database_.query("list_identities");
            while (query.step())
                all.push_back(read_identity(query));
            return all;
        });
    }

    Result<std::string> identities_version() override {
        try {
            Query query = database_.query("get_meta");
            query.bind("identities");
            return query.step() ? query.text(0) : std::string();
        } catch (const SqlFailure& failure) {
            return failure.error;
        }
    }

    Result<bool> revoke(const std::string& key, const Actor& by) override {
        return transaction<bool>([&] {
            if (database_.query("revoke_identity").bind(key).run() == 0) return false;
            record({0, by, "revoke", key, "ok"});
            return true;
        });
    }

    Status append_audit(std::span<const AuditRecord> records) override {
        try {
            database_.execute("PRAGMA synchronous=NORMAL");
        } catch (const SqlFailure& failure) {
            return failure.error;
        }
        auto done = transaction<bool>([&] {
            for (const AuditRecord& one : records)
                record(one);
            database_.query("trim_audit").bind(kMostAuditRecords).run();
            return true;
        });
        try {
            database_.execute("PRAGMA synchronous=FULL");
        } catch (const SqlFailure& failure) {
            return failure.error;
        }
        return status(std::move(done));
    }

    Result<std::vector<AuditRecord>> audit(std::uint64_t since_ms, std::size_t limit) override {
        return transaction<std::vector<AuditRecord>>([&] {
            std::vector<AuditRecord> all;
            Query query = database_.query("list_audit");
            query.bind(since_ms).bind(std::uint64_t{limit});
            while (query.step()) {
                AuditRecord& one = all.emplace_back();
                one.at_ms = query.number(0);
                one.who = {query.text(1), query.text(2), query.text(3), query.text(4)};
                one.action = query.text(5);
                one.subject = query.text(6);
                one.outcome = query.text(7);
            }
            return all;
        });
    }

  private:
    template <typename T, typename Work> Result<T> transaction(Work&& work) {
        try {
            database_.execute("BEGIN IMMEDIATE");
            T value = work();
            database_.execute("COMMIT");
            return value;
        } catch (const SqlFailure& failure) {
            if (sqlite3_get_autocommit(database_.handle()) == 0)
                sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
            return failure.error;
        }
    }

    static Status status(Result<bool> result) { return result.ok() ? Status() : Status(result.error()); }

    static StoredIdentity read_identity(const Query& query) {
        return {query.text(0), query.text(1),         query.text(2),
                query.text(3), query.integer(4) != 0, query.number(5)};
    }

    std::optional<StoredIdentity> find_identity(const std::string& key) {
        Query query = database_.query("find_identity");
        query.bind(key);
        if (!query.step()) return std::nullopt;
        return read_identity(query);
    }

    std::optional<KeptInvitation> find_invitation(const std::string& secret_hash) {
        Query query = database_.query("find_invitation");
        query.bind(secret_hash);
        if (!query.step()) return std::nullopt;
        KeptInvitation kept;
        kept.invitation = {secret_hash, query.text(0), query.text(1), query.text(2), {}};
        kept.used_by = query.text(3);
        kept.expired = query.integer(4) != 0;
        return kept;
    }

    void record(const AuditRecord& one) {
        database_.query("insert_audit")
            .bind(one.who.name)
            .bind(one.who.key)
            .bind(one.who.tenant)
            .bind(one.who.address)
            .bind(one.action)
            .bind(one.subject)
            .bind(one.outcome)
            .run();
    }

    Database database_;
};

} // namespace

Result<std::unique_ptr<AccessStore>> open_sqlite_access(const std::filesystem::path& file) {
    try {
        return std::unique_ptr<AccessStore>(std::make_unique<SqliteAccess>(file));
    } catch (const SqlFailure& failure) {
        return failure.error;
    }
}

} // namespace loopmind::store
