// Every blob that the database refers to, in order: what a check compares the blob folder with.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "proto/base/result.h"

namespace loopmind::store {

/// A blob, and who refers to it.
struct CensusEntry {
    std::string sha256;
    std::uint64_t size = 0; ///< The largest that is written anywhere; they should all be equal.
    bool owned = false;     ///< A tenant put it or got it as a result.
    bool output = false;    ///< A task of a job has it as output.
    bool cached = false;    ///< The cache answers with it.
};

/// One thread owns it. Reads one state of the database, beside a running coordinator too.
class BlobCensus {
  public:
    virtual ~BlobCensus() = default;
    /// Calls `each` for every blob once, in order of hash; memory does not grow with their number. Ends early
    /// when `each` returns false. Errors: unavailable.
    virtual Status run(const std::function<bool(const CensusEntry&)>& each) = 0;
};

} // namespace loopmind::store
