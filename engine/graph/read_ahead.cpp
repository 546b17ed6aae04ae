// Fills rings of quanta.
#include "engine/graph/read_ahead.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace loopmind::graph {

namespace {
constexpr auto kPause = std::chrono::milliseconds(5); ///< between looks at full rings
} // namespace

StreamFeed::StreamFeed(const std::vector<Segment>& segments, const Timeline& timeline, int quanta,
                       std::atomic<long>& underruns)
    : clips_(segments), timeline_(timeline), ring_(static_cast<size_t>(std::max(2, quanta))),
      underruns_(underruns) {}

bool StreamFeed::fill() {
    if (ring_.size() == ring_.capacity()) return false;
    // Behind what is wanted already: that part is lost, go on where it can still help.
    next_ = std::max(next_, wanted_.load(std::memory_order_relaxed));
    scratch_.index = next_;
    scratch_.left.fill(0.0f);
    scratch_.right.fill(0.0f);
    timeline_.spans(next_ * kQuantum, kQuantum, [&](std::int64_t time, int at, int count) {
        clips_.add(time, scratch_.left.data() + at, scratch_.right.data() + at, count);
    });
    ++next_;
    return ring_.push(scratch_);
}

void StreamFeed::add(const Timeline&, std::int64_t running, float* left, float* right) noexcept {
    const std::int64_t wanted = (running - start_) / kQuantum;
    wanted_.store(wanted, std::memory_order_relaxed);
    const Block* block = ring_.front();
    while (block != nullptr && block->index < wanted) {
        ring_.pop();
        block = ring_.front();
    }
    if (block == nullptr || block->index != wanted) {
        underruns_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    for (size_t i = 0; i < kQuantum; ++i)
        left[i] += block->left[i];
    for (size_t i = 0; i < kQuantum; ++i)
        right[i] += block->right[i];
    ring_.pop();
}

bool plan_streams(const RenderPlan& plan) {
    return std::any_of(plan.nodes.begin(), plan.nodes.end(), [](const PlanNode& node) {
        return std::any_of(node.segments.begin(), node.segments.end(),
                           [](const Segment& segment) { return segment.audio->buffer() == nullptr; });
    });
}

FeedSet::FeedSet(std::shared_ptr<const RenderPlan> plan, const Timeline& timeline, double seconds,
                 std::atomic<long>& underruns)
    : plan_(std::move(plan)) {
    const int quanta = static_cast<int>(std::ceil(seconds * plan_->sample_rate / kQuantum));
    for (const PlanNode& node : plan_->nodes) {
        const bool streams =
            std::any_of(node.segments.begin(), node.segments.end(),
                        [](const Segment& segment) { return segment.audio->buffer() == nullptr; });
        feeds_.push_back(streams ? std::make_unique<StreamFeed>(node.segments, timeline, quanta, underruns)
                                 : nullptr);
    }
}

bool FeedSet::fill() {
    bool any = false;
    for (auto& feed : feeds_)
        any = (feed && feed->fill()) || any;
    return any;
}

void FeedSet::prefill(double seconds) {
    const auto wanted = static_cast<size_t>(std::ceil(seconds * plan_->sample_rate / kQuantum));
    for (auto& feed : feeds_) {
        while (feed && feed->filled() < wanted && feed->fill()) {
        }
    }
}

void FeedSet::start(std::int64_t running) noexcept {
    for (auto& feed : feeds_) {
        if (feed) feed->start(running);
    }
}

ReadAhead::ReadAhead() : thread_([this] { run(); }) {}

ReadAhead::~ReadAhead() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    thread_.join();
}

void ReadAhead::add(std::shared_ptr<FeedSet> set) {
    {
        const std::lock_guard lock(mutex_);
        sets_.push_back(set);
    }
    wake_.notify_all();
}

void ReadAhead::run() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
        std::erase_if(sets_, [](const auto& set) { return set.expired(); });
        const auto sets = sets_;
        lock.unlock();
        bool any = false;
        for (const auto& weak : sets) {
            if (const auto set = weak.lock()) any = set->fill() || any;
        }
        lock.lock();
        // The audio thread may wake nobody, so full rings are looked at again after a while.
        if (any || stop_) continue;
        if (sets_.empty()) {
            wake_.wait(lock, [this] { return stop_ || !sets_.empty(); });
        } else {
            wake_.wait_for(lock, kPause);
        }
    }
}

} // namespace loopmind::graph
