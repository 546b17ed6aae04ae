// Detached processes: pid files that a reused pid cannot fool, ready files, early deaths, stopping.
#include "client/cli/processes.h"

#include "tests/client/temporary_folder.h"

#include <gtest/gtest.h>

#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

namespace loopmind::cli {
namespace {

namespace fs = std::filesystem;
using testing::read_text;
using testing::TemporaryFolder;
using testing::write_text;

class Processes : public ::testing::Test {
  protected:
    /// A service that is a shell script; $2 is its ready file.
    Service script(const std::string& body) {
        write_text(folder_.path() / "program", "#!/bin/sh\n" + body + "\n");
        ::chmod((folder_.path() / "program").c_str(), 0755);
        Service service;
        service.name = "thing";
        service.program = folder_.path() / "program";
        service.run_folder = folder_.path() / "run";
        return service;
    }
    TemporaryFolder folder_;
};

TEST_F(Processes, StartWaitAndStop) {
    Service service = script("echo started; echo yes > \"$2\"; exec sleep 1000");
    const auto process = start_detached(service);
    ASSERT_TRUE(process.ok()) << process.error().text();
    ASSERT_TRUE(wait_ready(service, *process, std::chrono::seconds(20)).ok());
    EXPECT_EQ(running(service.pid_file()), *process);
    EXPECT_EQ(::getsid(*process), *process) << "a session of its own";
    EXPECT_EQ(read_text(service.log_file()), "started\n");
    const auto killed = stop(service.pid_file(), std::chrono::seconds(20));
    ASSERT_TRUE(killed.ok());
    EXPECT_FALSE(*killed);
    EXPECT_FALSE(running(service.pid_file()));
    EXPECT_FALSE(fs::exists(service.pid_file()));
    EXPECT_FALSE(fs::exists(service.ready_file()));
}

TEST_F(Processes, OneThatIgnoresSigtermIsKilled) {
    Service service = script("trap '' TERM; echo yes > \"$2\"; while :; do sleep 0.05; done");
    const auto process = start_detached(service);
    ASSERT_TRUE(process.ok());
    ASSERT_TRUE(wait_ready(service, *process, std::chrono::seconds(20)).ok());
    const auto killed = stop(service.pid_file(), std::chrono::milliseconds(50));
    ASSERT_TRUE(killed.ok());
    EXPECT_TRUE(*killed);
    EXPECT_FALSE(running(service.pid_file()));
}

TEST_F(Processes, AnEarlyDeathIsToldWithTheEndOfTheLog) {
    Service service = script("echo first; echo the port is taken; exit 3");
    write_text(service.log_file(), "what an earlier run said\n");
    const auto process = start_detached(service);
    ASSERT_TRUE(process.ok());
    const Status ready = wait_ready(service, *process, std::chrono::seconds(20));
    ASSERT_FALSE(ready.ok());
    EXPECT_NE(ready.error().message.find("the port is taken"), std::string::npos) << ready.error().text();
    EXPECT_EQ(ready.error().message.find("earlier run"), std::string::npos) << ready.error().text();
    EXPECT_EQ(ready.error().field, "thing");
}

TEST_F(Processes, AProgramThatCannotStartIsAnError) {
    Service service = script("true");
    service.program = folder_.path() / "absent";
    EXPECT_EQ(start_detached(service).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(output_of(folder_.path() / "absent", {}).error().code, ErrorCode::kNotFound);
}

TEST_F(Processes, APidOfAnotherProcessIsNotOurs) {
    write_text(folder_.path() / "x.pid", std::to_string(::getpid()) + " 1\n");
    EXPECT_FALSE(running(folder_.path() / "x.pid")) << "alive, but started at another time";
    write_text(folder_.path() / "x.pid", "1\n");
    EXPECT_FALSE(running(folder_.path() / "x.pid"));
    write_text(folder_.path() / "x.pid", "nonsense");
    EXPECT_FALSE(running(folder_.path() / "x.pid"));
    EXPECT_TRUE(stop(folder_.path() / "x.pid", std::chrono::seconds(1)).ok()) << "and nobody was signalled";
}

TEST_F(Processes, OutputAndItsErrors) {
    EXPECT_EQ(*output_of("/bin/sh", {"-c", "echo out; echo err >&2"}), "out\n");
    const auto failed = output_of("/bin/sh", {"-c", "echo 'error: key: is wrong' >&2; exit 1"});
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error().message, "key: is wrong");
    EXPECT_EQ(output_of("/bin/sh", {"-c", "head -c 300000 /dev/zero >&2; echo fine"}).value(), "fine\n")
        << "no deadlock";
}

} // namespace
} // namespace loopmind::cli
