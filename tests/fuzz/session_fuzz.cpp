// Fuzz target: the `.loopmind` document. What loads must save to a form that loads and saves the same again.
#include "engine/session/project.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace loopmind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto project = session::Project::from_json({reinterpret_cast<const char*>(data), size});
    if (!project.ok()) {
        if (project.error().message.empty()) std::abort();
        return 0;
    }
    const std::string text = project->to_json();
    const auto again = session::Project::from_json(text);
    if (!again.ok() || again->to_json() != text) std::abort();
    return 0;
}

std::vector<std::string> fuzz_seeds() {
    return {
        R"({"version":1,"units":"beats","mode":"creative","tempo":82,"key":"A minor","timeline":[{"file":"a.wav","start":0,)"
        R"("length":32}],"fx":{"reverb":0.3},"sections":[{"name":"Hook","start":0,"bars":8}],"tracks":[],"layers":[],)"
        R"("unknown":{"deep":[1,2.50,{"x":null}]}})",
        R"({"timeline":[],"fx":{},"mode":"studio"})"};
}
