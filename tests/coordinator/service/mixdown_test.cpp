// Mixdown jobs: needed blobs, side chains as dependencies, inputs, frozen tracks.
#include <nlohmann/json.hpp>

#include "tests/coordinator/service/service_fixture.h"

namespace loopmind::service {
namespace {

using Json = nlohmann::json;

Json name_of(const std::string& text) {
    return {{"sha256", base::sha256_hex(text)}, {"size", text.size()}};
}

class MixdownJobs : public ServiceTest {
  protected:
    /// Kick, and a bass that ducks under it.
    static Json song(const std::string& faders = "faders", const std::string& bass = "bass session") {
        return {{"name", "Night"},
                {"session", name_of(faders)},
                {"tracks",
                 {{{"id", "kick"}, {"session", name_of("kick session")}, {"media", {name_of("kick.wav")}}},
                  {{"id", "bass"}, {"session", name_of(bass)}, {"needs", {"kick"}}}}},
                {"exports", {{{"format", "wav"}}}}};
    }
    static void put_all(FakeClient& peer, const std::vector<std::string>& texts) {
        std::uint64_t stream = 100;
        for (const std::string& text : texts)
            ASSERT_TRUE(peer.put(text, stream++)) << text;
    }
    static FakeClient::Reply submit(FakeClient& peer, char job, const Json& document) {
        return peer.submit(id(job), document.dump(), v1::JOB_KIND_MIXDOWN);
    }
    static std::map<std::string, std::string> inputs_of(const v1::StartTask& start) {
        std::map<std::string, std::string> out;
        for (const auto& input : start.inputs())
            out[input.role()] = input.blob().sha256();
        return out;
    }
};

TEST_F(MixdownJobs, TracksRunInTheOrderOfTheirSideChainsAndTheSumGetsThemAll) {
    auto c = client();
    auto w = worker();
    put_all(*c, {"faders", "kick session", "bass session", "kick.wav"});
    const auto ack = submit(*c, 'a', song());
    ASSERT_TRUE(ack && ack->message.has_submit_ack()) << ack->message.ShortDebugString();
    const auto kick = w->next_start();
    ASSERT_TRUE(kick);
    EXPECT_EQ(kick->kind(), v1::TASK_KIND_TRACK);
    EXPECT_EQ(inputs_of(*kick),
              (std::map<std::string, std::string>{
                  {"session", base::sha256_hex("kick session")},
                  {"media:" + base::sha256_hex("kick.wav"), base::sha256_hex("kick.wav")}}));
    EXPECT_FALSE(w->next_start(std::chrono::milliseconds(100))); // the bass waits for its key
    ASSERT_TRUE(w->finish(*kick)->accepted());
    const auto bass = w->next_start();
    ASSERT_TRUE(bass);
    const std::string kick_sound = base::sha256_hex(FakeWorker::outputs_of(*kick).at("track"));
    EXPECT_EQ(inputs_of(*bass).at("track:kick"), kick_sound);
    ASSERT_TRUE(w->finish(*bass)->accepted());
    const auto sum = w->next_start();
    ASSERT_TRUE(sum);
    EXPECT_EQ(sum->kind(), v1::TASK_KIND_SUM);
    EXPECT_EQ(inputs_of(*sum).size(), 3u);
    EXPECT_EQ(inputs_of(*sum).at("track:kick"), kick_sound);
    ASSERT_TRUE(w->finish(*sum)->accepted());
    const auto info = c->show(id('a'))->message.job_info();
    EXPECT_EQ(info.state(), v1::JOB_STATE_DONE);
    EXPECT_EQ(info.kind(), v1::JOB_KIND_MIXDOWN);
    EXPECT_EQ(info.prompt(), "Night");
    EXPECT_EQ(info.tasks(1).stem(), "bass");
}

TEST_F(MixdownJobs, AMovedFaderRendersOnlyTheSumAgain) {
    auto c = client();
    auto w = worker();
    put_all(*c, {"faders", "kick session", "bass session", "kick.wav", "other faders", "other bass"});
    ASSERT_TRUE(submit(*c, 'a', song())->message.has_submit_ack());
    w->work(3);
    ASSERT_TRUE(submit(*c, 'b', song("other faders"))->message.has_submit_ack());
    EXPECT_EQ(w->next_start()->kind(), v1::TASK_KIND_SUM);
    const auto faders = c->show(id('b'))->message.job_info();
    EXPECT_TRUE(faders.tasks(0).cached());
    EXPECT_TRUE(faders.tasks(1).cached());
    ASSERT_TRUE(submit(*c, 'c', song("faders", "other bass"))->message.has_submit_ack());
    EXPECT_EQ(w->next_start()->kind(), v1::TASK_KIND_TRACK);
    EXPECT_TRUE(c->show(id('c'))->message.job_info().tasks(0).cached());
    EXPECT_TRUE(
        submit(*c, 'd', song())->message.submit_ack().cached()); // the first once more: nothing renders
}

TEST_F(MixdownJobs, ABlobThatTheTenantNeverPutIsRefusedBeforeWorkStarts) {
    auto c = client();
    auto w = worker();
    auto other = client(enrol("producer", "label"));
    put_all(*other, {"kick.wav"}); // another tenant's copy does not count
    put_all(*c, {"faders", "kick session", "bass session"});
    const auto refused = submit(*c, 'a', song());
    ASSERT_TRUE(refused->message.has_error());
    EXPECT_EQ(refused->message.error().code(), v1::ERROR_CODE_NOT_FOUND);
    EXPECT_THAT(refused->message.error().message(), ::testing::HasSubstr(base::sha256_hex("kick.wav")));
    EXPECT_FALSE(w->next_start(std::chrono::milliseconds(100)));
    put_all(*c, {"kick.wav"});
    EXPECT_TRUE(submit(*c, 'a', song())->message.has_submit_ack());
}

TEST_F(MixdownJobs, AWorkerReadsTheInputsOfItsTracksAndNothingElse) {
    auto c = client();
    auto w = worker();
    put_all(*c, {"faders", "kick session", "bass session", "kick.wav", "secret"});
    ASSERT_TRUE(submit(*c, 'a', song())->message.has_submit_ack());
    ASSERT_TRUE(w->next_start());
    const auto read = [&](const std::string& text, std::uint64_t stream) {
        v1::WorkerMessage message;
        message.set_request_id(1000 + stream);
        message.mutable_get_blob()->set_sha256(base::sha256_hex(text));
        message.mutable_get_blob()->set_credit(1 << 20);
        message.mutable_get_blob()->set_stream_id(stream);
        w->send(message);
        const auto got = w->take([&](const v1::WorkerCommand& command) {
            return command.request_id() == 1000 + stream ||
                   (command.has_chunk() && command.chunk().stream_id() == stream);
        });
        return got && got->message.has_chunk() ? got->bytes : std::string("refused");
    };
    EXPECT_EQ(read("kick.wav", 1), "kick.wav");
    EXPECT_EQ(read("kick session", 2), "kick session");
    EXPECT_EQ(read("secret", 3), "refused");
    EXPECT_EQ(read("bass session", 4), "refused"); // a task it does not have yet
}

TEST_F(MixdownJobs, AWrongDocumentIsOneClearError) {
    auto c = client();
    Json document = song();
    document["tracks"][0]["needs"] = {"bass"};
    const auto refused = submit(*c, 'a', document);
    ASSERT_TRUE(refused->message.has_error());
    EXPECT_EQ(refused->message.error().field(), "tracks");
    EXPECT_THAT(refused->message.error().message(), ::testing::HasSubstr("circle"));
}

} // namespace
} // namespace loopmind::service
