// The backends of AudioReader; for the files of this folder only.
#pragma once

#include "engine/files/audio_reader.h"

namespace loopmind::files {

Result<std::unique_ptr<AudioReader>> open_wav(std::unique_ptr<ByteSource> source);
/// Ogg Vorbis by libvorbisfile.
Result<std::unique_ptr<AudioReader>> open_vorbis(std::unique_ptr<ByteSource> source);
/// MP3 by libmpg123.
Result<std::unique_ptr<AudioReader>> open_mp3(std::unique_ptr<ByteSource> source);
/// AIFF, FLAC and Opus by libsndfile.
Result<std::unique_ptr<AudioReader>> open_sndfile(std::unique_ptr<ByteSource> source, AudioFormat format);
/// AAC and ALAC by FFmpeg's libraries.
Result<std::unique_ptr<AudioReader>> open_ffmpeg(std::unique_ptr<ByteSource> source);
/// Tags as the format spells them, whatever is wrong with the file: then there are none.
AudioTags read_tags(ByteSource& source, AudioFormat format);

/// What an MP4 file says about the part of its media that is programme.
struct Mp4Programme {
    std::int64_t start = -1;  ///< media time of the first frame, in `media_timescale`; -1: not said
    std::int64_t length = -1; ///< of the edit, in `movie_timescale`; -1: not said
    std::int64_t movie_timescale = 0;
    std::int64_t media_timescale = 0;
};
/// Whether every top-level box is whole and both header and media are there: libavformat plays what is left
/// of a cut file, with its delay and without its end.
Status check_mp4_boxes(ByteSource& source);
/// Reads the edit list of the first sound track. Hostile files give fields of -1 at worst.
Mp4Programme read_mp4_programme(ByteSource& source);

/// For Vorbis and Opus (family 1): place in WAVE order of each coded channel. Empty where both agree.
std::span<const int> vorbis_order(int channels);

} // namespace loopmind::files
