// How long the finish of one loop takes: graph with reverb and delay, and the settled master.
#include "engine/graph/master.h"
#include "engine/graph/render_loop.h"
#include "tests/engine/graph/loops.h"

#include <chrono>
#include <cstdio>
#include <cstring>

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
    const double total = graph_ms + settle_ms + master_ms;
    if (json) {
        std::printf(
            "{\"seconds\":%.2f,\"graph_ms\":%.1f,\"settle_ms\":%.1f,\"master_ms\":%.1f,\"iterations\":%d,"
            "\"ratio\":%.1f}\n",
            seconds, graph_ms, settle_ms, master_ms, settled.iterations, 1000 * seconds / total);
        return 0;
    }
    std::printf("%.1f s stereo, 5 stems, reverb and delay, one core\n", seconds);
    std::printf("  graph           %7.1f ms (tail played before the loop included)\n", graph_ms);
    std::printf("  settle_master   %7.1f ms, %d rounds, gain %+.2f dB, %.2f LUFS, %.2f dBTP\n", settle_ms,
                settled.iterations, settled.gain_db, settled.lufs, settled.true_peak_db);
    std::printf("  master inserts  %7.1f ms\n", master_ms);
    std::printf("ratio: %.1f x real time\n", 1000 * seconds / total);
    return 0;
}
