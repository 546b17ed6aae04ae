// Time-stretch and pitch of clips, done once when a plan is built.
#pragma once

#include "engine/graph/media_source.h"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace loopmind::graph {

/// Stretches media by Rubber Band (offline, the finer engine, one thread: the same bits every time) and
/// remembers the results by content. Reversal needs no preparation: readers walk backwards. Thread-safe; not
/// for the audio thread.
class MediaPreparer {
  public:
    /// Results live in memory while somebody uses them, or, with `folder`, as float files that are read while
    /// they play and outlive the program. The folder is made when missing.
    explicit MediaPreparer(std::filesystem::path folder = {});

    /// `media` at `stretch` times its length (0.1..10), moved by `pitch` semitones (-24..24). The result has
    /// round(frames * stretch) frames. Neither stretch nor pitch: `media` itself.
    /// Errors: invalid_argument out of range; what reading the media gives; storage errors of the folder.
    Result<std::shared_ptr<const Media>> prepare(std::shared_ptr<const Media> media, double stretch,
                                                 double pitch);

  private:
    std::filesystem::path folder_;
    std::mutex mutex_;
    std::map<std::string, std::weak_ptr<const Media>> known_;
};

} // namespace loopmind::graph
