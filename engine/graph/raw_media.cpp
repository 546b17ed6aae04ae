// Bare float files.
#include "engine/graph/raw_media.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace loopmind::graph {

namespace {

static_assert(std::endian::native == std::endian::little, "raw media is little-endian");

using File = std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })>;

class RawReader final : public MediaReader {
  public:
    RawReader(File file, std::string name, std::int64_t frames)
        : file_(std::move(file)), name_(std::move(name)), frames_(frames) {}

    Status read(std::int64_t first, std::span<float> left, std::span<float> right) override {
        const auto wanted = static_cast<std::int64_t>(left.size());
        const std::int64_t count = std::clamp<std::int64_t>(frames_ - first, 0, wanted);
        if (count > 0) {
            buffer_.resize(static_cast<size_t>(2 * count));
            if (at_ != first && fseeko(file_.get(), first * kRawFrameBytes, SEEK_SET) != 0) return failed();
            if (std::fread(buffer_.data(), kRawFrameBytes, static_cast<size_t>(count), file_.get()) !=
                static_cast<size_t>(count))
                return failed();
            at_ = first + count;
        }
        for (std::int64_t i = 0; i < count; ++i) {
            left[static_cast<size_t>(i)] = buffer_[static_cast<size_t>(2 * i)];
            right[static_cast<size_t>(i)] = buffer_[static_cast<size_t>(2 * i + 1)];
        }
        std::fill(left.begin() + count, left.end(), 0.0f);
        std::fill(right.begin() + count, right.end(), 0.0f);
        return {};
    }

  private:
    Error failed() {
        at_ = -1;
        return Error{ErrorCode::kDataCorrupt, name_, "is shorter than it was when it was opened",
                     "render it again"};
    }
    File file_;
    std::string name_;
    std::int64_t frames_;
    std::int64_t at_ = 0;
    std::vector<float> buffer_;
};

class RawMedia final : public Media {
  public:
    RawMedia(std::filesystem::path path, int rate, std::int64_t frames, std::string content)
        : path_(std::move(path)), rate_(rate), frames_(frames), content_(std::move(content)) {}
    int sample_rate() const override { return rate_; }
    std::int64_t frames() const override { return frames_; }
    std::string content() const override { return content_; }
    Result<std::unique_ptr<MediaReader>> open() const override {
        File file(std::fopen(path_.c_str(), "rb"));
        if (!file) return Error{ErrorCode::kNotFound, path_.string(), "cannot be opened", "render it again"};
        return std::unique_ptr<MediaReader>(
            std::make_unique<RawReader>(std::move(file), path_.string(), frames_));
    }

  private:
    std::filesystem::path path_;
    int rate_;
    std::int64_t frames_;
    std::string content_;
};

} // namespace

Result<std::shared_ptr<const Media>> open_raw_media(const std::filesystem::path& path, int sample_rate,
                                                    std::string content) {
    std::error_code failure;
    const auto size = std::filesystem::file_size(path, failure);
    if (failure) return Error{ErrorCode::kNotFound, path.string(), "cannot be read", "render it again"};
    if (size % kRawFrameBytes != 0) {
        return Error{ErrorCode::kDataCorrupt, path.string(), "holds no whole number of frames",
                     "render it again"};
    }
    return std::shared_ptr<const Media>(std::make_shared<RawMedia>(
        path, sample_rate, static_cast<std::int64_t>(size) / kRawFrameBytes, std::move(content)));
}

Result<RawWriter> RawWriter::create(const std::filesystem::path& path) {
    RawWriter out;
    out.name_ = path.string();
    out.file_.reset(std::fopen(path.c_str(), "wb"));
    if (!out.file_) {
        return Error{ErrorCode::kUnavailable, out.name_,
                     std::string("cannot be written: ") + std::strerror(errno),
                     "check the folder and its free space"};
    }
    return out;
}

Status RawWriter::write(std::span<const float> left, std::span<const float> right) {
    const size_t count = std::min(left.size(), right.size());
    buffer_.resize(2 * count);
    for (size_t i = 0; i < count; ++i) {
        buffer_[2 * i] = left[i];
        buffer_[2 * i + 1] = right[i];
    }
    if (std::fwrite(buffer_.data(), kRawFrameBytes, count, file_.get()) == count) return {};
    return Error{ErrorCode::kResourceExhausted, name_,
                 std::string("cannot be written: ") + std::strerror(errno), "free some space"};
}

Status RawWriter::finish() {
    std::FILE* file = file_.release();
    if (std::fclose(file) == 0) return {};
    return Error{ErrorCode::kResourceExhausted, name_,
                 std::string("cannot be written: ") + std::strerror(errno), "free some space"};
}

} // namespace loopmind::graph
