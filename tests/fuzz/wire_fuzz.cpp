// Fuzz target: protobuf frames of clients and workers. What parses must survive its own bytes, and hold no
// more memory than its size justifies.
#include "loopmind/v1/client.pb.h"
#include "loopmind/v1/worker.pb.h"

#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace loopmind;

namespace {

template <typename Message> void check(const void* data, int size) {
    Message parsed, again;
    if (!parsed.ParseFromArray(data, size)) return;
    if (!again.ParseFromString(parsed.SerializeAsString())) std::abort();
    if (parsed.SpaceUsedLong() > 4096 + 512 * static_cast<std::size_t>(size)) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static google::protobuf::LogSilencer silence; // a line for each string that is no UTF-8 buries the result
    check<v1::ClientRequest>(data, static_cast<int>(size));
    check<v1::ClientReply>(data, static_cast<int>(size));
    check<v1::WorkerMessage>(data, static_cast<int>(size));
    check<v1::WorkerCommand>(data, static_cast<int>(size));
    return 0;
}

std::vector<std::string> fuzz_seeds() {
    v1::ClientRequest submit;
    submit.set_request_id(7);
    submit.mutable_submit()->set_job_id(std::string(32, 'a'));
    submit.mutable_submit()->set_params_json(R"({"prompt":"x"})");
    v1::ClientReply event;
    auto* task = event.mutable_event()->mutable_snapshot()->add_tasks();
    task->set_task_id("a.1");
    task->add_outputs()->mutable_blob()->set_sha256(std::string(64, '0'));
    v1::WorkerMessage complete;
    complete.mutable_complete()->mutable_attempt()->set_task_id("a.1");
    complete.mutable_complete()->add_outputs()->set_role("audio");
    v1::WorkerCommand start;
    start.mutable_start()->set_spec_json("{}");
    start.mutable_start()->add_inputs()->set_role("plan");
    return {submit.SerializeAsString(), event.SerializeAsString(), complete.SerializeAsString(),
            start.SerializeAsString()};
}
