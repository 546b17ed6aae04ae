// build/bench/effects: nanoseconds per stereo frame of every effect beside juce::dsp, and with --report the
// figures of effects measured against their definitions.
#include "engine/effects/denormals.h"
#include "engine/effects/registry.h"
#include "tests/bench/effects/subjects.h"
#include "tests/engine/effects/measures.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace loopmind;
using effects::test::Stereo;

struct Options {
    bool quick = false;
    bool json = false;
    bool report = false;
    std::vector<std::string> types;
};

const char kUsage[] =
    "usage: effects [--quick] [--json] [--report] [--effect TYPE]...\n"
    "  --report   measures effects against their definitions instead of the clock; fails when one\n"
    "             misses its limit\n";

bool parse(int argc, char** argv, Options& options) {
    for (int i = 1; i < argc; ++i) {
        const std::string arg = argv[i];
        if (arg == "--quick")
            options.quick = true;
        else if (arg == "--json")
            options.json = true;
        else if (arg == "--report")
            options.report = true;
        else if (arg == "--effect" && i + 1 < argc)
            options.types.emplace_back(argv[++i]);
        else
            return false;
    }
    return true;
}

/// Noise whose loudness comes and goes, so that dynamics have to work.
Stereo test_signal() {
    Stereo out = effects::test::noise(static_cast<size_t>(bench::kRate), 0.9f, 11);
    for (size_t i = 0; i < out.size(); ++i) {
        const auto level =
            static_cast<float>(0.02 + 0.98 * std::exp(-static_cast<double>(i % 12000) / 3000.0));
        out.left[i] *= level;
        out.right[i] *= level;
    }
    return out;
}

/// Processor time of this thread in seconds: other load on the machine must not count.
double thread_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// One second of sound through `process`; the seconds it took.
double time_once(const bench::Process& process, const Stereo& signal, Stereo& work) {
    work = signal;
    const double begin = thread_seconds();
    for (size_t at = 0; at < work.size(); at += bench::kBlock) {
        const auto count = static_cast<int>(std::min<size_t>(bench::kBlock, work.size() - at));
        process(work.left.data() + at, work.right.data() + at, count);
    }
    return thread_seconds() - begin;
}

struct Timing {
    double ours = 0, peer = 0; ///< nanoseconds per stereo frame; peer 0: none
    double ratio() const { return peer > 0 ? peer / ours : 0; }
};

/// The best of many turns; both take turns, so that other load on the machine meets both.
Timing measure(const bench::Process& ours, const bench::Process& peer, const Stereo& signal, int rounds) {
    const effects::FlushDenormals flush;
    Stereo work;
    double best_ours = 1e9, best_peer = 1e9;
    for (int i = 0; i < rounds; ++i) {
        best_ours = std::min(best_ours, time_once(ours, signal, work));
        if (peer) best_peer = std::min(best_peer, time_once(peer, signal, work));
    }
    const double scale = 1e9 / static_cast<double>(signal.size());
    return {best_ours * scale, peer ? best_peer * scale : 0};
}

void print(const std::string& type, const std::string& peer, const Timing& timing, bool json) {
    if (json) {
        std::printf("{\"effect\":\"%s\",\"ns_per_frame\":%.3f", type.c_str(), timing.ours);
        if (timing.peer > 0) {
            std::printf(",\"peer\":\"%s\",\"peer_ns_per_frame\":%.3f,\"ratio\":%.3f", peer.c_str(),
                        timing.peer, timing.ratio());
        }
        std::printf("}\n");
    } else if (timing.peer > 0) {
        std::printf("%-14s %8.2f ns %8.2f ns %7.2f x  %s\n", type.c_str(), timing.ours, timing.peer,
                    timing.ratio(), peer.c_str());
    } else {
        std::printf("%-14s %8.2f ns        -          -\n", type.c_str(), timing.ours);
    }
    std::fflush(stdout);
}

int benchmark(const Options& options) {
    const Stereo signal = test_signal();
    const int rounds = options.quick ? 8 : 60;
    std::vector<std::string> types = options.types;
    if (types.empty()) types.assign(effects::effect_types().begin(), effects::effect_types().end());
    if (!options.json) {
        std::printf("Noise at %.0f Hz in blocks of %d, one thread, best of %d rounds; processor time per "
                    "stereo frame\n",
                    bench::kRate, bench::kBlock, rounds);
        std::printf("%-14s %11s %11s %9s  %s\n", "effect", "ours", "peer", "faster", "peer");
    }
    double log_sum = 0;
    int peers = 0;
    for (const std::string& type : types) {
        const auto ours = bench::our_effect(type);
        if (!ours) {
            std::cerr << type << ": no such effect\n";
            return 2;
        }
        std::string name;
        const auto peer = bench::juce_peer(type, name);
        const Timing timing = measure(ours, peer, signal, rounds);
        print(type, name, timing, options.json);
        if (peer) {
            log_sum += std::log(timing.ratio());
            ++peers;
        }
    }
    const Timing chain = measure(bench::our_chain(), bench::juce_chain(), signal, rounds);
    print("eq+compressor", "juce::dsp, the same chain", chain, options.json);
    const double mean = peers > 0 ? std::exp(log_sum / peers) : 0;
    if (options.json) {
        std::printf("{\"chain_ns_per_frame\":%.3f,\"peer_chain_ns_per_frame\":%.3f,\"mean_ratio\":%.3f,"
                    "\"ratio\":%.3f}\n",
                    chain.ours, chain.peer, mean, chain.ratio());
    } else {
        std::printf("ratio %.2f (4-band EQ and compressor: %.2f ns per stereo frame against %.2f ns of "
                    "juce::dsp, one "
                    "thread; %.2f is the geometric mean over %d effects)\n",
                    chain.ratio(), chain.ours, chain.peer, mean, peers);
    }
    return 0;
}

int report(bool json) {
    int missed = 0;
    double tightest = 1e9;
    for (const auto& [title, figures] : effects::test::all_measures()) {
        if (!json) std::printf("\n%s\n", title.c_str());
        for (const auto& figure : figures) {
            missed += figure.holds() ? 0 : 1;
            if (figure.limit > 0 && figure.worst > 0)
                tightest = std::min(tightest, figure.limit / figure.worst);
            if (json) {
                std::printf(
                    "{\"figure\":\"%s\",\"worst\":%.5f,\"limit\":%.3f,\"unit\":\"%s\",\"holds\":%s}\n",
                    figure.what.c_str(), figure.worst, figure.limit, figure.unit,
                    figure.holds() ? "true" : "false");
            } else {
                std::printf("  %-62s %9.4f %s (limit %g)%s\n", figure.what.c_str(), figure.worst, figure.unit,
                            figure.limit, figure.holds() ? "" : "  MISSED");
            }
        }
    }
    if (json) {
        std::printf("{\"missed\":%d,\"ratio\":%.3f}\n", missed, tightest);
    } else {
        std::printf("\nratio %.2f (the tightest limit over its measured error); %d missed\n", tightest,
                    missed);
    }
    return missed == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    if (!parse(argc, argv, options)) {
        std::cerr << kUsage;
        return 2;
    }
    return options.report ? report(options.json) : benchmark(options);
}
