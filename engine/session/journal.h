// Autosave: a file beside the project that holds what was not saved yet, readable after a crash at any byte.
// JUCE-free.
#pragma once

#include "proto/base/result.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace loopmind::session {

/// "song.loopmind" -> "song.loopmind.journal" in the same folder.
std::filesystem::path journal_path(const std::filesystem::path& project);

/// What a journal costs and keeps.
struct JournalLimits {
    int states = 20;                           ///< documents kept, the newest ones
    std::size_t bytes = std::size_t{64} << 20; ///< size at which older states are dropped; see Journal
};

/// A document of the journal.
struct JournalState {
    std::int64_t time = 0; ///< as given to append(), e.g. Unix milliseconds
    std::string text;      ///< the whole document
};

/// What a journal says when a project is opened.
struct Recovery {
    enum class Kind {
        kNone,    ///< nothing unsaved: no journal, an empty or unreadable one, or all of it is in the project
        kUnsaved, ///< states newer than the project file
        kDiverged, ///< states, but the project file is another than the one they were made from
        kInUse,    ///< another program has the project open and writes the journal
    };
    Kind kind = Kind::kNone;
    std::vector<JournalState> states; ///< oldest first
    bool damaged = false;             ///< the journal's end, or all of it, could not be read
};

/// Reads the journal of a project. Never fails: a journal that cannot be read is none, and opening the
/// project goes on. Any thread.
Recovery read_journal(const std::filesystem::path& project);

/// Writes the journal of an open project. Everything here does file work: give it serialised documents on a
/// thread of your own, one call at a time.
///
/// The file is a line of heading, then records: a frame of magic number, length and SHA-256, and behind it
/// the whole document or the change from the record ahead of it (what is the same at start and end left out),
/// with the hash of the document it makes. A record counts when frame and document match their hashes; the
/// first that does not ends the reading. Each record is on the disk when append() returns. When the file
/// passes JournalLimits::bytes, or twice the states to keep, it is written anew, durably, with the newest
/// states; it is never smaller than one document.
class Journal {
  public:
    /// Begins a journal. A journal that is there is kept as "<journal>.old" (one, the newest) unless it is
    /// empty. unavailable: another program writes it; then there is no autosave, the project opens all the
    /// same.
    static Result<Journal> start(const std::filesystem::path& project, const JournalLimits& limits = {});
    Journal(Journal&&) noexcept;
    Journal& operator=(Journal&&) noexcept;
    ~Journal(); ///< leaves the file: only saved() removes it

    /// Adds a document when it differs from the newest one. Errors leave the states before readable:
    /// resource_exhausted (disk full), permission_denied, unavailable.
    Status append(std::string_view document, std::int64_t time);

    /// After the project was saved: reads the project's file back and, when it is `document`, empties the
    /// journal. data_corrupt: it is another; the journal stays.
    Status saved(std::string_view document);

    /// The project closes without anything unsaved (or the person wants none of it): removes the file.
    Status discard();

    std::uint64_t size() const; ///< bytes of the file

  private:
    struct State;
    explicit Journal(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// When to write: after a rest of `quiet`, and at the latest `longest` after the first change not written.
/// Pure: times are passed in, in one unit.
class AutosaveTimer {
  public:
    AutosaveTimer(std::int64_t quiet, std::int64_t longest) : quiet_(quiet), longest_(longest) {}
    void changed(std::int64_t now);      ///< the document changed
    bool due(std::int64_t now) const;    ///< whether it should be written now
    void written() { waiting_ = false; } ///< a copy of it as it is now goes to the journal

  private:
    std::int64_t quiet_, longest_;
    bool waiting_ = false;
    std::int64_t first_ = 0, last_ = 0;
};

} // namespace loopmind::session
