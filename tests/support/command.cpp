// The shell runs it; files take its output.
#include "tests/support/command.h"

#include <sys/wait.h>

#include <chrono>
#include <cstdlib>

#include "tests/support/temp_folder.h"

namespace burin::test {

CommandResult run_burin(const std::string& arguments, const std::string& environment) {
  return run_command(environment + " '" BURIN_BINARY "' " + arguments);
}

CommandResult run_command(const std::string& line) {
  TempFolder folder;
  std::string out = folder.file("out"), err = folder.file("err");
  std::string redirected = line + " >'" + out + "' 2>'" + err + "'";
  auto start = std::chrono::steady_clock::now();
  int status = std::system(redirected.c_str());
  CommandResult result;
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = read_file(out);
  result.err = read_file(err);
  return result;
}

}  // namespace burin::test
