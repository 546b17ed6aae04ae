// Bash completion, generated from the CLI11 tree so that it never lags behind it.
#include "client/cli/completion.h"

#include "client/cli/commands.h"
#include "client/cli/request_options.h"

#include <map>

namespace loopmind::cli {

namespace {

/// Single-quoted for the shell.
std::string shell_word(const std::string& text) {
    std::string out = "'";
    for (char c : text)
        out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + "'";
}

std::string path_of(const CLI::App& app) {
    std::string path;
    for (const CLI::App* at = &app; at->get_parent(); at = at->get_parent())
        path = at->get_name() + (path.empty() ? "" : " " + path);
    return path;
}

/// Words that complete an option's value, one per line; empty when there are none.
std::string choices_of(const std::string& option) {
    static const std::map<std::string, std::string> kFixed = {{"--mode", "creative\nstudio"},
                                                              {"--place", "append\nreplace\nshelf"},
                                                              {"--device", "cpu\ncuda"},
                                                              {"--seed", "random"}};
    if (const auto found = kFixed.find(option); found != kFixed.end()) return found->second;
    for (const RequestOption& request : request_options()) {
        if (option != request.option || !request.choices) continue;
        std::string words;
        for (const std::string& name : request.choices())
            words += (words.empty() ? "" : "\n") + name;
        return words;
    }
    return "";
}

void walk(const CLI::App& app, std::string& cases, std::string& takes_value,
          std::map<std::string, std::string>& values) {
    std::string words;
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        words += (words.empty() ? "" : "\n") + sub->get_name();
        walk(*sub, cases, takes_value, values);
    }
    bool wants_job = false;
    for (const CLI::Option* option : app.get_options()) {
        wants_job = wants_job || option->get_name() == "JOB";
        for (const std::string& name : option->get_lnames()) {
            words += (words.empty() ? "" : "\n") + ("--" + name);
            if (option->get_items_expected_max() > 0 && option->get_type_size_max() > 0) {
                takes_value += "|--" + name;
                if (const std::string choices = choices_of("--" + name); !choices.empty())
                    values["--" + name] = choices;
            }
        }
    }
    cases += "        " + shell_word(path_of(app)) + ") words=" + shell_word(words) +
             (wants_job ? "; jobs=1" : "") + " ;;\n";
}

int completion_bash(const Invocation& invocation, const CLI::App& app) {
    invocation.console.print(bash_completion(app));
    return kExitOk;
}

} // namespace

std::string bash_completion(const CLI::App& app) {
    std::string cases, takes_value, values;
    std::map<std::string, std::string> choices;
    walk(app, cases, takes_value, choices);
    for (const auto& [option, words] : choices)
        values += "        " + option + ") values=" + shell_word(words) + " ;;\n";
    return "# bash completion for loopmind; load it with:  source <(loopmind completion bash)\n"
           "_loopmind() {\n"
           "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} path='' i w skip='' "
           "words='' values='' jobs=''\n"
           "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
           "        w=${COMP_WORDS[i]}\n"
           "        if [[ -n $skip ]]; then skip=''; continue; fi\n"
           "        case $w in\n"
           "        " +
           takes_value.substr(takes_value.empty() ? 0 : 1) +
           ") skip=1 ;;\n"
           "        -*) ;;\n"
           "        [a-z]*) if _loopmind_is_command \"${path:+$path }$w\"; then path=\"${path:+$path }$w\"; "
           "fi ;;\n"
           "        esac\n"
           "    done\n"
           "    case $before in\n" +
           values +
           "        --out|--params|--project|--home|--soundfont) COMPREPLY=($(compgen -f -- \"$word\")); "
           "compopt -o filenames 2>/dev/null; return ;;\n"
           "    esac\n"
           "    local IFS=$'\\n'\n"
           "    if [[ -n $values ]]; then\n"
           "        word=${word#[\\\"\\']}\n"
           "        COMPREPLY=($(compgen -W \"$values\" -- \"$word\"))\n"
           "        for i in \"${!COMPREPLY[@]}\"; do COMPREPLY[i]=$(printf '%q' \"${COMPREPLY[i]}\"); done\n"
           "        return\n"
           "    fi\n"
           "    case $before in\n"
           "        " +
           takes_value.substr(takes_value.empty() ? 0 : 1) +
           ") return ;;\n"
           "    esac\n"
           "    _loopmind_words \"$path\"\n"
           "    if [[ -n $jobs && $word != -* ]]; then\n"
           "        words=\"$words\"$'\\n'\"$(\"${COMP_WORDS[0]}\" jobs 2>/dev/null | awk 'NR > 1 && $1 ~ "
           "/^[0-9a-f]+$/ { print $1 }')\"\n"
           "    fi\n"
           "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
           "    if [[ ${#COMPREPLY[@]} -eq 0 && $word != -* ]]; then\n"
           "        COMPREPLY=($(compgen -f -- \"$word\")); compopt -o filenames 2>/dev/null\n"
           "    fi\n"
           "}\n"
           "_loopmind_words() {\n"
           "    words=''\n"
           "    case $1 in\n" +
           cases +
           "        *) return 1 ;;\n"
           "    esac\n"
           "}\n"
           "_loopmind_is_command() { local words jobs; _loopmind_words \"$1\"; }\n"
           "complete -F _loopmind loopmind";
}

void add_completion(CLI::App& app, Pending& pending) {
    CLI::App* completion =
        add_command(app, "completion", "Print a shell completion script",
                    "  source <(loopmind completion bash)\n"
                    "  loopmind completion bash > ~/.local/share/bash-completion/completions/loopmind");
    completion->require_subcommand(1);
    CLI::App* bash = add_command(*completion, "bash", "For bash", "  source <(loopmind completion bash)");
    bash->callback([&app, &pending] {
        pending.run = [&app](const Invocation& invocation) { return completion_bash(invocation, app); };
    });
}

} // namespace loopmind::cli
