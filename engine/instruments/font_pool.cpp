// Loads fonts and lends them.
#include "engine/instruments/font_pool.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace loopmind::instruments {

namespace {

fluid_settings_t* make_settings(int rate) {
    fluid_settings_t* settings = new_fluid_settings();
    if (!settings) return nullptr;
    fluid_settings_setnum(settings, "synth.sample-rate", rate);
    fluid_settings_setnum(settings, "synth.gain", 1.0);
    fluid_settings_setint(settings, "synth.reverb.active", 0);
    fluid_settings_setint(settings, "synth.chorus.active", 0);
    fluid_settings_setint(settings, "synth.polyphony", 256);
    fluid_settings_setint(settings, "synth.midi-channels", 16);
    fluid_settings_setint(settings, "synth.cpu-cores", 1);
    fluid_settings_setint(settings, "synth.threadsafe-api", 0);
    fluid_settings_setint(settings, "synth.lock-memory", 0);
    fluid_settings_setint(settings, "synth.dynamic-sample-loading", 1);
    return settings;
}

void quiet_log() {
    static std::once_flag once;
    std::call_once(once, [] {
        for (int level = 0; level < LAST_LOG_LEVEL; ++level)
            fluid_set_log_function(level, nullptr, nullptr);
    });
}

} // namespace

LoadedFont::~LoadedFont() {
    if (keeper && font) fluid_synth_add_sfont(keeper, font); // it deletes what it owns
    if (keeper) delete_fluid_synth(keeper);
    if (settings) delete_fluid_settings(settings);
}

Result<std::unique_ptr<LoadedFont>> FontPool::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!free_.empty()) {
            auto font = std::move(free_.back());
            free_.pop_back();
            return font;
        }
    }
    quiet_log();
    std::error_code problem;
    if (!std::filesystem::is_regular_file(path_, problem)) {
        return Error{ErrorCode::kNotFound, path_, "the SoundFont is not there",
                     "install the package fluid-soundfont-gm or name another .sf2 file"};
    }
    auto font = std::make_unique<LoadedFont>();
    font->settings = make_settings(48000);
    font->keeper = font->settings ? new_fluid_synth(font->settings) : nullptr;
    if (!font->keeper) {
        return Error{ErrorCode::kResourceExhausted, path_, "no memory for a synthesiser", "free memory"};
    }
    const int id = fluid_synth_sfload(font->keeper, path_.c_str(), 0);
    if (id == FLUID_FAILED) {
        return Error{ErrorCode::kDataCorrupt, path_, "cannot be read as a SoundFont",
                     "reinstall the package fluid-soundfont-gm or name another .sf2 file"};
    }
    // A synthesiser selects these two on its channels as soon as it gets the font; pinned, they are not read
    // anew.
    for (const auto& [bank, program] : {std::pair{0, 0}, std::pair{128, 0}}) {
        if (fluid_synth_pin_preset(font->keeper, id, bank, program) == FLUID_OK)
            font->pinned.insert({bank, program});
    }
    font->font = fluid_synth_get_sfont_by_id(font->keeper, id);
    fluid_synth_remove_sfont(font->keeper, font->font);
    return font;
}

void FontPool::give_back(std::unique_ptr<LoadedFont> font) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(font));
}

FontSynth::FontSynth(LoadedFont& font, int rate) : font_(font), settings_(make_settings(rate)) {
    if (!settings_) return;
    synth_ = new_fluid_synth(settings_);
    if (synth_) id_ = fluid_synth_add_sfont(synth_, font_.font);
}

FontSynth::~FontSynth() {
    if (probe_) {
        fluid_synth_all_sounds_off(probe_, -1);
        fluid_synth_remove_sfont(probe_, font_.font);
        delete_fluid_synth(probe_);
    }
    if (synth_) {
        fluid_synth_all_sounds_off(synth_, -1); // voices let go of their samples
        if (id_ >= 0) fluid_synth_remove_sfont(synth_, font_.font);
        delete_fluid_synth(synth_);
    }
    if (settings_) delete_fluid_settings(settings_);
}

bool FontSynth::select(int bank, int program) {
    if (!fluid_sfont_get_preset(font_.font, bank, program)) return false;
    if (!font_.pinned.contains({bank, program}) &&
        fluid_synth_pin_preset(synth_, id_, bank, program) == FLUID_OK) {
        font_.pinned.insert({bank, program});
    }
    if (bank == 128) fluid_synth_set_channel_type(synth_, 0, CHANNEL_TYPE_DRUM);
    if (fluid_synth_program_select(synth_, 0, id_, bank, program) != FLUID_OK) return false;
    bank_ = bank;
    program_ = program;
    keys_ = bank == 128 ? nullptr : &font_.keys[{bank, program}];
    return true;
}

bool FontSynth::sounds(int key) {
    signed char& known = (*keys_)[static_cast<size_t>(key)];
    if (known != 0) return known > 0;
    // Asked of a synthesiser of its own, since one that has played gives other samples than a fresh one.
    if (!probe_) {
        probe_ = new_fluid_synth(settings_);
        if (!probe_) return true;
        const int id = fluid_synth_add_sfont(probe_, font_.font);
        fluid_synth_program_select(probe_, 0, id, bank_, program_);
    }
    constexpr int kFrames = 2048;
    std::array<float, kFrames> left, right;
    fluid_synth_noteon(probe_, 0, key, 127);
    fluid_synth_write_float(probe_, kFrames, left.data(), 0, 1, right.data(), 0, 1);
    fluid_synth_all_sounds_off(probe_, 0);
    auto audible = [](float x) { return std::abs(x) > 1e-6f; };
    const bool any =
        std::any_of(left.begin(), left.end(), audible) || std::any_of(right.begin(), right.end(), audible);
    known = any ? 1 : -1;
    return any;
}

int FontSynth::playable_key(int key) {
    if (!keys_) return key;
    for (int away = 0; away < 128; away += 12) {
        for (int candidate : {key - away, key + away}) {
            if (candidate >= 0 && candidate < 128 && sounds(candidate)) return candidate;
        }
    }
    return key;
}

} // namespace loopmind::instruments
