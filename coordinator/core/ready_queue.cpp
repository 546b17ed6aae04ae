// Accounts form a tree of class, tenant, user and job; each keeps its children in order for every shape that
// waits below it.
#include "coordinator/core/ready_queue.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace loopmind::core {
namespace {

std::string user_name(const std::string& tenant, const std::string& user) {
    return tenant + "\n" + user;
}

/// Where an account stands among its siblings.
struct Standing {
    std::int64_t rank = 0; ///< jobs: lower goes first, whatever the time
    double time = 0;       ///< virtual
    std::uint64_t serial = 0;
    auto order() const { return std::tie(rank, time, serial); }
    bool operator<(const Standing& other) const { return order() < other.order(); }
    bool operator==(const Standing& other) const { return serial == other.serial; }
};

} // namespace

/// Grants of one tenant or user over all classes, or of one job.
struct ReadyQueue::Usage {
    std::uint32_t running = 0;
    std::uint32_t cap = UINT32_MAX;
    std::vector<Account*> accounts; ///< one for each class that the tenant or user has had work in
    bool full() const { return running >= cap; }
};

struct ReadyQueue::Account {
    Account* parent = nullptr;
    Standing standing;
    double weight = 1;
    double level_now = 0; ///< virtual time among the children
    Usage* usage = nullptr;
    Usage own_usage; ///< of a job
    JobKey job = 0;  ///< of a job
    int shown = 0;   ///< shapes under which the parent lists it
    bool full = false;
    std::unordered_map<std::string, std::unique_ptr<Account>> children; ///< of classes and tenants
    std::map<Shape, std::map<Standing, Account*>> listed;               ///< children by shape
    std::map<Shape, std::set<std::uint32_t>> tasks;                     ///< of a job

    bool waits(Shape shape) const { return listed.contains(shape) || tasks.contains(shape); }
    template <typename Do> void each_shape(Do act) const {
        for (const auto& entry : listed)
            act(entry.first);
        for (const auto& entry : tasks)
            act(entry.first);
    }
};

struct ReadyQueue::Place {
    Standing tenant, user, job;
    TaskRef task;
    bool before(const Place& other) const {
        return std::tie(tenant, user, job, task.index) <
               std::tie(other.tenant, other.user, other.job, other.task.index);
    }
};

struct ReadyQueue::Books {
    std::uint64_t serial = 0;
    std::unordered_map<std::string, Usage> tenants;
    std::unordered_map<std::string, Usage> users; ///< by tenant + '\n' + user
    std::unordered_map<JobKey, std::unique_ptr<Account>> jobs;
};

ReadyQueue::ReadyQueue(ReadyQueueConfig config) : config_(config), books_(std::make_unique<Books>()) {
    for (auto& root : roots_)
        root = std::make_unique<Account>();
}

ReadyQueue::~ReadyQueue() = default;

// --- rules

void ReadyQueue::set_tenant_rule(const std::string& tenant, ShareRule rule) {
    rules_[tenant] = rule;
    books_->tenants[tenant].cap = rule.cap;
    for (auto& root : roots_) {
        const auto found = root->children.find(tenant);
        if (found == root->children.end()) continue;
        found->second->weight = rule.weight;
        refresh(*found->second);
    }
}

void ReadyQueue::set_user_rule(const std::string& tenant, const std::string& user, ShareRule rule) {
    rules_[user_name(tenant, user)] = rule;
    books_->users[user_name(tenant, user)].cap = rule.cap;
    for (auto& root : roots_) {
        const auto owner = root->children.find(tenant);
        if (owner == root->children.end()) continue;
        const auto found = owner->second->children.find(user);
        if (found == owner->second->children.end()) continue;
        found->second->weight = rule.weight;
        refresh(*found->second);
    }
}

void ReadyQueue::set_job_cap(JobKey job, std::uint32_t cap) {
    const auto found = books_->jobs.find(job);
    if (found == books_->jobs.end()) return;
    found->second->own_usage.cap = cap;
    refresh(*found->second);
}

// --- jobs

ReadyQueue::Account& ReadyQueue::enter(Account& parent, const std::string& name, Usage& usage,
                                       const std::string& rule) {
    auto& slot = parent.children[name];
    if (slot) return *slot;
    slot = std::make_unique<Account>();
    slot->parent = &parent;
    slot->standing.serial = ++books_->serial;
    slot->usage = &usage;
    usage.accounts.push_back(slot.get());
    if (const auto found = rules_.find(rule); found != rules_.end()) slot->weight = found->second.weight;
    slot->full = usage.full();
    return *slot;
}

void ReadyQueue::add_job(JobKey job, const ShareOf& share) {
    if (books_->jobs.contains(job)) return;
    Account& root = *roots_[static_cast<std::size_t>(share.job_class)];
    const std::string both = user_name(share.tenant, share.user);
    Account& tenant = enter(root, share.tenant, books_->tenants[share.tenant], share.tenant);
    Account& user = enter(tenant, share.user, books_->users[both], both);
    auto account = std::make_unique<Account>();
    account->parent = &user;
    account->standing = {-static_cast<std::int64_t>(share.priority), 0, ++books_->serial};
    account->usage = &account->own_usage;
    account->own_usage.accounts = {account.get()};
    account->job = job;
    books_->jobs[job] = std::move(account);
}

void ReadyQueue::remove_job(JobKey job) {
    const auto found = books_->jobs.find(job);
    if (found == books_->jobs.end()) return;
    Account& account = *found->second;
    while (!account.tasks.empty())
        erase({job, *account.tasks.begin()->second.begin()});
    while (account.own_usage.running > 0)
        ended(job, 0);
    books_->jobs.erase(found);
}

// --- what waits

/// The account has something of this shape now: its parent lists it unless it is full.
void ReadyQueue::show(Account& account, Shape shape) {
    if (account.full || account.parent == nullptr) return;
    Account& parent = *account.parent;
    // Idle time earns nothing: who comes back starts at the present.
    if (account.shown == 0) account.standing.time = std::max(account.standing.time, parent.level_now);
    const bool first = !parent.waits(shape);
    if (!parent.listed[shape].emplace(account.standing, &account).second) return;
    ++account.shown;
    if (first) show(parent, shape);
}

void ReadyQueue::hide(Account& account, Shape shape) {
    if (account.parent == nullptr) return;
    Account& parent = *account.parent;
    const auto list = parent.listed.find(shape);
    if (list == parent.listed.end() || list->second.erase(account.standing) == 0) return;
    --account.shown;
    if (!list->second.empty()) return;
    parent.listed.erase(list);
    hide(parent, shape);
}

/// The account's cap or count has changed.
void ReadyQueue::refresh(Account& account) {
    const bool full = account.usage->full();
    if (full == account.full) return;
    std::vector<Shape> shapes;
    account.each_shape([&shapes](Shape shape) { shapes.push_back(shape); });
    if (full)
        for (const Shape shape : shapes)
            hide(account, shape);
    account.full = full;
    if (!full)
        for (const Shape shape : shapes)
            show(account, shape);
}

bool ReadyQueue::insert(TaskRef task, Shape shape, Millis now) {
    const auto found = books_->jobs.find(task.job);
    if (found == books_->jobs.end() || !waiting_.emplace(task, shape).second) return false;
    Account& account = *found->second;
    const std::size_t job_class = class_of(account);
    if (roots_[job_class]->listed.empty()) waiting_since_[job_class] = now;
    const bool first = !account.waits(shape);
    account.tasks[shape].insert(task.index);
    if (first) show(account, shape);
    return true;
}

bool ReadyQueue::erase(TaskRef task) {
    const auto found = waiting_.find(task);
    if (found == waiting_.end()) return false;
    const Shape shape = found->second;
    waiting_.erase(found);
    Account& account = *books_->jobs.at(task.job);
    const auto list = account.tasks.find(shape);
    list->second.erase(task.index);
    if (list->second.empty()) {
        account.tasks.erase(list);
        hide(account, shape);
    }
    return true;
}

// --- picking

std::size_t ReadyQueue::class_of(const Account& job) const {
    const Account* root = job.parent->parent->parent;
    for (std::size_t i = 0; i < roots_.size(); ++i)
        if (roots_[i].get() == root) return i;
    return 0;
}

ReadyQueue::Place ReadyQueue::first_of(const Account& root, Shape shape) const {
    Place out;
    const auto down = [shape](const Account& account, Standing& standing) -> const Account& {
        const auto& first = *account.listed.at(shape).begin();
        standing = first.first;
        return *first.second;
    };
    const Account& tenant = down(root, out.tenant);
    const Account& user = down(tenant, out.user);
    const Account& job = down(user, out.job);
    out.task = {job.job, *job.tasks.at(shape).begin()};
    return out;
}

std::optional<TaskRef> ReadyQueue::pick(const std::function<bool(Shape)>& has_room, Millis now,
                                        std::optional<JobClass> only) const {
    std::map<Shape, bool> room;
    const auto first_in = [&](std::size_t job_class) {
        std::optional<Place> best;
        for (const auto& entry : roots_[job_class]->listed) {
            const auto [known, asked] = room.try_emplace(entry.first, false);
            if (asked) known->second = has_room(entry.first);
            if (!known->second) continue;
            const Place place = first_of(*roots_[job_class], entry.first);
            if (!best || place.before(*best)) best = place;
        }
        return best;
    };
    if (only) {
        const auto place = first_in(static_cast<std::size_t>(*only));
        return place ? std::optional(place->task) : std::nullopt;
    }
    for (std::size_t i = 1; i < kJobClasses; ++i) {
        if (roots_[i]->listed.empty() || now - waiting_since_[i] < config_.starvation[i]) continue;
        if (const auto place = first_in(i)) return place->task;
    }
    for (std::size_t i = 0; i < kJobClasses; ++i)
        if (const auto place = first_in(i)) return place->task;
    return std::nullopt;
}

// --- charging

/// Moves the account's virtual time and its place in every list.
void ReadyQueue::move_on(Account& account, double cost) {
    Account& parent = *account.parent;
    parent.level_now = std::max(parent.level_now, account.standing.time);
    std::vector<Shape> shapes;
    if (account.shown > 0)
        account.each_shape([&](Shape shape) {
            if (parent.listed.at(shape).erase(account.standing) > 0) shapes.push_back(shape);
        });
    account.standing.time = std::max(0.0, account.standing.time + cost / account.weight);
    for (const Shape shape : shapes)
        parent.listed.at(shape).emplace(account.standing, &account);
}

void ReadyQueue::grant(TaskRef task, double cost, Millis now) {
    const auto found = books_->jobs.find(task.job);
    if (found == books_->jobs.end()) return;
    Account& job = *found->second;
    waiting_since_[class_of(job)] = now;
    for (Account* account = &job; account->parent != nullptr; account = account->parent)
        move_on(*account, cost);
    erase(task);
}

void ReadyQueue::count_running(JobKey key) {
    const auto found = books_->jobs.find(key);
    if (found != books_->jobs.end()) count(*found->second, true);
}

void ReadyQueue::count(Account& job, bool more) {
    for (Usage* usage : {job.usage, job.parent->usage, job.parent->parent->usage}) {
        usage->running += more ? 1 : -1;
        for (Account* account : usage->accounts)
            refresh(*account);
    }
}

void ReadyQueue::ended(JobKey key, double correction) {
    const auto found = books_->jobs.find(key);
    if (found == books_->jobs.end() || found->second->own_usage.running == 0) return;
    Account& job = *found->second;
    if (correction != 0)
        for (Account* account = &job; account->parent != nullptr; account = account->parent)
            move_on(*account, correction);
    count(job, false);
}

std::uint32_t ReadyQueue::running(JobKey key) const {
    const auto found = books_->jobs.find(key);
    return found == books_->jobs.end() ? 0 : found->second->own_usage.running;
}

std::uint32_t ReadyQueue::tenant_running(const std::string& tenant) const {
    const auto found = books_->tenants.find(tenant);
    return found == books_->tenants.end() ? 0 : found->second.running;
}

} // namespace loopmind::core
