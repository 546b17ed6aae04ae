// soxr, very high quality (28 bits), linear phase.
#include "engine/files/resampler.h"

#include <soxr.h>

#include <algorithm>
#include <string>

namespace loopmind::files {
namespace {

constexpr std::size_t kBlockFrames = 8192;

} // namespace

struct Resampler::State {
    int from = 0;
    int to = 0;
    std::size_t channels = 0;
    soxr_t handle = nullptr; ///< null: equal rates
    std::int64_t taken = 0;
    std::int64_t made = 0;
    std::vector<std::vector<float>> block;
    ~State() {
        if (handle) soxr_delete(handle);
    }
};

std::int64_t resampled_frames(std::int64_t frames, int from, int to) {
    // Split so that nothing overflows: whole seconds and the rest.
    const std::int64_t seconds = frames / from, rest = frames % from;
    return seconds * to + (2 * rest * to + from) / (2 * std::int64_t{from});
}

Resampler::Resampler(std::unique_ptr<State> state) : state_(std::move(state)) {}
Resampler::Resampler(Resampler&&) noexcept = default;
Resampler& Resampler::operator=(Resampler&&) noexcept = default;
Resampler::~Resampler() = default;

Result<Resampler> Resampler::create(int from, int to, int channels) {
    for (const int rate : {from, to})
        if (rate < 1000 || rate > 768000)
            return Error{ErrorCode::kInvalidArgument,
                         "sample_rate",
                         "is " + std::to_string(rate) + " Hz, outside 1000..768000",
                         {}};
    if (channels < 1 || channels > 64)
        return Error{ErrorCode::kInvalidArgument, "channels", "must be 1 to 64", {}};
    auto state = std::make_unique<State>();
    state->from = from;
    state->to = to;
    state->channels = static_cast<std::size_t>(channels);
    if (from != to) {
        const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_S, SOXR_FLOAT32_S);
        const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_VHQ, 0);
        const soxr_runtime_spec_t runtime =
            soxr_runtime_spec(1); // threads of its own would change nothing but load
        soxr_error_t error = nullptr;
        state->handle =
            soxr_create(from, to, static_cast<unsigned>(channels), &error, &io, &quality, &runtime);
        if (error || !state->handle)
            return Error{ErrorCode::kResourceExhausted, "resampler", error ? error : "could not be made", {}};
        state->block.assign(state->channels, std::vector<float>(kBlockFrames));
    }
    return Resampler(std::move(state));
}

Status Resampler::drain(const float* const* in, std::size_t frames, std::vector<std::vector<float>>& out) {
    State& s = *state_;
    std::vector<soxr_cbuf_t> inputs(s.channels);
    std::vector<soxr_buf_t> outputs(s.channels);
    const std::int64_t most = in ? INT64_MAX : resampled_frames(s.taken, s.from, s.to);
    for (std::size_t done = 0;;) {
        for (std::size_t c = 0; c < s.channels; ++c) {
            inputs[c] = in ? in[c] + done : nullptr;
            outputs[c] = s.block[c].data();
        }
        std::size_t used = 0, made = 0;
        const soxr_error_t error = soxr_process(
            s.handle, in ? static_cast<soxr_in_t>(inputs.data()) : nullptr, in ? frames - done : 0, &used,
            static_cast<soxr_out_t>(outputs.data()), kBlockFrames, &made);
        if (error) return Error{ErrorCode::kInternal, "resampler", error, {}};
        done += used;
        const auto keep = static_cast<std::size_t>(std::min<std::int64_t>(
            static_cast<std::int64_t>(made), std::max<std::int64_t>(most - s.made, 0)));
        for (std::size_t c = 0; c < s.channels; ++c)
            out[c].insert(out[c].end(), s.block[c].begin(),
                          s.block[c].begin() + static_cast<std::ptrdiff_t>(keep));
        s.made += static_cast<std::int64_t>(keep);
        if (in ? done >= frames && made < kBlockFrames : made == 0 || s.made >= most) break;
        if (used == 0 && made == 0) break;
    }
    return {};
}

Status Resampler::add(std::span<const std::span<const float>> in, std::vector<std::vector<float>>& out) {
    State& s = *state_;
    out.resize(s.channels);
    if (in.size() != s.channels)
        return Error{ErrorCode::kInternal, "resampler", "was given a wrong number of channels", {}};
    const std::size_t frames = in.front().size();
    s.taken += static_cast<std::int64_t>(frames);
    if (!s.handle) {
        for (std::size_t c = 0; c < s.channels; ++c)
            out[c].insert(out[c].end(), in[c].begin(), in[c].end());
        return {};
    }
    if (frames == 0) return {};
    std::vector<const float*> planes;
    for (const auto& plane : in)
        planes.push_back(plane.data());
    return drain(planes.data(), frames, out);
}

Status Resampler::finish(std::vector<std::vector<float>>& out) {
    State& s = *state_;
    out.resize(s.channels);
    if (!s.handle || s.taken == 0) return {};
    if (Status drained = drain(nullptr, 0, out); !drained) return drained;
    // soxr rounds the length on its own; the promise is ours.
    const std::int64_t wanted = resampled_frames(s.taken, s.from, s.to);
    for (auto& plane : out)
        plane.insert(plane.end(), static_cast<std::size_t>(std::max<std::int64_t>(wanted - s.made, 0)), 0.0f);
    s.made = std::max(s.made, wanted);
    return {};
}

Result<std::vector<std::vector<float>>> resample(std::span<const std::span<const float>> in, int from,
                                                 int to) {
    Result<Resampler> resampler = Resampler::create(from, to, static_cast<int>(in.size()));
    if (!resampler) return resampler.error();
    std::vector<std::vector<float>> out(in.size());
    for (auto& plane : out)
        plane.reserve(static_cast<std::size_t>(
            resampled_frames(static_cast<std::int64_t>(in.front().size()), from, to)));
    if (Status added = resampler->add(in, out); !added) return added.error();
    if (Status finished = resampler->finish(out); !finished) return finished.error();
    return out;
}

} // namespace loopmind::files
