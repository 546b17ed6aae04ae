// Where `loopmind` writes: results on stdout, one-line errors and progress on stderr.
#pragma once

#include "client/cli/exit_codes.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdio>
#include <string>

namespace loopmind::cli {

/// How to speak to whoever started the program. One thread at a time.
class Console {
  public:
    Console(std::FILE* out, std::FILE* err);

    bool json = false;  ///< --json: machine output on stdout, errors as JSON
    bool quiet = false; ///< --quiet: nothing but results and errors

    /// Progress may be redrawn in place on stderr.
    bool live() const { return live_ && !quiet && !json; }
    /// Columns of the terminal now; 80 when there is none.
    int width() const;
    /// Rows of the terminal now; 24 when there is none.
    int height() const;
    bool colour() const { return colour_; }

    void print(const std::string& line) const;             ///< stdout
    void print_json(const nlohmann::json& document) const; ///< stdout
    void note(const std::string& line) const;              ///< stderr, not with --quiet
    void raw(const std::string& text) const;               ///< stderr as it is: redraws
    /// "error: tempo: 400 is above 240 (choose 40 to 240)", or {code,field,message,hint}. Returns the exit
    /// code.
    int fail(const Failure& failure) const;

  private:
    std::FILE* out_;
    std::FILE* err_;
    bool live_;
    bool colour_;
};

/// Control characters out (a prompt or a note of another machine must not steer the terminal), UTF-8 kept.
std::string printable(const std::string& text);
/// Terminal columns: wide characters count two, combining marks none.
int display_width(const std::string& text);
/// At most `columns` wide, ending in "…" when something was cut.
std::string shortened(const std::string& text, int columns);
/// Filled up with spaces to `columns`.
std::string padded(const std::string& text, int columns);
/// "1.2 s", "45 s", "3 min 10 s", "2 h 05 min".
std::string duration_text(double seconds);
/// "512 B", "6.7 MB".
std::string bytes_text(std::uint64_t bytes);

} // namespace loopmind::cli
