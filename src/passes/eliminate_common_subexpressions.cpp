// Value numbering in one forward walk: operands are numbered before their users.
#include "passes/eliminate_common_subexpressions.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "graph/rewrite.h"

namespace burin::passes {

namespace {

using graph::Attr;
using graph::ConstantAttr;
using graph::Graph;
using graph::Node;
using graph::NodeId;

constexpr size_t kReadBytes = 4096;  // constants up to this size are compared by value

class Hash {
 public:
  void add(uint64_t value) {
    state_ = (state_ ^ value) * 0x9e3779b97f4a7c15ull;
    state_ ^= state_ >> 29;
  }
  void add_bytes(std::span<const std::byte> bytes) {
    for (size_t i = 0; i < bytes.size(); i += sizeof(uint64_t)) {
      uint64_t word = 0;
      std::memcpy(&word, bytes.data() + i, std::min(sizeof word, bytes.size() - i));
      add(word);
    }
  }
  // The fields of an attribute.
  void operator()(std::string_view, const Dims& dims) {
    add(dims.size());
    for (int64_t d : dims) add(static_cast<uint64_t>(d));
  }
  void operator()(std::string_view, const Tensor& value) {
    if (value.bytes().size() <= kReadBytes) {
      add_bytes(value.bytes());
    } else {
      add(reinterpret_cast<uintptr_t>(value.data()));
    }
  }
  template <class T>
  void operator()(std::string_view, T value) {
    add(static_cast<uint64_t>(value));
  }
  uint64_t value() const { return state_; }

 private:
  uint64_t state_ = 0x51ed270b;
};

uint64_t hash_of(Node& node) {
  Hash hash;
  hash.add(static_cast<uint64_t>(node.op));
  hash.add(static_cast<uint64_t>(node.type.dtype));
  hash("", node.type.shape.dims());
  for (NodeId operand : node.operands) hash.add(operand.index);
  std::visit([&](auto& attr) { attr.each(hash); }, node.attr);
  return hash.value();
}

bool same_attr(const Attr& a, const Attr& b) {
  return std::visit(
      [&](const auto& x) {
        using T = std::decay_t<decltype(x)>;
        const auto* y = std::get_if<T>(&b);
        if (!y) return false;
        if constexpr (std::is_same_v<T, ConstantAttr>) {
          auto p = x.value.bytes(), q = y->value.bytes();
          return p.data() == q.data() || (p.size() <= kReadBytes && std::ranges::equal(p, q));
        } else {
          return x == *y;
        }
      },
      a);
}

bool same_value(const Node& a, const Node& b) {
  return a.op == b.op && a.type == b.type && a.operands == b.operands && same_attr(a.attr, b.attr);
}

}  // namespace

Graph eliminate_common_subexpressions(const Graph& graph) {
  graph::Rewriter rw(graph);
  std::unordered_multimap<uint64_t, NodeId> seen;
  seen.reserve(graph.size());
  for (NodeId id : rw.live()) {
    NodeId copy = rw.copy(id);
    uint64_t hash = hash_of(rw.to().nodes[copy]);
    auto [first, last] = seen.equal_range(hash);
    auto same = std::find_if(first, last, [&](const auto& entry) {
      return same_value(rw.to()[entry.second], rw.to()[copy]);
    });
    if (same != last) {
      copy = same->second;
    } else {
      seen.emplace(hash, copy);
    }
    rw.map(id, copy);
  }
  return rw.finish();
}

}  // namespace burin::passes
