// A block of lines at the bottom of the terminal that is redrawn in place.
#pragma once

#include "client/cli/console.h"

#include <string>
#include <vector>

namespace loopmind::cli {

class LiveArea {
  public:
    explicit LiveArea(const Console& console) : console_(console) {}
    ~LiveArea() { finish(); }
    LiveArea(const LiveArea&) = delete;
    LiveArea& operator=(const LiveArea&) = delete;

    /// Replaces the lines drawn before, in one write.
    void draw(const std::vector<std::string>& lines);
    /// Leaves what is drawn where it is and shows the cursor again.
    void finish();
    /// Takes the lines away.
    void clear();

  private:
    const Console& console_;
    std::size_t drawn_ = 0;
    bool hidden_cursor_ = false;
};

} // namespace loopmind::cli
