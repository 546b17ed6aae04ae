// What peers were sent and have not said to have read: bounds the memory that slow ones can hold.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

namespace loopmind::service {

/// Counts bytes by session and stream, also of streams that were sent to their end. A session that reads
/// nothing keeps at most kOfSession of memory busy, however many streams it opens.
class Backlog {
  public:
    static constexpr std::uint64_t kOfSession = std::uint64_t{16} << 20;

    /// Bytes that may be sent to the session now.
    std::uint64_t room(std::uint64_t session) const;
    void sent(std::uint64_t session, std::uint64_t stream, std::uint64_t bytes);
    /// The peer has read so many bytes; more than it was sent count as all of them.
    void read(std::uint64_t session, std::uint64_t stream, std::uint64_t bytes);
    /// The peer closed the stream: what is on the way is read and thrown away.
    void forget(std::uint64_t session, std::uint64_t stream);
    void forget_all(std::uint64_t session);

  private:
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> streams_; ///< only those above 0
    std::map<std::uint64_t, std::uint64_t> sessions_;                          ///< only those above 0
};

} // namespace loopmind::service
