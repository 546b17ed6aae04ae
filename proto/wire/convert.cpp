// Errors to and from the wire; the two lists of codes are the same.
#include "proto/wire/convert.h"

namespace loopmind::wire {

v1::Error to_proto(const Error& error) {
    v1::Error out;
    out.set_code(static_cast<v1::ErrorCode>(error.code));
    out.set_field(error.field);
    out.set_message(error.message);
    out.set_hint(error.hint);
    return out;
}

Error from_proto(const v1::Error& error) {
    const int code = error.code();
    const bool known = code >= static_cast<int>(ErrorCode::kInvalidArgument) &&
                       code <= static_cast<int>(ErrorCode::kInternal);
    return {known ? static_cast<ErrorCode>(code) : ErrorCode::kInternal, error.field(), error.message(),
            error.hint()};
}

} // namespace loopmind::wire
