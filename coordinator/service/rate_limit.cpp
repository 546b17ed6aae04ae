// Buckets that fill with time.
#include "coordinator/service/rate_limit.h"

#include <algorithm>

namespace loopmind::service {

double RateLimit::filled(const Bucket& bucket, core::Millis now) const {
    const double seconds = static_cast<double>((now - bucket.at).count()) / 1000;
    return std::min(burst_, bucket.left + std::max(seconds, 0.0) * per_second_);
}

void RateLimit::make_room(core::Millis now) {
    std::erase_if(buckets_, [&](const auto& entry) { return filled(entry.second, now) >= burst_; });
    // Everybody is busy: forgetting somebody means that he may do a little more.
    if (buckets_.size() >= kMostNames) buckets_.erase(buckets_.begin());
}

bool RateLimit::allow(const std::string& name, core::Millis now) {
    if (per_second_ <= 0) return true;
    auto it = buckets_.find(name);
    if (it == buckets_.end()) {
        if (buckets_.size() >= kMostNames) make_room(now);
        it = buckets_.emplace(name, Bucket{burst_, now}).first;
    }
    Bucket& bucket = it->second;
    bucket = {filled(bucket, now), now};
    if (bucket.left < 1) return false;
    bucket.left -= 1;
    return true;
}

} // namespace loopmind::service
