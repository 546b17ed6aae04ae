// Which blob of a job becomes which file of a delivery.
#pragma once

#include "client/farm/delivery.h"
#include "proto/request/params.h"

namespace loopmind::farm {

/// One stem of a variation; `number` counts from 1 in the order of the request.
struct PlannedStem {
    std::string id;
    int number = 0;
    v1::BlobRef audio, midi;
    std::string file_name() const; ///< "01-drums"
};

struct PlannedVariation {
    int variation = 0;
    std::string folder; ///< "" or "variation-1/"
    std::vector<PlannedStem> stems;
    v1::BlobRef mix, premaster, session;
};

struct DeliveryPlan {
    request::Params params;
    std::string params_json; ///< canonical
    std::string name;        ///< of the project file, without ending
    std::vector<PlannedVariation> variations;
};

/// Errors: data_corrupt when an output is missing or is no valid blob.
Result<DeliveryPlan> plan_delivery(const v1::JobInfo& job);

} // namespace loopmind::farm
