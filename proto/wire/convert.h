// Errors to and from the wire.
#pragma once

#include "proto/base/result.h"

#include "loopmind/v1/error.pb.h"

namespace loopmind::wire {

v1::Error to_proto(const Error& error);
/// An unknown code becomes internal.
Error from_proto(const v1::Error& error);

} // namespace loopmind::wire
