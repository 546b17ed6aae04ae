// Sessions of finished generations.
#include "engine/session/build.h"

#include "engine/session/generation.h"

namespace loopmind::session {

std::map<std::string, double> default_fx(const std::vector<std::string>& names) {
    static const std::map<std::string, double> kAmounts = {
        {"reverb", 0.5}, {"delay", 0.4}, {"drive", 0.2}, {"eq", 0.5}};
    std::map<std::string, double> out;
    for (const std::string& name : names) {
        if (const auto found = kAmounts.find(name); found != kAmounts.end()) out.insert(*found);
    }
    return out;
}

Result<std::string> build_session_json(const SessionRecipe& recipe) {
    if (Status good = check_recipe(recipe); !good) return good.error();
    Session session = session_for(recipe);
    add_to_session(session, recipe, Placement::kAppend, true);
    session.set_master(recipe.master_gain_db.value_or(0), recipe.ceiling_db);
    std::string json = session.to_json();
    // What the schema would refuse on reading (a meter, a text too long) is refused here, not at the
    // reader's.
    if (const Result<Session> again = Session::from_json(json); !again) return again.error();
    return json;
}

Result<std::string> set_master(const std::string& session_json, double gain_db, double ceiling_db) {
    Result<Session> session = Session::from_json(session_json);
    if (!session) return session.error();
    session->set_master(gain_db, ceiling_db);
    return session->to_json();
}

} // namespace loopmind::session
