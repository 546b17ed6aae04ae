// The command tree of `loopmind`, parsing, and one-line errors for everything that can be typed wrong.
#include "client/cli/command_join.h"
#include "client/cli/commands.h"

#include "proto/request/nearest.h"

#include <algorithm>
#include <csignal>
#include <cstring>

namespace loopmind::cli {

namespace {

/// Help that ends with examples, in two columns that fit a terminal.
class Help : public CLI::Formatter {
  public:
    Help() { column_width(30); }
};

std::string last_word(const std::string& text) {
    const auto space = text.find_last_of(' ');
    return space == std::string::npos ? text : text.substr(space + 1);
}

/// The deepest command that was named: its help and its options are meant.
const CLI::App* named_command(const CLI::App& app, int argc, const char* const* argv) {
    const CLI::App* at = &app;
    for (int i = 1; i < argc; ++i) {
        for (const CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; })) {
            if (sub->get_name() != argv[i]) continue;
            at = sub;
            break;
        }
    }
    return at;
}

std::string command_line_of(const CLI::App& app) {
    std::string line;
    for (const CLI::App* at = &app; at; at = at->get_parent())
        line = at->get_parent() ? " " + at->get_name() + line : "loopmind" + line;
    return line;
}

/// The word that CLI11 did not understand, with the nearest that it would have.
Error unknown_word(const CLI::App& command, const std::string& word) {
    std::vector<std::string> known;
    const bool option = word.rfind("-", 0) == 0;
    if (option) {
        for (const CLI::Option* item : command.get_options())
            for (const std::string& name : item->get_lnames())
                known.push_back("--" + name);
    } else {
        for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; }))
            known.push_back(sub->get_name());
    }
    const std::string bare = word.substr(0, word.find('='));
    const std::string close = request::nearest(bare, known);
    std::string message = option          ? "is not an option of `" + command_line_of(command) + "`"
                          : known.empty() ? "is one word too many (put the prompt in quotes)"
                                          : "is not a command";
    if (!close.empty()) message += "; did you mean " + close + "?";
    return {ErrorCode::kInvalidArgument, bare, message, "see `" + command_line_of(command) + " --help`"};
}

/// One clear sentence for what CLI11 says.
Error parse_error(const CLI::App& app, const CLI::ParseError& error, int argc, const char* const* argv) {
    const CLI::App& command = *named_command(app, argc, argv);
    const std::string hint = "see `" + command_line_of(command) + " --help`";
    if (dynamic_cast<const CLI::ExtrasError*>(&error)) {
        std::vector<std::string> extra = command.remaining();
        if (extra.empty()) extra = app.remaining(true);
        for (const std::string& word : extra)
            if (word.rfind("-", 0) == 0) return unknown_word(command, word);
        return unknown_word(command, extra.empty() ? last_word(error.what()) : extra.front());
    }
    if (dynamic_cast<const CLI::RequiredError*>(&error) &&
        command.get_subcommands([](const CLI::App*) { return true; }).size() > 0) {
        // A word that is no command is reported as the missing one: name what was typed.
        for (int i = argc - 1; i > 0 && command.get_name() != argv[i]; --i)
            if (argv[i][0] != '-' && std::strcmp(argv[i - 1], "--home") != 0)
                return unknown_word(command, argv[i]);
        return {ErrorCode::kInvalidArgument, command_line_of(command), "a command is missing", hint};
    }
    if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
        const std::string what = error.what();
        return {ErrorCode::kInvalidArgument, what.substr(0, what.find(':')), "needs a value", hint};
    }
    std::string what = error.what();
    std::string field;
    if (const auto colon = what.find(": "); colon != std::string::npos && what.rfind("-", 0) == 0) {
        field = what.substr(0, colon);
        what = what.substr(colon + 2);
    }
    std::replace(what.begin(), what.end(), '\n', ' ');
    return {ErrorCode::kInvalidArgument, field, what, hint};
}

bool has_argument(int argc, const char* const* argv, const char* name) {
    return std::any_of(argv + 1, argv + argc,
                       [&](const char* argument) { return std::strcmp(argument, name) == 0; });
}

} // namespace

CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description,
                      const std::string& examples) {
    CLI::App* command = app.add_subcommand(name, description);
    command->footer("\nExamples:\n" + examples);
    return command;
}

void add_json(CLI::App& command, Pending& pending) {
    command.add_flag("--json", pending.json, "Machine-readable output on stdout, errors as JSON on stderr");
}

void add_quiet(CLI::App& command, Pending& pending) {
    command.add_flag("-q,--quiet", pending.quiet, "No progress, only the result");
}

void add_everything(CLI::App& app, Pending& pending) {
    app.description("LoopMind Farm: from a prompt to stems, on this machine or a farm of them.");
    app.formatter(std::make_shared<Help>());
    app.set_version_flag("--version", "loopmind " LOOPMIND_VERSION, "Print the version");
    app.add_option("--home", pending.home,
                   "Folder of this farm ($LOOPMIND_HOME, else ~/.local/share/loopmind)")
        ->type_name("DIR");
    app.fallthrough();
    app.require_subcommand(1);
    app.footer(
        "\nExamples:\n  loopmind up\n  loopmind generate \"Dreamy lofi with vinyl crackle\" --out my-loop\n"
        "  loopmind doctor\n\n`loopmind COMMAND --help` tells more about each.");
    add_generate(app, pending);
    add_mixdown(app, pending);
    add_automix(app, pending);
    add_up(app, pending);
    add_join(app, pending);
    add_jobs(app, pending);
    add_fetch(app, pending);
    add_workers(app, pending);
    add_cache(app, pending);
    add_project(app, pending);
    add_plugins(app, pending);
    add_doctor(app, pending);
    add_completion(app, pending);
    for (CLI::App* command : app.get_subcommands([](CLI::App*) { return true; })) {
        command->fallthrough();
        for (CLI::App* sub : command->get_subcommands([](CLI::App*) { return true; }))
            sub->fallthrough();
    }
}

int run_program(int argc, const char* const* argv, std::FILE* out, std::FILE* err) {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN); // a file size limit is an error value, not the end
    Console console(out, err);
    Pending pending;
    CLI::App app("", "loopmind");
    add_everything(app, pending);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        const CLI::App* command = named_command(app, argc, argv);
        const std::string line = command_line_of(*command);
        console.print(command->help(command->get_parent() ? line.substr(0, line.find_last_of(' ')) : ""));
        return kExitOk;
    } catch (const CLI::CallForAllHelp&) {
        console.print(app.help("", CLI::AppFormatMode::All));
        return kExitOk;
    } catch (const CLI::CallForVersion& version) {
        console.print(version.what());
        return kExitOk;
    } catch (const CLI::ParseError& error) {
        console.json = has_argument(argc, argv, "--json");
        if (argc < 2) {
            console.print(app.help());
            return kExitBadInput;
        }
        return console.fail(bad_input(parse_error(app, error, argc, argv)));
    }
    console.json = pending.json;
    console.quiet = pending.quiet;
    std::error_code failed;
    const farm::Home home = pending.home.empty()
                                ? farm::home_from_environment()
                                : farm::Home{std::filesystem::absolute(pending.home, failed)};
    return pending.run(Invocation{console, home});
}

} // namespace loopmind::cli
