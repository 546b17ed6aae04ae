// The rule that every access store follows.
#include "coordinator/store/access_store.h"

namespace loopmind::store {

Redemption::State decide_redemption(const std::optional<KeptInvitation>& kept,
                                    const std::optional<StoredIdentity>& known, const std::string& key) {
    using State = Redemption::State;
    if (!kept) return State::kUnknown;
    if (kept->used_by == key && known && !known->revoked) return State::kEnrolled;
    if (!kept->used_by.empty()) return State::kUsed;
    if (kept->expired) return State::kExpired;
    if (known) return known->revoked ? State::kKeyRevoked : State::kKeyEnrolled;
    return State::kEnrolled;
}

} // namespace loopmind::store
