// SQLite connection, statements and errors.
#include "coordinator/store/sqlite/database.h"

#include <cstdio>
#include <cstdlib>

namespace loopmind::store {

Error sqlite_error(sqlite3* handle, int code, const std::string& file) {
    const std::string detail = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
    switch (code & 0xff) {
    case SQLITE_FULL:
        return {ErrorCode::kResourceExhausted, file, "the disk that holds the database is full",
                "free some space; work goes on by itself"};
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return {
            ErrorCode::kResourceExhausted, file, "the database cannot be written: " + detail,
            "check the permissions of the file and its folder and that the disk is not mounted read-only"};
    case SQLITE_IOERR:
        return {ErrorCode::kResourceExhausted, file, "the disk refused to write the database: " + detail,
                "check the disk; work goes on by itself once it can be written"};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return {ErrorCode::kDataCorrupt, file, "the database is damaged: " + detail,
                "restore it from a backup"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return {ErrorCode::kUnavailable, file, "another program holds the database", "try again"};
    default:
        return {ErrorCode::kInternal, file, "the database answered: " + detail, ""};
    }
}

namespace {

[[noreturn]] void fail(sqlite3* handle, int code, const std::string& file = "") {
    std::string name = file;
    if (name.empty() && handle != nullptr) {
        const char* known = sqlite3_db_filename(handle, "main");
        name = known != nullptr ? known : "";
    }
    throw SqlFailure{sqlite_error(handle, code, name)};
}

} // namespace

Query::~Query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

Query& Query::bind(std::string_view text) {
    const int rc = sqlite3_bind_text64(statement_, next_++, text.data() != nullptr ? text.data() : "",
                                       text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    if (rc != SQLITE_OK) fail(sqlite3_db_handle(statement_), rc);
    return *this;
}

Query& Query::bind(std::int64_t number) {
    const int rc = sqlite3_bind_int64(statement_, next_++, number);
    if (rc != SQLITE_OK) fail(sqlite3_db_handle(statement_), rc);
    return *this;
}

bool Query::step() {
    const int rc = sqlite3_step(statement_);
    if (rc == SQLITE_ROW) return true;
    if (rc != SQLITE_DONE) fail(sqlite3_db_handle(statement_), rc);
    return false;
}

int Query::run() {
    while (step()) {
    }
    return sqlite3_changes(sqlite3_db_handle(statement_));
}

std::string Query::text(int column) const {
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    return data == nullptr
               ? std::string()
               : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
}

Database::Database(const std::filesystem::path& file, Mode mode) : file_(file.string()) {
    const int flags =
        (mode == Mode::kReadOnly ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) |
        SQLITE_OPEN_NOMUTEX;
    const int rc = sqlite3_open_v2(file_.c_str(), &handle_, flags, nullptr);
    if (rc != SQLITE_OK) {
        const Error error = sqlite_error(handle_, rc, file_);
        sqlite3_close(handle_);
        throw SqlFailure{error};
    }
    sqlite3_extended_result_codes(handle_, 1);
    sqlite3_busy_timeout(handle_, 5000);
    if (mode == Mode::kReadOnly) execute("PRAGMA query_only=ON");
}

Database::~Database() {
    for (auto& [name, statement] : statements_)
        sqlite3_finalize(statement);
    sqlite3_close(handle_);
}

Query Database::query(const char* name) {
    auto it = statements_.find(std::string_view(name));
    if (it == statements_.end()) {
        const std::string_view sql = sqlite_sql(name);
        if (sql.empty())
            throw SqlFailure{{ErrorCode::kInternal, file_, std::string("no statement ") + name, ""}};
        sqlite3_stmt* statement = nullptr;
        const int rc = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        if (rc != SQLITE_OK) fail(handle_, rc, file_);
        it = statements_.emplace(name, statement).first;
    }
    return Query(it->second);
}

void Database::execute(std::string_view sql) {
    const int rc = sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
    if (rc != SQLITE_OK) fail(handle_, rc, file_);
}

std::int64_t Database::pragma(const std::string& name) {
    sqlite3_stmt* statement = nullptr;
    const int rc = sqlite3_prepare_v2(handle_, ("PRAGMA " + name).c_str(), -1, &statement, nullptr);
    if (rc != SQLITE_OK) fail(handle_, rc, file_);
    std::int64_t value = 0;
    const int step = sqlite3_step(statement);
    if (step == SQLITE_ROW) value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    if (step != SQLITE_ROW && step != SQLITE_DONE) fail(handle_, step, file_);
    return value;
}

} // namespace loopmind::store
