// Collects blocks, hands them over, plays what came back.
#include "engine/plugins/plugin_effect.h"

#include <algorithm>
#include <cstring>

namespace loopmind::plugins {

using effects::ParameterInfo;
using effects::Scale;

ParameterTable::ParameterTable(const PluginInfo& info) {
    const auto keep = [this](const std::string& text) { return texts.emplace_back(text).c_str(); };
    for (const PluginParameter& one : info.parameters) {
        ParameterInfo out{keep(one.symbol),
                          keep(one.unit),
                          one.minimum,
                          one.maximum,
                          one.initial,
                          keep(one.name),
                          Scale::kLinear,
                          0,
                          0};
        if (one.stepped) out.scale = Scale::kSwitch;
        if (one.logarithmic) out.scale = Scale::kLogarithmic;
        infos.push_back(out);
    }
}

PluginEffect::PluginEffect(std::shared_ptr<HostCore> core, const PluginInfo& info,
                           graph::InsertFactory::Wanted wanted)
    : ParameterTable(info), Effect(infos), core_(std::move(core)), info_(info), wanted_(std::move(wanted)),
      offline_(core_->options().offline), lag_blocks_(core_->options().pipeline_blocks) {
    values_.resize(kTicks * infos.size());
}

std::string PluginEffect::failure() const {
    if (!failed_) return {};
    if (!shape_.failure.empty()) return "its plug-in " + info_.uri + " " + shape_.failure;
    const std::string why = process_ && !hung_ ? process_->why() : std::string();
    return "its plug-in " + info_.uri + " " + (why.empty() ? "stopped answering" : why);
}

Result<std::string> PluginEffect::save_state() {
    if (!process_) return Error{ErrorCode::kUnavailable, "", "its plug-in is not loaded", ""};
    return process_->save_state();
}

void PluginEffect::on_prepare(double rate) {
    const bool plays = wanted_.use == graph::InsertFactory::Use::kPlay;
    const PluginSetup setup{rate, wanted_.state, wanted_.params};
    process_.reset();
    if (plays)
        process_ = core_->start(info_, setup, shape_);
    else
        shape_ = core_->shape(info_, setup);
    failed_ = !shape_.failure.empty();
    latency_ = lag_blocks_ * kBlock + shape_.latency;
    patience_ = static_cast<std::int64_t>(core_->options().process.answer_seconds * rate);
    // What the state says and the session does not is where the parameters stand.
    for (std::size_t i = 0; i < shape_.values.size() && i < infos.size(); ++i)
        if (!wanted_.params.contains(infos[i].name)) set(static_cast<int>(i), shape_.values[i]);
    for (auto& channel : dry_)
        channel.assign(static_cast<std::size_t>(latency_ + kBlock), 0.0f);
    used_ = false;
}

void PluginEffect::on_reset() noexcept {
    fill_ = 0;
    block_ = 0;
    moved_ = 0;
    keyed_ = false;
    resend_ = false;
    late_frames_ = 0;
    reset_ = reset_ || used_;
    used_ = false;
    first_ = process_ ? process_->posted() : 0;
    number_.fill(-1);
    dry_at_ = 0;
    for (auto& channel : out_)
        channel.fill(0.0f);
    for (auto& channel : dry_)
        std::fill(channel.begin(), channel.end(), 0.0f);
}

void PluginEffect::on_tick(bool moved) noexcept {
    if (!moved && !resend_) return;
    resend_ = false;
    const int tick = fill_ / kTick;
    float* values = values_.data() + static_cast<std::size_t>(tick) * infos.size();
    for (std::size_t i = 0; i < infos.size(); ++i)
        values[i] = value(static_cast<int>(i));
    moved_ |= 1u << tick;
}

void PluginEffect::run(float* left, float* right, int frames, int) noexcept {
    if (failed_ || !process_) return; // the chain plays the dry sound
    if (fill_ == 0) begin_block();
    const auto at = static_cast<std::size_t>(fill_);
    const std::size_t bytes = sizeof(float) * static_cast<std::size_t>(frames);
    std::memcpy(in_[0].data() + at, left, bytes);
    std::memcpy(in_[1].data() + at, right, bytes);
    if (key_left() != nullptr) {
        if (!keyed_)
            for (auto& channel : key_)
                channel.fill(0.0f);
        keyed_ = true;
        std::memcpy(key_[0].data() + at, key_left(), bytes);
        std::memcpy(key_[1].data() + at, key_right(), bytes);
    }
    std::memcpy(left, out_[0].data() + at, bytes);
    std::memcpy(right, out_[1].data() + at, bytes);
    fill_ += frames;
    if (fill_ < kBlock) return;
    end_block();
    fill_ = 0;
}

/// What comes out while this block is collected.
void PluginEffect::begin_block() noexcept {
    const std::int64_t wanted = block_ - lag_blocks_;
    if (wanted < 0) {
        for (auto& channel : out_)
            channel.fill(0.0f);
    } else if (!fetch(wanted)) {
        play_dry();
    }
    ++block_;
}

/// Takes block `wanted` from the plug-in; false when it is not there.
bool PluginEffect::fetch(std::int64_t wanted) noexcept {
    const std::int64_t number = number_[static_cast<std::size_t>(wanted) % kHistory];
    const auto place = static_cast<std::uint32_t>(number);
    if (offline_) {
        failed_ = !process_->wait(place);
        if (failed_) return false;
    } else if (number < 0 || !process_->finished(place)) {
        late_frames_ += kBlock;
        hung_ = late_frames_ > patience_;
        failed_ = hung_ || process_->dead();
        // Beginning from silence takes the plug-in a moment: that is nobody's fault.
        if (!failed_ && process_->finished(first_))
            core_->late_blocks().fetch_add(1, std::memory_order_relaxed);
        return false;
    }
    late_frames_ = 0;
    const SharedBlock* block = process_->block(place);
    std::memcpy(out_[0].data(), block->out[0], sizeof block->out[0]);
    std::memcpy(out_[1].data(), block->out[1], sizeof block->out[1]);
    return true;
}

/// The ring holds the past up to the frame before this block; what is wanted lies latency_ frames back.
void PluginEffect::play_dry() noexcept {
    const std::size_t size = dry_[0].size();
    for (std::size_t channel = 0; channel < 2; ++channel) {
        std::size_t from = (dry_at_ + size - static_cast<std::size_t>(latency_)) % size;
        for (float& sample : out_[channel]) {
            sample = dry_[channel][from];
            if (++from == size) from = 0;
        }
    }
}

void PluginEffect::remember_dry() noexcept {
    const std::size_t size = dry_[0].size();
    for (std::size_t i = 0; i < kBlock; ++i) {
        dry_[0][dry_at_] = in_[0][i];
        dry_[1][dry_at_] = in_[1][i];
        if (++dry_at_ == size) dry_at_ = 0;
    }
}

void PluginEffect::end_block() noexcept {
    remember_dry();
    std::int64_t& number = number_[static_cast<std::size_t>(block_ - 1) % kHistory];
    SharedBlock* block = process_->next_block();
    if (block == nullptr && offline_) { // quick resets left it with a lot that nobody wants any more
        failed_ = !process_->wait(process_->posted() - static_cast<std::uint32_t>(kSlots));
        block = failed_ ? nullptr : process_->next_block();
    }
    if (block == nullptr) { // the plug-in is behind by all there is room for
        number = -1;
        resend_ = true;
    } else {
        number = process_->posted();
        block->flags = (reset_ ? SharedBlock::kReset : 0u) | (keyed_ ? SharedBlock::kKey : 0u);
        block->moved = moved_;
        for (std::size_t channel = 0; channel < 2; ++channel) {
            std::memcpy(block->in[channel], in_[channel].data(), sizeof block->in[channel]);
            if (keyed_) std::memcpy(block->key[channel], key_[channel].data(), sizeof block->key[channel]);
        }
        const std::size_t count = infos.size();
        for (int tick = 0; tick < kTicks; ++tick)
            if ((moved_ >> tick & 1) != 0)
                std::memcpy(process_->tick(block, tick),
                            values_.data() + static_cast<std::size_t>(tick) * count, sizeof(float) * count);
        process_->post();
        reset_ = false;
        used_ = true;
    }
    moved_ = 0;
    keyed_ = false;
}

} // namespace loopmind::plugins
