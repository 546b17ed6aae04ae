// Records of documents as differences, framed by hashes.
#include "engine/session/journal.h"

#include "proto/base/durable_file.h"
#include "proto/base/sha256.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <thread>
#include <utility>

namespace loopmind::session {
namespace {

constexpr std::string_view kHeading =
    "loopmind-journal 1 "; // then the project's hash or 64 zeros, and a newline
constexpr std::string_view kMagic = "LMJ1";
constexpr std::size_t kHash = 64;
constexpr std::size_t kMaxRead = std::size_t{3} << 30;
constexpr std::size_t kMaxStates = std::size_t{1} << 30; ///< bytes of all states that reading keeps

std::string no_hash() {
    return std::string(kHash, '0');
}

void put(std::string& out, std::uint64_t value) {
    for (int i = 0; i < 8; ++i)
        out += static_cast<char>(value >> (8 * i));
}

/// Takes pieces off the front of bytes from a disk; false when they are too short.
struct Cursor {
    std::string_view rest;

    bool take(std::size_t size, std::string_view& out) {
        if (size > rest.size()) return false;
        out = rest.substr(0, size);
        rest.remove_prefix(size);
        return true;
    }
    bool number(std::uint64_t& out) {
        std::string_view bytes;
        if (!take(8, bytes)) return false;
        out = 0;
        for (std::size_t i = 8; i-- > 0;)
            out = out << 8 | static_cast<unsigned char>(bytes[i]);
        return true;
    }
};

std::string framed(const std::string& payload) {
    std::string out(kMagic);
    put(out, payload.size());
    return out + base::sha256_hex(payload) + payload;
}

/// A record that makes `text`, from `before` when that is shorter. `first`: there is no record ahead of it.
std::string record(std::string_view before, std::string_view text, std::int64_t time, bool first) {
    std::size_t head = 0, tail = 0;
    const std::size_t shorter = std::min(before.size(), text.size());
    while (head < shorter && before[head] == text[head])
        ++head;
    while (tail < shorter - head && before[before.size() - 1 - tail] == text[text.size() - 1 - tail])
        ++tail;
    const bool whole = first || head + tail < text.size() / 2;
    std::string payload(1, whole ? 'F' : 'D');
    put(payload, static_cast<std::uint64_t>(time));
    if (whole) {
        payload += text;
    } else {
        put(payload, head);
        put(payload, tail);
        payload += base::sha256_hex(text);
        payload += text.substr(head, text.size() - head - tail);
    }
    return framed(payload);
}

/// The document of a payload; false when it does not make one.
bool apply(std::string_view payload, std::string_view before, JournalState& out) {
    Cursor cursor{payload};
    std::string_view kind, hash;
    std::uint64_t time = 0, head = 0, tail = 0;
    if (!cursor.take(1, kind) || !cursor.number(time)) return false;
    out.time = static_cast<std::int64_t>(time);
    if (kind == "F") {
        out.text = cursor.rest;
        return true;
    }
    if (kind != "D" || !cursor.number(head) || !cursor.number(tail) || !cursor.take(kHash, hash))
        return false;
    if (head > before.size() || tail > before.size() - head) return false;
    out.text.reserve(head + cursor.rest.size() + tail);
    out.text = before.substr(0, head);
    out.text += cursor.rest;
    out.text += before.substr(before.size() - tail);
    return base::sha256_hex(out.text) == hash;
}

struct Scan {
    bool heading = false;
    std::string base; ///< hash of the project file that the journal began at
    std::deque<JournalState> states;
    bool damaged = false;
};

Scan scan(std::string_view bytes, int keep) {
    Scan out;
    Cursor cursor{bytes};
    std::string_view heading, base, newline;
    out.heading = cursor.take(kHeading.size(), heading) && heading == kHeading && cursor.take(kHash, base) &&
                  cursor.take(1, newline) && newline == "\n";
    out.damaged = !out.heading;
    if (!out.heading) return out;
    out.base = base;
    std::size_t kept = 0;
    while (!cursor.rest.empty()) {
        std::string_view magic, hash, payload;
        std::uint64_t size = 0;
        JournalState state;
        const bool good = cursor.take(4, magic) && magic == kMagic && cursor.number(size) &&
                          cursor.take(kHash, hash) && size <= cursor.rest.size() &&
                          cursor.take(size, payload) && base::sha256_hex(payload) == hash &&
                          apply(payload, out.states.empty() ? "" : out.states.back().text, state);
        if (!good) {
            out.damaged = true;
            return out;
        }
        kept += state.text.size();
        out.states.push_back(std::move(state));
        while (out.states.size() > 1 &&
               (out.states.size() > static_cast<std::size_t>(keep) || kept > kMaxStates)) {
            kept -= out.states.front().text.size();
            out.states.pop_front();
        }
    }
    return out;
}

std::string hash_of(const std::filesystem::path& project) {
    const auto digest = base::sha256_file(project);
    return digest ? digest->sha256 : no_hash();
}

std::string heading_for(const std::string& hash) {
    return std::string(kHeading) + hash + "\n";
}

/// A file descriptor with an exclusive lock, closed with the object.
class LockedFile {
  public:
    LockedFile() = default;
    ~LockedFile() { close(); }
    LockedFile(const LockedFile&) = delete;
    LockedFile& operator=(const LockedFile&) = delete;

    Status open(const std::filesystem::path& path) {
        close();
        fd_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
        if (fd_ < 0) return base::file_error(path, "cannot be opened", errno);
        // Someone who only asks whether the file is in use holds the lock for a moment.
        for (int i = 0; i < 50; ++i) {
            if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return {};
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        close();
        return Error{ErrorCode::kUnavailable, path.string(), "is being written by another program",
                     "close the project there; until then nothing is saved automatically here"};
    }
    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }
    int fd() const { return fd_; }

  private:
    int fd_ = -1;
};

bool in_use(const std::filesystem::path& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool used = ::flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    ::close(fd);
    return used;
}

Status write_all(int fd, std::string_view bytes, std::uint64_t at, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return base::file_error(path, "cannot be written", errno);
        bytes.remove_prefix(static_cast<std::size_t>(written));
        at += static_cast<std::uint64_t>(written);
    }
    if (::fdatasync(fd) != 0) return base::file_error(path, "cannot be written", errno);
    return {};
}

} // namespace

std::filesystem::path journal_path(const std::filesystem::path& project) {
    std::filesystem::path out = project;
    out += ".journal";
    return out;
}

Recovery read_journal(const std::filesystem::path& project) {
    Recovery out;
    const std::filesystem::path path = journal_path(project);
    const Result<std::string> bytes = base::read_file(path, kMaxRead);
    if (!bytes) {
        out.damaged = bytes.error().code != ErrorCode::kNotFound;
        return out;
    }
    if (in_use(path)) {
        out.kind = Recovery::Kind::kInUse;
        return out;
    }
    Scan found = scan(*bytes, JournalLimits{}.states);
    out.damaged = found.damaged;
    const std::string now = hash_of(project);
    bool follows = found.base == now;
    // What the project file holds already, and what came before it, is no news.
    for (std::size_t i = found.states.size(); i-- > 0;) {
        if (base::sha256_hex(found.states[i].text) != now) continue;
        found.states.erase(found.states.begin(), found.states.begin() + static_cast<std::ptrdiff_t>(i) + 1);
        follows = true;
        break;
    }
    if (found.states.empty()) return out;
    out.kind = follows ? Recovery::Kind::kUnsaved : Recovery::Kind::kDiverged;
    out.states.assign(std::make_move_iterator(found.states.begin()),
                      std::make_move_iterator(found.states.end()));
    return out;
}

struct Journal::State {
    std::filesystem::path project, path;
    JournalLimits limits;
    LockedFile file;
    std::string base; ///< hash in the heading
    std::string last; ///< newest document
    int records = 0;
    std::uint64_t size = 0;

    /// Puts a new file in the place of the old one, whole or not at all.
    Status replace(const std::string& bytes) {
        if (Status written = base::write_durably(path, bytes); !written) return written;
        if (Status opened = file.open(path); !opened) return opened;
        size = bytes.size();
        return {};
    }

    /// Keeps the newest documents: as many as fit into half of what the file may have, at least one.
    Status shrink() {
        const Result<std::string> bytes = base::read_file(path, kMaxRead);
        if (!bytes) return bytes.error();
        const Scan found = scan(*bytes, limits.states);
        for (std::size_t first = 0; first < found.states.size(); ++first) {
            std::string out = heading_for(base);
            std::string_view before;
            for (std::size_t i = first; i < found.states.size(); ++i) {
                out += record(before, found.states[i].text, found.states[i].time, i == first);
                before = found.states[i].text;
            }
            if (out.size() > limits.bytes / 2 && first + 1 < found.states.size()) continue;
            records = static_cast<int>(found.states.size() - first);
            return replace(out);
        }
        return {};
    }
};

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

Result<Journal> Journal::start(const std::filesystem::path& project, const JournalLimits& limits) {
    auto state = std::make_unique<State>();
    state->project = project;
    state->path = journal_path(project);
    state->limits = limits;
    state->limits.states = std::max(1, limits.states);
    state->base = hash_of(project);
    std::error_code failed;
    if (std::filesystem::exists(state->path, failed)) {
        if (Status free = state->file.open(state->path); !free) return free.error();
        const auto size = std::filesystem::file_size(state->path, failed);
        if (!failed && size > heading_for(no_hash()).size()) {
            std::filesystem::path old = state->path;
            old += ".old";
            if (Status kept = base::make_durable_as(state->path, old); !kept) return kept.error();
        }
    }
    if (Status begun = state->replace(heading_for(state->base)); !begun) return begun.error();
    return Journal(std::move(state));
}

Status Journal::append(std::string_view document, std::int64_t time) {
    State& state = *state_;
    if (state.records > 0 && document == state.last) return {};
    const std::string bytes = record(state.last, document, time, state.records == 0);
    if (Status written = write_all(state.file.fd(), bytes, state.size, state.path); !written) {
        // Half a record would hide those that come behind it.
        if (::ftruncate(state.file.fd(), static_cast<off_t>(state.size)) != 0) state.records = 0;
        return written;
    }
    state.size += bytes.size();
    state.last = document;
    ++state.records;
    if (state.records > 2 * state.limits.states || (state.size > state.limits.bytes && state.records > 1))
        return state.shrink();
    return {};
}

Status Journal::saved(std::string_view document) {
    State& state = *state_;
    const Result<std::string> there = base::read_file(state.project, kMaxRead);
    if (!there) return there.error();
    if (*there != document) {
        return Error{ErrorCode::kDataCorrupt, state.project.string(), "is not what was saved",
                     "save it under another name; the journal keeps the unsaved work"};
    }
    const std::string hash = base::sha256_hex(*there);
    if (Status emptied = state.replace(heading_for(hash)); !emptied) return emptied;
    state.base = hash;
    state.last.clear();
    state.records = 0;
    return {};
}

Status Journal::discard() {
    std::error_code failed;
    std::filesystem::remove(state_->path, failed);
    if (failed) return base::file_error(state_->path, "cannot be removed", failed.value());
    state_->file.close();
    return base::sync_folder(state_->path.parent_path().empty() ? "." : state_->path.parent_path());
}

std::uint64_t Journal::size() const {
    return state_->size;
}

void AutosaveTimer::changed(std::int64_t now) {
    if (!waiting_) first_ = now;
    waiting_ = true;
    last_ = now;
}

bool AutosaveTimer::due(std::int64_t now) const {
    return waiting_ && (now - last_ >= quiet_ || now - first_ >= longest_);
}

} // namespace loopmind::session
