// Parsing with libpq, defaults, hiding passwords.
#include "coordinator/store/postgres/address.h"

#include <libpq-fe.h>

#include <map>
#include <memory>

namespace loopmind::store {
namespace {

constexpr std::string_view kHidden = "***";

// A database that does not answer must not hold the coordinator for the hours of TCP's own defaults.
const std::map<std::string, std::string> kDefaults{
    {"application_name", "loopmind-coordinator"},
    {"client_encoding", "UTF8"},
    {"connect_timeout", "3"},
    {"keepalives_idle", "3"},
    {"keepalives_interval", "2"},
    {"keepalives_count", "2"},
    {"tcp_user_timeout", "5000"},
    {"target_session_attrs", "read-write"},
};

// Sent with the connection, so that a session can never be without them.
//  - Every statement looks rows up by key. A plan that was made while a table was small must not scan it when
//  it has
//    grown: only index lookups in nested loops are left to the planner, and plans are kept.
//  - A coordinator that was stopped inside a transaction must not keep the leader row from its successor.
constexpr const char* kSession =
    "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off "
    "-c plan_cache_mode=force_generic_plan -c max_parallel_workers_per_gather=0 "
    "-c idle_in_transaction_session_timeout=1500 -c lock_timeout=5000 -c client_min_messages=error "
    "-c default_transaction_isolation=read\\ committed";

std::string quoted(const std::string& value) {
    std::string out = "'";
    for (char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

std::string display_of(const std::map<std::string, std::string>& given) {
    const auto value = [&given](const char* key) {
        const auto it = given.find(key);
        return it == given.end() ? std::string() : it->second;
    };
    std::string out = "postgresql://";
    if (!value("user").empty()) out += value("user") + "@";
    out += value("host").empty() ? value("hostaddr") : value("host");
    if (!value("port").empty()) out += ":" + value("port");
    return out + "/" + value("dbname");
}

} // namespace

bool is_postgres_url(const std::string& text) {
    return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

std::string hide_password(std::string url) {
    const auto start = url.find("://");
    if (start == std::string::npos) return url;
    const auto end = url.find_first_of("/?", start + 3);
    const auto at = url.rfind('@', end);
    if (at != std::string::npos && at > start + 3) {
        const auto colon = url.find(':', start + 3);
        if (colon < at) url.replace(colon + 1, at - colon - 1, kHidden);
    }
    for (auto found = url.find("password="); found != std::string::npos;
         found = url.find("password=", found + 1)) {
        const auto begin = found + std::string_view("password=").size();
        const auto stop = url.find('&', begin);
        url.replace(begin, (stop == std::string::npos ? url.size() : stop) - begin, kHidden);
    }
    return url;
}

Result<PostgresAddress> PostgresAddress::parse(const std::string& url) {
    const Error malformed{
        ErrorCode::kInvalidArgument, "--store", "this is no address of a PostgreSQL database",
        "use postgresql://user@host:port/database; special characters of a password as %XX"};
    if (!is_postgres_url(url)) return malformed;
    char* problem = nullptr; // libpq's words may repeat the password: they are not shown
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
        PQconninfoParse(url.c_str(), &problem), PQconninfoFree);
    PQfreemem(problem);
    if (!options) return malformed;
    std::map<std::string, std::string> given;
    for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
        if (option->val != nullptr && *option->val != '\0') given[option->keyword] = option->val;
    if (given["dbname"].empty()) {
        Error error = malformed;
        error.message = "the address names no database";
        return error;
    }
    PostgresAddress address;
    address.password_ = given["password"];
    address.display_ = display_of(given);
    given["options"] += (given["options"].empty() ? "" : " ") + std::string(kSession);
    for (const auto& [key, value] : kDefaults)
        given.emplace(key, value);
    for (const auto& [key, value] : given)
        if (!value.empty()) address.conninfo_ += key + "=" + quoted(value) + " ";
    return address;
}

std::string PostgresAddress::scrub(std::string text) const {
    if (password_.empty()) return text;
    for (auto found = text.find(password_); found != std::string::npos;
         found = text.find(password_, found + kHidden.size()))
        text.replace(found, password_.size(), kHidden);
    return text;
}

} // namespace loopmind::store
