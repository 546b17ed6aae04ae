// Small tensor steps that all engines need.
#include "models/synth/stem_engine.h"

namespace loopmind::synth {

at::Tensor interpolate_control(const DeviceTables& tables, const at::Tensor& control) {
    const auto rows = control.size(0);
    const auto points = control.size(1) - 1;
    const auto pairs = at::stack({control.narrow(1, 0, points), control.narrow(1, 1, points)}, -1);
    return at::mm(pairs.reshape({rows * points, 2}), tables.ramp).view({rows, points * kControlFrames});
}

at::Tensor upload(const std::vector<float>& values, at::IntArrayRef shape, at::Device device) {
    auto out = at::empty(shape, at::kFloat);
    std::copy(values.begin(), values.end(), out.data_ptr<float>());
    return out.to(device);
}

at::Tensor upload(const std::vector<std::int32_t>& values, at::IntArrayRef shape, at::Device device) {
    auto out = at::empty(shape, at::kInt);
    std::copy(values.begin(), values.end(), out.data_ptr<std::int32_t>());
    return out.to(device);
}

} // namespace loopmind::synth
