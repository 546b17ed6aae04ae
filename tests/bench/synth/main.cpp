// build/bench/synth: how many seconds of stem each patch renders per second, and whether two devices agree.
#include "models/synth/synth.h"
#include "tests/bench/synth/scalar_reference.h"
#include "tests/bench/synth/stems.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace loopmind;

struct Options {
    std::string device = "cpu";
    std::string out;
    std::string compare;
    std::vector<std::string> patches;
    bool quick = false;
    bool json = false;
    int rate = 48000;
};

struct Rendered {
    std::vector<float> left, right;
    double seconds = 0;
    double first_audio = 0;
};

/// One row of the table.
struct Row {
    std::string patch;
    double seconds = 0;
    double first_audio = 0;
    double speed = 0;
    double rms_db = -200;
    double peak_db = -200;
    double rms_difference_db = -200; ///< against the other run, relative to this stem's RMS
    double max_difference_db = -200; ///< largest single difference, relative to this stem's peak
    bool compared = false;
};

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double decibels(double x) {
    return x > 1e-10 ? 20 * std::log10(x) : -200;
}

const char kUsage[] =
    "usage: synth [--device cpu|cuda] [--quick] [--json] [--patch NAME]... [--rate 44100|48000]\n"
    "             [--out DIR] [--compare DIR]\n"
    "  --out DIR      writes each stem as interleaved float32 (PATCH.f32)\n"
    "  --compare DIR  compares with what another run wrote there\n";

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string arg = argv[i];
        const auto value = [&](std::string& into) { return i + 1 < argc ? (into = argv[++i], true) : false; };
        std::string text;
        if (arg == "--quick")
            options.quick = true;
        else if (arg == "--json")
            options.json = true;
        else if (arg == "--device") {
            if (!value(options.device)) return false;
        } else if (arg == "--out") {
            if (!value(options.out)) return false;
        } else if (arg == "--compare") {
            if (!value(options.compare)) return false;
        } else if (arg == "--patch") {
            if (!value(text)) return false;
            options.patches.push_back(text);
        } else if (arg == "--rate") {
            if (!value(text) || (text != "44100" && text != "48000")) return false;
            options.rate = std::stoi(text);
        } else
            return false;
    }
    return true;
}

Result<Rendered> render(const synth::Synth& synth, const composer::Plan& plan, const composer::StemPlan& stem,
                        int rate) {
    Rendered out;
    synth::RenderOptions options;
    options.sample_rate = rate;
    options.total_frames = bench::loop_frames(plan, rate);
    options.seed = plan.seed;
    const double begin = now();
    const auto status = synth.render(plan, stem, options, [&](std::int64_t first, auto left, auto right) {
        if (first == 0) out.first_audio = now() - begin;
        out.left.insert(out.left.end(), left.begin(), left.end());
        out.right.insert(out.right.end(), right.begin(), right.end());
        return true;
    });
    out.seconds = now() - begin;
    if (!status.ok()) return status.error();
    return out;
}

std::vector<float> interleave(const Rendered& stem) {
    std::vector<float> out(stem.left.size() * 2);
    for (std::size_t i = 0; i < stem.left.size(); ++i) {
        out[2 * i] = stem.left[i];
        out[2 * i + 1] = stem.right[i];
    }
    return out;
}

void measure(const std::vector<float>& samples, Row& row) {
    double sum = 0, peak = 0;
    for (const float x : samples) {
        sum += static_cast<double>(x) * x;
        peak = std::max(peak, static_cast<double>(std::abs(x)));
    }
    row.rms_db = decibels(std::sqrt(sum / static_cast<double>(samples.size())));
    row.peak_db = decibels(peak);
}

bool compare(const std::vector<float>& samples, const std::filesystem::path& file, Row& row) {
    std::ifstream in(file, std::ios::binary);
    std::vector<float> other(samples.size());
    in.read(reinterpret_cast<char*>(other.data()),
            static_cast<std::streamsize>(other.size() * sizeof(float)));
    if (!in || in.peek() != std::ifstream::traits_type::eof()) return false;
    double sum = 0, worst = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double d = static_cast<double>(samples[i]) - other[i];
        sum += d * d;
        worst = std::max(worst, std::abs(d));
    }
    row.rms_difference_db = decibels(std::sqrt(sum / static_cast<double>(samples.size()))) - row.rms_db;
    row.max_difference_db = decibels(worst) - row.peak_db;
    row.compared = true;
    return true;
}

void print_row(const Row& row, bool json) {
    if (json) {
        std::printf(
            "{\"patch\":\"%s\",\"seconds\":%.5f,\"first_audio_s\":%.5f,\"stem_seconds_per_second\":%.2f,"
            "\"rms_db\":%.2f,\"peak_db\":%.2f",
            row.patch.c_str(), row.seconds, row.first_audio, row.speed, row.rms_db, row.peak_db);
        if (row.compared) {
            std::printf(",\"rms_difference_db\":%.1f,\"max_difference_db\":%.1f", row.rms_difference_db,
                        row.max_difference_db);
        }
        std::printf("}\n");
        return;
    }
    std::printf("%-16s %8.1f ms %8.1f ms %9.1f x %8.1f %8.1f", row.patch.c_str(), row.seconds * 1e3,
                row.first_audio * 1e3, row.speed, row.rms_db, row.peak_db);
    if (row.compared) std::printf(" %9.1f %9.1f", row.rms_difference_db, row.max_difference_db);
    std::printf("\n");
}

int run(const Options& options) {
    at::set_num_threads(1);
    auto loaded = synth::Synth::load(options.device);
    if (!loaded) return std::cerr << loaded.error().text() << "\n", 1;
    const auto& synth = **loaded;
    const auto plan = bench::fixed_plan();
    const double stem_seconds = static_cast<double>(bench::loop_frames(plan, options.rate)) / options.rate;
    auto patches = options.patches;
    if (patches.empty() && options.quick) {
        patches = {"kit.lofi", "bass.round", "lead.saw",      "keys.epiano",
                   "pad.warm", "arp.pluck",  "texture.vinyl", "vox.chop"};
    }
    if (patches.empty()) patches = synth.patches();
    if (!options.out.empty()) std::filesystem::create_directories(options.out);
    if (!options.json) {
        std::printf("%s, 8 bars at 82, %.1f s per stem, %d Hz, one CPU thread\n", synth.fingerprint().c_str(),
                    stem_seconds, options.rate);
        std::printf("%-16s %11s %11s %11s %8s %8s%s\n", "patch", "render", "first", "speed", "RMS dB",
                    "peak dB", options.compare.empty() ? "" : "  diff RMS  diff max");
    }
    double total = 0, worst = -200, worst_max = -200;
    for (const auto& patch : patches) {
        const auto stem = bench::fixed_stem(patch);
        const int rounds = options.quick ? 2 : 3;
        Row row{.patch = patch, .seconds = 1e9, .first_audio = 1e9};
        Rendered last;
        for (int i = 0; i < rounds; ++i) { // the best of a few: the first warms caches and allocators
            auto rendered = render(synth, plan, stem, options.rate);
            if (!rendered) return std::cerr << rendered.error().text() << "\n", 1;
            row.seconds = std::min(row.seconds, rendered->seconds);
            row.first_audio = std::min(row.first_audio, rendered->first_audio);
            last = std::move(*rendered);
        }
        row.speed = stem_seconds / row.seconds;
        total += row.seconds;
        const auto samples = interleave(last);
        measure(samples, row);
        if (!options.out.empty()) {
            std::ofstream file(std::filesystem::path(options.out) / (patch + ".f32"), std::ios::binary);
            file.write(reinterpret_cast<const char*>(samples.data()),
                       static_cast<std::streamsize>(samples.size() * sizeof(float)));
            if (!file.flush()) return std::cerr << options.out << ": cannot be written\n", 1;
        }
        if (!options.compare.empty()) {
            if (!compare(samples, std::filesystem::path(options.compare) / (patch + ".f32"), row)) {
                return std::cerr << options.compare << "/" << patch << ".f32: missing or of another length\n",
                       1;
            }
            worst = std::max(worst, row.rms_difference_db);
            worst_max = std::max(worst_max, row.max_difference_db);
        }
        print_row(row, options.json);
        std::fflush(stdout);
    }
    const double speed = stem_seconds * static_cast<double>(patches.size()) / total;
    // The peer: the benchmark's lead line by plain scalar code in this process.
    const double begin = now();
    const auto peer = bench::render_scalar(plan, bench::fixed_stem("lead.saw"), options.rate,
                                           bench::loop_frames(plan, options.rate));
    const double peer_speed = stem_seconds / (now() - begin);
    volatile float keep = peer[peer.size() / 2]; // so that the peer's work is not optimised away
    (void)keep;
    if (options.json) {
        std::printf("{\"device\":\"%s\",\"fingerprint\":\"%s\",\"stem_seconds_per_second\":%.2f,\"scalar_"
                    "stem_seconds_per_second\":%.2f,"
                    "\"ratio\":%.3f",
                    options.device.c_str(), synth.fingerprint().c_str(), speed, peer_speed,
                    speed / peer_speed);
        if (!options.compare.empty())
            std::printf(",\"worst_rms_difference_db\":%.1f,\"worst_max_difference_db\":%.1f", worst,
                        worst_max);
        std::printf("}\n");
        return 0;
    }
    std::printf("all: %.1f stem-seconds per second over %zu patches\n", speed, patches.size());
    if (!options.compare.empty())
        std::printf("largest difference: %.1f dB of RMS, %.1f dB of peak\n", worst, worst_max);
    std::printf("ratio %.2f (tensor programs on %s %.1f x real time, all patches, against %.1f x for a "
                "scalar one-voice saw)\n",
                speed / peer_speed, options.device.c_str(), speed, peer_speed);
    return 0;
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) return std::cerr << kUsage, 2;
    return run(options);
}
