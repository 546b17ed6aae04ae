// Invitations, identities, revocations and the audit log at the command line.
#include "coordinator/service/access_commands.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <iostream>
#include <pwd.h>
#include <unistd.h>

#include "coordinator/service/clock.h"
#include "coordinator/service/home.h"
#include "proto/base/random_id.h"
#include "proto/base/sha256.h"
#include "proto/wire/join_token.h"
#include "proto/wire/keys.h"

namespace loopmind::service {
namespace {

using nlohmann::json;

/// "90s", "15m", "24h", "7d".
Result<core::Millis> parse_duration(const std::string& option, const std::string& text) {
    std::int64_t count = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), count);
    const std::string_view unit(read.ptr, static_cast<std::size_t>(text.data() + text.size() - read.ptr));
    constexpr std::array<std::pair<std::string_view, std::int64_t>, 4> kUnits{
        {{"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
    for (const auto& [name, millis] : kUnits)
        if (read.ec == std::errc() && unit == name && count > 0 && count <= 100'000)
            return core::Millis(count * millis);
    return Error{ErrorCode::kInvalidArgument, option, "\"" + text + "\" is no time",
                 "write it like 90s, 15m, 24h or 7d"};
}

/// tcp://HOST:PORT with another host.
std::string with_host(const std::string& endpoint, const std::string& host) {
    const auto colon = endpoint.rfind(':');
    const bool v6 = host.find(':') != std::string::npos && host.front() != '[';
    return "tcp://" + (v6 ? "[" + host + "]" : host) + endpoint.substr(colon);
}

/// The endpoint as others reach it: under each given host, or as it was bound.
Status add_reachable(const std::string& endpoint, const std::vector<std::string>& hosts,
                     google::protobuf::RepeatedPtrField<std::string>& into) {
    for (const std::string& host : hosts)
        *into.Add() = with_host(endpoint, host);
    if (!hosts.empty()) return {};
    for (const char* everywhere : {"tcp://0.0.0.0:", "tcp://[::]:", "tcp://*:"})
        if (endpoint.starts_with(everywhere))
            return Error{ErrorCode::kInvalidArgument, "--host",
                         "the coordinator listens at all its addresses; the token must name one",
                         "add --host NAME, as others reach this machine"};
    *into.Add() = endpoint;
    return {};
}

/// Names come from people: nothing in them steers the terminal.
std::string plain(std::string text) {
    std::replace_if(
        text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, '?');
    return text;
}

std::string moment(std::uint64_t unix_ms) {
    const auto seconds = static_cast<std::time_t>(unix_ms / 1000);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32] = {};
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", &parts);
    return text;
}

} // namespace

store::Actor operator_here() {
    const passwd* user = ::getpwuid(::getuid());
    char host[256] = {};
    ::gethostname(host, sizeof host - 1);
    return {user != nullptr ? user->pw_name : std::to_string(::getuid()), "", "",
            std::string("console of ") + host};
}

AccessCommands::AccessCommands(CLI::App& app, std::filesystem::path& home, std::string& store)
    : home_(home), store_(store) {
    const auto add = [&](CLI::App& parent, const std::string& name, const std::string& what) {
        CLI::App* command = parent.add_subcommand(name, what);
        command->add_option("--home", home_, "Folder of the farm")->capture_default_str();
        command
            ->add_option("--store", store_,
                         "Metadata: postgresql://user@host:port/database; without it SQLite in --home")
            ->envname("LOOPMIND_STORE");
        return command;
    };
    invite_command_ = add(app, "invite", "Print a one-time token; its holder enrols with `join`");
    invite_command_->add_option("--role", role_, "worker, producer, viewer or admin")
        ->required()
        ->check(CLI::IsMember({"worker", "producer", "viewer", "admin"}));
    invite_command_->add_option("--tenant", tenant_, "Whose jobs it sees")->capture_default_str();
    invite_command_->add_option("--name", name_,
                                "Who it is for, for people (default: the role and a number)");
    invite_command_->add_option("--expires", expires_, "How long the token is good: 90s, 15m, 24h, 7d")
        ->capture_default_str();
    invite_command_->add_option(
        "--host", hosts_,
        "How others reach this coordinator, instead of the address it listens at; repeatable");

    CLI::App* identities = app.add_subcommand("identities", "Who is enrolled");
    identities->require_subcommand(1);
    list_command_ = add(*identities, "list", "List all identities, revoked ones too");
    list_command_->add_flag("--json", json_, "One JSON array");

    revoke_command_ =
        add(app, "revoke", "Shut an identity out; its connections are cut within half a second");
    revoke_command_->add_option("who", who_, "Its name or its public key")->required();

    audit_command_ = add(app, "audit", "Who did what, when and from where");
    audit_command_->add_option("--since", since_, "How far back: 90s, 15m, 24h, 7d")->capture_default_str();
    audit_command_->add_option("--limit", limit_, "At most so many, the newest")->capture_default_str();
    audit_command_->add_flag("--json", json_, "One JSON object a line");
}

std::optional<int> AccessCommands::run() const {
    Status done;
    if (*invite_command_)
        done = invite();
    else if (*list_command_)
        done = list();
    else if (*revoke_command_)
        done = revoke();
    else if (*audit_command_)
        done = audit();
    else
        return std::nullopt;
    if (done) return 0;
    std::cerr << "loopmind-coordinator: " << done.error().text() << "\n";
    return 1;
}

Result<store::StorePlace> AccessCommands::place() const {
    if (!store_.empty()) return store::StorePlace::parse(store_, {});
    auto paths = prepare_home(home_);
    if (!paths.ok()) return paths.error();
    return store::StorePlace::parse("", paths->database);
}

Result<std::unique_ptr<store::AccessStore>> AccessCommands::open_access() const {
    auto where = place();
    if (!where.ok()) return where.error();
    if (auto store = where->open(); !store.ok()) return store.error(); // brings an SQLite schema up to date
    return where->open_access();
}

Status AccessCommands::invite() const {
    const auto valid_for = parse_duration("--expires", expires_);
    if (!valid_for.ok()) return valid_for.error();
    if (tenant_.empty() || tenant_.size() > 128 || name_.size() > 128)
        return Error{ErrorCode::kInvalidArgument, "--name", "name and tenant have 1 to 128 bytes", ""};
    auto paths = prepare_home(home_);
    if (!paths.ok()) return paths.error();
    auto keys = wire::load_or_create_keys(paths->key);
    if (!keys.ok()) return keys.error();
    auto where = place();
    if (!where.ok()) return where.error();
    auto store = where->open();
    if (!store.ok()) return store.error();
    const auto served = (*store)->meta("endpoints");
    if (!served.ok()) return served.error();
    const json endpoints = json::parse(served->value_or("{}"), nullptr, false);
    const std::string join = endpoints.is_object() ? endpoints.value("join", "") : "";
    if (join.empty())
        return Error{ErrorCode::kUnavailable, "--join-endpoint",
                     "this farm's coordinator lets nobody join by token",
                     "start it with `serve --join-endpoint tcp://ADDRESS:PORT`"};

    v1::JoinToken token;
    token.set_coordinator_key(keys->public_key);
    token.set_role(role_);
    if (Status added = add_reachable(join, hosts_, *token.mutable_join_endpoints()); !added) return added;
    if (Status added = add_reachable(endpoints.value(role_ == "worker" ? "worker" : "client", ""), hosts_,
                                     *token.mutable_endpoints());
        !added)
        return added;
    token.set_secret(base::random_hex(wire::kJoinSecretDigits / 2));

    store::Invitation invitation;
    invitation.secret_hash = base::sha256_hex(token.secret());
    invitation.role = role_;
    invitation.tenant = tenant_;
    invitation.name = name_.empty() ? role_ + "-" + base::random_hex(3) : name_;
    invitation.valid_for = *valid_for;
    auto access = where->open_access();
    if (!access.ok()) return access.error();
    if (Status added = (*access)->add_invitation(invitation, operator_here()); !added) return added;
    std::cout << wire::format_join_token(token) << "\n";
    std::cerr << "for one " << role_ << ", " << plain(invitation.name) << " (tenant " << plain(tenant_)
              << "), good for " << expires_ << ": "
              << (role_ == "worker" ? "loopmind-worker join TOKEN --home FOLDER" : "loopmind join TOKEN")
              << "\n";
    return {};
}

Status AccessCommands::list() const {
    auto access = open_access();
    if (!access.ok()) return access.error();
    const auto all = (*access)->identities();
    if (!all.ok()) return all.error();
    json out = json::array();
    for (const store::StoredIdentity& who : *all) {
        if (json_)
            out.push_back({{"public_key", who.public_key},
                           {"role", who.role},
                           {"name", who.name},
                           {"tenant", who.tenant},
                           {"revoked", who.revoked},
                           {"created_ms", who.created_ms}});
        else
            std::cout << who.public_key << "  " << who.role << "  " << plain(who.name) << "  (tenant "
                      << plain(who.tenant) << ", since " << moment(who.created_ms) << ")"
                      << (who.revoked ? "  revoked" : "") << "\n";
    }
    if (json_) std::cout << out.dump(-1, ' ', false, json::error_handler_t::replace) << "\n";
    return {};
}

Status AccessCommands::revoke() const {
    auto access = open_access();
    if (!access.ok()) return access.error();
    const auto all = (*access)->identities();
    if (!all.ok()) return all.error();
    std::vector<store::StoredIdentity> meant;
    for (const store::StoredIdentity& who : *all)
        if (who.public_key == who_ || (who.name == who_ && !who.revoked)) meant.push_back(who);
    if (meant.empty())
        return Error{ErrorCode::kNotFound, plain(who_), "nobody who is enrolled has this name or key",
                     "`loopmind-coordinator identities list` shows them"};
    if (meant.size() > 1)
        return Error{ErrorCode::kInvalidArgument, plain(who_),
                     std::to_string(meant.size()) + " identities have this name",
                     "give the public key; `loopmind-coordinator identities list` shows it"};
    const auto done = (*access)->revoke(meant.front().public_key, operator_here());
    if (!done.ok()) return done.error();
    std::cout << (*done ? "revoked " : "was revoked already: ") << meant.front().role << " "
              << plain(meant.front().name) << " (tenant " << plain(meant.front().tenant) << ")\n";
    return {};
}

Status AccessCommands::audit() const {
    const auto back = parse_duration("--since", since_);
    if (!back.ok()) return back.error();
    auto access = open_access();
    if (!access.ok()) return access.error();
    const auto records = (*access)->audit(unix_now_ms() - static_cast<std::uint64_t>(back->count()), limit_);
    if (!records.ok()) return records.error();
    for (const store::AuditRecord& one : *records) {
        if (json_) {
            const json line{{"at_ms", one.at_ms},       {"who", one.who.name},     {"key", one.who.key},
                            {"tenant", one.who.tenant}, {"from", one.who.address}, {"action", one.action},
                            {"subject", one.subject},   {"outcome", one.outcome}};
            std::cout << line.dump(-1, ' ', false, json::error_handler_t::replace) << "\n";
            continue;
        }
        std::cout << moment(one.at_ms) << "  " << plain(one.who.name)
                  << (one.who.tenant.empty() ? "" : " of " + plain(one.who.tenant)) << ", "
                  << plain(one.who.address) << ":  " << one.action << " " << plain(one.subject) << "  "
                  << plain(one.outcome) << "\n";
    }
    return {};
}

} // namespace loopmind::service
