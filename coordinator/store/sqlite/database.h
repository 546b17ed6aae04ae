// A thin owner of a SQLite connection: named statements prepared once, errors turned into our Error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "coordinator/store/sql_failure.h"

namespace loopmind::store {

/// A prepared statement in use; resets itself when it goes out of scope. Parameters are bound in order.
class Query {
  public:
    explicit Query(sqlite3_stmt* statement) : statement_(statement) {}
    ~Query();
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    Query& bind(std::string_view text);
    Query& bind(const char* text) { return bind(std::string_view(text)); }
    Query& bind(std::int64_t number);
    Query& bind(std::uint64_t number) { return bind(static_cast<std::int64_t>(number)); }
    Query& bind(std::uint32_t number) { return bind(static_cast<std::int64_t>(number)); }
    Query& bind(int number) { return bind(static_cast<std::int64_t>(number)); }
    Query& bind(bool value) { return bind(static_cast<std::int64_t>(value)); }

    /// True while there is a row.
    bool step();
    /// Runs to the end; returns the number of rows changed.
    int run();
    std::string text(int column) const;
    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
    std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }

  private:
    sqlite3_stmt* statement_;
    int next_ = 1;
};

class Database {
  public:
    enum class Mode { kReadWrite, kReadOnly };
    Database(const std::filesystem::path& file, Mode mode);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// The statement of sql/<name>.sql.
    Query query(const char* name);
    /// Text that is no named statement: pragmas, migrations.
    void execute(std::string_view sql);
    std::int64_t pragma(const std::string& name);
    sqlite3* handle() { return handle_; }

  private:
    std::string file_;
    sqlite3* handle_ = nullptr;
    std::map<std::string, sqlite3_stmt*, std::less<>> statements_;
};

/// Error of the last call on `handle`.
Error sqlite_error(sqlite3* handle, int code, const std::string& file);

/// Text of sql/<name>.sql or migrations/<name>.sql, embedded at build; empty when there is none.
std::string_view sqlite_sql(std::string_view name);

} // namespace loopmind::store
