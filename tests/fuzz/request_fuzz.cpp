// Fuzz target: request parameters. What parses must survive its own canonical form unchanged.
#include "proto/request/params.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

using namespace loopmind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto parsed = request::parse_request({reinterpret_cast<const char*>(data), size});
    if (!parsed.ok()) {
        if (parsed.error().message.empty()) std::abort();
        return 0;
    }
    const auto params = request::resolve(*parsed, 1);
    if (!params.ok()) return 0;
    const std::string canonical = request::canonical_json(*params);
    const auto again = request::params_from_json(canonical);
    if (!again.ok() || request::canonical_json(*again) != canonical) std::abort();
    return 0;
}

std::vector<std::string> fuzz_seeds() {
    return {
        R"({"prompt":"Dreamy lofi with vinyl crackle","genre":"LoFi","mood":0.4,"energy":0.3,"tempo":82,"key":"A minor",)"
        R"("instrument_focus":"Melody","texture":"Warm","complexity":0.5,"fx":["reverb","delay"],"humanize":0.6,)"
        R"("video_sync":false})",
        R"({"prompt":"dark techno 132 bpm in F# phrygian","bars":12,"sections":[{"name":"Intro","bars":4},)"
        R"({"name":"Hook","bars":8}],"stems":["drums","bass"],"variations":3,"seed":"random","sample_rate":44100,)"
        R"("engine":"loopmind","meter":"3/4","print_fx":true})",
        R"({"prompt":"x","stems":4,"seed":9007199254740992})"};
}
