// Playing: one plug-in on blocks of shared memory until the engine hangs up.
//
// Three threads: the message thread owns the plug-in (loading, state, starting afresh), "audio" plays blocks,
// "control" reads messages and ends the process when the engine is gone.
#include "engine/plugins/child/child_arguments.h"
#include "engine/plugins/child/hosted_plugin.h"
#include "engine/plugins/control_channel.h"
#include "engine/plugins/shared_audio.h"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <mutex>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace loopmind::plugins::child {
namespace {

using nlohmann::json;

constexpr auto kNever = std::chrono::hours(24 * 365);
constexpr long kPollNanoseconds = 400000;      ///< live: a twelfth of a block at 48 kHz
constexpr long kIdlePollNanoseconds = 3000000; ///< when nothing was played for a while
constexpr int kIdleAfterPolls = 5000;
constexpr unsigned kLoadSeconds = 600; ///< far beyond what the engine waits

std::chrono::steady_clock::time_point never() {
    return std::chrono::steady_clock::now() + kNever;
}

/// Runs `work` on the message thread and waits for it. False when the loop is ending.
bool on_message_thread(const std::function<void()>& work) {
    std::mutex mutex;
    std::condition_variable changed;
    bool done = false;
    const bool taken = juce::MessageManager::callAsync([&] {
        work();
        const std::lock_guard lock(mutex);
        done = true;
        changed.notify_all();
    });
    if (!taken) return false;
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return done; });
    return true;
}

class Player {
  public:
    Player(SharedHead* head, std::size_t parameters, HostedPlugin& plugin, bool offline)
        : head_(head), parameters_(parameters), plugin_(plugin), offline_(offline) {}

    void run() {
        pthread_setname_np(pthread_self(), "audio");
        ::prctl(PR_SET_TIMERSLACK, 1UL); // short sleeps stay short
#if defined(__SSE__)
        _mm_setcsr(_mm_getcsr() | 0x8040); // denormals are zero: what hosts do for their plug-ins
#endif
        for (std::uint32_t next = 0;; ++next) {
            wait_for(next);
            play(*block_at(head_, next, parameters_));
            head_->done.store(next + 1, std::memory_order_seq_cst);
            if (head_->engine_sleeps.load(std::memory_order_seq_cst) != 0) wake(head_->done);
        }
    }

  private:
    /// Offline the engine wakes us; live it must not even do that, so we look again and again.
    void wait_for(std::uint32_t next) {
        for (int polls = 0; head_->posted.load(std::memory_order_seq_cst) == next; ++polls) {
            if (offline_) {
                head_->child_sleeps.store(1, std::memory_order_seq_cst);
                if (head_->posted.load(std::memory_order_seq_cst) == next)
                    sleep_on(head_->posted, next, 1000);
                head_->child_sleeps.store(0, std::memory_order_seq_cst);
                continue;
            }
            const timespec pause{0, polls > kIdleAfterPolls ? kIdlePollNanoseconds : kPollNanoseconds};
            ::nanosleep(&pause, nullptr);
        }
    }

    void play(SharedBlock& block) {
        if ((block.flags & SharedBlock::kReset) != 0)
            on_message_thread([this] { plugin_.prepare(); }); // JUCE's LV2 host begins afresh in no other way
        const bool keyed = (block.flags & SharedBlock::kKey) != 0;
        for (int tick = 0; tick < kTicks;) {
            if ((block.moved >> tick & 1) != 0) {
                const float* values = tick_values(&block, tick, parameters_);
                for (std::size_t i = 0; i < parameters_; ++i)
                    if (std::isfinite(values[i])) plugin_.set(i, values[i]);
            }
            int end = tick + 1; // ticks without news are played together
            while (end < kTicks && (block.moved >> end & 1) == 0)
                ++end;
            const int at = tick * effects::Effect::kTick;
            const float* in[2] = {block.in[0] + at, block.in[1] + at};
            const float* key[2] = {keyed ? block.key[0] + at : in[0], keyed ? block.key[1] + at : in[1]};
            float* out[2] = {block.out[0] + at, block.out[1] + at};
            plugin_.process(in, key, out, (end - tick) * effects::Effect::kTick);
            tick = end;
        }
    }

    SharedHead* head_;
    std::size_t parameters_;
    HostedPlugin& plugin_;
    bool offline_;
};

/// The shared memory, when it is as large as the parameters need.
SharedHead* map_memory(std::size_t parameters) {
    struct stat status {};
    const std::size_t bytes = shared_bytes(parameters);
    if (::fstat(kMemory, &status) != 0 || static_cast<std::size_t>(status.st_size) < bytes) return nullptr;
    void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, kMemory, 0);
    if (memory == MAP_FAILED) return nullptr;
    auto* head = static_cast<SharedHead*>(memory);
    return head->version == kSharedVersion && head->parameters == parameters ? head : nullptr;
}

int fail(const std::string& why) {
    (void)send_message(kControl, {{"error", why}}, never());
    return 1;
}

/// State first, then what the session sets beside it: parameters reach a plug-in with its next block only,
/// and preparing would forget them.
void set_up(HostedPlugin& plugin, const Lv2Details& details, const json& request) {
    if (const std::string state = request.value("state", ""); !state.empty()) plugin.set_state(state);
    plugin.prepare();
    const json params = request.value("params", json::object());
    for (std::size_t i = 0; i < details.info.parameters.size(); ++i) {
        const auto found = params.find(details.info.parameters[i].symbol);
        if (found != params.end() && found->is_number()) plugin.set(i, found->get<float>());
    }
}

/// Plays a block of silence where the latency is told while playing, and begins afresh.
int measure_latency(HostedPlugin& plugin, const Lv2Details& details) {
    if (!details.info.reports_latency) return 0;
    std::vector<float> silence(kBlock), left(kBlock), right(kBlock);
    const float* in[2] = {silence.data(), silence.data()};
    float* out[2] = {left.data(), right.data()};
    plugin.process(in, in, out, kBlock);
    const int latency = plugin.latency();
    plugin.prepare();
    return latency;
}

[[noreturn]] void control(HostedPlugin& plugin) {
    pthread_setname_np(pthread_self(), "control");
    while (true) {
        auto message = receive_message(kControl, never());
        if (!message) ::_exit(0); // the engine hung up; nothing here is worth an orderly end
        if (!message->contains("save")) continue;
        std::string state;
        on_message_thread([&] { state = plugin.state(); });
        if (!send_message(kControl, {{"state", state}}, never())) ::_exit(0);
    }
}

} // namespace

int run_main(const Arguments& arguments) {
    ::alarm(kLoadSeconds); // nobody is left to end us when the engine dies while a plug-in hangs in loading
    const auto request = receive_message(kControl, never());
    if (!request) return 1;
    const auto all = describe_bundle(arguments.bundle);
    const auto details = std::find_if(all.begin(), all.end(),
                                      [&](const Lv2Details& one) { return one.info.uri == arguments.uri; });
    if (details == all.end()) return fail("is not in its bundle any more");
    const std::size_t parameters = details->info.parameters.size();
    SharedHead* head = map_memory(parameters);
    if (head == nullptr) return fail("has other parameters than when it was scanned");
    const double rate = request->value("rate", 48000.0);
    const bool offline = request->value("offline", true);

    Lv2Host host(arguments.bundle);
    auto plugin = HostedPlugin::load(host, *details, rate, kBlock, offline);
    if (!plugin) return fail(plugin.error().message);
    set_up(**plugin, *details, *request);
    const int latency = measure_latency(**plugin, *details);
    json values = json::array();
    for (std::size_t i = 0; i < parameters; ++i)
        values.push_back((*plugin)->get(i));
    if (!send_message(kControl, {{"ready", true}, {"latency", latency}, {"values", values}}, never()))
        return 1;

    ::alarm(0); // from here on the control thread sees the engine go
    Player player(head, parameters, **plugin, offline);
    std::thread([&player] { player.run(); }).detach();
    std::thread([raw = plugin->get()] { control(*raw); }).detach();
    juce::MessageManager::getInstance()->runDispatchLoop();
    ::_exit(0);
}

} // namespace loopmind::plugins::child
