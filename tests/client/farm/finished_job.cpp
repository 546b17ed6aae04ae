// A finished job with real audio, MIDI and session documents in a cache.
#include "tests/client/farm/finished_job.h"

#include "engine/files/midi.h"
#include "engine/files/wav.h"
#include "engine/session/build.h"
#include "proto/base/sha256.h"
#include "proto/request/params.h"
#include "tests/client/temporary_folder.h"

#include <gtest/gtest.h>

namespace loopmind::testing {

namespace {

v1::BlobRef put(const farm::Cache& cache, const std::string& bytes) {
    const auto incoming = cache.new_incoming("made");
    write_text(*incoming, bytes);
    v1::BlobRef ref;
    ref.set_sha256(base::sha256_hex(bytes));
    ref.set_size(bytes.size());
    EXPECT_TRUE(cache.place(*incoming, ref.sha256()).ok());
    return ref;
}

std::string wav_of(const request::Params& params, unsigned seed) {
    std::string bytes;
    const std::int64_t frames = request::total_frames(params);
    auto writer = files::StreamingWavWriter::create(
        params.sample_rate, 2, frames, [&](std::span<const std::byte> part) {
            bytes.append(reinterpret_cast<const char*>(part.data()), part.size());
            return Status();
        });
    std::vector<float> samples(static_cast<std::size_t>(frames));
    for (float& sample : samples) {
        seed = seed * 1664525u + 1013904223u;
        sample = static_cast<float>(seed >> 8) / 16777216.0f - 0.5f;
    }
    EXPECT_TRUE(writer->write(samples, samples).ok());
    EXPECT_TRUE(writer->finish().ok());
    return bytes;
}

void add_output(v1::TaskInfo& task, const std::string& role, const v1::BlobRef& blob) {
    v1::Artifact& artifact = *task.add_outputs();
    artifact.set_role(role);
    *artifact.mutable_blob() = blob;
}

} // namespace

v1::JobInfo make_finished_job(const farm::Cache& cache, const std::string& request_json) {
    const auto request = request::parse_request(request_json);
    EXPECT_TRUE(request.ok()) << (request.ok() ? "" : request.error().text());
    const request::Params params = *request::resolve(*request, 0);
    v1::JobInfo job;
    job.set_job_id("0123456789abcdef0123456789abcdef");
    job.set_state(v1::JOB_STATE_DONE);
    job.set_prompt(params.prompt);
    job.set_resolved_json(request::canonical_json(params));
    job.set_created_ms(1'700'000'000'000);
    job.set_finished_ms(1'700'000'001'000);
    int number = 0;
    const auto add_task = [&](v1::TaskKind kind, int variation, const std::string& stem) -> v1::TaskInfo& {
        v1::TaskInfo& task = *job.add_tasks();
        task.set_task_id(job.job_id() + "." + std::to_string(++number));
        task.set_kind(kind);
        task.set_state(v1::TASK_STATE_DONE);
        task.set_variation(static_cast<unsigned>(variation));
        task.set_stem(stem);
        return task;
    };
    for (int variation = 0; variation < params.variations; ++variation) {
        session::SessionRecipe recipe;
        recipe.tempo = params.tempo;
        recipe.meter = params.meter;
        recipe.bars = params.bars;
        recipe.key = params.key;
        recipe.sample_rate = params.sample_rate;
        recipe.params_json = job.resolved_json();
        unsigned seed = static_cast<unsigned>(variation) * 100;
        for (const std::string& stem : params.stems) {
            files::MidiSong song;
            song.title = stem;
            song.tempo = params.tempo;
            song.key = params.key;
            song.length = params.bars * params.beats_per_bar();
            song.tracks.push_back(
                {stem, static_cast<int>(recipe.stems.size()) + 1, 5, 0, {{0, 1, 60, 100}, {1, 1, 62, 90}}});
            v1::TaskInfo& task = add_task(v1::TASK_KIND_RENDER, variation, stem);
            const v1::BlobRef audio = put(cache, wav_of(params, ++seed));
            const v1::BlobRef midi = put(cache, *files::write_midi(song));
            add_output(task, "audio", audio);
            add_output(task, "midi", midi);
            session::StemTrack track;
            track.id = track.role = stem;
            track.name = "The " + stem;
            track.audio.sha256 = audio.sha256();
            track.midi.sha256 = midi.sha256();
            recipe.stems.push_back(track);
        }
        v1::TaskInfo& finish = add_task(v1::TASK_KIND_FINISH, variation, "");
        add_output(finish, "mix", put(cache, wav_of(params, seed + 50)));
        add_output(finish, "premaster", put(cache, wav_of(params, seed + 51)));
        const auto session = session::build_session_json(recipe);
        EXPECT_TRUE(session.ok()) << (session.ok() ? "" : session.error().text());
        add_output(finish, "session", put(cache, *session));
    }
    return job;
}

} // namespace loopmind::testing
