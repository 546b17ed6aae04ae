// build/bin/loopmind-plugin: loads one plug-in of others, far from everything that matters.
#include "engine/plugins/child/child_arguments.h"

#include <juce_events/juce_events.h>

#include <unistd.h>

int main(int argc, char** argv) {
    namespace child = loopmind::plugins::child;
    const auto arguments = child::parse(argc, argv);
    if (!arguments || !child::give_up_rights(*arguments)) return 2;
    juce::MessageManager::getInstance(); // this is the message thread
    // Plug-ins' destructors are nobody's business: what was to be said is said.
    ::_exit(arguments->scan ? child::scan_main(*arguments) : child::run_main(*arguments));
}
