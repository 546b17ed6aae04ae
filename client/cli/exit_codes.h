// What the exit codes of `loopmind` mean.
#pragma once

#include "proto/base/result.h"

namespace loopmind::cli {

enum Exit : int {
    kExitOk = 0,
    kExitBadInput = 2,  ///< an option, a file's content or a job id is wrong
    kExitFarmAway = 3,  ///< no coordinator, other version, refused
    kExitJobFailed = 4, ///< the job failed on the farm, or its bytes do not match their hash
    kExitLocal = 5,     ///< this machine: disk full, permission
    kExitCancelled = 130,
};

/// An error together with whose fault it is.
struct Failure {
    Error error;
    int exit_code = kExitBadInput;
};

inline Failure bad_input(Error error) {
    return {std::move(error), kExitBadInput};
}
inline Failure local_failure(Error error) {
    return {std::move(error), kExitLocal};
}
inline Failure job_failure(Error error) {
    return {error, error.code == ErrorCode::kCancelled ? kExitCancelled : kExitJobFailed};
}

/// Sorts an error that the farm or the connection to it gave.
inline Failure farm_failure(Error error) {
    switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
        return {std::move(error), kExitBadInput};
    case ErrorCode::kUnavailable:
    case ErrorCode::kVersionMismatch:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kResourceExhausted:
        return {std::move(error), kExitFarmAway};
    case ErrorCode::kCancelled:
        return {std::move(error), kExitCancelled};
    default:
        return {std::move(error), kExitJobFailed};
    }
}

/// Sorts an error of bringing blobs into the local cache: a full disk here is not the farm's fault.
inline Failure fetch_failure(Error error, const std::string& cache_folder) {
    if (!cache_folder.empty() && error.field.rfind(cache_folder, 0) == 0)
        return local_failure(std::move(error));
    return farm_failure(std::move(error));
}

} // namespace loopmind::cli
