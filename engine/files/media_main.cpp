// build/bin/loopmind-media.
#include "engine/files/media_child.h"

int main(int argc, char** argv) {
    return loopmind::files::media_child_main(argc, argv);
}
