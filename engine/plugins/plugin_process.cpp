// Memory, child, watcher.
#include "engine/plugins/plugin_process.h"

#include "proto/base/durable_file.h"

#include <cerrno>
#include <cmath>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

namespace loopmind::plugins {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kMaxLatency = 1 << 20;
constexpr int kSliceMilliseconds = 100; ///< of waiting offline, between looks at the clock

/// Memory that can be shared and never changes its size again.
Result<Descriptor> sealed_memory(std::size_t bytes) {
    Descriptor memory(::memfd_create("loopmind-plugin", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!memory || ::ftruncate(memory.get(), static_cast<off_t>(bytes)) != 0 ||
        ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return base::file_error("shared memory", "cannot be made", errno);
    return memory;
}

} // namespace

Result<std::unique_ptr<PluginProcess>> PluginProcess::start(const PluginInfo& info, const PluginSetup& setup,
                                                            const ProcessOptions& options) {
    std::unique_ptr<PluginProcess> out(new PluginProcess);
    out->options_ = options;
    out->bytes_ = shared_bytes(info.parameters.size());
    auto memory = sealed_memory(out->bytes_);
    if (!memory) return memory.error();
    void* mapped = ::mmap(nullptr, out->bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, memory->get(), 0);
    if (mapped == MAP_FAILED) return base::file_error("shared memory", "cannot be mapped", errno);
    out->head_ = new (mapped) SharedHead{};
    out->head_->version = kSharedVersion;
    out->head_->parameters = static_cast<std::uint32_t>(info.parameters.size());
    // Audio threads must not find it paged out or not yet there; without the right it is touched at least.
    ::mlock(mapped, out->bytes_);
    auto child = start_plugin_child(
        options.program,
        {"run", "--bundle", info.bundle, "--uri", info.uri, "--memory", std::to_string(options.memory_bytes)},
        memory->get());
    if (!child) return child.error();
    out->child_ = std::move(*child);
    if (Status ready = out->set_up(info, setup); !ready) return ready.error();
    out->watcher_ = std::thread([raw = out.get()] { raw->watch(); });
    return out;
}

Status PluginProcess::set_up(const PluginInfo& info, const PluginSetup& setup) {
    const auto until = Clock::now() + std::chrono::seconds(options_.load_seconds);
    const json request = {{"rate", setup.rate},
                          {"offline", options_.offline},
                          {"state", setup.state},
                          {"params", setup.params}};
    Status sent = send_message(child_.control.get(), request, until);
    auto answer = sent ? receive_message(child_.control.get(), until) : Result<json>(sent.error());
    if (!answer) {
        Error error = answer.error();
        if (error.code == ErrorCode::kResourceExhausted)
            error.message = "was not ready within " + std::to_string(options_.load_seconds) + " s";
        if (error.code == ErrorCode::kUnavailable) {
            child_.child.kill();
            error.message = process::how_it_ended(child_.child.reap()) + " while it was loaded";
        }
        return error;
    }
    if (const auto why = answer->find("error"); why != answer->end() && why->is_string())
        return Error{ErrorCode::kUnavailable, "", why->get<std::string>().substr(0, 1000), ""};
    const Error nonsense{ErrorCode::kDataCorrupt, "", "gave an answer that cannot be understood", ""};
    const json latency = answer->value("latency", json()), values = answer->value("values", json());
    if (!latency.is_number_integer() || !values.is_array() || values.size() != info.parameters.size())
        return nonsense;
    latency_ = static_cast<int>(std::clamp<std::int64_t>(latency.get<std::int64_t>(), 0, kMaxLatency));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const float value = values[i].is_number() ? values[i].get<float>() : std::nanf("");
        values_.push_back(std::isfinite(value) ? value : info.parameters[i].initial);
    }
    return {};
}

PluginProcess::~PluginProcess() {
    ending_.store(true);
    child_.child.kill();
    if (watcher_.joinable()) watcher_.join();
    if (head_ != nullptr) ::munmap(head_, bytes_);
}

void PluginProcess::watch() {
    ::pthread_setname_np(::pthread_self(), "plugin-watch");
    const int status = child_.child.wait_for_end();
    bury(ending_.load() ? "" : process::how_it_ended(status));
}

/// Tells everybody that the child is dead.
void PluginProcess::bury(const std::string& why) {
    {
        const std::lock_guard lock(mutex_);
        if (why_.empty()) why_ = why;
    }
    dead_.store(true, std::memory_order_release);
    wake(head_->done); // whoever waits offline
}

void PluginProcess::give_up(const std::string& why) {
    {
        const std::lock_guard lock(mutex_);
        if (why_.empty()) why_ = why;
    }
    dead_.store(true, std::memory_order_release);
    child_.child.kill();
}

std::string PluginProcess::why() const {
    const std::lock_guard lock(mutex_);
    return why_;
}

SharedBlock* PluginProcess::next_block() noexcept {
    // Its slot is free when the block that was there before is finished.
    const std::uint32_t done = head_->done.load(std::memory_order_acquire);
    if (posted_ - done >= static_cast<std::uint32_t>(kSlots)) return nullptr;
    return block_at(head_, posted_, values_.size());
}

void PluginProcess::post() noexcept {
    ++posted_;
    head_->posted.store(posted_, std::memory_order_seq_cst);
    // Only offline children sleep so: live, the child looks for itself and nothing is called here.
    if (options_.offline && head_->child_sleeps.load(std::memory_order_seq_cst) != 0) wake(head_->posted);
}

bool PluginProcess::finished(std::uint32_t number) const noexcept {
    // A child that counts wrongly gets its wrong samples played, nothing worse.
    return static_cast<std::int32_t>(head_->done.load(std::memory_order_acquire) - number) > 0;
}

const SharedBlock* PluginProcess::block(std::uint32_t number) const noexcept {
    return block_at(head_, number, values_.size());
}

bool PluginProcess::wait(std::uint32_t number) noexcept {
    const auto until = Clock::now() + std::chrono::seconds(options_.answer_seconds);
    while (!finished(number)) {
        if (dead()) return false;
        if (Clock::now() >= until) {
            give_up("did not answer within " + std::to_string(options_.answer_seconds) + " s");
            return false;
        }
        const std::uint32_t done = head_->done.load(std::memory_order_seq_cst);
        head_->engine_sleeps.store(1, std::memory_order_seq_cst);
        if (!finished(number) && !dead()) sleep_on(head_->done, done, kSliceMilliseconds);
        head_->engine_sleeps.store(0, std::memory_order_seq_cst);
    }
    return true;
}

Result<std::string> PluginProcess::save_state() {
    const auto until = Clock::now() + std::chrono::seconds(options_.answer_seconds);
    if (Status sent = send_message(child_.control.get(), {{"save", 1}}, until); !sent) return sent.error();
    auto answer = receive_message(child_.control.get(), until);
    if (!answer) return answer.error();
    const auto state = answer->find("state");
    if (state == answer->end() || !state->is_string())
        return Error{ErrorCode::kDataCorrupt, "", "gave an answer that cannot be understood", ""};
    return state->get<std::string>();
}

} // namespace loopmind::plugins
