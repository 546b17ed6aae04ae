// AAC in M4A: FFmpeg's encoder and MP4 muxer, with iTunes tags added to the finished header.
#include "engine/files/encoder.h"
#include "engine/files/ffmpeg_common.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace loopmind::files {
namespace {

constexpr int kIoBytes = 32768;

std::string big(std::uint64_t value, int bytes) {
    std::string out;
    for (int i = bytes - 1; i >= 0; --i)
        out += static_cast<char>(value >> (8 * i) & 0xFF);
    return out;
}

std::string box(const std::string& type, const std::string& body) {
    return big(body.size() + 8, 4) + type + body;
}

/// A value of an iTunes tag; type 1 is UTF-8, 21 a whole number.
std::string data_box(int type, const std::string& value) {
    return box("data", big(static_cast<std::uint64_t>(type), 4) + big(0, 4) + value);
}

std::string free_form(const std::string& name, const std::string& text) {
    return box("----", box("mean", big(0, 4) + "com.apple.iTunes") + box("name", big(0, 4) + name) +
                           data_box(1, text));
}

/// moov/udta with the tags, "" when there are none.
std::string itunes_tags(const AudioTags& tags) {
    std::string list;
    const auto text = [&list](const char* type, const std::string& value) {
        if (!value.empty()) list += box(type, data_box(1, value));
    };
    text("\xA9"
         "nam",
         tags.title);
    text("\xA9"
         "ART",
         tags.artist);
    text("\xA9"
         "alb",
         tags.album);
    text("\xA9"
         "gen",
         tags.genre);
    text("\xA9"
         "cmt",
         tags.comment);
    text("\xA9"
         "too",
         tags.software);
    text("cprt", tags.copyright);
    if (tags.bpm > 0) {
        list += box("tmpo", data_box(21, big(static_cast<std::uint64_t>(std::lround(tags.bpm)), 2)));
        if (tags.bpm != std::floor(tags.bpm)) list += free_form("BPM", bpm_text(tags.bpm)); // tmpo is whole
    }
    if (!short_key(tags.key).empty()) list += free_form("initialkey", short_key(tags.key));
    if (!tags.isrc.empty()) {
        std::string isrc = tags.isrc;
        isrc.erase(std::remove(isrc.begin(), isrc.end(), '-'), isrc.end());
        list += free_form("ISRC", isrc);
    }
    if (list.empty()) return {};
    const std::string handler = box("hdlr", big(0, 8) + "mdirappl" + std::string(9, '\0'));
    return box("udta", box("meta", big(0, 4) + handler + box("ilst", list)));
}

/// Speakers that the encoder knows for a number of channels, in WAVE order.
std::uint64_t layout_of(int channels) {
    static constexpr std::uint64_t kLayouts[] = {0,
                                                 AV_CH_LAYOUT_MONO,
                                                 AV_CH_LAYOUT_STEREO,
                                                 AV_CH_LAYOUT_SURROUND,
                                                 AV_CH_LAYOUT_QUAD,
                                                 AV_CH_LAYOUT_5POINT0_BACK,
                                                 AV_CH_LAYOUT_5POINT1_BACK,
                                                 AV_CH_LAYOUT_6POINT1,
                                                 AV_CH_LAYOUT_7POINT1};
    return kLayouts[channels];
}

class AacEncoder final : public Encoder {
  public:
    AacEncoder(PartFile& file, const WriterSettings& settings) : file_(file), settings_(settings) {}
    ~AacEncoder() override {
        av_frame_free(&frame_);
        av_packet_free(&packet_);
        avcodec_free_context(&codec_);
        if (muxer_) {
            if (io_) {
                av_freep(&io_->buffer);
                avio_context_free(&io_);
            }
            avformat_free_context(muxer_);
        }
    }

    Status start() override {
        av_log_set_level(AV_LOG_QUIET);
        const AVCodec* encoder = avcodec_find_encoder(AV_CODEC_ID_AAC);
        codec_ = encoder ? avcodec_alloc_context3(encoder) : nullptr;
        frame_ = av_frame_alloc();
        packet_ = av_packet_alloc();
        if (!codec_ || !frame_ || !packet_) return encoder_error(file_, "has no AAC encoder");
        codec_->sample_rate = settings_.sample_rate;
        codec_->sample_fmt = AV_SAMPLE_FMT_FLTP;
        av_channel_layout_from_mask(&codec_->ch_layout, layout_of(settings_.channels));
        codec_->bit_rate =
            1000LL * (settings_.bitrate_kbps > 0 ? settings_.bitrate_kbps : 96 * settings_.channels);
        codec_->time_base = {1, settings_.sample_rate};
        codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
        codec_->thread_count = 1;
        if (avcodec_open2(codec_, encoder, nullptr) < 0)
            return Error{ErrorCode::kInvalidArgument, "channels",
                         "and rate are nothing that AAC offers: " + std::to_string(settings_.channels) +
                             " channels at " + std::to_string(settings_.sample_rate) + " Hz",
                         "convert to stereo at 48000 Hz"};
        if (avformat_alloc_output_context2(&muxer_, nullptr, "ipod", nullptr) < 0)
            return encoder_error(file_, "has no MP4 muxer");
        auto* buffer = static_cast<std::uint8_t*>(av_malloc(kIoBytes));
        io_ = avio_alloc_context(buffer, kIoBytes, 1, this, nullptr, &write_bytes, &seek);
        muxer_->pb = io_;
        muxer_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
        stream_ = avformat_new_stream(muxer_, nullptr);
        if (!stream_) return encoder_error(file_, "needs more memory than there is");
        stream_->time_base = codec_->time_base;
        avcodec_parameters_from_context(stream_->codecpar, codec_);
        AVDictionary* options = nullptr;
        // The edit list counts in the movie's timescale: at the rate it tells the exact length.
        av_dict_set_int(&options, "movie_timescale", settings_.sample_rate, 0);
        const int code = avformat_write_header(muxer_, &options);
        av_dict_free(&options);
        if (code < 0) return encoder_error(file_, ffmpeg_message(code));
        pending_.assign(static_cast<std::size_t>(settings_.channels), {});
        return {};
    }

    Status write(ConstPlanes planes) override {
        for (std::size_t c = 0; c < planes.size(); ++c)
            pending_[c].insert(pending_[c].end(), planes[c].begin(), planes[c].end());
        const auto step = static_cast<std::size_t>(codec_->frame_size);
        std::size_t at = 0;
        for (; pending_.front().size() - at > step;
             at += step) // the last, short or whole, waits for finish()
            if (Status sent = send(at, step); !sent) return sent;
        for (auto& plane : pending_)
            plane.erase(plane.begin(), plane.begin() + static_cast<std::ptrdiff_t>(at));
        return {};
    }

    Status finish() override {
        if (!pending_.front().empty())
            if (Status sent = send(0, pending_.front().size()); !sent) return sent;
        if (Status flushed = drain(nullptr); !flushed) return flushed;
        if (const int code = av_write_trailer(muxer_); code < 0)
            return encoder_error(file_, ffmpeg_message(code));
        avio_flush(io_);
        return add_tags();
    }

    void report(WriteReport& report) const override { report.delay = codec_->initial_padding; }

  private:
    Status send(std::size_t at, std::size_t count) {
        av_frame_unref(frame_);
        frame_->nb_samples = static_cast<int>(count);
        frame_->format = AV_SAMPLE_FMT_FLTP;
        frame_->sample_rate = settings_.sample_rate;
        av_channel_layout_copy(&frame_->ch_layout, &codec_->ch_layout);
        frame_->pts = frames_;
        if (av_frame_get_buffer(frame_, 0) < 0)
            return encoder_error(file_, "needs more memory than there is");
        for (std::size_t c = 0; c < pending_.size(); ++c)
            std::memcpy(frame_->extended_data[c], pending_[c].data() + at, count * sizeof(float));
        frames_ += static_cast<std::int64_t>(count);
        return drain(frame_);
    }

    Status drain(const AVFrame* frame) {
        if (const int code = avcodec_send_frame(codec_, frame); code < 0)
            return encoder_error(file_, ffmpeg_message(code));
        for (;;) {
            const int code = avcodec_receive_packet(codec_, packet_);
            if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
            if (code < 0) return encoder_error(file_, ffmpeg_message(code));
            av_packet_rescale_ts(packet_, codec_->time_base, stream_->time_base);
            packet_->stream_index = 0;
            if (const int written = av_write_frame(muxer_, packet_); written < 0)
                return encoder_error(file_, ffmpeg_message(written));
        }
    }

    /// moov is the last box: tags at its end move nothing.
    Status add_tags() {
        const std::string tags = itunes_tags(settings_.tags);
        if (tags.empty()) return {};
        std::int64_t at = 0;
        while (file_.size() - at >= 8) {
            unsigned char head[16] = {};
            if (!file_.read_at(at, head, 8)) break;
            std::int64_t size =
                static_cast<std::int64_t>(head[0]) << 24 | head[1] << 16 | head[2] << 8 | head[3];
            if (size == 1) {
                if (!file_.read_at(at + 8, head + 8, 8)) break;
                size = 0;
                for (int i = 8; i < 16; ++i)
                    size = size << 8 | head[i];
            }
            if (size < 8) break;
            if (std::memcmp(head + 4, "moov", 4) == 0 && at + size == file_.size()) {
                const std::string grown = big(static_cast<std::uint64_t>(size) + tags.size(), 4);
                file_.write_at(at + size, tags.data(), tags.size());
                file_.write_at(at, grown.data(), grown.size());
                return {};
            }
            at += size;
        }
        return encoder_error(file_, "the MP4 header is not where it was expected");
    }

    static int write_bytes(void* self, std::uint8_t* bytes, int size) {
        return static_cast<AacEncoder*>(self)->file_.write(bytes, static_cast<std::size_t>(size))
                   ? size
                   : AVERROR(ENOSPC);
    }
    static std::int64_t seek(void* self, std::int64_t offset, int whence) {
        PartFile& file = static_cast<AacEncoder*>(self)->file_;
        if (whence == AVSEEK_SIZE) return file.size();
        file.seek(whence == SEEK_CUR   ? file.position() + offset
                  : whence == SEEK_END ? file.size() + offset
                                       : offset);
        return file.position();
    }

    PartFile& file_;
    const WriterSettings& settings_;
    AVCodecContext* codec_ = nullptr;
    AVFormatContext* muxer_ = nullptr;
    AVIOContext* io_ = nullptr;
    AVStream* stream_ = nullptr;
    AVFrame* frame_ = nullptr;
    AVPacket* packet_ = nullptr;
    std::vector<std::vector<float>> pending_;
    std::int64_t frames_ = 0;
};

} // namespace

std::unique_ptr<Encoder> aac_encoder(PartFile& file, const WriterSettings& settings) {
    return std::make_unique<AacEncoder>(file, settings);
}

} // namespace loopmind::files
