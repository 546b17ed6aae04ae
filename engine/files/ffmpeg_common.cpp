// The demuxer over our own bytes.
#include "engine/files/ffmpeg_common.h"

#include <algorithm>
#include <array>

namespace loopmind::files {
namespace {

constexpr int kIoBytes = 32768;

} // namespace

FfmpegInput::~FfmpegInput() {
    avformat_close_input(&context_);
    if (io_) {
        av_freep(&io_->buffer); // may be another one than was given
        avio_context_free(&io_);
    }
}

int FfmpegInput::read(void* self, std::uint8_t* out, int count) {
    auto& input = *static_cast<FfmpegInput*>(self);
    const std::int64_t left = input.source_->size() - input.position_;
    if (left <= 0) return AVERROR_EOF;
    const auto size = static_cast<std::size_t>(std::min<std::int64_t>(count, left));
    const Status status = input.source_->read(input.position_, {reinterpret_cast<std::byte*>(out), size});
    if (!status) {
        input.error_ = status.error();
        return AVERROR(EIO);
    }
    input.position_ += static_cast<std::int64_t>(size);
    return static_cast<int>(size);
}

std::int64_t FfmpegInput::seek(void* self, std::int64_t offset, int whence) {
    auto& input = *static_cast<FfmpegInput*>(self);
    const std::int64_t size = input.source_->size();
    whence &= ~AVSEEK_FORCE;
    if (whence == AVSEEK_SIZE) return size;
    const std::int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? input.position_ : size;
    if (offset > size || offset < -size) return AVERROR(EINVAL);
    const std::int64_t target = base + offset;
    if (target < 0 || target > size) return AVERROR(EINVAL);
    return input.position_ = target;
}

int FfmpegInput::open(ByteSource& source, const char* demuxer) {
    static const bool quiet = [] {
        av_log_set_level(AV_LOG_QUIET); // errors come back as values
        return true;
    }();
    static_cast<void>(quiet);
    source_ = &source;
    const AVInputFormat* format = av_find_input_format(demuxer);
    if (!format) return AVERROR_DEMUXER_NOT_FOUND;
    auto* buffer = static_cast<std::uint8_t*>(av_malloc(kIoBytes));
    if (!buffer) return AVERROR(ENOMEM);
    io_ = avio_alloc_context(buffer, kIoBytes, 0, this, &FfmpegInput::read, nullptr, &FfmpegInput::seek);
    if (!io_) {
        av_free(buffer);
        return AVERROR(ENOMEM);
    }
    context_ = avformat_alloc_context();
    if (!context_) return AVERROR(ENOMEM);
    context_->pb = io_;
    context_->flags |= AVFMT_FLAG_CUSTOM_IO;
    context_->max_streams = 64;
    context_->protocol_whitelist = av_strdup("none");
    AVDictionary* options = nullptr;
    av_dict_set(&options, "ignore_editlist", "1", 0); // the programme's edges are cut here, see ffmpeg_reader
    const int code = avformat_open_input(&context_, "", format, &options); // frees context_ on failure
    av_dict_free(&options);
    return code;
}

std::string ffmpeg_message(int code) {
    std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
    av_strerror(code, text.data(), text.size());
    return text.data();
}

} // namespace loopmind::files
