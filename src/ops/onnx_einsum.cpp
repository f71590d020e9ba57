// Einsum: diagonals and sums of single operands first, then one dot_general per further operand,
// and a last transpose. Ellipses become labels of their own.
#include <algorithm>

#include "ops/onnx_util.h"

namespace burin::ops {

namespace {

// One character a label; ellipsis axes are the labels '0', '1', ... counted from the right.
using Labels = std::string;

struct Term {
  Value value;
  Labels labels;  // one per axis
};

constexpr size_t kMaxEllipsis = 10;

// "i...j" for a rank: the ellipsis spelled out as digits.
Labels spelled_out(const std::string& text, size_t ellipsis_rank) {
  Labels out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 3, "...") == 0) {
      for (size_t k = ellipsis_rank; k-- > 0;) out += static_cast<char>('0' + k);
      i += 2;
    } else if (std::isalpha(static_cast<unsigned char>(text[i]))) {
      out += text[i];
    } else {
      refuse("the equation has the character '" + std::string(1, text[i]) + "'");
    }
  }
  return out;
}

std::vector<std::string> split_terms(const std::string& text) {
  std::vector<std::string> terms(1);
  for (char ch : text) {
    if (ch == ',') {
      terms.emplace_back();
    } else {
      terms.back() += ch;
    }
  }
  return terms;
}

size_t ellipsis_rank(const std::string& text, size_t rank) {
  size_t at = text.find("...");
  if (at == std::string::npos) return 0;
  size_t named = text.size() - 3;
  if (named > rank || rank - named > kMaxEllipsis) refuse("a term does not match its input's rank");
  return rank - named;
}

int64_t axis_of(const Labels& labels, char label) {
  size_t at = labels.find(label);
  return at == Labels::npos ? -1 : static_cast<int64_t>(at);
}

// A label that occurs twice in a term: only the elements with equal indices count.
Term take_diagonals(Term t) {
  for (size_t i = 0; i < t.labels.size(); ++i) {
    size_t j = t.labels.find(t.labels[i], i + 1);
    if (j == Labels::npos) continue;
    auto a = static_cast<int64_t>(i), b = static_cast<int64_t>(j);
    if (t.value.dim(a) != t.value.dim(b)) refuse("a repeated label has two sizes");
    Value same = eq(t.value.iota(a, DType::i32), t.value.iota(b, DType::i32));
    t.value = select(same, t.value, 0.0).reduce(ReduceKind::sum, {b});
    t.labels.erase(j, 1);
    --i;
  }
  return t;
}

// Sums the labels that nothing later needs.
Term sum_unneeded(Term t, const Labels& needed) {
  Ints axes;
  Labels kept;
  for (size_t i = 0; i < t.labels.size(); ++i) {
    if (needed.find(t.labels[i]) == Labels::npos) {
      axes.push_back(static_cast<int64_t>(i));
    } else {
      kept += t.labels[i];
    }
  }
  return {t.value.reduce(ReduceKind::sum, axes), kept};
}

// Axes of size 1 of a label that is larger in the other term carry no information: dropped.
Term drop_broadcast(Term t, const Term& other) {
  Ints axes;
  Labels kept;
  for (size_t i = 0; i < t.labels.size(); ++i) {
    int64_t there = axis_of(other.labels, t.labels[i]), here = t.value.shape()[i];
    if (there >= 0 && here == 1 && other.value.dim(there) != 1) {
      axes.push_back(static_cast<int64_t>(i));
    } else {
      kept += t.labels[i];
    }
  }
  return {without_axes(t.value, axes), kept};
}

// The product over shared labels; those that are needed later are batch axes, the others summed.
Term contract(Term a, Term b, const Labels& needed) {
  Term left = drop_broadcast(a, b), right = drop_broadcast(b, a);
  graph::DotAttr attr;
  Labels batch, free_left, free_right;
  for (size_t i = 0; i < left.labels.size(); ++i) {
    char label = left.labels[i];
    int64_t other = axis_of(right.labels, label);
    if (other < 0) {
      free_left += label;
      continue;
    }
    if (left.value.shape()[i] != right.value.dim(other)) refuse("a label has two sizes");
    bool kept = needed.find(label) != Labels::npos;
    (kept ? attr.lhs_batch : attr.lhs_contract).push_back(static_cast<int64_t>(i));
    (kept ? attr.rhs_batch : attr.rhs_contract).push_back(other);
    if (kept) batch += label;
  }
  for (char label : right.labels) {
    if (axis_of(left.labels, label) < 0) free_right += label;
  }
  Value y = left.value.wrap(left.value.builder().dot_general(left.value, right.value, attr));
  return {y, batch + free_left + free_right};
}

// Without "->": the labels that occur once, in alphabetical order, after the ellipsis.
Labels implicit_output(const std::string& inputs, size_t ellipsis) {
  Labels out;
  for (char ch = 'A'; ch <= 'z'; ++ch) {
    if (std::isalpha(static_cast<unsigned char>(ch)) && std::ranges::count(inputs, ch) == 1)
      out += ch;
  }
  return spelled_out(ellipsis ? "..." : "", ellipsis) + out;
}

void build_einsum(OpContext& c) {
  std::string equation = c.attr_string("equation", "");
  std::erase(equation, ' ');
  size_t arrow = equation.find("->");
  std::string inputs = equation.substr(0, arrow);
  std::vector<std::string> texts = split_terms(inputs);
  if (texts.size() != c.input_count()) refuse("the equation has a wrong number of terms");
  std::vector<Term> terms;
  size_t ellipsis = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    Value x = input(c, i);
    size_t rank = ellipsis_rank(texts[i], x.rank());
    ellipsis = std::max(ellipsis, rank);
    terms.push_back({x, spelled_out(texts[i], rank)});
    if (terms.back().labels.size() != x.rank()) refuse("a term does not match its input's rank");
  }
  Labels output = arrow == std::string::npos ? implicit_output(inputs, ellipsis)
                                             : spelled_out(equation.substr(arrow + 2), ellipsis);
  std::optional<Term> product;
  for (size_t i = 0; i < terms.size(); ++i) {
    Labels needed = output;
    for (size_t j = i + 1; j < terms.size(); ++j) needed += terms[j].labels;
    Labels with_product = needed + (product ? product->labels : Labels());
    Term term = sum_unneeded(take_diagonals(terms[i]), with_product);
    product = product ? contract(*product, term, needed) : term;
  }
  Term result = sum_unneeded(*product, output);
  Ints perm;
  for (char label : output) {
    perm.push_back(axis_of(result.labels, label));
    if (perm.back() < 0) refuse("the output names a label that no input has");
  }
  if (perm.size() != result.labels.size()) refuse("the output repeats a label");
  c.set_output(0, result.value.transpose(perm));
}
BURIN_ONNX_OP(Einsum, 12, build_einsum);

}  // namespace

}  // namespace burin::ops
