// Reading and writing the document by the schema; every error names its place.
#include "engine/session/json_text.h"
#include "engine/session/migrate.h"
#include "engine/session/schema.h"
#include "engine/session/session.h"
#include "engine/session/trees.h"

#include <charconv>
#include <cmath>
#include <map>
#include <set>

namespace loopmind::session {
namespace {

std::string from_juce(const juce::var& value) {
    return value.toString().toStdString();
}

struct Version {
    int major = kVersionMajor;
    int minor = kVersionMinor; ///< a document without a version is of ours
};

std::optional<Version> parse_version(std::string_view text) {
    Version version;
    const char* end = text.data() + text.size();
    auto [at, code] = std::from_chars(text.data(), end, version.major);
    if (code != std::errc() || version.major < 1) return std::nullopt;
    version.minor = 0;
    if (at == end) return version;
    if (*at != '.') return std::nullopt;
    auto [last, minor_code] = std::from_chars(at + 1, end, version.minor);
    if (minor_code != std::errc() || version.minor < 0 || (last != end && *last != '.')) return std::nullopt;
    return version;
}

/// Turns parsed JSON into nodes. One error ends the reading.
class Reader {
  public:
    explicit Reader(int minor) : minor_(minor), newer_minor_(minor > kVersionMinor) {}

    bool node(const NodeRule& rule, const JsonValue& value, const std::string& path, juce::ValueTree& out) {
        if (value.kind != JsonValue::Kind::kObject) return fail(path, "must be an object");
        out = juce::ValueTree(rule.type);
        std::string extra;
        std::vector<char> seen(rule.fields.size(), 0);
        for (const JsonValue::Member& member : value.members) {
            const FieldRule* field = nullptr;
            for (std::size_t i = 0; i < rule.fields.size(); ++i) {
                if (!field && rule.fields[i].name.getCharPointer().compare(
                                  juce::CharPointer_UTF8(member.name.c_str())) == 0) {
                    field = &rule.fields[i];
                    if (seen[i]++) return fail(join(path, member.name), "stands twice in one object");
                }
            }
            if (!field) {
                keep(extra, std::string(member.raw_name), member.value);
            } else if (field->since > minor_ && !fits(*field, member.value)) {
                keep(extra, json_quote(strange_name(value, member.name)), member.value);
            } else if (!read_field(*field, member.value, join(path, member.name), out)) {
                return false;
            }
        }
        if (!extra.empty()) out.setProperty(ids::extra, to_juce(extra + "}"), nullptr);
        return checked(rule.check, out, path);
    }

    Error error;

  private:
    static std::string join(const std::string& path, const std::string& name) {
        return path.empty() ? name.substr(0, 200) : path + "." + name.substr(0, 200);
    }

    static void keep(std::string& extra, const std::string& raw_name, const JsonValue& value) {
        extra += extra.empty() ? "{" : ",";
        extra += raw_name;
        extra += ":";
        extra += value.raw;
    }

    /// Whether a value can be read as that field.
    bool fits(const FieldRule& field, const JsonValue& value) const {
        Reader probe(minor_);
        juce::ValueTree scratch(ids::session);
        return probe.read_field(field, value, "", scratch);
    }

    /// Name under which an older file's own field of a name that we now use is kept.
    static std::string strange_name(const JsonValue& object, const std::string& name) {
        std::string free = name + "_before_1_" + std::to_string(kVersionMinor);
        while (object.find(free))
            free += "_";
        return free;
    }

    bool checked(TreeCheck check, const juce::ValueTree& tree, const std::string& path) {
        if (!check) return true;
        const Status good = check(tree, path, newer_minor_);
        if (!good) error = good.error();
        return good.ok();
    }

    bool fail(const std::string& path, const std::string& message, const std::string& hint = {}) {
        error = {ErrorCode::kInvalidArgument, path.empty() ? "document" : path, message, hint};
        return false;
    }

    bool read_text(const JsonValue& value, const std::string& path, double max, juce::String& out) {
        if (value.kind != JsonValue::Kind::kString) return fail(path, "must be a text in quotes");
        if (static_cast<double>(value.raw.size()) > max * 6 + 2) return fail(path, "is too long");
        const std::optional<std::string> text = value.string();
        if (!text) return fail(path, "holds a character that is not allowed (NUL or half a surrogate pair)");
        if (static_cast<double>(text->size()) > max)
            return fail(path, "is longer than " + json_number(max) + " bytes");
        out = to_juce(*text);
        return true;
    }

    bool read_number(const FieldRule& field, const JsonValue& value, const std::string& path,
                     juce::ValueTree& out) {
        if (value.kind != JsonValue::Kind::kNumber) return fail(path, "must be a number");
        const std::optional<double> number = value.number();
        if (!number || *number < field.min || *number > field.max) {
            return fail(path, "is out of range: " + std::string(value.raw.substr(0, 40)),
                        "allowed is " + json_number(field.min) + " to " + json_number(field.max));
        }
        if (field.kind == FieldKind::kNumber) {
            out.setProperty(field.name, *number, nullptr);
            return true;
        }
        if (*number != std::floor(*number)) return fail(path, "must be a whole number");
        out.setProperty(field.name, static_cast<juce::int64>(*number), nullptr);
        return true;
    }

    bool read_field(const FieldRule& field, const JsonValue& value, const std::string& path,
                    juce::ValueTree& out) {
        juce::String text;
        switch (field.kind) {
        case FieldKind::kNumber:
        case FieldKind::kInteger:
            return read_number(field, value, path, out);
        case FieldKind::kBool:
            if (value.kind != JsonValue::Kind::kBool) return fail(path, "must be true or false");
            out.setProperty(field.name, value.boolean, nullptr);
            return true;
        case FieldKind::kText:
            if (field.name == ids::version && value.kind == JsonValue::Kind::kNumber) {
                out.setProperty(field.name, to_juce(value.raw), nullptr); // `"version": 1`; checked before
                return true;
            }
            if (!read_text(value, path, field.max, text)) return false;
            out.setProperty(field.name, text, nullptr);
            return true;
        case FieldKind::kMeter:
            if (!read_text(value, path, 16, text)) return false;
            if (!is_meter(text.toStdString()))
                return fail(path, "is no meter", "write it as \"4/4\" or \"3/4\"");
            out.setProperty(field.name, text, nullptr);
            return true;
        case FieldKind::kChoice:
            return read_choice(field, value, path, out);
        case FieldKind::kRawObject:
            if (value.kind != JsonValue::Kind::kObject) return fail(path, "must be an object");
            out.setProperty(field.name, to_juce(value.raw), nullptr);
            return true;
        case FieldKind::kList:
            return read_list(field, value, path, out);
        case FieldKind::kTextList:
            return read_texts(field, value, path, out);
        case FieldKind::kObject: {
            juce::ValueTree child;
            if (!node(*field.node, value, path, child)) return false;
            out.appendChild(child, nullptr);
            return true;
        }
        case FieldKind::kParams:
            return read_params(field, value, path, out);
        }
        return true;
    }

    bool read_choice(const FieldRule& field, const JsonValue& value, const std::string& path,
                     juce::ValueTree& out) {
        juce::String text;
        if (!read_text(value, path, field.max, text)) return false;
        std::string list;
        for (const char* choice : field.choices) {
            if (text == choice) {
                out.setProperty(field.name, text, nullptr);
                return true;
            }
            list += (list.empty() ? "" : ", ") + std::string(choice);
        }
        if (!newer_minor_)
            return fail(path, "is unknown: " + json_quote(text.toStdString()), "use one of " + list);
        out.setProperty(field.name, text, nullptr);
        return true;
    }

    bool read_list(const FieldRule& field, const JsonValue& value, const std::string& path,
                   juce::ValueTree& out) {
        if (value.kind != JsonValue::Kind::kArray) return fail(path, "must be an array");
        if (static_cast<double>(value.items.size()) > field.max) return fail(path, "holds too many entries");
        juce::ValueTree holder(field.name);
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            juce::ValueTree child;
            if (!node(*field.node, value.items[i], path + "[" + std::to_string(i) + "]", child)) return false;
            holder.appendChild(child, nullptr);
        }
        out.appendChild(holder, nullptr);
        return checked(field.check, holder, path);
    }

    bool read_texts(const FieldRule& field, const JsonValue& value, const std::string& path,
                    juce::ValueTree& out) {
        if (value.kind != JsonValue::Kind::kArray) return fail(path, "must be an array");
        juce::ValueTree holder(field.name);
        for (std::size_t i = 0; i < value.items.size(); ++i) {
            juce::String text;
            if (!read_text(value.items[i], path + "[" + std::to_string(i) + "]", 4096, text)) return false;
            holder.appendChild(juce::ValueTree(ids::item, {{ids::value, text}}), nullptr);
        }
        out.appendChild(holder, nullptr);
        return true;
    }

    bool read_params(const FieldRule& field, const JsonValue& value, const std::string& path,
                     juce::ValueTree& out) {
        if (value.kind != JsonValue::Kind::kObject) return fail(path, "must be an object");
        juce::ValueTree holder(field.name);
        std::set<std::string> seen;
        for (const JsonValue::Member& member : value.members) {
            const std::string at = join(path, member.name);
            if (!seen.insert(member.name).second) return fail(at, "stands twice in one object");
            juce::var content;
            if (member.value.kind == JsonValue::Kind::kNumber) {
                const std::optional<double> number = member.value.number();
                if (!number)
                    return fail(at, "is out of range: " + std::string(member.value.raw.substr(0, 40)));
                content = *number;
            } else if (member.value.kind == JsonValue::Kind::kBool) {
                content = member.value.boolean;
            } else if (member.value.kind == JsonValue::Kind::kString) {
                juce::String text;
                if (!read_text(member.value, at, 4096, text)) return false;
                content = text;
            } else {
                // Of a kind that no effect of this version has: kept as source text until it is set.
                holder.appendChild(juce::ValueTree(ids::param, {{ids::name, to_juce(member.name)},
                                                                {ids::raw, to_juce(member.value.raw)}}),
                                   nullptr);
                continue;
            }
            holder.appendChild(
                juce::ValueTree(ids::param, {{ids::name, to_juce(member.name)}, {ids::value, content}}),
                nullptr);
        }
        out.appendChild(holder, nullptr);
        return true;
    }

    int minor_;
    bool newer_minor_;
};

/// Writes nodes as JSON with a two-space indent.
class Writer {
  public:
    void node(const NodeRule& rule, const juce::ValueTree& tree, int depth) {
        bool first = true;
        out_ += "{";
        for (const FieldRule& field : rule.fields) {
            const juce::ValueTree child = tree.getChildWithName(field.name);
            const bool nested = field.kind == FieldKind::kList || field.kind == FieldKind::kTextList ||
                                field.kind == FieldKind::kObject || field.kind == FieldKind::kParams;
            if (nested ? !child.isValid() : !tree.hasProperty(field.name)) continue;
            name(json_quote(field.name.toString().toStdString()), depth + 1, first);
            if (nested) {
                nested_value(field, child, depth + 1);
            } else {
                plain_value(field, tree[field.name]);
            }
        }
        extra(tree, depth + 1, first);
        close('}', depth, first);
    }

    std::string take() { return std::move(out_) + "\n"; }

  private:
    void line(int depth) {
        out_ += '\n';
        out_.append(static_cast<std::size_t>(depth) * 2, ' ');
    }

    void name(std::string_view raw_name, int depth, bool& first) {
        if (!first) out_ += ',';
        first = false;
        line(depth);
        out_ += raw_name;
        out_ += ": ";
    }

    void close(char bracket, int depth, bool empty) {
        if (!empty) line(depth);
        out_ += bracket;
    }

    void extra(const juce::ValueTree& tree, int depth, bool& first) {
        if (!tree.hasProperty(ids::extra)) return;
        const std::string raw = from_juce(tree[ids::extra]);
        const Result<JsonValue> members = parse_json(raw);
        if (!members) return; // only this file writes the property, from text that was read
        for (const JsonValue::Member& member : members->members) {
            name(member.raw_name, depth, first);
            out_ += member.value.raw;
        }
    }

    void plain_value(const FieldRule& field, const juce::var& value) {
        switch (field.kind) {
        case FieldKind::kNumber:
            out_ += json_number(static_cast<double>(value));
            break;
        case FieldKind::kInteger:
            out_ += std::to_string(static_cast<juce::int64>(value));
            break;
        case FieldKind::kBool:
            out_ += static_cast<bool>(value) ? "true" : "false";
            break;
        case FieldKind::kRawObject:
            out_ += from_juce(value);
            break;
        default:
            out_ += json_quote(from_juce(value));
        }
    }

    void nested_value(const FieldRule& field, const juce::ValueTree& child, int depth) {
        bool first = true;
        if (field.kind == FieldKind::kObject) {
            node(*field.node, child, depth);
            return;
        }
        if (field.kind == FieldKind::kParams) {
            out_ += '{';
            for (const juce::ValueTree& param : child) {
                name(json_quote(from_juce(param[ids::name])), depth + 1, first);
                const juce::var& value = param[ids::value];
                if (param.hasProperty(ids::raw)) {
                    out_ += from_juce(param[ids::raw]);
                } else if (value.isBool()) {
                    out_ += static_cast<bool>(value) ? "true" : "false";
                } else if (value.isString()) {
                    out_ += json_quote(from_juce(value));
                } else {
                    out_ += json_number(static_cast<double>(value));
                }
            }
            close('}', depth, first);
            return;
        }
        out_ += '[';
        for (const juce::ValueTree& entry : child) {
            if (!first) out_ += ',';
            first = false;
            line(depth + 1);
            if (field.kind == FieldKind::kList) {
                node(*field.node, entry, depth + 1);
            } else {
                out_ += json_quote(from_juce(entry[ids::value]));
            }
        }
        close(']', depth, first);
    }

    std::string out_;
};

/// Gives missing ids and refuses ids used twice. `path` names the list in errors.
Status settle_ids(juce::ValueTree holder, const std::string& path, const char* prefix) {
    std::set<juce::String> used;
    bool missing = false;
    for (int i = 0; i < holder.getNumChildren(); ++i) {
        const juce::String id = holder.getChild(i)[ids::id].toString();
        missing = missing || id.isEmpty();
        if (id.isEmpty() || used.insert(id).second) continue;
        return Error{ErrorCode::kInvalidArgument, path + "[" + std::to_string(i) + "].id",
                     "is used twice: " + json_quote(id.toStdString()), "every id must be unique in its list"};
    }
    if (!missing) return {};
    int counter = 0;
    for (juce::ValueTree child : holder) {
        if (child[ids::id].toString().isNotEmpty()) continue;
        juce::String id;
        do {
            id = prefix + juce::String(++counter);
        } while (!used.insert(id).second);
        child.setProperty(ids::id, id, nullptr);
    }
    return {};
}

Status settle_all_ids(const juce::ValueTree& session) {
    using List = std::pair<const juce::Identifier*, const char*>;
    for (const auto& [list, prefix] :
         {List{&ids::tracks, "track-"}, List{&ids::groups, "group-"}, List{&ids::patterns, "pattern-"},
          List{&ids::layers, "layer-"}, List{&ids::media_list, "media-"}}) {
        const std::string path = list->toString().toStdString();
        if (Status settled = settle_ids(session.getChildWithName(*list), path, prefix); !settled)
            return settled;
    }
    int index = 0;
    for (const juce::ValueTree& track : session.getChildWithName(ids::tracks)) {
        const std::string path = "tracks[" + std::to_string(index++) + "].";
        for (const auto& [list, prefix] : {List{&ids::inserts, "insert-"}, List{&ids::clips, "clip-"}}) {
            const std::string place = path + list->toString().toStdString();
            if (Status settled = settle_ids(track.getChildWithName(*list), place, prefix); !settled)
                return settled;
        }
    }
    return {};
}

/// `tempo` and `meter` hold at 0: entries of the maps that stand there follow, or name what is missing.
void settle_start(juce::ValueTree& session) {
    for (const auto& [map, name] :
         {std::pair{&ids::tempo_map, &ids::tempo}, std::pair{&ids::meter_map, &ids::meter}}) {
        juce::ValueTree first;
        for (juce::ValueTree point : session.getChildWithName(*map)) {
            if (static_cast<double>(point.getProperty(ids::start, 0.0)) <= 0) first = point;
        }
        if (!first.isValid()) continue;
        if (session.hasProperty(*name)) {
            first.setProperty(*name, session[*name], nullptr);
        } else if (first.hasProperty(*name)) {
            session.setProperty(*name, first[*name], nullptr);
        }
    }
}

Status check_masters(const juce::ValueTree& session) {
    int masters = 0;
    const juce::ValueTree tracks = session.getChildWithName(ids::tracks);
    for (int i = 0; i < tracks.getNumChildren(); ++i) {
        if (tracks.getChild(i)[ids::type].toString() != "master" || ++masters == 1) continue;
        return Error{ErrorCode::kInvalidArgument, "tracks[" + std::to_string(i) + "].type",
                     "is a second master", "a session has one master track"};
    }
    return {};
}

/// The published form has a timeline and no tracks: one track for each file, with its clips.
Status import_timeline(juce::ValueTree& session, double beats_per_bar) {
    juce::ValueTree tracks(ids::tracks), patterns(ids::patterns), media(ids::media_list);
    const juce::ValueTree timeline = session.getChildWithName(ids::timeline);
    struct Lane {
        juce::ValueTree clips;
        juce::String number;
    };
    std::map<juce::String, Lane> lanes; // by file
    double end = 0;
    int position = -1;
    for (const juce::ValueTree& entry : timeline) {
        ++position;
        const juce::String file = entry[ids::file].toString();
        if (file.isEmpty()) continue;
        const double start = entry[ids::start], length = entry[ids::length];
        if (length <= 0) {
            return Error{ErrorCode::kInvalidArgument,
                         "timeline[" + std::to_string(position) + "].length",
                         "must be more than 0 beats",
                         {}};
        }
        end = std::max(end, start + length);
        auto& [clips, number] = lanes[file];
        if (!clips.isValid()) {
            number = juce::String(media.getNumChildren() + 1);
            const juce::String name =
                file.fromLastOccurrenceOf("/", false, false).upToLastOccurrenceOf(".", false, false);
            clips = juce::ValueTree(ids::clips);
            media.appendChild(
                {ids::media, {{ids::id, "media-" + number}, {"kind", "audio"}, {ids::file, file}}}, nullptr);
            patterns.appendChild({ids::pattern,
                                  {{ids::id, "pattern-" + number},
                                   {ids::name, name},
                                   {ids::length, length},
                                   {"audio", "media-" + number}}},
                                 nullptr);
            tracks.appendChild({ids::track,
                                {{ids::id, "track-" + number}, {ids::name, name}, {ids::type, "audio"}},
                                {clips}},
                               nullptr);
        }
        clips.appendChild({ids::clip,
                           {{ids::id, "clip-" + juce::String(clips.getNumChildren() + 1)},
                            {"pattern", "pattern-" + number},
                            {ids::start, start},
                            {ids::length, length}}},
                          nullptr);
    }
    if (!session.hasProperty("bars") && end > 0)
        session.setProperty("bars", static_cast<juce::int64>(std::ceil(end / beats_per_bar - 1e-9)), nullptr);
    for (const juce::ValueTree& list : {tracks, patterns, media}) {
        if (session.getChildWithName(list.getType()).isValid()) continue;
        session.appendChild(list, nullptr);
    }
    return {};
}

} // namespace

Result<Session> Session::from_json(std::string_view text) {
    const Result<JsonValue> parsed = parse_json(text);
    if (!parsed) return parsed.error();
    if (parsed->kind != JsonValue::Kind::kObject)
        return Error{ErrorCode::kInvalidArgument, "document", "must be a JSON object",
                     "is this a .loopmind file?"};

    Version version;
    if (const JsonValue* given = parsed->find("version")) {
        const std::string raw =
            given->kind == JsonValue::Kind::kNumber ? std::string(given->raw) : given->string().value_or("");
        const std::optional<Version> read = parse_version(raw);
        if (!read) {
            return Error{ErrorCode::kInvalidArgument, "version",
                         "is no version: " + std::string(given->raw.substr(0, 40)), "write it as \"1.0\""};
        }
        version = *read;
        if (version.major > kVersionMajor) {
            return Error{ErrorCode::kVersionMismatch, "version",
                         "this file is of version " + raw.substr(0, 40) +
                             ", this program reads versions up to " + std::to_string(kVersionMajor) + ".x",
                         "open it with a newer LoopMind"};
        }
    }
    Reader reader(version.minor);
    juce::ValueTree state;
    if (!reader.node(session_rule(), *parsed, "", state)) return reader.error;
    if (!state.hasProperty(ids::version) || version.minor < kVersionMinor) {
        migrate(state, version.minor);
        state.setProperty(ids::version, juce::String(kVersionMajor) + "." + juce::String(kVersionMinor),
                          nullptr);
    }
    settle_start(state);
    if (!state.hasProperty("units")) state.setProperty("units", "beats", nullptr);

    Session session(state);
    if (!state.getChildWithName(ids::tracks).isValid()) {
        if (Status imported = import_timeline(state, session.beats_per_bar()); !imported)
            return imported.error();
    }
    if (Status masters = check_masters(state); !masters) return masters.error();
    if (Status settled = settle_all_ids(state); !settled) return settled.error();
    session.complete();
    return session;
}

std::string Session::to_json() const {
    Writer writer;
    writer.node(session_rule(), state_, 0);
    return writer.take();
}

} // namespace loopmind::session
