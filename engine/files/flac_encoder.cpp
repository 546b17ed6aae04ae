// FLAC through libFLAC.
#include "engine/files/encoder.h"

#include <FLAC/metadata.h>
#include <FLAC/stream_encoder.h>

#include <algorithm>

namespace loopmind::files {
namespace {

class FlacEncoder final : public Encoder {
  public:
    FlacEncoder(PartFile& file, const WriterSettings& settings)
        : file_(file), settings_(settings),
          bits_(bits_of(settings.sample_format.value_or(SampleFormat::kInt24))),
          quantiser_(bits_, settings.channels, settings.sample_rate, settings.dither, settings.dither_seed) {}
    ~FlacEncoder() override {
        if (encoder_) FLAC__stream_encoder_delete(encoder_);
        if (comments_) FLAC__metadata_object_delete(comments_);
    }

    Status start() override {
        encoder_ = FLAC__stream_encoder_new();
        comments_ = FLAC__metadata_object_new(FLAC__METADATA_TYPE_VORBIS_COMMENT);
        if (!encoder_ || !comments_)
            return Error{ErrorCode::kResourceExhausted,
                         file_.target().string(),
                         "needs more memory than there is",
                         {}};
        for (const auto& [name, text] : vorbis_comments(settings_.tags)) {
            FLAC__StreamMetadata_VorbisComment_Entry entry;
            if (FLAC__metadata_object_vorbiscomment_entry_from_name_value_pair(&entry, name.c_str(),
                                                                               text.c_str()))
                FLAC__metadata_object_vorbiscomment_append_comment(comments_, entry, false);
        }
        FLAC__stream_encoder_set_streamable_subset(encoder_, false); // rates like 176.4 kHz lie outside it
        FLAC__stream_encoder_set_compression_level(encoder_, 5);
        FLAC__stream_encoder_set_channels(encoder_, static_cast<unsigned>(settings_.channels));
        FLAC__stream_encoder_set_bits_per_sample(encoder_, static_cast<unsigned>(bits_));
        FLAC__stream_encoder_set_sample_rate(encoder_, static_cast<unsigned>(settings_.sample_rate));
        FLAC__stream_encoder_set_metadata(encoder_, &comments_, 1);
        const auto status =
            FLAC__stream_encoder_init_stream(encoder_, &write_bytes, &seek, &tell, nullptr, this);
        if (status != FLAC__STREAM_ENCODER_INIT_STATUS_OK)
            return encoder_error(file_, FLAC__StreamEncoderInitStatusString[status]);
        return {};
    }

    Status write(ConstPlanes planes) override {
        quantiser_.run(planes, whole_);
        if (!FLAC__stream_encoder_process_interleaved(encoder_, whole_.data(),
                                                      static_cast<unsigned>(planes.front().size())))
            return encoder_error(file_, "the FLAC encoder failed");
        return {};
    }

    Status finish() override {
        if (!FLAC__stream_encoder_finish(encoder_)) return encoder_error(file_, "the FLAC encoder failed");
        return {};
    }

    void report(WriteReport& report) const override {
        report.clipped = quantiser_.clipped();
        report.dithered = quantiser_.dithered();
    }

  private:
    static FLAC__StreamEncoderWriteStatus write_bytes(const FLAC__StreamEncoder*, const FLAC__byte bytes[],
                                                      std::size_t size, std::uint32_t, std::uint32_t,
                                                      void* self) {
        return static_cast<FlacEncoder*>(self)->file_.write(bytes, size)
                   ? FLAC__STREAM_ENCODER_WRITE_STATUS_OK
                   : FLAC__STREAM_ENCODER_WRITE_STATUS_FATAL_ERROR;
    }
    static FLAC__StreamEncoderSeekStatus seek(const FLAC__StreamEncoder*, FLAC__uint64 offset, void* self) {
        static_cast<FlacEncoder*>(self)->file_.seek(static_cast<std::int64_t>(offset));
        return FLAC__STREAM_ENCODER_SEEK_STATUS_OK;
    }
    static FLAC__StreamEncoderTellStatus tell(const FLAC__StreamEncoder*, FLAC__uint64* offset, void* self) {
        *offset = static_cast<FLAC__uint64>(static_cast<FlacEncoder*>(self)->file_.position());
        return FLAC__STREAM_ENCODER_TELL_STATUS_OK;
    }

    PartFile& file_;
    const WriterSettings& settings_;
    int bits_;
    Quantiser quantiser_;
    std::vector<std::int32_t> whole_;
    FLAC__StreamEncoder* encoder_ = nullptr;
    FLAC__StreamMetadata* comments_ = nullptr;
};

} // namespace

std::unique_ptr<Encoder> flac_encoder(PartFile& file, const WriterSettings& settings) {
    return std::make_unique<FlacEncoder>(file, settings);
}

} // namespace loopmind::files
