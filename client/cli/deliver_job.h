// Delivers a finished job from the local cache and tells the person what they have.
#pragma once

#include "client/cli/invocation.h"
#include "client/farm/delivery.h"

namespace loopmind::cli {

/// Delivers; the blobs are in the cache of `client`.
Attempt<farm::Delivered> deliver_job(farm::FarmClient& client, const v1::JobInfo& job,
                                     const farm::DeliveryOptions& options);

/// What was asked for in one line: "LoFi, 82 BPM, A minor, 8 bars, seed 123".
std::string params_line(const std::string& resolved_json);

/// Prints what lies where. `seconds` and `first_audio_seconds` are left out when negative.
void tell_delivery(const Console& console, const v1::JobInfo& job, const farm::Delivered& delivered,
                   double seconds, double first_audio_seconds);

/// The folder that a job goes to when the person names none: "./<words of the prompt>", numbered when it is
/// taken by something else.
std::filesystem::path default_out(const std::string& resolved_json);

} // namespace loopmind::cli
