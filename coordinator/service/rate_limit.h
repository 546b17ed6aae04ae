// Token buckets by name: how often somebody may do something.
#pragma once

#include <string>
#include <unordered_map>

#include "coordinator/core/records.h"

namespace loopmind::service {

/// Keeps at most kMostNames buckets; those that are full again are forgotten first.
class RateLimit {
  public:
    static constexpr std::size_t kMostNames = 20'000;

    /// `per_second` 0: no limit.
    RateLimit(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

    /// Takes one from the bucket of `name`; false when it is empty.
    bool allow(const std::string& name, core::Millis now);

  private:
    struct Bucket {
        double left = 0;
        core::Millis at{0};
    };
    double filled(const Bucket& bucket, core::Millis now) const;
    void make_room(core::Millis now);

    double per_second_;
    double burst_;
    std::unordered_map<std::string, Bucket> buckets_;
};

} // namespace loopmind::service
