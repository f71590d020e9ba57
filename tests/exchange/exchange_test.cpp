// Jobs of one rank, and how a process finds its job. What several ranks do is in
// tests/train/split_step_test.cpp and tests/cli/ranks_test.cpp.
#include "exchange/exchange.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "exchange/mpi_library.h"
#include "exchange/outlive.h"
#include "tests/support/temp_folder.h"

namespace burin::exchange {
namespace {

// Sets an environment variable for the length of a test.
class Environment {
 public:
  Environment(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Environment() { unsetenv(name_); }

 private:
  const char* name_;
};

TEST(Exchange, AProcessByItselfIsAJobOfOneRank) {
  auto job = join_job({});
  ASSERT_TRUE(job) << job.error().text();
  EXPECT_EQ((*job)->rank(), 0);
  EXPECT_EQ((*job)->ranks(), 1);
  std::vector<float> values = {1, 2, 3}, sums(3);
  (*job)->start(values, sums);
  ASSERT_TRUE((*job)->wait());
  EXPECT_EQ(sums, values);
  double number = 4;
  ASSERT_TRUE((*job)->add({&number, 1}));
  EXPECT_EQ(number, 4);
  EXPECT_EQ(ranks_on_these_processors(), 1);
}

TEST(Exchange, AJobOfOneRankIsNoJob) {
  Environment size("OMPI_COMM_WORLD_SIZE", "1");
  auto job = join_job({});
  ASSERT_TRUE(job);
  EXPECT_EQ((*job)->ranks(), 1);
}

TEST(Exchange, JobsOfAnotherMpiAreRefused) {
  Environment size("PMI_SIZE", "2");
  auto job = join_job({});
  ASSERT_FALSE(job);
  EXPECT_NE(job.error().reason.find("another MPI"), std::string::npos);
}

TEST(Exchange, RanksShareProcessorsUnlessBound) {
  Environment size("OMPI_COMM_WORLD_LOCAL_SIZE", "3");
  EXPECT_EQ(ranks_on_these_processors(), 3);
  Environment bound("OMPI_MCA_orte_bound_at_launch", "1");
  EXPECT_EQ(ranks_on_these_processors(), 1);
}

TEST(Exchange, AloneErrorsStayAsTheyAre) {
  EXPECT_TRUE(*all_succeeded(alone(), {}));
  auto failed = all_succeeded(alone(), fail("x.onnx", "is bad"));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().text(), fail("x.onnx", "is bad").error().text());
}

TEST(RunOutliving, TellsHowTheWorkEnded) {
  EXPECT_TRUE(run_outliving([] { return true; }));
  EXPECT_FALSE(run_outliving([] { return false; }));
  EXPECT_FALSE(run_outliving([]() -> bool { std::abort(); }));
}

TEST(RunOutliving, GoesOnWhenTheProcessGroupIsKilled) {
  test::TempFolder folder;
  pid_t job = ::fork();
  if (job == 0) {
    ::setpgid(0, 0);
    run_outliving([&] {
      folder.write("begun", "");
      ::usleep(300'000);
      folder.write("done", "");
      return true;
    });
    ::_exit(0);
  }
  auto appears = [&](const char* name) {
    for (int i = 0; i < 500 && !std::filesystem::exists(folder.file(name)); ++i) ::usleep(20'000);
    return std::filesystem::exists(folder.file(name));
  };
  ASSERT_TRUE(appears("begun"));
  EXPECT_FALSE(std::filesystem::exists(folder.file("done")));
  ::kill(-job, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(job, &status, 0), job);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_TRUE(appears("done"));
}

TEST(MpiLibrary, HasWhatIsCalled) {
  auto mpi = MpiLibrary::load();
  if (!mpi && mpi.error().reason.starts_with("cannot load")) GTEST_SKIP() << mpi.error().text();
  ASSERT_TRUE(mpi) << mpi.error().text();
  EXPECT_NE(mpi->world, nullptr);
  EXPECT_NE(mpi->f32, mpi->f64);
}

}  // namespace
}  // namespace burin::exchange
