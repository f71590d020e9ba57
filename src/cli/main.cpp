// The command line: one verb, one file. Exit codes: 0 fine, 1 the model, file or input is at
// fault, 2 the command line is.
#include <csignal>
#include <cstdio>
#include <new>

#include "burin.h"
#include "cli/common.h"
#include "cli/heap.h"

int main(int argc, char** argv) {
  burin::cli::grow_heap_in_large_pages();
  CLI::App app{"Burin engraves neural networks into machine code.", "burin"};
  app.set_version_flag("--version", std::string("burin ") + burin_version());
  app.require_subcommand(1);
  app.footer(
      "Example:\n  burin zoo resnet50 -o resnet50.onnx\n  burin bench resnet50.onnx\n"
      "  burin run resnet50.onnx photo.jpg --top 5\nburin VERB --help tells more.");
  std::signal(SIGXFSZ, SIG_IGN);  // writing too large a file is an error, not the end
  int exit_code = 0;
  burin::cli::add_run(app, exit_code);
  burin::cli::add_bench(app, exit_code);
  burin::cli::add_verify(app, exit_code);
  burin::cli::add_inspect(app, exit_code);
  burin::cli::add_profile(app, exit_code);
  burin::cli::add_convert(app, exit_code);
  burin::cli::add_zoo(app, exit_code);
  burin::cli::add_tune(app, exit_code);
  burin::cli::add_train(app, exit_code);
  burin::cli::add_eval(app, exit_code);
  burin::cli::add_gradcheck(app, exit_code);
  burin::cli::add_doctor(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "burin: out of memory (try a smaller batch or --max-memory)\n");
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "burin: %s\n", error.what());
    return 1;
  }
  return exit_code;
}
