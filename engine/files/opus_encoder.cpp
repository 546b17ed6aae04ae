// Opus through libopusenc.
#include "engine/files/audio_backends.h"
#include "engine/files/encoder.h"

#include <opusenc.h>

#include <algorithm>

namespace loopmind::files {
namespace {

constexpr std::size_t kBlockFrames = 4096;

class OpusFileEncoder final : public Encoder {
  public:
    OpusFileEncoder(PartFile& file, const WriterSettings& settings) : file_(file), settings_(settings) {}
    ~OpusFileEncoder() override {
        if (encoder_) ope_encoder_destroy(encoder_);
        if (comments_) ope_comments_destroy(comments_);
    }

    Status start() override {
        comments_ = ope_comments_create();
        for (const auto& [name, text] : vorbis_comments(settings_.tags))
            ope_comments_add(comments_, name.c_str(), text.c_str());
        static const OpusEncCallbacks callbacks{&write_bytes, [](void*) { return 0; }};
        int error = OPE_OK;
        encoder_ = ope_encoder_create_callbacks(&callbacks, this, comments_, settings_.sample_rate,
                                                settings_.channels, settings_.channels > 2 ? 1 : 0, &error);
        if (!encoder_) return encoder_error(file_, ope_strerror(error));
        const int kbps = settings_.bitrate_kbps > 0 ? settings_.bitrate_kbps : 96 * settings_.channels;
        ope_encoder_ctl(encoder_, OPE_SET_SERIALNO(kOggSerial));
        if (ope_encoder_ctl(encoder_, OPUS_SET_BITRATE(kbps * 1000)) != OPE_OK)
            return Error{ErrorCode::kInvalidArgument, "bitrate", "is outside what Opus offers",
                         "give 6 to 256 kbit/s per channel"};
        return {};
    }

    Status write(ConstPlanes planes) override {
        const std::size_t total = planes.front().size(), channels = planes.size();
        const std::span<const int> order = vorbis_order(settings_.channels);
        for (std::size_t done = 0; done < total;) {
            const std::size_t count = std::min(kBlockFrames, total - done);
            block_.resize(count * channels);
            for (std::size_t c = 0; c < channels; ++c) {
                const auto plane = planes[order.empty() ? c : static_cast<std::size_t>(order[c])];
                for (std::size_t i = 0; i < count; ++i)
                    block_[i * channels + c] = plane[done + i];
            }
            if (const int error = ope_encoder_write_float(encoder_, block_.data(), static_cast<int>(count)))
                return encoder_error(file_, ope_strerror(error));
            done += count;
        }
        return {};
    }

    Status finish() override {
        if (const int error = ope_encoder_drain(encoder_)) return encoder_error(file_, ope_strerror(error));
        // Pre-skip stands at byte 10 of OpusHead, which begins behind the first page's header of 28 bytes.
        unsigned char preskip[2] = {0, 0};
        if (file_.read_at(28 + 10, preskip, 2)) delay_ = preskip[0] | preskip[1] << 8;
        return {};
    }

    void report(WriteReport& report) const override { report.delay = delay_; }

  private:
    static int write_bytes(void* self, const unsigned char* bytes, opus_int32 size) {
        return static_cast<OpusFileEncoder*>(self)->file_.write(bytes, static_cast<std::size_t>(size)) ? 0
                                                                                                       : 1;
    }

    PartFile& file_;
    const WriterSettings& settings_;
    OggOpusComments* comments_ = nullptr;
    OggOpusEnc* encoder_ = nullptr;
    std::vector<float> block_;
    int delay_ = 0;
};

} // namespace

std::unique_ptr<Encoder> opus_encoder(PartFile& file, const WriterSettings& settings) {
    return std::make_unique<OpusFileEncoder>(file, settings);
}

} // namespace loopmind::files
