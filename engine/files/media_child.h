// Decodes files from outside in a process of its own that can do nothing but decode.
//
// The parent opens the file and starts build/bin/loopmind-media with it as standard input and a pipe as
// standard output. The child limits its memory, its CPU time and its files, then gives up every system call
// but reading, writing and memory (seccomp): no network, no files, no programs. A codec that crashes, loops
// or is taken over costs that one file.
//
// Pipe protocol, little endian: frames of one letter and a 32-bit length.
//   'H' 8 bytes: number of stereo frames that follow          'A' interleaved stereo float, at most 512 KiB
//   'I' text: "name=value" lines of a probe                   'E' text: code, message and hint, a line each
//   'Z' empty: the end, everything was said
// The parent believes none of it: lengths, order and totals are checked.
#pragma once

#include "engine/files/media_loader.h"

namespace loopmind::files {

struct ChildLimits {
    std::filesystem::path program;                     ///< empty: find_media_program()
    std::int64_t memory_bytes = std::int64_t{1} << 30; ///< of the child, whose buffers are small
    int cpu_seconds = 600;
    int wall_seconds = 900; ///< then it is killed
    LoadLimits load;
};

/// loopmind-media beside the running program, or in ../bin of its folder; empty when there is none.
std::filesystem::path find_media_program();

/// Whether a file goes to the child. WAV does not: it is parsed by this project's own bounded and fuzzed
/// reader, so that the usual case streams from where it lies. Every other format is decoded by libraries.
bool needs_contained_decoder(AudioFormat format);

/// As stream_media; memory does not grow with the file. `begin` and `blocks` run on the calling thread and
/// see samples only. Errors as of load_media_contained. Thread-safe.
Status stream_media_contained(const std::filesystem::path& path, int sample_rate,
                              const std::function<Status(std::int64_t frames)>& begin,
                              const StereoBlocks& blocks, const ChildLimits& limits = {});
/// As load_media. A child that dies or runs out of its limits gives data_corrupt or resource_exhausted that
/// names the file. Thread-safe.
Result<LoadedMedia> load_media_contained(const std::filesystem::path& path, int sample_rate,
                                         const ChildLimits& limits = {});
/// What AudioReader::info() says, from the child. Thread-safe.
Result<AudioInfo> probe_media_contained(const std::filesystem::path& path, const ChildLimits& limits = {});

/// Length, rate and channels of a file from outside: WAV by its header here, others by the child. Errors:
/// not_found, what AudioReader::open or the child says. Thread-safe.
Result<AudioInfo> measure_media(const std::filesystem::path& path);

/// The child's whole life: argv as load_media_contained passes it. Returns the exit status.
int media_child_main(int argc, char** argv);

} // namespace loopmind::files
