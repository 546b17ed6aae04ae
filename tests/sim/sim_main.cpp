// sim --seeds N --from S [--trace] [--plant NAME]: runs virtual farms and prints the first seed that breaks a
// promise.
#include <CLI/CLI.hpp>

#include <chrono>
#include <iostream>
#include <map>

#include "tests/sim/virtual_farm.h"

int main(int argc, char** argv) {
    using namespace loopmind::sim;
    CLI::App app{"Runs seeded virtual farms and checks what must always hold"};
    std::uint64_t seeds = 1000, from = 0;
    bool trace = false;
    Plant plant = Plant::kNone;
    app.add_option("--seeds", seeds, "how many")->capture_default_str();
    app.add_option("--from", from, "the first")->capture_default_str();
    app.add_flag("--trace", trace, "prints what happened in each run, also when nothing broke");
    app.add_option("--plant", plant, "a bug to be found: epoch, publish or lease")
        ->transform(CLI::CheckedTransformer(std::map<std::string, Plant>{
            {"epoch", Plant::kEpochCheck}, {"publish", Plant::kPublish}, {"lease", Plant::kLeaseExpiry}}));
    CLI11_PARSE(app, argc, argv);

    const auto began = std::chrono::steady_clock::now();
    std::size_t tasks = 0;
    for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
        Outcome outcome = run_virtual_farm(seed, plant, trace);
        tasks += outcome.tasks;
        if (!outcome.broken.empty() && !trace) outcome = run_virtual_farm(seed, plant, true);
        if (trace || !outcome.broken.empty())
            for (const std::string& line : outcome.trace)
                std::cout << line << "\n";
        if (outcome.broken.empty()) continue;
        std::cout << "seed " << seed << ": " << outcome.broken << "\n";
        return 1;
    }
    const auto took = std::chrono::steady_clock::now() - began;
    std::cout << seeds << " seeds from " << from << ", " << tasks << " tasks done, nothing broken, "
              << std::chrono::duration<double>(took).count() << " s\n";
    return 0;
}
