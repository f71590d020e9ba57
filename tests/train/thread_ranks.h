// Ranks that are threads of one process: what an exchange promises, without MPI.
#pragma once

#include <barrier>
#include <functional>
#include <thread>
#include <vector>

#include "exchange/exchange.h"

namespace burin::test {

class ThreadRanks {
 public:
  explicit ThreadRanks(int ranks) : barrier_(ranks), started_(static_cast<size_t>(ranks)) {}

  // Runs body(exchange) on a thread for each rank.
  void run(const std::function<void(exchange::Exchange&)>& body) {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < static_cast<int>(started_.size()); ++rank) {
      threads.emplace_back([&, rank] {
        Rank exchange(*this, rank);
        body(exchange);
      });
    }
  }

 private:
  struct Sum {
    std::span<const float> values;
    std::span<float> sums;
  };

  class Rank : public exchange::Exchange {
   public:
    Rank(ThreadRanks& all, int rank) : all_(all), rank_(rank) {}
    int rank() const override { return rank_; }
    int ranks() const override { return static_cast<int>(all_.started_.size()); }
    void start(std::span<const float> values, std::span<float> sums) override {
      mine().push_back({values, sums});
    }
    Result<void> wait() override {
      all_.barrier_.arrive_and_wait();
      for (size_t k = 0; k < mine().size(); ++k) {
        for (size_t i = 0; i < mine()[k].sums.size(); ++i) {
          float sum = all_.started_[0][k].values[i];
          for (size_t r = 1; r < all_.started_.size(); ++r) sum += all_.started_[r][k].values[i];
          mine()[k].sums[i] = sum;
        }
      }
      all_.barrier_.arrive_and_wait();
      mine().clear();
      return {};
    }
    Result<void> add(std::span<double> values) override {
      std::vector<float> in(values.begin(), values.end()), out(values.size());
      start(in, out);
      BURIN_TRY(wait());
      std::ranges::copy(out, values.begin());
      return {};
    }
    bool is_over() override { return false; }
    Result<void> finish() override { return {}; }

   private:
    std::vector<Sum>& mine() { return all_.started_[static_cast<size_t>(rank_)]; }
    ThreadRanks& all_;
    int rank_;
  };

  std::barrier<> barrier_;
  std::vector<std::vector<Sum>> started_;  // by rank
};

}  // namespace burin::test
