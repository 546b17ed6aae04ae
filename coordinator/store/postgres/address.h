// Where a PostgreSQL database is, and how it is named in logs and errors: never with its password.
#pragma once

#include <string>

#include "proto/base/result.h"

namespace loopmind::store {

class PostgresAddress {
  public:
    /// `url`: postgresql://[user[:password]@][host[:port][,...]]/database[?parameter=value&...], as libpq
    /// takes it. What it leaves open comes from libpq's environment (PGPASSWORD, PGPASSFILE, ...), then from
    /// our defaults: short timeouts, and among several hosts the one that can be written. Errors:
    /// invalid_argument.
    static Result<PostgresAddress> parse(const std::string& url);

    /// For libpq, with the password.
    const std::string& conninfo() const { return conninfo_; }
    /// For people: "postgresql://user@host:port/database".
    const std::string& display() const { return display_; }
    /// `text` without the password, should it be in there.
    std::string scrub(std::string text) const;

  private:
    std::string conninfo_;
    std::string display_;
    std::string password_;
};

/// Does this name a PostgreSQL database?
bool is_postgres_url(const std::string& text);

/// `url` with the password hidden; works on malformed ones too.
std::string hide_password(std::string url);

} // namespace loopmind::store
