// How fast a data set's batches come, and how long a consumer of a given speed would wait for them.
//   bench_loader FOLDER [--size 128] [--batch 64] [--threads 1] [--seconds 5] [--augment]
//   [--cache-mib 0] [--rate 1000]
// With --rate the consumer takes so many images a second and spends the rest of its time asleep.
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "CLI/CLI.hpp"
#include "data/loader.h"
#include "data/split.h"

namespace burin::bench {
namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Settings {
  std::string folder;
  data::LoaderOptions loader;
  int size = 128;
  int64_t cache_mib = 0;
  bool augment = false;
  double seconds = 5, rate = 0;
};

Result<void> run(const Settings& s) {
  BURIN_ASSIGN(data::OpenedDataset opened, data::open_dataset(s.folder));
  const data::Dataset& set = *opened.train;
  std::printf("%s\n", data::class_balance(set, data::all_items(set)).c_str());
  BURIN_ASSIGN(auto loader, data::Loader::create(set, data::all_items(set), s.loader));
  auto start = Clock::now();
  int64_t images = 0;
  while (since(start) < s.seconds) {
    BURIN_TRY(loader->next());
    images += s.loader.batches.batch;
    if (s.rate <= 0) continue;
    double due = static_cast<double>(images) / s.rate;
    std::this_thread::sleep_for(std::chrono::duration<double>(due - since(start)));
  }
  double seconds = since(start);
  std::printf("%.0f images/s, waited %.1f %% of the time\n", static_cast<double>(images) / seconds,
              100 * loader->waited_seconds() / seconds);
  std::fputs(data::unreadable_text(loader->unreadable(), set.size()).c_str(), stdout);
  return {};
}

int main_of(int argc, char** argv) {
  Settings s;
  CLI::App app("How fast a data set's batches come");
  app.add_option("folder", s.folder, "a data set of any form")->required();
  app.add_option("--size", s.size, "pixels a side");
  app.add_option("--batch", s.loader.batches.batch, "images in a batch");
  app.add_option("--threads", s.loader.threads, "0: none in the background");
  app.add_option("--seconds", s.seconds, "how long to run");
  app.add_option("--rate", s.rate, "images a second that are wanted; 0: as many as come");
  app.add_option("--cache-mib", s.cache_mib, "memory for decoded pictures");
  app.add_flag("--augment", s.augment, "flip, crop, turn, change colours, cut out, mix");
  CLI11_PARSE(app, argc, argv);
  s.loader.batches.format.width = s.loader.batches.format.height = s.size;
  s.loader.batches.cache_bytes = s.cache_mib << 20;
  if (s.augment) {
    s.loader.batches.augmentation = {.flip = true,
                                     .min_area = 0.6,
                                     .rotation = 10,
                                     .brightness = 0.2,
                                     .contrast = 0.2,
                                     .saturation = 0.2,
                                     .cutout = 0.25};
    s.loader.batches.mixup = 0.2;
  }
  auto result = run(s);
  if (result) return 0;
  std::fprintf(stderr, "%s\n", result.error().text().c_str());
  return 1;
}

}  // namespace
}  // namespace burin::bench

int main(int argc, char** argv) { return burin::bench::main_of(argc, argv); }
