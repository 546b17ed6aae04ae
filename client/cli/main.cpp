// `loopmind`: the farm from the command line.
#include "client/cli/commands.h"

int main(int argc, char** argv) {
    return loopmind::cli::run_program(argc, argv, stdout, stderr);
}
