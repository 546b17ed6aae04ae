// A PostgreSQL server for tests that are no C++ programs. Answers each line of stdin with one line:
//   place   the address of a new, empty schema
//   crash   kills the server as a power cut would, starts it again: "up"
// Ends, and the server with it, when stdin does.
#include <exception>
#include <iostream>
#include <string>

#include "tests/coordinator/postgres_server.h"

int main() {
    try {
        loopmind::testing::PostgresServer server;
        for (std::string line; std::getline(std::cin, line);) {
            if (line == "place") {
                std::cout << server.new_place() << std::endl;
            } else if (line == "crash") {
                server.crash();
                server.start();
                std::cout << "up" << std::endl;
            } else {
                std::cerr << "error: unknown command " << line << "\n";
                return 2;
            }
        }
    } catch (const std::exception& problem) {
        std::cerr << "error: " << problem.what() << "\n";
        return 1;
    }
}
