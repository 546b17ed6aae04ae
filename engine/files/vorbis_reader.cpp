// Ogg Vorbis through libvorbisfile, whose seeks are exact to the sample.
#include "engine/files/audio_backends.h"

#include <vorbis/vorbisfile.h>

#include <algorithm>
#include <optional>

namespace loopmind::files {
namespace {

class VorbisReader final : public AudioReader {
  public:
    explicit VorbisReader(std::unique_ptr<ByteSource> source)
        : AudioReader(source->name()), source_(std::move(source)) {}
    ~VorbisReader() override {
        if (open_) ov_clear(&file_);
    }

    Status start() {
        const ov_callbacks callbacks{&read_bytes, &seek, nullptr, &tell};
        const int code = ov_open_callbacks(this, &file_, nullptr, 0, callbacks);
        if (error_) return *error_;
        if (code != 0) return corrupt("is damaged: no ogg sound was found in it");
        open_ = true;
        const vorbis_info* about = ov_info(&file_, 0);
        if (!about || about->rate < 1000 || about->rate > 768000)
            return corrupt("states an impossible sample rate");
        if (about->channels < 1 || about->channels > kMaxChannels)
            return corrupt("states " + std::to_string(about->channels) + " channels, allowed is 1 to 64");
        for (long link = 1; link < ov_streams(&file_); ++link) {
            const vorbis_info* next = ov_info(&file_, static_cast<int>(link));
            if (!next || next->channels != about->channels || next->rate != about->rate)
                return corrupt("is a chain of streams with different rates or channels");
        }
        info_.format = AudioFormat::kVorbis;
        info_.codec = "Vorbis";
        info_.sample_rate = static_cast<int>(about->rate);
        info_.channels = about->channels;
        info_.frames = ov_pcm_total(&file_, -1);
        if (info_.frames < 0 || info_.frames > kMaxFrames) return corrupt("states an impossible length");
        order_ = vorbis_order(about->channels);
        return {};
    }

  private:
    Status decode(std::int64_t first, Planes planes) override {
        if (first != position_ && ov_pcm_seek(&file_, first) != 0) return broken(first);
        const std::size_t total = planes.front().size();
        for (std::size_t done = 0; done < total;) {
            float** samples = nullptr;
            int link = 0;
            const long got = ov_read_float(
                &file_, &samples, static_cast<int>(std::min<std::size_t>(total - done, 4096)), &link);
            // A hole is data that the decoder had to skip: its samples are missing.
            if (got <= 0) return broken(first + static_cast<std::int64_t>(done));
            for (std::size_t channel = 0; channel < planes.size(); ++channel) {
                const std::size_t place =
                    order_.empty() ? channel : static_cast<std::size_t>(order_[channel]);
                std::copy_n(samples[channel], got, planes[place].data() + done);
            }
            done += static_cast<std::size_t>(got);
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

    static std::size_t read_bytes(void* out, std::size_t size, std::size_t count, void* self) {
        auto& reader = *static_cast<VorbisReader*>(self);
        const std::int64_t left = reader.source_->size() - reader.at_;
        const auto bytes = static_cast<std::size_t>(
            std::clamp<std::int64_t>(static_cast<std::int64_t>(size * count), 0, left));
        if (bytes == 0 || reader.error_) return 0;
        if (Status read = reader.source_->read(reader.at_, {static_cast<std::byte*>(out), bytes}); !read) {
            reader.error_ = read.error();
            return 0;
        }
        reader.at_ += static_cast<std::int64_t>(bytes);
        return bytes / size;
    }
    static int seek(void* self, ogg_int64_t offset, int whence) {
        auto& reader = *static_cast<VorbisReader*>(self);
        const std::int64_t size = reader.source_->size();
        const std::int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? reader.at_ : size;
        if (offset > size || offset < -size || base + offset < 0 || base + offset > size) return -1;
        reader.at_ = base + offset;
        return 0;
    }
    static long tell(void* self) { return static_cast<long>(static_cast<VorbisReader*>(self)->at_); }

    std::unique_ptr<ByteSource> source_;
    std::int64_t at_ = 0; ///< byte that is read next
    std::optional<Error> error_;
    OggVorbis_File file_{};
    bool open_ = false;
    std::int64_t position_ = 0; ///< frame that is decoded next
    std::span<const int> order_;
};

} // namespace

Result<std::unique_ptr<AudioReader>> open_vorbis(std::unique_ptr<ByteSource> source) {
    auto reader = std::make_unique<VorbisReader>(std::move(source));
    if (Status started = reader->start(); !started) return started.error();
    return std::unique_ptr<AudioReader>(std::move(reader));
}

} // namespace loopmind::files
