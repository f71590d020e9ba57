// Typed dense ids and the tables they index: an Id<Tag> cannot be mixed up with another table's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

namespace burin {

template <class Tag>
struct Id {
  static constexpr uint32_t kNone = ~0u;
  uint32_t index = kNone;

  constexpr Id() = default;
  constexpr explicit Id(size_t i) : index(static_cast<uint32_t>(i)) {}
  constexpr bool valid() const { return index != kNone; }
  friend constexpr auto operator<=>(Id, Id) = default;
};

// A vector indexed by one kind of id.
template <class Key, class T>
class IdVector {
 public:
  IdVector() = default;
  explicit IdVector(size_t n, T value = T()) : items_(n, value) {}

  decltype(auto) operator[](Key k) { return items_[k.index]; }
  decltype(auto) operator[](Key k) const { return items_[k.index]; }
  size_t size() const { return items_.size(); }
  bool empty() const { return items_.empty(); }
  void resize(size_t n, T value = T()) { items_.resize(n, value); }
  void reserve(size_t n) { items_.reserve(n); }
  Key push_back(T value) {
    items_.push_back(std::move(value));
    return Key(items_.size() - 1);
  }
  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<T> items_;
};

}  // namespace burin

template <class Tag>
struct std::hash<burin::Id<Tag>> {
  size_t operator()(burin::Id<Tag> id) const noexcept { return id.index; }
};
