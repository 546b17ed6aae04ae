// The I/O thread behind FarmClient: owns the connection, the open requests, watches and transfers.
#pragma once

#include "client/farm/farm_client.h"
#include "client/farm/incoming_file.h"
#include "client/farm/job_view.h"
#include "client/farm/submission_outbox.h"
#include "client/farm/upload_source.h"
#include "proto/wire/connection.h"
#include "proto/wire/mailbox.h"
#include "proto/wire/stream.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace loopmind::farm {

/// Everything below `run()` belongs to the I/O thread; other threads hand it functions through `post`.
class FarmClient::Io {
  public:
    using Clock = std::chrono::steady_clock;
    using Answer = std::function<void(Result<v1::ClientReply>)>;

    Io(ClientConfig config, Cache cache);
    ~Io();
    Status start();

    // Any thread.
    bool post(std::function<void()> work) { return mailbox_.push(std::move(work)); }
    std::uint64_t next_id() { return next_id_.fetch_add(1); }
    Link link() const;
    Status wait_connected(std::chrono::milliseconds timeout);
    const Cache& cache() const { return cache_; }

    // I/O thread.
    void set_link_listener(std::function<void(const Link&)> changed);
    void request(v1::ClientRequest body, Answer answer, bool for_ever = false);
    void submit(v1::SubmitJob job, Done<v1::SubmitAck> done, bool durable);
    void add_watch(std::uint64_t id, std::string job_id, WatchEvents events);
    void remove_watch(std::uint64_t id);
    void add_stream(std::uint64_t id, OutputName output, StreamEvents events);
    void add_fetch(std::uint64_t id, v1::BlobRef blob, Done<std::filesystem::path> done);
    void stop_transfer(std::uint64_t id);
    void add_upload(v1::BlobRef blob, UploadSource source, StatusDone done);

  private:
    struct Request {
        v1::ClientRequest message;
        Answer answer;
        Clock::time_point deadline;
        bool sent = false; ///< on this connection
    };
    struct Watch {
        std::string job_id;
        WatchEvents events;
    };
    /// Events of one job, shared by all its watches.
    struct Followed {
        JobView view;
        std::uint64_t request_id = 0; ///< of the WatchJob sent on this connection; 0: not sent
    };
    struct Transfer {
        OutputName output;               ///< of a stream; a fetch has only the label
        std::optional<v1::BlobRef> blob; ///< of a fetch
        StreamEvents events;
        std::optional<IncomingFile> file;
        std::uint64_t epoch = 0;
        std::uint64_t wire_id = 0; ///< stream id on this connection; 0: not opened on it
        std::uint64_t request_id = 0;
        int source_fd = -1;     ///< direct read under way
        bool no_direct = false; ///< the folder gave wrong bytes: ask the coordinator
        int tries = 0;          ///< times it was started again because bytes were wrong
        Clock::time_point heard;
    };

    struct Upload {
        v1::BlobRef blob;
        UploadSource source;
        StatusDone done;
        std::uint64_t request_id = 0; ///< of the PutBlob sent on this connection; 0: not sent
        std::uint64_t wire_id = 0;
        std::uint64_t offset = 0; ///< bytes sent on this connection
        bool ready = false;       ///< the coordinator wants the bytes
        wire::CreditWindow credit;
        Clock::time_point heard;
    };

    void run();
    Status open_connection();
    void connection_up();
    void connection_lost(const Error& why);
    void say_hello();
    void handle_welcome(const v1::ClientReply& reply);
    void send_what_waits();
    void refuse_everything(const Error& why);
    void note_failed_attempts();
    void drop_connection();
    std::string endpoint() const;
    void set_link(Link link);
    Error away_error() const;

    void handle(const v1::ClientReply& reply, const wire::Incoming& incoming);
    void handle_event(const v1::JobEvent& event, std::span<const std::byte> bytes);
    void handle_chunk(const v1::Chunk& chunk, std::span<const std::byte> bytes);
    void handle_reset(const v1::StreamReset& reset);
    bool send(const v1::ClientRequest& message);
    void ask_watch(const std::string& job_id);
    bool handle_refusal(std::uint64_t request_id, const Error& error);

    void start_transfer(std::uint64_t id);
    bool start_direct(Transfer& transfer);
    void open_on_wire(std::uint64_t id);
    void copy_step(std::uint64_t id);
    bool append(std::uint64_t id, std::span<const std::byte> bytes);
    void complete(std::uint64_t id, const v1::BlobRef& blob);
    void start_again(std::uint64_t id, const Error& why);
    void finish(std::uint64_t id, Result<std::filesystem::path> result);
    void close_on_wire(Transfer& transfer);
    std::map<std::uint64_t, Transfer>::iterator by_wire_id(std::uint64_t wire_id);

    void start_uploads();
    void pump_upload(Upload& upload);
    bool handle_upload(const v1::ClientReply& reply);
    void finish_upload(std::uint64_t id, const Status& status);
    void forget_upload_connection();
    void check_uploads(Clock::time_point now);

    void check_deadlines();
    Clock::time_point next_deadline() const;
    void cancel_everything();

    ClientConfig config_;
    Cache cache_;
    std::optional<SubmissionOutbox> outbox_;
    zmq::context_t context_;
    wire::Mailbox<std::function<void()>> mailbox_;
    std::atomic<std::uint64_t> next_id_{1};

    mutable std::mutex link_mutex_;
    std::condition_variable link_changed_;
    Link link_; // guarded by link_mutex_

    std::unique_ptr<wire::Connection> connection_;
    bool attempt_failed_ = false; ///< that no endpoint answers was noted
    bool drop_ = false;           ///< close the connection at the end of this turn
    bool welcomed_ = false;
    std::optional<Error> refused_; ///< the coordinator said that it will not speak with us
    std::uint64_t hello_id_ = 0;
    Clock::time_point hello_deadline_ = Clock::time_point::max();
    Clock::time_point reopen_at_ = Clock::time_point::max();
    std::optional<std::filesystem::path> direct_root_;
    std::function<void(const Link&)> link_listener_;
    std::map<std::uint64_t, Request> requests_;
    std::map<std::uint64_t, Watch> watches_;
    std::map<std::string, Followed> followed_;
    std::map<std::uint64_t, Transfer> transfers_;
    std::map<std::uint64_t, Upload> uploads_;
    std::uint64_t next_wire_id_ = 1;
    bool stopping_ = false;
    std::thread thread_; // last: it uses everything above
};

} // namespace loopmind::farm
