// Errors as values: the structured error of the contract and the Result that carries it across module
// borders.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace loopmind {

/// What kind of thing went wrong; the names cross the wire (proto/loopmind/v1/error.proto holds the same
/// list).
enum class ErrorCode {
    kInvalidArgument = 1, ///< The caller's input is wrong; repeating it cannot help.
    kNotFound = 2,
    kAlreadyExists = 3,
    kPermissionDenied = 4,
    kUnavailable = 5,       ///< The other side is away or not ready; trying again can help.
    kResourceExhausted = 6, ///< Disk, memory or a quota; a shortage, never a fault of the request.
    kVersionMismatch = 7,
    kDataCorrupt = 8, ///< Bytes that do not match their hash, or do not parse.
    kCancelled = 9,
    kStale = 10, ///< The epoch of this message is no longer current.
    kInternal = 11,
};

/// Returns the stable lower_snake_case name of a code, e.g. "invalid_argument".
inline const char* error_code_name(ErrorCode code) {
    switch (code) {
    case ErrorCode::kInvalidArgument:
        return "invalid_argument";
    case ErrorCode::kNotFound:
        return "not_found";
    case ErrorCode::kAlreadyExists:
        return "already_exists";
    case ErrorCode::kPermissionDenied:
        return "permission_denied";
    case ErrorCode::kUnavailable:
        return "unavailable";
    case ErrorCode::kResourceExhausted:
        return "resource_exhausted";
    case ErrorCode::kVersionMismatch:
        return "version_mismatch";
    case ErrorCode::kDataCorrupt:
        return "data_corrupt";
    case ErrorCode::kCancelled:
        return "cancelled";
    case ErrorCode::kStale:
        return "stale";
    case ErrorCode::kInternal:
        return "internal";
    }
    return "internal";
}

/// One clear error: the field or file it concerns, what was wrong, and what to do about it.
struct Error {
    ErrorCode code = ErrorCode::kInternal;
    std::string field;   ///< Parameter, file or endpoint concerned; empty when none.
    std::string message; ///< What was wrong, in one sentence without the field's name.
    std::string hint;    ///< What to do; empty when there is nothing to add.

    /// "field: message (hint)" for people.
    std::string text() const {
        std::string out = field.empty() ? message : field + ": " + message;
        if (!hint.empty()) out += " (" + hint + ")";
        return out;
    }
};

/// A value or an Error. Not thread-safe; never throws unless value() is asked of an error.
template <typename T> class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& value() & { return std::get<0>(state_); }
    const T& value() const& { return std::get<0>(state_); }
    T&& value() && { return std::get<0>(std::move(state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    const Error& error() const { return std::get<1>(state_); }

  private:
    std::variant<T, Error> state_;
};

/// Success or an Error.
class [[nodiscard]] Status {
  public:
    Status() = default;
    Status(Error error) : error_(std::move(error)) {}
    bool ok() const { return !error_; }
    explicit operator bool() const { return ok(); }
    const Error& error() const { return *error_; }

  private:
    std::optional<Error> error_;
};

} // namespace loopmind
