// Messages between the engine and a plug-in's process: JSON texts behind their length, over a pair of
// sockets.
#pragma once

#include "proto/base/result.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>

namespace loopmind::plugins {

inline constexpr std::size_t kMaxMessage = 32 * 1024 * 1024;

/// Closes on both sides of a fork; one owner of each end.
class Descriptor {
  public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(other.release()) {}
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor();
    int get() const { return number_; }
    int release() {
        const int out = number_;
        number_ = -1;
        return out;
    }
    explicit operator bool() const { return number_ >= 0; }

  private:
    int number_ = -1;
};

/// Errors: unavailable when the other side is gone or the message is not taken in time.
Status send_message(int socket, const nlohmann::json& message, std::chrono::steady_clock::time_point until);

/// The next message. Errors: unavailable when the other side is gone, resource_exhausted when `until` is
/// over, data_corrupt for what is no JSON object or longer than kMaxMessage.
Result<nlohmann::json> receive_message(int socket, std::chrono::steady_clock::time_point until);

} // namespace loopmind::plugins
