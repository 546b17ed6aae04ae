// Ogg Vorbis through libvorbisenc.
#include "engine/files/audio_backends.h"
#include "engine/files/encoder.h"

#include <vorbis/vorbisenc.h>

#include <algorithm>

namespace loopmind::files {
namespace {

/// libvorbis decides by what it has at hand: with blocks of one size the caller's do not change the bytes.
constexpr std::size_t kBlockFrames = 4096;

class VorbisEncoder final : public Encoder {
  public:
    VorbisEncoder(PartFile& file, const WriterSettings& settings) : file_(file), settings_(settings) {}
    ~VorbisEncoder() override {
        if (running_) {
            ogg_stream_clear(&stream_);
            vorbis_block_clear(&block_);
            vorbis_dsp_clear(&dsp_);
        }
        vorbis_comment_clear(&comment_);
        vorbis_info_clear(&info_);
    }

    Status start() override {
        vorbis_info_init(&info_);
        vorbis_comment_init(&comment_);
        const int failed =
            settings_.bitrate_kbps > 0
                ? vorbis_encode_init(&info_, settings_.channels, settings_.sample_rate, -1,
                                     settings_.bitrate_kbps * 1000L, -1)
                : vorbis_encode_init_vbr(&info_, settings_.channels, settings_.sample_rate, 0.6f);
        if (failed != 0)
            return Error{ErrorCode::kInvalidArgument, "bitrate",
                         "is nothing that Vorbis offers for " + std::to_string(settings_.channels) +
                             " channels at " + std::to_string(settings_.sample_rate) + " Hz",
                         "leave it out for quality 6"};
        for (const auto& [name, text] : vorbis_comments(settings_.tags))
            vorbis_comment_add_tag(&comment_, name.c_str(), text.c_str());
        vorbis_analysis_init(&dsp_, &info_);
        vorbis_block_init(&dsp_, &block_);
        ogg_stream_init(&stream_, kOggSerial);
        running_ = true;
        ogg_packet first, comments, books;
        vorbis_analysis_headerout(&dsp_, &comment_, &first, &comments, &books);
        for (ogg_packet* packet : {&first, &comments, &books})
            ogg_stream_packetin(&stream_, packet);
        ogg_page page;
        while (ogg_stream_flush(&stream_, &page) != 0) // sound begins on a page of its own
            put(page);
        return {};
    }

    Status write(ConstPlanes planes) override {
        const std::size_t total = planes.front().size();
        pending_.resize(planes.size());
        for (std::size_t done = 0; done < total;) {
            const std::size_t count = std::min(kBlockFrames - pending_.front().size(), total - done);
            for (std::size_t c = 0; c < planes.size(); ++c) {
                const auto part = planes[c].subspan(done, count);
                pending_[c].insert(pending_[c].end(), part.begin(), part.end());
            }
            if (pending_.front().size() == kBlockFrames) analyse();
            done += count;
        }
        return {};
    }

    Status finish() override {
        if (!pending_.empty() && !pending_.front().empty()) analyse();
        vorbis_analysis_wrote(&dsp_, 0);
        drain();
        return {};
    }

  private:
    void put(const ogg_page& page) {
        file_.write(page.header, static_cast<std::size_t>(page.header_len));
        file_.write(page.body, static_cast<std::size_t>(page.body_len));
    }

    void analyse() {
        const std::span<const int> order = vorbis_order(settings_.channels);
        const auto count = static_cast<int>(pending_.front().size());
        float** buffer = vorbis_analysis_buffer(&dsp_, count);
        for (std::size_t c = 0; c < pending_.size(); ++c) {
            std::vector<float>& plane = pending_[order.empty() ? c : static_cast<std::size_t>(order[c])];
            std::copy(plane.begin(), plane.end(), buffer[c]);
        }
        vorbis_analysis_wrote(&dsp_, count);
        for (std::vector<float>& plane : pending_)
            plane.clear();
        drain();
    }

    void drain() {
        ogg_packet packet;
        ogg_page page;
        while (vorbis_analysis_blockout(&dsp_, &block_) == 1) {
            vorbis_analysis(&block_, nullptr);
            vorbis_bitrate_addblock(&block_);
            while (vorbis_bitrate_flushpacket(&dsp_, &packet) != 0) {
                ogg_stream_packetin(&stream_, &packet);
                while (ogg_stream_pageout(&stream_, &page) != 0)
                    put(page);
            }
        }
    }

    PartFile& file_;
    const WriterSettings& settings_;
    vorbis_info info_{};
    vorbis_comment comment_{};
    vorbis_dsp_state dsp_{};
    vorbis_block block_{};
    ogg_stream_state stream_{};
    std::vector<std::vector<float>> pending_; ///< per channel, less than a block
    bool running_ = false;
};

} // namespace

std::unique_ptr<Encoder> vorbis_encoder(PartFile& file, const WriterSettings& settings) {
    return std::make_unique<VorbisEncoder>(file, settings);
}

} // namespace loopmind::files
