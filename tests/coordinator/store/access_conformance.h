// The conformance suite of access stores; each implementation instantiates it in its program.
#pragma once

#include "coordinator/store/access_store.h"
#include "tests/coordinator/store/store_fixture.h"

namespace loopmind::store {

struct AccessImplementation {
    const char* name;
    /// Opens the access store of a folder, making its database where missing.
    std::function<Result<std::unique_ptr<AccessStore>>(const std::filesystem::path& folder)> open;
};

class AccessConformance : public ::testing::TestWithParam<AccessImplementation> {
  protected:
    void SetUp() override { store_ = open(); }
    std::unique_ptr<AccessStore> open() {
        auto opened = GetParam().open(folder_.path());
        EXPECT_TRUE(opened.ok()) << opened.error().text();
        return opened.ok() ? std::move(*opened) : nullptr;
    }

    ScratchFolder folder_;
    std::unique_ptr<AccessStore> store_;
};

} // namespace loopmind::store
