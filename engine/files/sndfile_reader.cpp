// AIFF, FLAC and Opus through libsndfile.
#include "engine/files/audio_backends.h"

#include <sndfile.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <vector>

namespace loopmind::files {
namespace {

constexpr std::size_t kBlockFrames = 4096;

/// libsndfile's view of a ByteSource. After a failed read everything ends: libsndfile knows no errors here.
struct VirtualFile {
    std::unique_ptr<ByteSource> source;
    std::int64_t position = 0;
    std::optional<Error> error;

    static sf_count_t length(void* self) { return static_cast<VirtualFile*>(self)->source->size(); }
    static sf_count_t tell(void* self) { return static_cast<VirtualFile*>(self)->position; }
    static sf_count_t seek(sf_count_t offset, int whence, void* self) {
        auto& file = *static_cast<VirtualFile*>(self);
        const std::int64_t size = file.source->size();
        const std::int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file.position : size;
        if (offset > kMaxFrames || offset < -kMaxFrames) return -1;
        file.position = std::clamp<std::int64_t>(base + offset, 0, size);
        return file.position;
    }
    static sf_count_t read(void* out, sf_count_t count, void* self) {
        auto& file = *static_cast<VirtualFile*>(self);
        count = std::min<sf_count_t>(count, file.source->size() - file.position);
        if (count <= 0 || file.error) return 0;
        const Status status =
            file.source->read(file.position, {static_cast<std::byte*>(out), static_cast<std::size_t>(count)});
        if (!status) {
            file.error = status.error();
            return 0;
        }
        file.position += count;
        return count;
    }
    static sf_count_t write(const void*, sf_count_t, void*) { return 0; }
};

std::uint32_t big(const std::byte* in) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i)
        value = value << 8 | std::to_integer<std::uint32_t>(in[i]);
    return value;
}

/// libsndfile plays what there is of a cut AIFF file; we say that it is cut.
Status check_aiff(ByteSource& source) {
    std::int64_t at = 12;
    for (int chunk = 0; chunk < 10000; ++chunk) {
        std::array<std::byte, 8> header{};
        if (source.size() - at < 8) break;
        if (Status read = source.read(at, header); !read) return read;
        at += 8;
        const std::int64_t size = big(&header[4]);
        if (size > source.size() - at) return source.truncated();
        if (std::memcmp(header.data(), "SSND", 4) == 0) return {};
        at += size + (size & 1);
    }
    return source.corrupt("has no samples");
}

struct Kind {
    SampleFormat format;
    std::string codec;
};

Kind kind_of(int format) {
    const int subtype = format & SF_FORMAT_SUBMASK;
    const auto pcm = [&](SampleFormat f) {
        const std::string bits = std::to_string(bits_of(f)) + " bit";
        const bool flac = (format & SF_FORMAT_TYPEMASK) == SF_FORMAT_FLAC;
        return Kind{f, (flac ? "FLAC " : is_integer(f) ? "PCM " : "float ") + bits};
    };
    switch (subtype) {
    case SF_FORMAT_PCM_S8:
    case SF_FORMAT_PCM_U8:
        return pcm(SampleFormat::kInt8);
    case SF_FORMAT_PCM_16:
        return pcm(SampleFormat::kInt16);
    case SF_FORMAT_PCM_24:
        return pcm(SampleFormat::kInt24);
    case SF_FORMAT_PCM_32:
        return pcm(SampleFormat::kInt32);
    case SF_FORMAT_FLOAT:
        return pcm(SampleFormat::kFloat32);
    case SF_FORMAT_DOUBLE:
        return pcm(SampleFormat::kFloat64);
    case SF_FORMAT_OPUS:
        return {SampleFormat::kFloat32, "Opus"};
    default:
        return {SampleFormat::kFloat32, "compressed"};
    }
}

class SndfileReader final : public AudioReader {
  public:
    SndfileReader(std::unique_ptr<ByteSource> source, AudioFormat format) : AudioReader(source->name()) {
        file_.source = std::move(source);
        info_.format = format;
    }
    ~SndfileReader() override {
        if (handle_) sf_close(handle_);
    }

    Status start() {
        if (info_.format == AudioFormat::kAiff) {
            if (Status whole = check_aiff(*file_.source); !whole) return whole;
        }
        SF_VIRTUAL_IO io{VirtualFile::length, VirtualFile::seek, VirtualFile::read, VirtualFile::write,
                         VirtualFile::tell};
        SF_INFO about{};
        handle_ = sf_open_virtual(&io, SFM_READ, &about, &file_);
        if (file_.error) return *file_.error;
        if (!handle_)
            return corrupt("is damaged: no " + std::string(format_name(info_.format)) +
                           " sound was found in it");
        if (about.samplerate < 1000 || about.samplerate > 768000)
            return corrupt("states a sample rate of " + std::to_string(about.samplerate) +
                           " Hz, allowed is 1000 to 768000");
        if (about.channels < 1 || about.channels > kMaxChannels)
            return corrupt("states " + std::to_string(about.channels) + " channels, allowed is 1 to 64");
        const Kind kind = kind_of(about.format);
        info_.codec = kind.codec;
        info_.sample_format = kind.format;
        info_.sample_rate = about.samplerate;
        info_.channels = about.channels;
        info_.frames = about.frames;
        if (info_.format == AudioFormat::kOpus) order_ = vorbis_order(about.channels);
        // A FLAC stream that went through a pipe states no length.
        if (about.frames < 0 || about.frames > kMaxFrames) return count_frames();
        return {};
    }

  private:
    Status count_frames() {
        std::vector<float> block(kBlockFrames * static_cast<std::size_t>(info_.channels));
        info_.frames = 0;
        while (const sf_count_t got = sf_readf_float(handle_, block.data(), kBlockFrames)) {
            if (got < 0 || sf_error(handle_) != SF_ERR_NO_ERROR) break;
            info_.frames += got;
        }
        position_ = -1; // whatever was read, start with a seek
        return file_.error ? Status(*file_.error) : Status();
    }

    Status decode(std::int64_t first, Planes planes) override {
        if (first != position_) {
            position_ = -1;
            if (sf_seek(handle_, first, SEEK_SET) != first) return broken(first);
        }
        const auto channels = static_cast<std::size_t>(info_.channels);
        const std::size_t total = planes.front().size();
        block_.resize(kBlockFrames * channels);
        for (std::size_t done = 0; done < total;) {
            const std::size_t want = std::min(kBlockFrames, total - done);
            const sf_count_t got = sf_readf_float(handle_, block_.data(), static_cast<sf_count_t>(want));
            if (got <= 0 || sf_error(handle_) != SF_ERR_NO_ERROR) {
                position_ = -1;
                return broken(first + static_cast<std::int64_t>(done));
            }
            for (std::size_t channel = 0; channel < channels; ++channel) {
                const std::size_t place =
                    order_.empty() ? channel : static_cast<std::size_t>(order_[channel]);
                float* out = planes[place].data() + done;
                for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i)
                    out[i] = block_[i * channels + channel];
            }
            done += static_cast<std::size_t>(got);
        }
        position_ = first + static_cast<std::int64_t>(total);
        return {};
    }

    Status broken(std::int64_t frame) {
        if (file_.error) return *file_.error;
        return corrupt("is damaged or cut off near frame " + std::to_string(frame),
                       "copy or export it again");
    }

    VirtualFile file_;
    SNDFILE* handle_ = nullptr;
    std::int64_t position_ = 0;
    std::span<const int> order_;
    std::vector<float> block_;
};

} // namespace

Result<std::unique_ptr<AudioReader>> open_sndfile(std::unique_ptr<ByteSource> source, AudioFormat format) {
    auto reader = std::make_unique<SndfileReader>(std::move(source), format);
    if (Status started = reader->start(); !started) return started.error();
    return std::unique_ptr<AudioReader>(std::move(reader));
}

} // namespace loopmind::files
