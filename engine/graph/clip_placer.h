// From the clips of a track to the segments that a plan plays.
#pragma once

#include "engine/graph/render_plan.h"

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace loopmind::graph {

/// Places clips, with each media entry found and each stretch prepared once. Part of building a plan; what is
/// given to the constructor outlives the object.
class ClipPlacer {
  public:
    /// `preparer` may be null; see make_render_plan() for it and for `leave_out_missing`.
    ClipPlacer(const GraphSpec& spec, const MediaLibrary& library, MediaPreparer* preparer,
               bool leave_out_missing);

    /// Segments in order of their start. Errors: invalid_argument for clips that cannot be, what the library
    /// and the preparer give.
    Result<std::vector<Segment>> segments_of(const TrackSpec& track);
    /// Errors of the media whose clips were left out, one for each.
    std::vector<Error> missing() const;

  private:
    bool may_leave_out(const Error& error) const;
    Result<std::shared_ptr<const Media>> found(const std::string& id, const std::string& field);
    Result<std::shared_ptr<const Media>> audio_of(const ClipSpec& clip, const std::string& field);

    const GraphSpec& spec_;
    const MediaLibrary& library_;
    MediaPreparer* preparer_;
    bool leave_out_missing_;
    std::map<std::string, Error> missing_; ///< by media
    std::map<std::string, const MediaRef*> refs_;
    std::map<std::string, std::shared_ptr<const Media>> media_;
    std::map<std::tuple<std::string, double, double>, std::shared_ptr<const Media>> prepared_;
};

} // namespace loopmind::graph
