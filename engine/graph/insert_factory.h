// Who makes the inserts that are not built in: plug-ins of others. Injected, so that the graph knows no
// format.
#pragma once

#include "engine/effects/effect.h"
#include "proto/base/result.h"

#include <map>
#include <memory>
#include <string>

namespace loopmind::graph {

/// Type of inserts that hold an LV2 plug-in.
inline constexpr const char* kLv2 = "lv2";

class InsertFactory {
  public:
    enum class Use {
        kPlan, ///< to ask for parameters, latency and tail; never processes
        kPlay,
    };
    struct Wanted {
        std::string uri;
        std::string state;                    ///< the plug-in's own, of an earlier day; "" none
        std::map<std::string, double> params; ///< by symbol; known when the plug-in is loaded
        Use use = Use::kPlay;
    };
    virtual ~InsertFactory() = default;
    /// Makes the effect of an insert, not prepared. Message thread. Errors have no field: unknown or blocked
    /// plug-in, a plug-in that an insert cannot hold.
    virtual Result<std::unique_ptr<effects::Effect>> make(const Wanted& wanted) = 0;
    /// Whether the plug-in listens to a side chain; false when it is unknown.
    virtual bool takes_key(const std::string& uri) const = 0;
};

} // namespace loopmind::graph
