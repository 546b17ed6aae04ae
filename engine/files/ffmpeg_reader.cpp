// AAC (M4A, ADTS) and ALAC through libavformat and libavcodec.
//
// The file is walked once on opening: packets are counted, so the length is exact without trusting a header.
// Encoder delay and padding are cut by iTunSMPB or the edit list. Positions below are "media frames": frames
// from the first decoded one, delay included.
#include "engine/files/audio_backends.h"
#include "engine/files/ffmpeg_common.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <vector>

namespace loopmind::files {
namespace {

struct FrameDeleter {
    void operator()(AVFrame* frame) const { av_frame_free(&frame); }
};
struct PacketDeleter {
    void operator()(AVPacket* packet) const { av_packet_free(&packet); }
};
struct CodecDeleter {
    void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); }
};

/// Frames decoded and thrown away before a seek target: the overlap of AAC needs one packet, SBR a few more.
constexpr std::int64_t kPrerollFrames = 8192;
/// Forward distances up to this are decoded through instead of sought.
constexpr std::int64_t kSkipFrames = 65536;

float sample_of(const AVFrame& frame, int channel, int i) {
    const auto format = static_cast<AVSampleFormat>(frame.format);
    const bool planar = av_sample_fmt_is_planar(format) != 0;
    const int channels = frame.ch_layout.nb_channels;
    const std::uint8_t* plane = frame.extended_data[planar ? channel : 0];
    const auto at = static_cast<std::size_t>(planar ? i : i * channels + channel);
    switch (format) {
    case AV_SAMPLE_FMT_FLT:
    case AV_SAMPLE_FMT_FLTP:
        return reinterpret_cast<const float*>(plane)[at];
    case AV_SAMPLE_FMT_DBL:
    case AV_SAMPLE_FMT_DBLP:
        return static_cast<float>(reinterpret_cast<const double*>(plane)[at]);
    case AV_SAMPLE_FMT_S16:
    case AV_SAMPLE_FMT_S16P:
        return static_cast<float>(reinterpret_cast<const std::int16_t*>(plane)[at]) / 32768.0f;
    case AV_SAMPLE_FMT_S32:
    case AV_SAMPLE_FMT_S32P:
        return static_cast<float>(reinterpret_cast<const std::int32_t*>(plane)[at] / 2147483648.0);
    default:
        return 0;
    }
}

class FfmpegReader final : public AudioReader {
  public:
    explicit FfmpegReader(std::unique_ptr<ByteSource> source)
        : AudioReader(source->name()), source_(std::move(source)) {
        info_.format = AudioFormat::kAac;
    }

    Status start() {
        std::array<std::byte, 8> head{};
        if (Status read = source_->read(0, head); !read) return read;
        mp4_ = std::memcmp(&head[4], "ftyp", 4) == 0;
        if (mp4_)
            if (Status whole = check_mp4_boxes(*source_); !whole) return whole;
        if (const int code = input_.open(*source_, mp4_ ? "mov" : "aac"); code < 0) return broken(code);
        if (const int code = avformat_find_stream_info(input_.get(), nullptr); code < 0) return broken(code);
        if (Status found = find_stream(); !found) return found;
        if (Status opened = open_codec(); !opened) return opened;
        if (Status counted = count_frames(); !counted) return counted;
        return {};
    }

  private:
    Status broken(int code) const {
        if (input_.source_error()) return *input_.source_error();
        return corrupt("is damaged: " + ffmpeg_message(code), "copy or export it again");
    }

    Status find_stream() {
        AVFormatContext* context = input_.get();
        for (unsigned i = 0; i < context->nb_streams && !stream_; ++i)
            if (context->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
                stream_ = context->streams[i];
        if (!stream_)
            return Error{ErrorCode::kInvalidArgument, name_, "holds no sound",
                         "give a file with an audio track"};
        for (unsigned i = 0; i < context->nb_streams; ++i)
            if (context->streams[i] != stream_) context->streams[i]->discard = AVDISCARD_ALL;
        const AVCodecID id = stream_->codecpar->codec_id;
        if (id != AV_CODEC_ID_AAC && id != AV_CODEC_ID_ALAC)
            return Error{ErrorCode::kInvalidArgument, name_,
                         std::string("holds sound of an unread codec (") + avcodec_get_name(id) + ")",
                         "convert it to AAC, FLAC or WAV"};
        return {};
    }

    Status open_codec() {
        const AVCodecParameters& parameters = *stream_->codecpar;
        const AVCodec* codec = avcodec_find_decoder(parameters.codec_id);
        if (!codec)
            return Error{ErrorCode::kInvalidArgument, name_, "needs a decoder that is not installed", {}};
        codec_.reset(avcodec_alloc_context3(codec));
        if (!codec_ || avcodec_parameters_to_context(codec_.get(), &parameters) < 0)
            return Error{ErrorCode::kResourceExhausted, name_, "needs more memory than there is", {}};
        codec_->thread_count = 1;
        codec_->pkt_timebase = stream_->time_base;
        codec_->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL; // the edges are cut here
        codec_->err_recognition |= AV_EF_EXPLODE;
        if (const int code = avcodec_open2(codec_.get(), codec, nullptr); code < 0) return broken(code);
        frame_.reset(av_frame_alloc());
        packet_.reset(av_packet_alloc());
        if (!frame_ || !packet_)
            return Error{ErrorCode::kResourceExhausted, name_, "needs more memory than there is", {}};
        // The first frame tells the real rate and channels (SBR doubles the rate that the header states).
        while (frame_->nb_samples == 0) {
            if (Status next = next_frame(); !next) return next;
            if (ended_) return corrupt("holds no sound that can be decoded");
        }
        info_.sample_rate = frame_->sample_rate;
        info_.channels = frame_->ch_layout.nb_channels;
        if (info_.sample_rate < 1000 || info_.sample_rate > 768000)
            return corrupt("states a sample rate of " + std::to_string(info_.sample_rate) +
                           " Hz, allowed is 1000 to 768000");
        if (info_.channels < 1 || info_.channels > kMaxChannels)
            return corrupt("states " + std::to_string(info_.channels) + " channels, allowed is 1 to 64");
        if (frame_->ch_layout.order == AV_CHANNEL_ORDER_NATIVE && frame_->ch_layout.u.mask <= 0xFFFFFFFF)
            info_.channel_mask = static_cast<std::uint32_t>(frame_->ch_layout.u.mask);
        const bool alac = parameters.codec_id == AV_CODEC_ID_ALAC;
        const int bits = parameters.bits_per_raw_sample > 16 ? parameters.bits_per_raw_sample : 16;
        info_.codec = alac ? "ALAC " + std::to_string(bits) + " bit" : "AAC";
        if (alac)
            info_.sample_format = bits <= 16   ? SampleFormat::kInt16
                                  : bits <= 24 ? SampleFormat::kInt24
                                               : SampleFormat::kInt32;
        return {};
    }

    std::int64_t to_frames(std::int64_t time) const {
        return av_rescale_q(time, stream_->time_base, AVRational{1, info_.sample_rate});
    }

    /// Counts packets, then cuts delay and padding.
    Status count_frames() {
        if (Status begun = rewind(); !begun) return begun;
        std::int64_t begin = AV_NOPTS_VALUE, end = 0;
        for (;;) {
            const int code = av_read_frame(input_.get(), packet_.get());
            if (code == AVERROR_EOF) break;
            if (code < 0) return broken(code);
            if (packet_->stream_index == stream_->index && packet_->pts != AV_NOPTS_VALUE) {
                if (begin == AV_NOPTS_VALUE) begin = packet_->pts;
                const std::int64_t last = packet_->pts + std::max<std::int64_t>(packet_->duration, 0);
                end = std::max(end, last);
            }
            av_packet_unref(packet_.get());
        }
        if (input_.source_error()) return *input_.source_error();
        if (begin == AV_NOPTS_VALUE) return corrupt("holds no sound");
        origin_ = begin;
        const std::int64_t media = to_frames(end - begin);
        if (media <= 0 || media > kMaxFrames) return corrupt("states an impossible length");
        programme(media);
        return rewind();
    }

    void programme(std::int64_t media) {
        start_ = 0;
        info_.frames = media;
        if (!mp4_) return; // ADTS says nothing of its delay
        const AVDictionaryEntry* gapless = av_dict_get(input_.get()->metadata, "iTunSMPB", nullptr, 0);
        unsigned long long delay = 0, padding = 0, length = 0;
        if (gapless && std::sscanf(gapless->value, " %*x %llx %llx %llx", &delay, &padding, &length) == 3 &&
            length > 0 && delay + length <= static_cast<unsigned long long>(media)) {
            start_ = static_cast<std::int64_t>(delay);
            info_.frames = static_cast<std::int64_t>(length);
            return;
        }
        const Mp4Programme edit = read_mp4_programme(*source_);
        if (edit.start < 0 || edit.media_timescale <= 0 || edit.movie_timescale <= 0) return;
        const AVRational rate{1, info_.sample_rate};
        const std::int64_t start = av_rescale_q(
            edit.start,
            AVRational{1, static_cast<int>(std::min<std::int64_t>(edit.media_timescale, INT32_MAX))}, rate);
        if (start >= media) return;
        start_ = start;
        info_.frames = media - start;
        const AVRational movie{1, static_cast<int>(std::min<std::int64_t>(edit.movie_timescale, INT32_MAX))};
        const std::int64_t stated = av_rescale_q(edit.length, movie, rate);
        // A coarse movie timescale (1000 is common) tells the end only roughly; the sample table knows it.
        const std::int64_t step = av_rescale_q(1, movie, rate) + 1;
        if (edit.length > 0 && stated < info_.frames - step) info_.frames = stated;
    }

    Status rewind() { return seek_packets(origin_ == AV_NOPTS_VALUE ? 0 : origin_); }

    Status seek_packets(std::int64_t time) {
        const int code = av_seek_frame(input_.get(), stream_->index, time, AVSEEK_FLAG_BACKWARD);
        if (code < 0) {
            // A raw stream without index yet: go to the first byte.
            const int again = av_seek_frame(input_.get(), -1, 0, AVSEEK_FLAG_BYTE | AVSEEK_FLAG_BACKWARD);
            if (again < 0) return broken(code);
        }
        avcodec_flush_buffers(codec_.get());
        av_frame_unref(frame_.get());
        ended_ = draining_ = false;
        position_ = -1;
        return {};
    }

    /// Decodes until frame_ holds samples or the stream ends.
    Status next_frame() {
        av_frame_unref(frame_.get());
        for (;;) {
            const int code = avcodec_receive_frame(codec_.get(), frame_.get());
            if (code == 0) return {};
            if (code == AVERROR_EOF) {
                ended_ = true;
                return {};
            }
            if (code != AVERROR(EAGAIN)) return broken(code);
            if (draining_) return broken(AVERROR_INVALIDDATA);
            const int read = av_read_frame(input_.get(), packet_.get());
            if (read == AVERROR_EOF) {
                draining_ = true;
                avcodec_send_packet(codec_.get(), nullptr);
                continue;
            }
            if (read < 0) return broken(read);
            if (packet_->stream_index == stream_->index) {
                const int sent = avcodec_send_packet(codec_.get(), packet_.get());
                if (sent < 0 && sent != AVERROR(EAGAIN)) {
                    av_packet_unref(packet_.get());
                    return broken(sent);
                }
            }
            av_packet_unref(packet_.get());
        }
    }

    /// Makes frame_ the one that holds media frame `target`.
    Status go_to(std::int64_t target) {
        const bool inside = position_ >= 0 && target >= position_ && frame_->nb_samples > 0;
        if (!inside || target - position_ > kSkipFrames + kPrerollFrames) {
            const std::int64_t from = std::max<std::int64_t>(0, target - kPrerollFrames);
            if (Status sought = seek_packets(
                    origin_ + av_rescale_q(from, AVRational{1, info_.sample_rate}, stream_->time_base));
                !sought)
                return sought;
            if (Status next = take_frame(); !next) return next;
            if (position_ > target) return corrupt("has no frame at " + std::to_string(target));
        }
        while (target >= position_ + frame_->nb_samples)
            if (Status next = take_frame(); !next) return next;
        return {};
    }

    Status take_frame() {
        const std::int64_t expected = position_ >= 0 ? position_ + frame_->nb_samples : -1;
        if (Status next = next_frame(); !next) return next;
        if (ended_)
            return corrupt("is damaged or cut off near frame " +
                               std::to_string(std::max<std::int64_t>(expected - start_, 0)),
                           "copy or export it again");
        if (frame_->ch_layout.nb_channels != info_.channels || frame_->sample_rate != info_.sample_rate)
            return corrupt("changes its channels or its rate on the way");
        if (expected >= 0) {
            position_ = expected; // packets follow each other without gaps
        } else {
            if (frame_->pts == AV_NOPTS_VALUE) return corrupt("has frames without a time");
            position_ = to_frames(frame_->pts - origin_);
        }
        return {};
    }

    Status decode(std::int64_t first, Planes planes) override {
        const std::size_t total = planes.front().size();
        for (std::size_t done = 0; done < total;) {
            const std::int64_t target = start_ + first + static_cast<std::int64_t>(done);
            if (Status there = go_to(target); !there) {
                position_ = -1;
                return there;
            }
            const int from = static_cast<int>(target - position_);
            const auto count = std::min(total - done, static_cast<std::size_t>(frame_->nb_samples - from));
            for (std::size_t channel = 0; channel < planes.size(); ++channel)
                for (std::size_t i = 0; i < count; ++i)
                    planes[channel][done + i] =
                        sample_of(*frame_, static_cast<int>(channel), from + static_cast<int>(i));
            done += count;
        }
        return {};
    }

    std::unique_ptr<ByteSource> source_;
    FfmpegInput input_;
    std::unique_ptr<AVCodecContext, CodecDeleter> codec_;
    std::unique_ptr<AVFrame, FrameDeleter> frame_;
    std::unique_ptr<AVPacket, PacketDeleter> packet_;
    AVStream* stream_ = nullptr;
    bool mp4_ = false;
    bool ended_ = false;
    bool draining_ = false;
    std::int64_t origin_ = AV_NOPTS_VALUE; ///< pts of the first packet
    std::int64_t start_ = 0;               ///< media frame of the first programme frame
    std::int64_t position_ = -1;           ///< media frame of frame_'s first sample; -1: none
};

} // namespace

Result<std::unique_ptr<AudioReader>> open_ffmpeg(std::unique_ptr<ByteSource> source) {
    auto reader = std::make_unique<FfmpegReader>(std::move(source));
    if (Status started = reader->start(); !started) return started.error();
    return std::unique_ptr<AudioReader>(std::move(reader));
}

} // namespace loopmind::files
