// The thread takes sums in the order in which they were begun. It sleeps between looks while the
// network computes, and looks again at once while somebody waits.
#include "exchange/mpi_exchange.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "exchange/mpi_sum.h"

namespace burin::exchange {

namespace {

using Clock = std::chrono::steady_clock;

// How long a process that was asked to end waits for the others: what started the job kills it
// about a second after asking.
constexpr double kLastPatience = 0.3;

// Seconds without an answer. A look that comes late counts as one that came in time: a job that is
// stopped and goes on has lost nobody.
class Patience {
 public:
  void restart() { waited_ = 0, last_look_ = Clock::now(); }
  void look() {
    constexpr double kLongestLook = 0.1;
    auto now = Clock::now();
    waited_ += std::min(std::chrono::duration<double>(now - last_look_).count(), kLongestLook);
    last_look_ = now;
  }
  double waited() const { return waited_; }

 private:
  double waited_ = 0;
  Clock::time_point last_look_ = Clock::now();
};

class MpiExchange : public Exchange {
 public:
  explicit MpiExchange(const Options& options) : options_(options) {}

  ~MpiExchange() override {
    {
      std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
  }

  Result<void> join(int ranks) {
    thread_ = std::jthread([this, ranks] { serve(ranks); });
    return wait_until([this] { return joined_; });
  }

  int rank() const override { return place_.rank; }
  int ranks() const override { return place_.ranks; }

  void start(std::span<const float> values, std::span<float> sums) override {
    for (size_t at = 0; at < values.size(); at += MpiSum::kMaxCount) {
      size_t count = std::min(MpiSum::kMaxCount, values.size() - at);
      submit({values.data() + at, sums.data() + at, count, MpiSum::Element::f32});
    }
  }

  Result<void> wait() override {
    return wait_until([this] { return unfinished_ == 0; });
  }

  bool is_over() override {
    if (over_ || !options_.ending || !options_.ending()) return over_;
    auto now = Clock::now();
    if (!asked_) asked_ = now;
    over_ = std::chrono::duration<double>(now - *asked_).count() > kLastPatience;
    return over_;
  }

  Result<void> add(std::span<double> values) override {
    submit({values.data(), values.data(), values.size(), MpiSum::Element::f64});
    return wait();
  }

  Result<void> finish() override {
    double nothing = 0;
    BURIN_TRY(add({&nothing, 1}));
    {
      std::lock_guard lock(mutex_);
      leaving_ = true;
    }
    changed_.notify_all();
    return wait_until([this] { return left_; });
  }

 private:
  void submit(MpiSum sum) {
    {
      std::lock_guard lock(mutex_);
      submitted_.push_back(std::move(sum));
      ++unfinished_;
    }
    changed_.notify_all();
  }

  template <class Condition>
  Result<void> wait_until(Condition condition) {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.wait(lock, [&] { return condition() || lost_; });
    waiting_ = false;
    if (lost_) return std::unexpected(*lost_);
    return {};
  }

  void serve(int ranks) {
    auto served = enter(ranks);
    if (served) served = run();
    if (served) return;
    std::lock_guard lock(mutex_);
    lost_ = served.error();
    changed_.notify_all();
  }

  Result<void> enter(int ranks);
  Result<void> run();
  Result<bool> take_submitted();
  Result<bool> move_on();
  Result<void> check_patience(bool moved);
  void pause(bool moved);

  Options options_;
  // The thread's own, but for `place_`, which does not change after join().
  MpiLibrary mpi_;
  MpiPlace place_;
  std::deque<MpiSum> begun_, gathering_;
  Patience since_move_;
  std::optional<double> asked_to_end_;  // what had been waited by then
  int idle_looks_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by the mutex.
  std::deque<MpiSum> submitted_;
  int64_t unfinished_ = 0;
  bool joined_ = false, leaving_ = false, left_ = false, stop_ = false;
  std::optional<Diagnostic> lost_;

  std::atomic<bool> waiting_ = false, over_ = false;
  std::optional<Clock::time_point> asked_;  // when is_over() first saw that it was
  std::jthread thread_;                     // last: it ends before the rest goes
};

Result<void> MpiExchange::enter(int ranks) {
  BURIN_ASSIGN(mpi_, MpiLibrary::load());
  int provided = 0;
  BURIN_TRY(mpi_.check(mpi_.init_thread(nullptr, nullptr, MpiLibrary::kFunneled, &provided),
                       "MPI_Init_thread"));
  if (provided < MpiLibrary::kFunneled) return fail("MPI", "the library was built for one thread");
  MpiPlace place;
  for (auto* copy : {&place.to_all, &place.gather}) {
    BURIN_TRY(mpi_.check(mpi_.comm_dup(mpi_.world, copy), "MPI_Comm_dup"));
    BURIN_TRY(
        mpi_.check(mpi_.comm_set_errhandler(*copy, mpi_.errors_return), "MPI_Comm_set_errhandler"));
  }
  BURIN_TRY(mpi_.check(mpi_.comm_rank(mpi_.world, &place.rank), "MPI_Comm_rank"));
  BURIN_TRY(mpi_.check(mpi_.comm_size(mpi_.world, &place.ranks), "MPI_Comm_size"));
  if (place.ranks != ranks) {
    return fail("MPI", "the library knows of " + std::to_string(place.ranks) + " ranks of " +
                           std::to_string(ranks));
  }
  std::lock_guard lock(mutex_);
  place_ = place;
  joined_ = true;
  changed_.notify_all();
  return {};
}

Result<void> MpiExchange::run() {
  for (;;) {
    BURIN_ASSIGN(bool wanted, take_submitted());
    if (!wanted) break;
    BURIN_ASSIGN(bool moved, move_on());
    BURIN_TRY(check_patience(moved));
    pause(moved);
  }
  bool leaving = false;
  {
    std::lock_guard lock(mutex_);
    leaving = leaving_;
  }
  if (!leaving) return {};
  BURIN_TRY(mpi_.check(mpi_.finalize(), "MPI_Finalize"));
  std::lock_guard lock(mutex_);
  left_ = true;
  changed_.notify_all();
  return {};
}

// Begins what was submitted; sleeps while there is nothing to do. False at the end.
Result<bool> MpiExchange::take_submitted() {
  std::unique_lock lock(mutex_);
  bool idle = begun_.empty() && gathering_.empty();
  if (idle) {
    changed_.wait(lock, [&] { return !submitted_.empty() || leaving_ || stop_; });
    since_move_.restart();
    asked_to_end_.reset();
  }
  if (stop_ || (idle && submitted_.empty())) return false;
  while (!submitted_.empty()) {
    begun_.push_back(std::move(submitted_.front()));
    submitted_.pop_front();
    lock.unlock();
    BURIN_TRY(begun_.back().begin(mpi_, place_));
    lock.lock();
  }
  return true;
}

// Whether any sum came further.
Result<bool> MpiExchange::move_on() {
  bool moved = false;
  if (!begun_.empty()) {
    BURIN_ASSIGN(bool received, begun_.front().done(mpi_));
    if (received) {
      moved = true;
      gathering_.push_back(std::move(begun_.front()));
      begun_.pop_front();
      BURIN_TRY(gathering_.back().add_and_gather(mpi_, place_));
    }
  }
  if (gathering_.empty()) return moved;
  BURIN_ASSIGN(bool gathered, gathering_.front().done(mpi_));
  if (!gathered) return moved;
  gathering_.pop_front();
  std::lock_guard lock(mutex_);
  --unfinished_;
  changed_.notify_all();
  return true;
}

Result<void> MpiExchange::check_patience(bool moved) {
  if (moved) {
    since_move_.restart();
    asked_to_end_.reset();
    return {};
  }
  since_move_.look();
  double waited = since_move_.waited();
  if (options_.ending && options_.ending()) {
    if (!asked_to_end_) asked_to_end_ = waited;
    if (over_ || waited - *asked_to_end_ > kLastPatience) {
      return fail("MPI", "asked to end while another rank does not answer; it may be lost");
    }
  }
  if (waited <= options_.patience) return {};
  return fail("MPI", "another rank has not answered for " +
                         std::to_string(static_cast<int64_t>(options_.patience)) +
                         " seconds; it may be lost");
}

void MpiExchange::pause(bool moved) {
  constexpr int kLooks = 1000;  // before it sleeps in spite of somebody waiting
  constexpr auto kSleep = std::chrono::microseconds(50);
  idle_looks_ = moved ? 0 : idle_looks_ + 1;
  if (moved) return;
  if (waiting_ && idle_looks_ < kLooks) {
    std::this_thread::yield();
  } else {
    std::this_thread::sleep_for(kSleep);
  }
}

}  // namespace

Result<std::unique_ptr<Exchange>> join_mpi(int ranks, const Options& options) {
  auto exchange = std::make_unique<MpiExchange>(options);
  BURIN_TRY(exchange->join(ranks));
  return exchange;
}

}  // namespace burin::exchange
