// MP3 through LAME, with an ID3v2.3 tag before and the LAME tag (delay, padding, length) in the first frame.
#include "engine/files/encoder.h"

#include <lame/lame.h>

#include <algorithm>

namespace loopmind::files {
namespace {

constexpr std::size_t kBlockFrames = 4096;

class Mp3Encoder final : public Encoder {
  public:
    Mp3Encoder(PartFile& file, const WriterSettings& settings) : file_(file), settings_(settings) {}
    ~Mp3Encoder() override {
        if (lame_) lame_close(lame_);
    }

    Status start() override {
        lame_ = lame_init();
        if (!lame_)
            return Error{ErrorCode::kResourceExhausted,
                         file_.target().string(),
                         "needs more memory than there is",
                         {}};
        const auto quiet = [](const char*, va_list) {};
        lame_set_errorf(lame_, quiet);
        lame_set_debugf(lame_, quiet);
        lame_set_msgf(lame_, quiet);
        lame_set_in_samplerate(lame_, settings_.sample_rate);
        lame_set_out_samplerate(lame_, settings_.sample_rate);
        lame_set_num_channels(lame_, settings_.channels);
        lame_set_mode(lame_, settings_.channels == 1 ? MONO : JOINT_STEREO);
        lame_set_write_id3tag_automatic(lame_, 0);
        lame_set_bWriteVbrTag(lame_, 1);
        if (settings_.bitrate_kbps > 0) {
            lame_set_VBR(lame_, vbr_off);
            lame_set_brate(lame_, settings_.bitrate_kbps);
        } else {
            lame_set_VBR(lame_, vbr_mtrh);
            lame_set_VBR_q(lame_, 0);
        }
        if (lame_init_params(lame_) < 0)
            return Error{ErrorCode::kInvalidArgument, "bitrate",
                         "is nothing that MP3 offers at " + std::to_string(settings_.sample_rate) + " Hz",
                         "leave it out for V0"};
        const std::string tag = id3_tag(settings_.tags);
        file_.write(tag.data(), tag.size());
        frames_at_ = file_.position();
        return {};
    }

    Status write(ConstPlanes planes) override {
        const std::size_t total = planes.front().size();
        for (std::size_t done = 0; done < total;) {
            const std::size_t count = std::min(kBlockFrames, total - done);
            bytes_.resize(count * 5 / 4 + 7200); // LAME's worst case
            const float* left = planes.front().data() + done;
            const float* right = planes.back().data() + done;
            const int made = lame_encode_buffer_ieee_float(lame_, left, right, static_cast<int>(count),
                                                           bytes_.data(), static_cast<int>(bytes_.size()));
            if (made < 0) return encoder_error(file_, "the MP3 encoder failed");
            file_.write(bytes_.data(), static_cast<std::size_t>(made));
            done += count;
        }
        return {};
    }

    Status finish() override {
        bytes_.resize(7200 * 4);
        const int made = lame_encode_flush(lame_, bytes_.data(), static_cast<int>(bytes_.size()));
        if (made < 0) return encoder_error(file_, "the MP3 encoder failed");
        file_.write(bytes_.data(), static_cast<std::size_t>(made));
        // The first frame was left empty for the tag that only now is known.
        const std::size_t size = lame_get_lametag_frame(lame_, bytes_.data(), bytes_.size());
        if (size > 0 && size <= bytes_.size()) file_.write_at(frames_at_, bytes_.data(), size);
        delay_ = lame_get_encoder_delay(lame_);
        return {};
    }

    void report(WriteReport& report) const override { report.delay = delay_; }

  private:
    PartFile& file_;
    const WriterSettings& settings_;
    lame_global_flags* lame_ = nullptr;
    std::vector<unsigned char> bytes_;
    std::int64_t frames_at_ = 0;
    int delay_ = 0;
};

} // namespace

std::unique_ptr<Encoder> mp3_encoder(PartFile& file, const WriterSettings& settings) {
    return std::make_unique<Mp3Encoder>(file, settings);
}

} // namespace loopmind::files
