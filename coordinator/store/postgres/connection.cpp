// Connecting, preparing, and what PostgreSQL's errors mean to us.
#include "coordinator/store/postgres/connection.h"

#include <libpq-fe.h>

#include <algorithm>
#include <sstream>

namespace loopmind::store {
namespace {

constexpr std::chrono::milliseconds kFirstPause{50};
constexpr std::chrono::milliseconds kLongestPause{2000};

// libpq's messages have several lines, indented.
std::string one_line(const std::string& text) {
    std::istringstream words(text);
    std::string out;
    for (std::string word; words >> word;)
        out += (out.empty() ? "" : " ") + word;
    return out;
}

// Classes of SQLSTATE: https://www.postgresql.org/docs/15/errcodes-appendix.html
Error sql_error(const std::string& state, const std::string& message, const std::string& database) {
    const std::string kind = state.substr(0, 2);
    if (state == "53100" || kind == "58")
        return {ErrorCode::kResourceExhausted, database, "the database cannot write: " + message,
                "free space on the database's disk; work goes on by itself"};
    if (kind == "53")
        return {ErrorCode::kResourceExhausted, database, "the database is short of resources: " + message,
                "work goes on by itself"};
    if (kind == "XX" && state != "XX000")
        return {ErrorCode::kDataCorrupt, database, "the database is damaged: " + message,
                "restore it from a backup"};
    if (kind == "42" && (state == "42501" || state == "42P01"))
        return {state == "42501" ? ErrorCode::kPermissionDenied : ErrorCode::kVersionMismatch, database,
                message, "run `loopmind-coordinator migrate` with this --store as the owner of the database"};
    // Shut down, terminated, read-only after a failover, timed out, lost to another session: the same again
    // can work.
    if (kind == "08" || kind == "57" || kind == "25" || kind == "40" || state == "55P03" || state == "23505")
        return {ErrorCode::kUnavailable, database, "the database ended the transaction: " + message,
                "try again"};
    return {ErrorCode::kInternal, database, "the database answered " + state + ": " + message, ""};
}

} // namespace

void Connection::ensure() {
    if (link_) return;
    if (std::chrono::steady_clock::now() < next_try_)
        throw SqlFailure{{ErrorCode::kUnavailable, address_.display(), last_problem_, "it is tried again"}};
    connect();
}

void Connection::connect() {
    std::string problem;
    bool refused = false;
    // PostgreSQL's words come in its own language, so a wrong password and a restart are told apart by asking
    // whether it takes connections at all. It may have begun to just now: only a second refusal is one. A
    // session that worked before is not refused for good.
    for (int tries = 0; tries < 2; ++tries) {
        try {
            link_ = std::make_unique<Link>(address_.conninfo());
            // An administrator's stronger setting stays; "off" would acknowledge what a crash can lose.
            if (execute("SHOW synchronous_commit")[0][0].as<std::string>() == "off")
                execute("SET synchronous_commit = on");
            ++sessions_;
            pause_ = {};
            return;
        } catch (const SqlFailure& failure) { // it went away again
            drop();
            problem = failure.error.message;
        } catch (const std::exception& failure) {
            drop();
            problem = one_line(address_.scrub(failure.what()));
        }
        refused = sessions_ == 0 && PQping(address_.conninfo().c_str()) == PQPING_OK;
        if (!refused) break;
    }
    last_problem_ = "the database does not answer: " + problem;
    pause_ = std::clamp(pause_ * 2, kFirstPause, kLongestPause);
    next_try_ = std::chrono::steady_clock::now() + pause_;
    if (refused)
        throw SqlFailure{{ErrorCode::kPermissionDenied, address_.display(),
                          "the database lets us not in: " + problem,
                          "check user, password (~/.pgpass or PGPASSWORD) and the database's name"}};
    throw SqlFailure{{ErrorCode::kUnavailable, address_.display(), last_problem_, "it is tried again"}};
}

void Connection::drop() {
    link_.reset();
}

pqxx::nontransaction& Connection::session() {
    if (!link_) {
        failed_ = true;
        throw SqlFailure{
            {ErrorCode::kUnavailable, address_.display(), "the connection was lost", "try again"}};
    }
    return link_->session;
}

std::string Connection::prepared(const char* name) {
    session();
    if (!link_->known.contains(std::string_view(name))) {
        const std::string_view sql = postgres_sql(name);
        if (sql.empty())
            throw SqlFailure{
                {ErrorCode::kInternal, address_.display(), std::string("no statement ") + name, ""}};
        link_->connection.prepare(name, std::string(sql));
        link_->known.insert(name);
    }
    return name;
}

pqxx::result Connection::execute(std::string_view sql) {
    return guarded([&] { return session().exec(std::string(sql)); });
}

void Connection::fail(const std::exception& problem) {
    const std::string message = one_line(address_.scrub(problem.what()));
    const auto* sql = dynamic_cast<const pqxx::sql_error*>(&problem);
    const bool broken = dynamic_cast<const pqxx::broken_connection*>(&problem) != nullptr || !link_ ||
                        !link_->connection.is_open();
    const Error error = broken           ? Error{ErrorCode::kUnavailable, address_.display(),
                                       "the database went away: " + message, "it is tried again"}
                        : sql != nullptr ? sql_error(sql->sqlstate(), message, address_.display())
                                         : Error{ErrorCode::kInternal, address_.display(), message, ""};
    failed_ = true;
    // A session that was ended, or that turned out to be read-only, is of no more use.
    if (broken || error.code == ErrorCode::kUnavailable) drop();
    throw SqlFailure{error};
}

} // namespace loopmind::store
