// Loaded SoundFonts that renders borrow one at a time.
#pragma once

#include "proto/base/result.h"

#include <fluidsynth.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace loopmind::instruments {

/// One loaded font. FluidSynth counts uses of a font's samples without locks, so only one thread may play it.
struct LoadedFont {
    fluid_settings_t* settings = nullptr;
    fluid_synth_t* keeper = nullptr; ///< owns the font when nobody plays
    fluid_sfont_t* font = nullptr;
    std::set<std::pair<int, int>> pinned; ///< (bank, program) whose samples stay in memory
    std::map<std::pair<int, int>, std::array<signed char, 128>>
        keys; ///< 1 sounds, -1 silent, 0 not asked yet
    LoadedFont() = default;
    LoadedFont(const LoadedFont&) = delete;
    LoadedFont& operator=(const LoadedFont&) = delete;
    ~LoadedFont();
};

/// Keeps as many loaded fonts as were ever used at once. Sample data is shared by FluidSynth's own cache.
/// Thread-safe.
class FontPool {
  public:
    explicit FontPool(std::string path) : path_(std::move(path)) {}
    const std::string& path() const { return path_; }

    /// Borrows a font, loading one when all are in use.
    Result<std::unique_ptr<LoadedFont>> take();
    void give_back(std::unique_ptr<LoadedFont> font);

  private:
    std::string path_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<LoadedFont>> free_;
};

/// A fresh synthesiser that plays a borrowed font. Several may play the same font in turn on one thread.
class FontSynth {
  public:
    /// `rate` in Hz. Throws nothing; valid() is false when memory ran out.
    FontSynth(LoadedFont& font, int rate);
    ~FontSynth();
    FontSynth(const FontSynth&) = delete;
    FontSynth& operator=(const FontSynth&) = delete;
    bool valid() const { return synth_ && id_ >= 0; }
    fluid_synth_t* handle() { return synth_; }
    /// Selects and pins a program on channel 0. False when the font lacks it.
    bool select(int bank, int program);
    /// The key itself when the selected program sounds there, else the nearest octave of it that does
    /// (instruments have ranges; a note an octave off is better than none). Kits and programs without any
    /// stay as they are.
    int playable_key(int key);

  private:
    LoadedFont& font_;
    fluid_settings_t* settings_ = nullptr;
    fluid_synth_t* synth_ = nullptr;
    int id_ = -1;
    bool sounds(int key);

    int bank_ = 0;
    int program_ = 0;
    std::array<signed char, 128>* keys_ = nullptr; ///< null for kits
    fluid_synth_t* probe_ = nullptr;               ///< made when a key is asked for the first time
};

} // namespace loopmind::instruments
