// How quickly SoundFont stems come: load, first segment, whole stem; and how near level_db is to the
// loudness.
#include "engine/instruments/soundfont.h"
#include "engine/metering/loudness.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <vector>

using namespace loopmind;
using instruments::Part;
using instruments::PartNote;

namespace {

double since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// Four bars of what a program typically plays: chords, a line or a bass line in its register.
Part typical(int program, int style) {
    Part part;
    part.program = program;
    part.tempo = 100;
    const bool bass = program >= 32 && program < 40;
    for (int beat = 0; beat < 16; ++beat) {
        if (style == 0 && beat % 4 == 0) {
            for (int pitch : {57, 60, 64, 67})
                part.notes.push_back({double(beat), 3.9, pitch - (bass ? 24 : 0), 90});
        }
        if (style == 1) {
            for (double off : {0.0, 0.5})
                part.notes.push_back(
                    {beat + off, 0.45, (bass ? 36 : 69) + (beat * 5) % 7, off > 0 ? 75 : 100});
        }
        if (style == 2 && beat % 2 == 0)
            part.notes.push_back({double(beat), 1.5, (bass ? 33 : 62) + beat % 5, 100});
    }
    return part;
}

} // namespace

int main(int argc, char** argv) {
    bool quick = false;
    bool json = false;
    for (int i = 1; i < argc; ++i) {
        quick |= !std::strcmp(argv[i], "--quick");
        json |= !std::strcmp(argv[i], "--json");
    }
    auto start = std::chrono::steady_clock::now();
    auto font = instruments::SoundFont::load();
    const double load_ms = since(start);
    if (!font.ok()) {
        std::fprintf(stderr, "%s\n", font.error().text().c_str());
        return 1;
    }
    const auto frames = static_cast<std::int64_t>(std::llround(16 * 60.0 / 100 * 48000));
    const double seconds = static_cast<double>(frames) / 48000;
    start = std::chrono::steady_clock::now();
    if (!(*font)->warm(0, 0).ok()) return 1;
    const double warm_ms = since(start);
    double first_ms = 0;
    start = std::chrono::steady_clock::now();
    if (!(*font)
             ->render(typical(0, 0), {48000, frames},
                      [&](std::int64_t first, auto, auto) {
                          if (first == 0) first_ms = since(start);
                          return true;
                      })
             .ok())
        return 1;
    const double stem_ms = since(start);

    std::vector<double> errors;
    for (int program = 0; program < 120; program += quick ? 13 : 1) {
        for (int style = 0; style < 3; ++style) {
            Part part = typical(program, style);
            part.level_db = -20;
            std::vector<float> left, right;
            if (!(*font)
                     ->render(part, {48000, frames},
                              [&](std::int64_t, auto l, auto r) {
                                  left.insert(left.end(), l.begin(), l.end());
                                  right.insert(right.end(), r.begin(), r.end());
                                  return true;
                              })
                     .ok())
                return 1;
            const double error =
                metering::measure_loudness(left, right, 48000)->integrated_lufs - part.level_db;
            if (!std::isfinite(error)) {
                if (!json)
                    std::printf("  program %3d style %d is silent: out of the instrument's range\n", program,
                                style);
                continue;
            }
            errors.push_back(error);
            if (!json && std::abs(error) > 4)
                std::printf("  program %3d style %d is %+.1f LU off\n", program, style, error);
        }
    }
    double sum = 0;
    for (double& e : errors)
        sum += e, e = std::abs(e);
    std::sort(errors.begin(), errors.end());
    const double median = errors[errors.size() / 2];
    const double p90 = errors[errors.size() * 9 / 10];
    if (json) {
        std::printf("{\"load_ms\":%.1f,\"warm_ms\":%.1f,\"first_segment_ms\":%.1f,\"stem_ms\":%.1f,"
                    "\"level_error_median\":%.2f,\"level_error_p90\":%.2f,\"ratio\":%.1f}\n",
                    load_ms, warm_ms, first_ms, stem_ms, median, p90, 1000 * seconds / stem_ms);
        return 0;
    }
    std::printf(
        "load %.1f ms, reading a program %.1f ms, first 0.25 s after %.1f ms, %.1f s stem in %.1f ms\n",
        load_ms, warm_ms, first_ms, seconds, stem_ms);
    std::printf("level_db against measured loudness: median %.2f LU, 90 %% within %.2f LU, mean %+.2f LU\n",
                median, p90, sum / static_cast<double>(errors.size()));
    std::printf("ratio: %.1f x real time\n", 1000 * seconds / stem_ms);
    return 0;
}
