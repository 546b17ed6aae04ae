// Two minutes of trouble, then peace, in which everything must end.
#include "tests/sim/virtual_farm.h"

#include <spdlog/spdlog.h>

#include <memory>

#include "tests/sim/promises.h"

namespace loopmind::sim {
namespace {

constexpr Millis kPeace{900'000};

class VirtualFarm {
  public:
    VirtualFarm(std::uint64_t seed, Plant plant, bool traced)
        : world_(seed, traced, plant), promises_(world_, workers_, clients_, coordinators_) {
        world_.hostile = time().chance(25);
        trouble_ = time().between(15'000, 60'000);
        world_.database->away = [this] { return time().now() < away_until_; };
        world_.database->commit_fate = [this] { return fate(); };
        world_.blobs.full = [this] { return time().now() < full_until_; };
        world_.told = [this](const worker::Attempt& attempt, bool accepted) {
            promises_.told(attempt, accepted);
        };
        for (int i = 0; i < 2; ++i)
            coordinators_.push_back(
                std::make_unique<SimCoordinator>(world_, std::string(1, static_cast<char>('A' + i))));
        for (int i = 0; i < 2 + time().pick(3); ++i)
            workers_.push_back(std::make_unique<SimWorker>(world_, "w" + std::to_string(i),
                                                           1 + time().pick(3), [this] { return anybody(); }));
        for (const char* tenant : {"t", "u"})
            clients_.push_back(std::make_unique<SimClient>(world_, tenant, [this] { return anybody(); }));
    }

    void run() {
        for (auto& coordinator : coordinators_)
            coordinator->start();
        for (auto& worker : workers_)
            worker->start();
        time().after(Millis{100}, [this] { mischief(); });
        while (time().step(trouble_))
            promises_.check_moment();
        make_peace();
        const Millis end = trouble_ + kPeace;
        for (Millis next = trouble_; next < end && !promises_.unfinished().empty(); next += Millis{2000}) {
            for (auto& client : clients_)
                client->insist();
            while (time().step(next))
                promises_.check_moment();
        }
        promises_.check_tables();
        if (const std::string words = promises_.unfinished(); !words.empty()) throw Broken(words);
    }

    const World& world() const { return world_; }

  private:
    Timeline& time() { return world_.time; }

    SimCoordinator* anybody() {
        const int first = time().pick(static_cast<int>(coordinators_.size()));
        for (std::size_t i = 0; i < coordinators_.size(); ++i) {
            SimCoordinator& one =
                *coordinators_[(static_cast<std::size_t>(first) + i) % coordinators_.size()];
            if (one.serves()) return &one;
        }
        return nullptr;
    }

    CommitFate fate() {
        if (peace_) return CommitFate::kCommitted;
        const int luck = time().pick(100);
        if (luck < 3) return CommitFate::kLost;
        return luck < 5 ? CommitFate::kCommittedButUntold : CommitFate::kCommitted;
    }

    void restart(Process& process, const std::function<void()>& start) {
        time().after(time().between(100, 15'000), [&process, start] {
            if (!process.up()) start();
        });
    }

    // One thing goes wrong, or a client wants something.
    void mischief() {
        if (peace_) return;
        time().after(time().between(50, 1500), [this] { mischief(); });
        SimCoordinator& coordinator = *coordinators_[static_cast<std::size_t>(time().pick(2))];
        SimWorker& worker =
            *workers_[static_cast<std::size_t>(time().pick(static_cast<int>(workers_.size())))];
        SimClient& client = *clients_[static_cast<std::size_t>(time().pick(2))];
        const int what = time().pick(100);
        if (what < 30) {
            if (submitted_++ < 14) client.submit();
        } else if (what < 38) {
            client.cancel_one();
        } else if (what < 42) {
            client.retry_one();
        } else if (what < 50) {
            if (!worker.up()) return;
            worker.stopped() || time().chance(70) ? worker.kill() : worker.stop();
            restart(worker, [&worker] { worker.start(); });
        } else if (what < 58) {
            worker.cut();
        } else if (what < 63) {
            worker.hold(time().now() + time().between(500, 40'000));
        } else if (what < 70) {
            worker.stop_until(time().now() + time().between(500, 25'000));
        } else if (what < 75) {
            if (!coordinator.up()) return;
            coordinator.kill();
            restart(coordinator, [&coordinator] { coordinator.start(); });
        } else if (what < 82) {
            coordinator.stop_until(time().now() + time().between(500, 20'000));
        } else if (what < 87) {
            away_until_ = time().now() + time().between(100, 8'000);
        } else if (what < 90) {
            full_until_ = time().now() + time().between(100, 8'000);
        } else if (what < 94) {
            world_.wall += std::chrono::hours(time().pick(48) - 24); // decides nothing
        }
    }

    void make_peace() {
        time().trace([] { return std::string("peace"); });
        peace_ = true;
        away_until_ = full_until_ = Millis{0};
        for (auto& coordinator : coordinators_) {
            if (!coordinator->up()) coordinator->start();
        }
        for (auto& worker : workers_) {
            worker->behave();
            if (!worker->up()) worker->start();
            // A connection that lost single messages is none that TCP knows: the worker comes back on
            // another.
            if (world_.hostile) worker->cut();
        }
        world_.hostile = false;
    }

    World world_;
    std::vector<std::unique_ptr<SimCoordinator>> coordinators_;
    std::vector<std::unique_ptr<SimWorker>> workers_;
    std::vector<std::unique_ptr<SimClient>> clients_;
    Promises promises_;
    Millis trouble_{0};
    Millis away_until_{0};
    Millis full_until_{0};
    int submitted_ = 0;
    bool peace_ = false;
};

} // namespace

Outcome run_virtual_farm(std::uint64_t seed, Plant plant, bool traced) {
    spdlog::set_level(spdlog::level::off);
    Outcome outcome;
    VirtualFarm farm(seed, plant, traced);
    try {
        farm.run();
    } catch (const Broken& broken) {
        outcome.broken = broken.what();
    }
    outcome.trace = farm.world().time.lines();
    for (const auto& [key, job] : farm.world().database->jobs)
        for (const core::TaskRecord& task : job->tasks)
            if (task.state == core::TaskState::kDone) ++outcome.tasks;
    return outcome;
}

std::optional<std::uint64_t> first_broken_seed(std::uint64_t first, std::uint64_t count, Plant plant) {
    for (std::uint64_t seed = first; seed < first + count; ++seed)
        if (!run_virtual_farm(seed, plant).broken.empty()) return seed;
    return std::nullopt;
}

} // namespace loopmind::sim
