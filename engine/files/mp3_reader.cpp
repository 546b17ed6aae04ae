// MP3 through libmpg123: scanned once for its exact length, trimmed by the LAME tag, silent on stderr
// (through libsndfile, which uses it too, it comments on every damaged frame there).
#include "engine/files/audio_backends.h"

#include <mpg123.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

namespace loopmind::files {
namespace {

constexpr std::size_t kBlockFrames = 4096;

class Mp3Reader final : public AudioReader {
  public:
    explicit Mp3Reader(std::unique_ptr<ByteSource> source)
        : AudioReader(source->name()), source_(std::move(source)) {
        info_.format = AudioFormat::kMp3;
        info_.codec = "MPEG layer III";
    }
    ~Mp3Reader() override {
        if (handle_) mpg123_delete(handle_);
    }

    Status start() {
        static const bool ready = mpg123_init() == MPG123_OK; // does nothing in recent versions
        handle_ = ready ? mpg123_new(nullptr, nullptr) : nullptr;
        if (!handle_)
            return Error{ErrorCode::kResourceExhausted, name_, "needs more memory than there is", {}};
        mpg123_param(handle_, MPG123_ADD_FLAGS,
                     MPG123_QUIET | MPG123_FORCE_FLOAT | MPG123_GAPLESS | MPG123_SKIP_ID3V2, 0);
        mpg123_param(handle_, MPG123_REMOVE_FLAGS, MPG123_AUTO_RESAMPLE | MPG123_FUZZY, 0);
        // Seeks decode this many frames ahead of their target, so that the bit reservoir is filled.
        mpg123_param(handle_, MPG123_PREFRAMES, 12, 0);
        mpg123_replace_reader_handle(handle_, &read_bytes, &seek, nullptr);
        long rate = 0;
        int channels = 0, encoding = 0;
        const bool sound = mpg123_open_handle(handle_, this) == MPG123_OK &&
                           mpg123_getformat(handle_, &rate, &channels, &encoding) == MPG123_OK &&
                           encoding == MPG123_ENC_FLOAT_32;
        if (error_) return *error_;
        if (!sound) return corrupt("is damaged: no mp3 sound was found in it");
        if (rate < 1000 || rate > 768000 || channels < 1 || channels > 2)
            return corrupt("states an impossible sample rate or channel count");
        if (Status whole = check_length(); !whole) return whole;
        const bool scanned = mpg123_scan(handle_) == MPG123_OK;
        if (error_) return *error_;
        const off_t frames = mpg123_length(handle_);
        if (!scanned || frames < 0 || frames > kMaxFrames)
            return corrupt("is damaged: its length cannot be told");
        info_.sample_rate = static_cast<int>(rate);
        info_.channels = channels;
        info_.frames = frames;
        return {};
    }

  private:
    /// The Xing or Info tag in the first frame states the bytes of the stream. A file that is cut loses its
    /// trimming with its end (libmpg123 then plays the encoder's delay too, and everything would be late), so
    /// it is not played.
    Status check_length() {
        std::int64_t begin = 0;
        std::array<std::byte, 10> tag{};
        const auto number = [](const std::byte* in, int bits) {
            std::int64_t value = 0;
            for (int i = 0; i < 4; ++i)
                value = value << bits | std::to_integer<std::int64_t>(in[i]);
            return value;
        };
        if (source_->size() >= 10 && source_->read(0, tag) && std::memcmp(tag.data(), "ID3", 3) == 0)
            begin = 10 + (number(&tag[6], 7) & 0xFFFFFFF);
        std::vector<std::byte> frame(
            static_cast<std::size_t>(std::clamp<std::int64_t>(source_->size() - begin, 0, 256)));
        if (frame.size() < 256 || !source_->read(begin, frame)) return {};
        for (std::size_t at = 4; at + 16 <= 4 + 32 + 16;
             ++at) { // behind 4 bytes of header and 9 to 32 of side information
            if (std::memcmp(&frame[at], "Xing", 4) != 0 && std::memcmp(&frame[at], "Info", 4) != 0) continue;
            const std::int64_t flags = number(&frame[at + 4], 8);
            if ((flags & 2) == 0) return {};
            const std::int64_t bytes = number(&frame[at + 8 + ((flags & 1) != 0 ? 4 : 0)], 8);
            return bytes > source_->size() - begin ? Status(source_->truncated()) : Status();
        }
        return {};
    }

    Status decode(std::int64_t first, Planes planes) override {
        if (first != position_ && mpg123_seek(handle_, first, SEEK_SET) != first) return broken(first);
        const std::size_t channels = planes.size(), total = planes.front().size();
        block_.resize(kBlockFrames * channels);
        for (std::size_t done = 0; done < total;) {
            const std::size_t want = std::min(kBlockFrames, total - done);
            std::size_t bytes = 0;
            const int code = mpg123_read(handle_, block_.data(), want * channels * sizeof(float), &bytes);
            const std::size_t got = bytes / (channels * sizeof(float));
            if (got == 0 && code == MPG123_NEW_FORMAT) { // another rate on the way is damage
                long rate = 0;
                int count = 0, encoding = 0;
                mpg123_getformat(handle_, &rate, &count, &encoding);
                if (rate == info_.sample_rate && count == info_.channels) continue;
            }
            if (got == 0) return broken(first + static_cast<std::int64_t>(done));
            for (std::size_t channel = 0; channel < channels; ++channel)
                for (std::size_t i = 0; i < got; ++i)
                    planes[channel][done + i] = block_[i * channels + channel];
            done += got;
        }
        position_ = first + static_cast<std::int64_t>(total);
        return {};
    }

    Status broken(std::int64_t frame) {
        position_ = -1;
        if (error_) return *error_;
        return corrupt("is damaged or cut off near frame " + std::to_string(frame),
                       "copy or export it again");
    }

    static ssize_t read_bytes(void* self, void* out, std::size_t size) {
        auto& reader = *static_cast<Mp3Reader*>(self);
        const std::int64_t left = reader.source_->size() - reader.at_;
        const auto count = static_cast<std::size_t>(
            std::clamp<std::int64_t>(static_cast<std::int64_t>(size), 0, std::max<std::int64_t>(left, 0)));
        if (count == 0) return 0;
        if (Status read = reader.source_->read(reader.at_, {static_cast<std::byte*>(out), count}); !read) {
            reader.error_ = read.error();
            return -1;
        }
        reader.at_ += static_cast<std::int64_t>(count);
        return static_cast<ssize_t>(count);
    }
    static off_t seek(void* self, off_t offset, int whence) {
        auto& reader = *static_cast<Mp3Reader*>(self);
        const std::int64_t size = reader.source_->size();
        const std::int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? reader.at_ : size;
        if (offset > size || offset < -size || base + offset < 0) return -1;
        reader.at_ = std::min(base + offset, size);
        return reader.at_;
    }

    std::unique_ptr<ByteSource> source_;
    std::int64_t at_ = 0; ///< byte that is read next
    std::optional<Error> error_;
    mpg123_handle* handle_ = nullptr;
    std::int64_t position_ = 0; ///< frame that is decoded next
    std::vector<float> block_;
};

} // namespace

Result<std::unique_ptr<AudioReader>> open_mp3(std::unique_ptr<ByteSource> source) {
    auto reader = std::make_unique<Mp3Reader>(std::move(source));
    if (Status started = reader->start(); !started) return started.error();
    return std::unique_ptr<AudioReader>(std::move(reader));
}

} // namespace loopmind::files
