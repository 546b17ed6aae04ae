// Where `loopmind` writes: results on stdout, one-line errors and progress on stderr.
#include "client/cli/console.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <sys/ioctl.h>
#include <unistd.h>

namespace loopmind::cli {

using nlohmann::json;

namespace {

std::string dumped(const json& document, int indent) {
    return document.dump(indent, ' ', false, json::error_handler_t::replace);
}

/// Decodes one UTF-8 character at `at` and moves past it; broken bytes count as one character each.
char32_t next_character(const std::string& text, std::size_t& at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at++);
    const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
    char32_t character = more == 3   ? first & 0x07u
                         : more == 2 ? first & 0x0fu
                         : more == 1 ? first & 0x1fu
                                     : first;
    for (int i = 0; i < more; ++i) {
        if (at >= text.size() || (byte(at) & 0xc0) != 0x80) return 0xfffd;
        character = (character << 6) | (byte(at++) & 0x3fu);
    }
    return character;
}

int columns_of(char32_t c) {
    if ((c >= 0x0300 && c <= 0x036f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f))
        return 0;
    const bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) ||
                      (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                      (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
                      (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
    return wide ? 2 : 1;
}

} // namespace

Console::Console(std::FILE* out, std::FILE* err) : out_(out), err_(err) {
    const char* term = std::getenv("TERM");
    const bool dumb = !term || std::strcmp(term, "dumb") == 0;
    live_ = ::isatty(::fileno(err)) == 1 && !dumb;
    const char* no_colour = std::getenv("NO_COLOR");
    colour_ = live_ && (!no_colour || !*no_colour);
}

int Console::width() const {
    struct winsize size {};
    if (::ioctl(::fileno(err_), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

int Console::height() const {
    struct winsize size {};
    if (::ioctl(::fileno(err_), TIOCGWINSZ, &size) == 0 && size.ws_row > 0) return size.ws_row;
    return 24;
}

void Console::print(const std::string& line) const {
    std::fprintf(out_, "%s\n", line.c_str());
    std::fflush(out_);
}

void Console::print_json(const nlohmann::json& document) const {
    print(dumped(document, 2));
}

void Console::note(const std::string& line) const {
    if (quiet) return;
    std::fprintf(err_, "%s\n", line.c_str());
    std::fflush(err_);
}

void Console::raw(const std::string& text) const {
    std::fwrite(text.data(), 1, text.size(), err_);
    std::fflush(err_);
}

int Console::fail(const Failure& failure) const {
    const Error& error = failure.error;
    const std::string line = json ? dumped({{"code", error_code_name(error.code)},
                                            {"field", error.field},
                                            {"message", error.message},
                                            {"hint", error.hint}},
                                           -1)
                                  : "error: " + printable(error.text());
    std::fprintf(err_, "%s\n", line.c_str());
    std::fflush(err_);
    return failure.exit_code;
}

std::string printable(const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t from = at;
        const char32_t c = next_character(text, at);
        if (c == 0xfffd && at - from == 1)
            out += "\xef\xbf\xbd";
        else if (c < 0x20 || (c >= 0x7f && c < 0xa0))
            out += ' ';
        else
            out.append(text, from, at - from);
    }
    return out;
}

int display_width(const std::string& text) {
    int width = 0;
    for (std::size_t at = 0; at < text.size();)
        width += columns_of(next_character(text, at));
    return width;
}

std::string shortened(const std::string& text, int columns) {
    if (display_width(text) <= columns) return text;
    if (columns <= 0) return "";
    std::string out;
    int width = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t from = at;
        const int more = columns_of(next_character(text, at));
        if (width + more > columns - 1) break;
        width += more;
        out.append(text, from, at - from);
    }
    return out + "…";
}

std::string padded(const std::string& text, int columns) {
    const int missing = columns - display_width(text);
    return missing > 0 ? text + std::string(static_cast<std::size_t>(missing), ' ') : text;
}

std::string duration_text(double seconds) {
    char text[64];
    if (seconds < 9.95) {
        std::snprintf(text, sizeof text, "%.1f s", seconds);
    } else if (seconds < 59.5) {
        std::snprintf(text, sizeof text, "%.0f s", seconds);
    } else if (seconds < 3599.5) {
        const int whole = static_cast<int>(std::lround(seconds));
        std::snprintf(text, sizeof text, "%d min %02d s", whole / 60, whole % 60);
    } else {
        const int minutes = static_cast<int>(seconds / 60);
        std::snprintf(text, sizeof text, "%d h %02d min", minutes / 60, minutes % 60);
    }
    return text;
}

std::string bytes_text(std::uint64_t bytes) {
    const char* units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 999.5 && unit < 4) {
        value /= 1000;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 || value >= 99.5 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

} // namespace loopmind::cli
