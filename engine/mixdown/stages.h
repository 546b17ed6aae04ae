// The two stages of a mixdown over a document: one track before its fader, and the sum behind it.
#pragma once

#include "engine/graph/offline.h"
#include "proto/base/result.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace loopmind::mixdown {

/// Where a stage finds what it plays.
struct StageInputs {
    std::string document; ///< `.loopmind` text
    /// File of a medium, by its SHA-256. Asked only for media that the stage plays itself.
    std::function<Result<std::filesystem::path>(const std::string& sha256)> media;
    /// File of another track's stream (graph/raw_media.h). Asked for keys and, by the sum, for every track.
    /// Empty: a track stage renders its keys itself.
    std::function<Result<std::filesystem::path>(const std::string& track)> stream;
    /// An existing folder for converted and stretched media; what is in it may be removed when the stage
    /// ends.
    std::filesystem::path scratch;
    std::function<bool()> cancelled;
    std::shared_ptr<graph::InsertFactory> plugins{}; ///< null: documents with plug-ins are refused
};

/// A document ready to be rendered. One thread at a time.
class Stage {
  public:
    /// A track stage: plays the media of `track`.
    static Result<Stage> track(StageInputs inputs, const std::string& track);
    /// The sum: plays the media of tracks that have no stage of their own.
    static Result<Stage> sum(StageInputs inputs);
    /// Everything in one process, bit for bit what the stages give together, whatever the number of threads.
    static Result<Stage> whole(StageInputs inputs, int threads = 1);

    int sample_rate() const { return plan_->sample_rate; }
    double tempo() const { return plan_->tempo; }
    const std::string& key() const { return key_; }
    /// Frames by which a track's stream is late; 0 for the other kinds, which are compensated.
    int latency() const;
    /// Frames that run() gives.
    std::int64_t frames() const;
    bool cancelled() const { return inputs_.cancelled && inputs_.cancelled(); }
    /// Tracks that a stem can be written of, in document order.
    std::vector<std::string> stem_tracks() const;

    /// Streams the stage's sound; `options.stems` gets the stems of the sum. Errors: cancelled, what reading
    /// the inputs gives.
    Result<graph::LinearReport> run(graph::LinearOptions options, const graph::AudioSink& sink) const;

  private:
    enum class Kind { kTrack, kSum, kWhole };
    static Result<Stage> make(Kind kind, StageInputs inputs, const std::string& track);

    Kind kind_ = Kind::kWhole;
    int threads_ = 1;
    std::string track_;
    std::string key_;
    StageInputs inputs_;
    std::shared_ptr<graph::MediaPreparer> preparer_;
    std::shared_ptr<const graph::RenderPlan> plan_;
};

} // namespace loopmind::mixdown
