// The socket where keys that nobody knows yet bring their one-time token.
#pragma once

#include <memory>

#include "coordinator/service/rate_limit.h"
#include "coordinator/service/registrar.h"
#include "loopmind/v1/join.pb.h"
#include "proto/wire/listener.h"

namespace loopmind::service {

/// Everybody may connect, so everything is small: one frame of 512 bytes, connections of half a minute, a few
/// attempts per address. Who holds a token is told what is wrong with it; everybody else learns that it is
/// unknown, whatever he sent. Socket thread only.
class JoinDesk {
  public:
    static constexpr std::size_t kMostMessageBytes = 512;

    /// Of a listener for it.
    static wire::Listener::Limits limits();

    JoinDesk(std::unique_ptr<wire::Listener> listener, Registrar& registrar);

    wire::Listener& listener() { return *listener_; }
    /// Handles at most `most` waiting messages; true when more may wait.
    bool receive(int most);

  private:
    void handle(const v1::JoinRequest& request, const wire::Incoming& incoming);
    void answer(const std::string& routing_id, const Result<store::Redemption>& verdict);
    void refuse(const std::string& routing_id, const Error& error);

    std::unique_ptr<wire::Listener> listener_;
    Registrar& registrar_;
    RateLimit attempts_;
};

} // namespace loopmind::service
