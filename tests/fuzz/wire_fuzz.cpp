// Hostile protobuf frames: parsing must end in yes or no, never in more memory than the frame justifies.
#include "loopmind/v1/client.pb.h"
#include "loopmind/v1/worker.pb.h"
#include "tests/fuzz/mutate.h"

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

namespace loopmind {
namespace {

template <typename Message> void fuzz_message(const Message& valid) {
    google::protobuf::LogSilencer silence; // a line for each string that is no UTF-8 would bury the result
    fuzz::for_mutations({valid.SerializeAsString()}, {std::string(4, '\xff'), std::string(1, '\x0a')}, 20000,
                        [](const std::string& input) {
                            Message parsed;
                            if (!parsed.ParseFromString(input)) return;
                            Message again;
                            ASSERT_TRUE(again.ParseFromString(parsed.SerializeAsString()));
                            EXPECT_LE(parsed.SpaceUsedLong(), 4096 + 512 * input.size());
                        });
}

TEST(WireFuzz, ClientFrames) {
    v1::ClientRequest submit;
    submit.set_request_id(7);
    submit.mutable_submit()->set_job_id(std::string(32, 'a'));
    submit.mutable_submit()->set_params_json(R"({"prompt":"x"})");
    fuzz_message(submit);
    v1::ClientReply event;
    auto* task = event.mutable_event()->mutable_snapshot()->add_tasks();
    task->set_task_id("a.1");
    task->add_outputs()->mutable_blob()->set_sha256(std::string(64, '0'));
    fuzz_message(event);
}

TEST(WireFuzz, WorkerFrames) {
    v1::WorkerMessage complete;
    complete.mutable_complete()->mutable_attempt()->set_task_id("a.1");
    complete.mutable_complete()->add_outputs()->set_role("audio");
    fuzz_message(complete);
    v1::WorkerCommand start;
    start.mutable_start()->set_spec_json("{}");
    start.mutable_start()->add_inputs()->set_role("plan");
    fuzz_message(start);
}

} // namespace
} // namespace loopmind
