// Fuzz target: every message handler of a coordinator that runs in this process, reached as an enrolled
// client, an enrolled worker and a stranger with a token reach them: by frames over CURVE. It must go on
// answering.
//
// Input: one byte that says who speaks, one that says how much of the rest is the second frame (0: there is
// none), then the message.
#include "coordinator/service/server.h"
#include "coordinator/store/place.h"
#include "loopmind/v1/client.pb.h"
#include "loopmind/v1/join.pb.h"
#include "loopmind/v1/worker.pb.h"
#include "proto/base/random_id.h"
#include "proto/wire/keys.h"

#include <google/protobuf/stubs/logging.h>
#include <spdlog/spdlog.h>
#include <zmq.hpp>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace loopmind;

namespace {

constexpr int kInputsBetweenQuestions = 32;
constexpr int kPatienceMs = 30'000;

[[noreturn]] void found(const char* what) {
    std::fprintf(stderr, "desk_fuzz: %s\n", what);
    std::abort();
}

v1::ClientRequest client_hello() {
    v1::ClientRequest request;
    request.mutable_hello()->mutable_protocol()->set_min(1);
    request.mutable_hello()->mutable_protocol()->set_max(1);
    return request;
}

v1::WorkerMessage worker_hello() {
    v1::WorkerMessage message;
    auto& hello = *message.mutable_hello();
    hello.mutable_protocol()->set_min(1);
    hello.mutable_protocol()->set_max(1);
    hello.set_worker_id("fuzz");
    hello.set_incarnation("one");
    hello.set_slots(8);
    hello.set_fingerprint("fp");
    return message;
}

class Target {
  public:
    Target() : home_(std::filesystem::temp_directory_path() / ("loopmind-desk-fuzz-" + base::random_hex(8))) {
        spdlog::set_level(spdlog::level::off);
        std::filesystem::create_directories(home_ / "coordinator");
        {
            const auto place = store::StorePlace::parse("", home_ / "coordinator" / "coordinator.db");
            auto store = place->open();
            if (!store.ok()) found("no store");
            for (const auto& [keys, role] : {std::pair(&keys_[0], "producer"), {&keys_[1], "worker"}})
                if (!(*store)->put_identity({keys->public_key, role, role, "t", false, 1}))
                    found("no identity");
        }
        service::ServerConfig config;
        config.home = home_;
        config.client_endpoint = config.worker_endpoint = config.join_endpoint = "tcp://127.0.0.1:*";
        config.requests_per_second = 0;
        auto opened = service::Server::open(config);
        if (!opened.ok()) found(opened.error().text().c_str());
        server_ = std::move(*opened);
        const std::array endpoints{server_->client_endpoint(), server_->worker_endpoint(),
                                   server_->join_endpoint()};
        for (std::size_t i = 0; i < sockets_.size(); ++i) {
            sockets_[i] = zmq::socket_t(context_, zmq::socket_type::dealer);
            sockets_[i].set(zmq::sockopt::linger, 0);
            sockets_[i].set(zmq::sockopt::curve_serverkey, server_->public_key());
            sockets_[i].set(zmq::sockopt::curve_publickey, keys_[i].public_key);
            sockets_[i].set(zmq::sockopt::curve_secretkey, keys_[i].secret_key);
            sockets_[i].connect(endpoints[i]);
        }
        thread_ = std::thread([this] {
            if (!server_->run()) found("the server ended");
        });
        greet();
        ask();
    }
    ~Target() {
        server_->stop();
        thread_.join();
        server_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(home_, ignored);
    }

    void send(std::size_t who, std::string_view header, std::string_view bytes) {
        const auto flags = zmq::send_flags::dontwait;
        if (bytes.empty()) {
            (void)sockets_[who].send(zmq::buffer(header), flags);
        } else if (sockets_[who].send(zmq::buffer(header), zmq::send_flags::sndmore | flags)) {
            (void)sockets_[who].send(zmq::buffer(bytes), flags);
        }
        if (++inputs_ % kInputsBetweenQuestions != 0) return;
        ask();
        greet(); // an input may have said goodbye
    }

  private:
    void greet() {
        (void)sockets_[0].send(zmq::buffer(client_hello().SerializeAsString()), zmq::send_flags::dontwait);
        (void)sockets_[1].send(zmq::buffer(worker_hello().SerializeAsString()), zmq::send_flags::dontwait);
    }

    static void drain(zmq::socket_t& socket) {
        zmq::message_t frame;
        while (socket.recv(frame, zmq::recv_flags::dontwait)) {
        }
    }

    // The answer to a question of our own must come, behind whatever else is said.
    void ask() {
        drain(sockets_[1]);
        drain(sockets_[2]);
        v1::ClientRequest ping;
        ping.set_request_id(0x7eed'0000'0000'0000u + inputs_);
        ping.mutable_ping();
        for (bool sent = false;;) {
            if (!sent)
                sent = sockets_[0]
                           .send(zmq::buffer(ping.SerializeAsString()), zmq::send_flags::dontwait)
                           .has_value();
            zmq::pollitem_t item{sockets_[0].handle(), 0, ZMQ_POLLIN, 0};
            if (zmq::poll(&item, 1, std::chrono::milliseconds(kPatienceMs)) == 0) found("no answer any more");
            zmq::message_t frame;
            bool first = true;
            while (sockets_[0].recv(frame, zmq::recv_flags::dontwait)) {
                v1::ClientReply reply;
                if (std::exchange(first, !frame.more()) &&
                    reply.ParseFromArray(frame.data(), static_cast<int>(frame.size())) &&
                    reply.request_id() == ping.request_id())
                    return;
            }
        }
    }

    std::filesystem::path home_;
    zmq::context_t context_;
    std::array<wire::KeyPair, 3> keys_{*wire::generate_keys(), *wire::generate_keys(),
                                       *wire::generate_keys()};
    std::unique_ptr<service::Server> server_;
    std::thread thread_;
    std::array<zmq::socket_t, 3> sockets_;
    std::uint64_t inputs_ = 0;
};

std::string input(int who, const google::protobuf::MessageLite& message, const std::string& bytes = "") {
    return std::string{static_cast<char>(who), static_cast<char>(bytes.size())} +
           message.SerializeAsString() + bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static google::protobuf::LogSilencer silence;
    static Target target;
    if (size < 2) return 0;
    const std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t second = std::min<std::size_t>(data[1], rest.size());
    target.send(data[0] % 3, rest.substr(0, rest.size() - second), rest.substr(rest.size() - second));
    return 0;
}

std::vector<std::string> fuzz_seeds() {
    const std::string job(32, 'a');
    std::vector<std::string> seeds;
    const auto client = [&](auto&& fill, const std::string& bytes = "") {
        v1::ClientRequest request;
        request.set_request_id(7);
        fill(request);
        seeds.push_back(input(0, request, bytes));
    };
    client([](auto& r) { r = client_hello(); });
    client([&](auto& r) {
        r.mutable_submit()->set_job_id(job);
        r.mutable_submit()->set_kind(v1::JOB_KIND_GENERATE);
        r.mutable_submit()->set_params_json(R"({"prompt":"x","bars":1,"stems":["drums"],"fx":[]})");
    });
    client([&](auto& r) {
        r.mutable_submit()->set_job_id(std::string(32, 'b'));
        r.mutable_submit()->set_kind(v1::JOB_KIND_PREVIEW);
        r.mutable_submit()->set_supersede_key("k");
        r.mutable_submit()->set_params_json(R"({"prompt":"x"})");
    });
    client([&](auto& r) { r.mutable_watch()->set_job_id(job); });
    client([&](auto& r) { r.mutable_unwatch()->set_job_id(job); });
    client([](auto& r) { r.mutable_list_jobs()->set_limit(3); });
    client([&](auto& r) { r.mutable_show_job()->set_job_id(job); });
    client([&](auto& r) { r.mutable_cancel()->set_job_id(job); });
    client([&](auto& r) { r.mutable_retry()->set_job_id(job); });
    client([](auto& r) { r.mutable_list_workers(); });
    client([](auto& r) {
        r.mutable_get_blob()->set_sha256(std::string(64, '0'));
        r.mutable_get_blob()->set_credit(1000);
    });
    client([&](auto& r) {
        auto& open = *r.mutable_open_stream();
        open.set_job_id(job);
        open.set_task_id(job + ".0");
        open.set_role("plan");
        open.set_credit(1000);
        open.set_stream_id(1);
    });
    client([](auto& r) { r.mutable_credit()->set_bytes(1); });
    client([](auto& r) { r.mutable_close_stream()->set_stream_id(1); });
    client([](auto& r) {
        r.mutable_put_blob()->mutable_blob()->set_sha256(std::string(64, '1'));
        r.mutable_put_blob()->mutable_blob()->set_size(5);
        r.mutable_put_blob()->set_stream_id(2);
    });
    client(
        [](auto& r) {
            r.mutable_put_chunk()->set_stream_id(2);
            r.mutable_put_chunk()->set_last(true);
        },
        "bytes");
    const auto worker = [&](auto&& fill, const std::string& bytes = "") {
        v1::WorkerMessage message;
        message.set_request_id(8);
        fill(message);
        seeds.push_back(input(1, message, bytes));
    };
    const auto attempt = [&](v1::AttemptKey& key) {
        key.set_task_id(job + ".0");
        key.set_epoch((std::uint64_t{1} << 32) + 1);
    };
    worker([](auto& m) { m = worker_hello(); });
    worker([&](auto& m) { attempt(*m.mutable_heartbeat()->add_running()->mutable_attempt()); });
    worker([&](auto& m) {
        attempt(*m.mutable_output_grew()->mutable_attempt());
        m.mutable_output_grew()->set_role("plan");
    });
    worker(
        [&](auto& m) {
            attempt(*m.mutable_output_chunk()->mutable_attempt());
            m.mutable_output_chunk()->set_role("plan");
        },
        "bytes");
    worker([&](auto& m) { attempt(*m.mutable_preview_done()->mutable_attempt()); }, "pcm!");
    worker([&](auto& m) {
        attempt(*m.mutable_complete()->mutable_attempt());
        auto& output = *m.mutable_complete()->add_outputs();
        output.set_role("plan");
        output.mutable_blob()->set_sha256(std::string(64, '2'));
        output.mutable_blob()->set_size(5);
    });
    worker([&](auto& m) {
        attempt(*m.mutable_failed()->mutable_attempt());
        m.mutable_failed()->set_fault(v1::FAULT_CLASS_TASK);
    });
    worker([](auto& m) { m.mutable_get_blob()->set_sha256(std::string(64, '0')); });
    worker([](auto& m) { m.mutable_goodbye(); });
    v1::JoinRequest join;
    join.set_secret(std::string(64, '3'));
    seeds.push_back(input(2, join));
    return seeds;
}
