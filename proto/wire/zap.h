// Who may connect: a ZAP (RFC 27) handler thread that asks an allow-list for each CURVE handshake.
#pragma once

#include "proto/base/result.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace zmq {
class context_t;
}

namespace loopmind::wire {

/// An enrolled key.
struct Identity {
    std::string name;
    std::string role; ///< worker producer viewer admin
    std::string tenant;
};

/// Answers for one key (Z85, 40 characters): its identity, or nothing when it is not enrolled. Called on the
/// handler's thread, so it must be thread-safe and quick; it must not throw.
using Lookup = std::function<std::optional<Identity>(const std::string& public_key)>;

/// Serves inproc://zeromq.zap.01 of one context, with one allow-list per ZAP domain. Start it before the
/// first Listener opens and keep it alive longer than all of them.
///
/// A key that is not enrolled is answered with ZAP status 300: libzmq then sends the peer nothing more and
/// closes the connection when the time for its handshake is over (400 and 500 would send a ZMTP ERROR command
/// that tells the peer that it spoke to the right server and was refused). The User-Id of every message is
/// the peer's public key in Z85.
class ZapHandler {
  public:
    /// Keys are ZAP domains, e.g. "clients" and "workers". A domain that is not listed admits nobody.
    static Result<std::unique_ptr<ZapHandler>> start(zmq::context_t& context,
                                                     std::map<std::string, Lookup> domains);
    /// Stops and joins the thread.
    ~ZapHandler();
    ZapHandler(const ZapHandler&) = delete;
    ZapHandler& operator=(const ZapHandler&) = delete;

  private:
    struct Impl;
    explicit ZapHandler(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace loopmind::wire
