// A statement sees one state of the database and changes a row once, so a batch in which a task comes twice
// is done in rounds: each round has every task once, in the batch's order, and means what its items one by
// one would.
#include "coordinator/store/postgres/task_batches.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "coordinator/store/postgres/encoding.h"

namespace loopmind::store {
namespace {

using core::Artifact;
using Positions = std::vector<std::size_t>;

template <typename Item> std::vector<Positions> rounds_of(std::span<const Item> items) {
    std::vector<Positions> rounds;
    std::map<std::pair<core::JobKey, std::uint32_t>, std::size_t> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const std::size_t round = seen[{items[i].job, items[i].index}]++;
        if (round == rounds.size()) rounds.emplace_back();
        rounds[round].push_back(i);
    }
    return rounds;
}

// Calls `found` with the position in the batch of each row of a result whose first column is the ordinality
// (from 1).
template <typename Found>
void each_position(const pqxx::result& rows, const Positions& positions, Found&& found) {
    for (const auto& row : rows)
        found(positions.at(static_cast<std::size_t>(row[0].as<std::int64_t>() - 1)), row);
}

void grant_round(Connection& connection, std::span<const GrantItem> items, const Positions& round,
                 const CachedOutputs& cached, std::vector<GrantVerdict>& verdicts) {
    Positions hits;
    Positions rest;
    for (std::size_t i : round)
        (cached[i].empty() ? rest : hits).push_back(i);
    const auto column = [&items](const Positions& positions, auto&& value) {
        return array_of(positions, [&](std::size_t i) { return value(items[i]); });
    };
    if (!hits.empty()) {
        const auto rows = connection.run(
            "answer_tasks_from_cache", column(hits, [](const GrantItem& item) { return item.job; }),
            column(hits, [](const GrantItem& item) { return item.index; }),
            column(hits, [](const GrantItem& item) { return item.epoch; }),
            column(hits, [](const GrantItem& item) { return item.fingerprint; }),
            column(hits, [](const GrantItem& item) { return item.losses; }),
            array_of(hits, [&cached](std::size_t i) { return PlainText{outputs_to_json(cached[i])}; }),
            column(hits, [](const GrantItem& item) { return item.now_ms; }));
        each_position(rows, hits, [&](std::size_t i, const pqxx::row&) {
            verdicts[i] = {GrantVerdict::State::kCached, cached[i]};
        });
    }
    if (!rest.empty()) {
        const auto rows =
            connection.run("grant_tasks", column(rest, [](const GrantItem& item) { return item.job; }),
                           column(rest, [](const GrantItem& item) { return item.index; }),
                           column(rest, [](const GrantItem& item) { return item.epoch; }),
                           column(rest, [](const GrantItem& item) { return item.worker; }),
                           column(rest, [](const GrantItem& item) { return item.incarnation; }),
                           column(rest, [](const GrantItem& item) { return item.losses; }));
        each_position(rows, rest, [&](std::size_t i, const pqxx::row&) {
            verdicts[i].state = GrantVerdict::State::kGranted;
        });
    }
}

// Cache entries and the tenants' blobs of accepted results.
void keep_outputs(Connection& connection, std::span<const CompletionItem> items,
                  const std::vector<PlainText>& json, const Positions& accepted) {
    ArrayLiteral tenants, recipes, outputs, created;
    ArrayLiteral owners, digests, sizes;
    bool any_recipe = false;
    bool any_blob = false;
    for (std::size_t i : accepted) {
        const CompletionItem& item = items[i];
        if (!item.recipe.empty()) {
            any_recipe = true;
            tenants.add(item.tenant);
            recipes.add(item.recipe);
            outputs.add(json[i]);
            created.add(item.now_ms);
        }
        for (const Artifact& output : item.outputs) {
            any_blob = true;
            owners.add(item.tenant);
            digests.add(output.sha256);
            sizes.add(output.size);
        }
    }
    if (any_recipe)
        connection.run("insert_cache_entries", tenants.take(), recipes.take(), outputs.take(),
                       created.take());
    if (any_blob) connection.run("add_blobs", owners.take(), digests.take(), sizes.take());
}

void complete_round(Connection& connection, std::span<const CompletionItem> items,
                    const std::vector<PlainText>& json, const Positions& round,
                    std::vector<CompletionVerdict>& verdicts) {
    const auto column = [&items](const Positions& positions, auto&& value) {
        return array_of(positions, [&](std::size_t i) { return value(items[i]); });
    };
    const auto job = [](const CompletionItem& item) { return item.job; };
    const auto index = [](const CompletionItem& item) { return item.index; };
    const auto epoch = [](const CompletionItem& item) { return item.epoch; };
    const auto worker = [](const CompletionItem& item) { return item.worker; };
    const auto rows = connection.run(
        "complete_tasks", column(round, job), column(round, index), column(round, epoch),
        column(round, worker), column(round, [](const CompletionItem& item) { return item.fingerprint; }),
        array_of(round, [&json](std::size_t i) { return json[i]; }),
        column(round, [](const CompletionItem& item) { return item.now_ms; }));
    each_position(rows, round, [&](std::size_t i, const pqxx::row&) {
        verdicts[i].state = CompletionVerdict::State::kAccepted;
    });
    Positions accepted;
    Positions others;
    for (std::size_t i : round)
        (verdicts[i].state == CompletionVerdict::State::kAccepted ? accepted : others).push_back(i);
    keep_outputs(connection, items, json, accepted);
    if (others.empty()) return;
    const auto repeated = connection.run("find_accepted_attempts", column(others, job), column(others, index),
                                         column(others, epoch), column(others, worker));
    each_position(repeated, others, [&](std::size_t i, const pqxx::row&) {
        verdicts[i].state = CompletionVerdict::State::kRepeated;
    });
}

} // namespace

CachedOutputs find_cached(Connection& connection, const std::vector<std::string>& tenants,
                          const std::vector<std::string>& recipes,
                          const std::function<bool(std::size_t, const Artifact&)>& present) {
    CachedOutputs found(recipes.size());
    Positions asked;
    for (std::size_t i = 0; i < recipes.size(); ++i)
        if (!recipes[i].empty()) asked.push_back(i);
    if (asked.empty()) return found;
    const auto column = [](const Positions& positions, const std::vector<std::string>& values) {
        return array_of(positions, [&values](std::size_t i) { return values[i]; });
    };
    each_position(connection.run("find_cache_entries", column(asked, tenants), column(asked, recipes)), asked,
                  [&](std::size_t i, const pqxx::row& row) {
                      found[i] = outputs_from_json({row[1].c_str(), row[1].size()});
                  });
    Positions gone; // bytes that somebody removed: the recipe is rendered again
    for (std::size_t i : asked)
        if (!std::all_of(found[i].begin(), found[i].end(),
                         [&](const Artifact& output) { return present(i, output); })) {
            gone.push_back(i);
            found[i].clear();
        }
    if (!gone.empty()) connection.run("delete_cache_entries", column(gone, tenants), column(gone, recipes));
    return found;
}

std::vector<GrantVerdict> grant_items(Connection& connection, std::span<const GrantItem> items) {
    std::vector<std::string> tenants, recipes;
    for (const GrantItem& item : items) {
        tenants.push_back(item.tenant);
        recipes.push_back(item.recipe);
    }
    const CachedOutputs cached =
        find_cached(connection, tenants, recipes, [&items](std::size_t i, const Artifact& output) {
            return !items[i].blob_present || items[i].blob_present(output);
        });
    std::vector<GrantVerdict> verdicts(items.size());
    for (const Positions& round : rounds_of(items))
        grant_round(connection, items, round, cached, verdicts);
    return verdicts;
}

std::vector<CompletionVerdict> complete_items(Connection& connection, std::span<const CompletionItem> items) {
    std::vector<PlainText> json;
    for (const CompletionItem& item : items)
        json.push_back({outputs_to_json(item.outputs)});
    std::vector<CompletionVerdict> verdicts(items.size());
    for (const Positions& round : rounds_of(items))
        complete_round(connection, items, json, round, verdicts);
    return verdicts;
}

bool fail_item(Connection& connection, const FailureItem& item) {
    const auto job = static_cast<std::int64_t>(item.job);
    const auto index = static_cast<std::int64_t>(item.index);
    const auto epoch = static_cast<std::int64_t>(item.failure.epoch);
    const auto state = item.give_up ? core::TaskState::kFailed : core::TaskState::kReady;
    if (connection.run("fail_task", job, index, epoch, static_cast<int>(state), item.losses)
            .affected_rows() == 0)
        return false;
    const Error& why = item.failure.error;
    connection.run("insert_failure", job, index, epoch, escape_text(item.failure.worker),
                   static_cast<int>(item.failure.fault), static_cast<int>(why.code), escape_text(why.field),
                   escape_text(why.message), escape_text(why.hint));
    if (!item.give_up) return true;
    connection.run("fail_job", job, static_cast<std::int64_t>(item.now_ms), static_cast<int>(item.error.code),
                   escape_text(item.error.field), escape_text(item.error.message),
                   escape_text(item.error.hint));
    connection.run("cancel_tasks", job);
    return true;
}

} // namespace loopmind::store
