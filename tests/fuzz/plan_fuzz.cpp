// Fuzz target: the symbolic plan as it crosses between tasks. What parses must write itself back unchanged.
#include "models/composer/plan.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace loopmind;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto plan = composer::composition_from_json({reinterpret_cast<const char*>(data), size});
    if (!plan.ok()) {
        if (plan.error().message.empty()) std::abort();
        return 0;
    }
    const std::string text = composer::to_json(*plan);
    const auto again = composer::composition_from_json(text);
    if (!again.ok() || composer::to_json(*again) != text) std::abort();
    return 0;
}

std::vector<std::string> fuzz_seeds() {
    composer::Composition composition;
    composer::Plan plan;
    plan.genre = "LoFi";
    plan.key.scale = {9, 11, 0, 2, 4, 5, 7};
    plan.sections = {{"Verse", 0, 8, 0.5, 0, "A"}};
    plan.chords = {{0, 4, 9, "m9", "Am9", {9, 0, 4, 7, 11}}};
    composer::StemPlan stem;
    stem.id = stem.role = "drums";
    stem.name = "Kit";
    stem.midi_channel = 10;
    stem.instrument.patch = "kit.lofi";
    stem.instrument.params = {{"decay", 0.5}};
    for (int n = 0; n < 8; ++n) {
        composer::Note note;
        note.start = note.grid = n * 0.5;
        note.length = 0.25;
        note.pitch = 36;
        stem.notes.push_back(note);
    }
    plan.stems = {stem};
    composition.variations = {plan};
    return {composer::to_json(composition)};
}
