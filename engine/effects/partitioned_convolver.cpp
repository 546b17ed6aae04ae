// Delay lines of spectra, one per level.
#include "engine/effects/partitioned_convolver.h"

#include "engine/effects/oversample_kernel.h"

#include <algorithm>
#include <cstring>

namespace loopmind::effects {

namespace {

/// sum += x * h for complex numbers in split form.
void multiply_add(const float* __restrict xr, const float* __restrict xi, const float* __restrict hr,
                  const float* __restrict hi, float* __restrict sum_r, float* __restrict sum_i, int bins) {
    for (int k = 0; k < bins; ++k) {
        sum_r[k] += xr[k] * hr[k] - xi[k] * hi[k];
        sum_i[k] += xr[k] * hi[k] + xi[k] * hr[k];
    }
}

} // namespace

/// Uniform partitions of `block` taps. Answers to the input block n are added to the output block n + 1
/// (spread 0) or n + 2 (spread over the ticks of block n + 1).
class PartitionedConvolver::Level {
  public:
    Level(std::span<const float> taps, int block, bool spread, int first_step)
        : block_(block), spread_(spread), first_step_(first_step), fft_(2 * block),
          partitions_(
              static_cast<int>((taps.size() + static_cast<size_t>(block) - 1) / static_cast<size_t>(block))),
          stride_(static_cast<size_t>(fft_.bins())) {
        const size_t all = stride_ * static_cast<size_t>(partitions_);
        for (auto* spectra : {&taps_re_, &taps_im_, &in_re_, &in_im_})
            spectra->assign(all, 0.0f);
        sum_re_.assign(stride_, 0.0f);
        sum_im_.assign(stride_, 0.0f);
        input_.assign(static_cast<size_t>(2 * block), 0.0f);
        captured_ = time_ = input_;
        output_.assign(static_cast<size_t>(block), 0.0f);
        for (int p = 0; p < partitions_; ++p) {
            std::fill(time_.begin(), time_.end(), 0.0f);
            const size_t from = static_cast<size_t>(p) * static_cast<size_t>(block);
            const size_t count = std::min(static_cast<size_t>(block), taps.size() - from);
            std::copy_n(taps.begin() + static_cast<std::ptrdiff_t>(from), count, time_.begin());
            fft_.forward(time_.data(), spectrum(taps_re_, p), spectrum(taps_im_, p));
        }
    }

    void reset() noexcept {
        for (auto* values : {&in_re_, &in_im_, &sum_re_, &sum_im_, &input_, &captured_, &time_, &output_})
            std::fill(values->begin(), values->end(), 0.0f);
        at_ = newest_ = 0;
        step_ = steps();
    }

    void process(const float* in, float* out, int frames) noexcept {
        std::memcpy(input_.data() + block_ + at_, in, sizeof(float) * static_cast<size_t>(frames));
        const float* ready = output_.data() + at_;
        for (int i = 0; i < frames; ++i)
            out[i] += ready[i];
        at_ += frames;
    }

    void end_tick() noexcept {
        if (spread_ && step_ < steps()) run_step(step_++);
        if (at_ < block_) return;
        at_ = 0;
        std::copy(input_.begin(), input_.end(), captured_.begin());
        if (spread_) {
            step_ = 0; // what time_ holds is the answer to the block before
        } else {
            begin();
            for (int p = 0; p < partitions_; ++p)
                add_partition(p);
            finish();
        }
        std::copy_n(time_.begin() + block_, block_, output_.begin());
        std::copy_n(input_.begin() + block_, block_, input_.begin());
    }

  private:
    int steps() const { return block_ / kTick; }
    float* spectrum(std::vector<float>& all, int partition) {
        return all.data() + stride_ * static_cast<size_t>(partition);
    }
    /// Transforms the captured input and clears the sums.
    void begin() noexcept {
        newest_ = newest_ == 0 ? partitions_ - 1 : newest_ - 1;
        fft_.forward(captured_.data(), spectrum(in_re_, newest_), spectrum(in_im_, newest_));
        std::fill(sum_re_.begin(), sum_re_.end(), 0.0f);
        std::fill(sum_im_.begin(), sum_im_.end(), 0.0f);
    }
    void add_partition(int p) noexcept {
        const int at = (newest_ + p) % partitions_;
        multiply_add(spectrum(in_re_, at), spectrum(in_im_, at), spectrum(taps_re_, p), spectrum(taps_im_, p),
                     sum_re_.data(), sum_im_.data(), fft_.bins());
    }
    void finish() noexcept { fft_.inverse(sum_re_.data(), sum_im_.data(), time_.data()); }
    /// Ticks of a spread block: the transform, a share of the products each, the inverse at the end.
    void run_step(int step) noexcept {
        if (step == first_step_) begin();
        const int between = steps() - 4; // ticks 2 .. steps - 3
        const int s = step - 2;
        if (s >= 0 && s < between) {
            for (int p = s * partitions_ / between; p < (s + 1) * partitions_ / between; ++p)
                add_partition(p);
        }
        if (step == steps() - 2 + first_step_) finish();
    }

    int block_;
    bool spread_;
    int first_step_;
    RealFft fft_;
    int partitions_;
    size_t stride_;
    std::vector<float> taps_re_, taps_im_; ///< spectra of the partitions
    std::vector<float> in_re_, in_im_;     ///< ring of input spectra
    std::vector<float> sum_re_, sum_im_;
    std::vector<float> input_;    ///< former block, block that fills
    std::vector<float> captured_; ///< the input being answered
    std::vector<float> time_;
    std::vector<float> output_;
    int at_ = 0;
    int newest_ = 0;
    int step_ = 0;
};

PartitionedConvolver::PartitionedConvolver() = default;
PartitionedConvolver::~PartitionedConvolver() = default;

void PartitionedConvolver::prepare(std::span<const float> response, int first_step) {
    head_.fill(0.0f);
    for (size_t k = 0; k < std::min<size_t>(kHead, response.size()); ++k)
        head_[kHead - 1 - k] = response[k];
    levels_.clear();
    struct Plan {
        size_t from, to;
        int block;
    };
    for (const Plan& plan :
         {Plan{64, 2048, 64}, Plan{2048, 16384, 1024}, Plan{16384, response.size(), 8192}}) {
        const size_t end = std::min(plan.to, response.size());
        if (plan.from >= end) break;
        levels_.push_back(std::make_unique<Level>(response.subspan(plan.from, end - plan.from), plan.block,
                                                  plan.block > 64, first_step));
    }
    reset();
}

void PartitionedConvolver::reset() noexcept {
    history_.fill(0.0f);
    for (auto& level : levels_)
        level->reset();
    phase_ = 0;
}

void PartitionedConvolver::process(const float* in, float* out, int frames) noexcept {
    std::memcpy(history_.data() + kHead - 1, in, sizeof(float) * static_cast<size_t>(frames));
    run_fir(history_.data(), head_, out, frames);
    std::memmove(history_.data(), history_.data() + frames, sizeof(float) * (kHead - 1));
    for (auto& level : levels_)
        level->process(in, out, frames);
    phase_ += frames;
    if (phase_ < kTick) return;
    phase_ = 0;
    for (auto& level : levels_)
        level->end_tick();
}

} // namespace loopmind::effects
