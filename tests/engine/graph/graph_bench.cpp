// How long the finish of one loop takes (graph with reverb and delay, the settled master), and how many times
// faster than real time a song of 32 tracks renders on one core.
#include "engine/graph/master.h"
#include "engine/graph/offline.h"
#include "engine/graph/render_loop.h"
#include "tests/engine/graph/loops.h"

#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>

using namespace loopmind::graph;

namespace {

double best_ms(int rounds, const std::function<void()>& work) {
    double best = 1e9;
    for (int i = 0; i < rounds; ++i) {
        const auto start = std::chrono::steady_clock::now();
        work();
        const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
        best = std::min(best, took.count());
    }
    return best;
}

/// Processor time of this process, so that a busy machine counts less.
double cpu_seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// 32 tracks of EQ (4 bands), gain and pan into reverb and delay buses and a master limiter.
test::Graph song(std::int64_t frames, bool inserts) {
    test::Graph graph(frames);
    for (unsigned i = 0; i < 32; ++i) {
        auto& track = graph.add("t" + std::to_string(i), test::noise_loop(frames, i, 0.02f));
        track.gain_db = -3;
        track.pan = -0.5 + i / 32.0;
        track.sends = {{"reverb", 0.2, false}, {"delay", 0.1, false}};
        if (!inserts) continue;
        track.inserts = {
            {"eq", "eq", {{"band1_db", 2}, {"band3_db", -3}, {"band5_db", 1}, {"band8_db", 2}}, false},
            {"gain", "gain", {{"gain_db", -1}}, false},
            {"pan", "pan", {{"pan", 0.2}}, false}};
    }
    graph.add_bus("reverb").inserts = {{"r", "reverb", {{"wet", 1}, {"dry", 0}}, false}};
    graph.add_bus("delay").inserts = {{"d", "delay", {{"wet", 1}, {"dry", 0}}, false}};
    if (!inserts) {
        for (auto& track : graph.spec.tracks)
            track.inserts.clear();
        return graph;
    }
    graph.spec.master = {{"limiter", "limiter", {}, false}};
    return graph;
}

/// Seconds of song per second of processor time.
double song_ratio(const test::Graph& graph, int rounds) {
    auto plan = graph.plan();
    double best = 0;
    for (int i = 0; i < rounds; ++i) {
        const double start = cpu_seconds();
        auto report = render_linear(*plan, {true, 0}, [](auto, auto, auto) { return true; });
        if (!report.ok()) std::abort();
        best = std::max(best, static_cast<double>(report->frames) / 48000 / (cpu_seconds() - start));
    }
    return best;
}

} // namespace

int main(int argc, char** argv) {
    bool json = false;
    bool quick = false;
    for (int i = 1; i < argc; ++i) {
        json |= !std::strcmp(argv[i], "--json");
        quick |= !std::strcmp(argv[i], "--quick");
    }
    const std::int64_t frames = std::llround(8 * 4 * 60.0 / 82 * 48000);
    const double seconds = static_cast<double>(frames) / 48000;
    test::Graph graph(frames);
    for (unsigned i = 0; i < 5; ++i) {
        const std::string id(1, static_cast<char>('a' + i));
        auto& track =
            graph.add(id, i == 0 ? test::beat_loop(frames, 82) : test::noise_loop(frames, i, 0.05f));
        track.sends = {{"reverb", 0.3, false}, {"delay", 0.2, false}};
    }
    graph.add_bus("reverb").inserts = {{"r", "reverb", {{"wet", 1}, {"dry", 0}}, false}};
    graph.add_bus("delay").inserts = {{"d", "delay", {{"wet", 1}, {"dry", 0}}, false}};
    graph.spec.master = {{"gain", "gain", {{"gain_db", 3}}, false}, {"limiter", "limiter", {}, false}};
    const int rounds = quick ? 1 : 5;
    StereoBuffer premaster;
    const double graph_ms = best_ms(rounds, [&] { premaster = *test::render(graph); });
    SettledMaster settled;
    const double settle_ms =
        best_ms(rounds, [&] { settled = settle_master(premaster.left, premaster.right, 48000); });
    graph.spec.master[0].params["gain_db"] = settled.gain_db;
    const double master_ms = best_ms(rounds, [&] {
        StereoBuffer mix = premaster;
        if (!process_loop(graph.spec.master, "master", 48000, 120, mix.left, mix.right).ok()) std::abort();
    });
    const std::int64_t song_frames = (quick ? 2 : 20) * 48000;
    const double with_effects = song_ratio(song(song_frames, true), rounds);
    const double bare = song_ratio(song(song_frames, false), rounds);
    const double total = graph_ms + settle_ms + master_ms;
    if (json) {
        std::printf(
            "{\"seconds\":%.2f,\"graph_ms\":%.1f,\"settle_ms\":%.1f,\"master_ms\":%.1f,\"iterations\":%d,"
            "\"ratio\":%.1f,\"song_ratio\":%.1f,\"song_without_effects_ratio\":%.1f}\n",
            seconds, graph_ms, settle_ms, master_ms, settled.iterations, 1000 * seconds / total, with_effects,
            bare);
        return 0;
    }
    std::printf("%.1f s stereo, 5 stems, reverb and delay, one core\n", seconds);
    std::printf("  graph           %7.1f ms (tail played before the loop included)\n", graph_ms);
    std::printf("  settle_master   %7.1f ms, %d rounds, gain %+.2f dB, %.2f LUFS, %.2f dBTP\n", settle_ms,
                settled.iterations, settled.gain_db, settled.lufs, settled.true_peak_db);
    std::printf("  master inserts  %7.1f ms\n", master_ms);
    std::printf(
        "song of 32 tracks (EQ of 4 bands, gain, pan), 2 send buses, limiter: %.1f x real time per core\n",
        with_effects);
    std::printf("  the graph alone (clips, faders, sends, buses without effects): %.1f x\n", bare);
    std::printf("ratio: %.1f x real time\n", 1000 * seconds / total);
    return 0;
}
