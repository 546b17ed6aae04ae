// A block of lines at the bottom of the terminal that is redrawn in place.
#include "client/cli/live_area.h"

namespace loopmind::cli {

void LiveArea::draw(const std::vector<std::string>& lines) {
    std::string frame;
    if (!hidden_cursor_) frame += "\x1b[?25l";
    hidden_cursor_ = true;
    if (drawn_ > 0) frame += "\x1b[" + std::to_string(drawn_) + "A\r";
    for (const std::string& line : lines)
        frame += "\x1b[2K" + line + "\n";
    if (lines.size() < drawn_) frame += "\x1b[J";
    drawn_ = lines.size();
    console_.raw(frame);
}

void LiveArea::finish() {
    if (hidden_cursor_) console_.raw("\x1b[?25h");
    hidden_cursor_ = false;
    drawn_ = 0;
}

void LiveArea::clear() {
    if (drawn_ > 0) console_.raw("\x1b[" + std::to_string(drawn_) + "A\r\x1b[J");
    finish();
}

} // namespace loopmind::cli
