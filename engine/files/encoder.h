// The encoders behind AudioWriter; for the files of this folder only.
#pragma once

#include "engine/files/audio_writer.h"
#include "engine/files/part_file.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace loopmind::files {

using ConstPlanes = std::span<const std::span<const float>>;

/// Encodes into a PartFile. Write errors stay in the file; encoders report their own only.
class Encoder {
  public:
    virtual ~Encoder() = default;
    /// Writes headers.
    virtual Status start() = 0;
    virtual Status write(ConstPlanes planes) = 0;
    virtual Status finish() = 0;
    /// Fills what only the encoder knows.
    virtual void report(WriteReport& report) const {}
};

std::unique_ptr<Encoder> wav_encoder(PartFile& file, const WriterSettings& settings);
std::unique_ptr<Encoder> aiff_encoder(PartFile& file, const WriterSettings& settings);
std::unique_ptr<Encoder> flac_encoder(PartFile& file, const WriterSettings& settings);
std::unique_ptr<Encoder> vorbis_encoder(PartFile& file, const WriterSettings& settings);
std::unique_ptr<Encoder> opus_encoder(PartFile& file, const WriterSettings& settings);
std::unique_ptr<Encoder> mp3_encoder(PartFile& file, const WriterSettings& settings);
std::unique_ptr<Encoder> aac_encoder(PartFile& file, const WriterSettings& settings);

/// Serial number of the one stream in our Ogg files.
inline constexpr int kOggSerial = 0x4C4D4631; // "LMF1"

/// Names and texts of Vorbis comments, as FLAC, Vorbis and Opus keep them.
std::vector<std::pair<std::string, std::string>> vorbis_comments(const AudioTags& tags);
/// An ID3v2.3 tag of the texts, "" when there are none. Latin-1 where that is enough, else UTF-16.
std::string id3_tag(const AudioTags& tags);
/// Fills the empty fields of `tags` from an ID3v2.3 or v2.4 tag; what does not parse is passed over.
void read_id3(std::string_view bytes, AudioTags& tags);
/// The error of an encoder that failed for a reason of its own.
Error encoder_error(const PartFile& file, const std::string& what);

} // namespace loopmind::files
