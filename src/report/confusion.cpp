// Classes against what they were taken for, and how many samples each class has.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "report/parts.h"
#include "report/training_parts.h"

namespace burin::report {

namespace {

constexpr size_t kMatrixClasses = 24;  // more are listed instead
constexpr size_t kListed = 30;

struct Matrix {
  explicit Matrix(const Training& t) : classes(t.classes.size()), cells(t.confusion) {}

  int64_t at(size_t label, size_t guess) const { return cells[label * classes + guess]; }
  int64_t row(size_t label) const {
    int64_t sum = 0;
    for (size_t c = 0; c < classes; ++c) sum += at(label, c);
    return sum;
  }
  int64_t column(size_t guess) const {
    int64_t sum = 0;
    for (size_t c = 0; c < classes; ++c) sum += at(c, guess);
    return sum;
  }

  size_t classes;
  const std::vector<int64_t>& cells;
};

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

std::string percent(int64_t part, int64_t whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * share(part, whole)) : "–";
}

// As strong as its share of the row; hits and mistakes in different colours.
std::string cell(const Training& t, const Matrix& m, size_t label, size_t guess) {
  int64_t count = m.at(label, guess);
  bool hit = label == guess;
  double part = share(count, m.row(label));
  double strength = hit ? 100 * part : std::min(100.0, 260 * part);
  if (count > 0) strength = std::max(strength, 5.0);
  return fmt::format(
      "<td class='cell{}' style='background:color-mix(in srgb,var(--{}) {:.0f}%,var(--card))' "
      "title='{} taken for {}: {} of {}'>{}</td>",
      strength > 55 ? " strong" : "", hit ? "compute" : "memory", strength,
      escaped(t.classes[label]), escaped(t.classes[guess]), count, m.row(label),
      count > 0 ? std::to_string(count) : "");
}

std::string matrix_table(const Training& t, const Matrix& m) {
  std::string out =
      "<div class='scroll'><table class='matrix'>\n<tr><th></th><th class='over' colspan='" +
      std::to_string(m.classes) + "'>taken for</th><th></th></tr>\n<tr><th></th>";
  for (const std::string& name : t.classes) {
    out += "<th class='column'><span>" + escaped(name) + "</span></th>";
  }
  out += "<th class='column'><span>found</span></th></tr>\n";
  for (size_t label = 0; label < m.classes; ++label) {
    out += "<tr><th class='row'>" + escaped(t.classes[label]) + "</th>";
    for (size_t guess = 0; guess < m.classes; ++guess) out += cell(t, m, label, guess);
    out += "<td class='share'>" + percent(m.at(label, label), m.row(label)) + "</td></tr>\n";
  }
  out += "<tr><th class='row'>right</th>";
  for (size_t guess = 0; guess < m.classes; ++guess) {
    out += "<td class='share'>" + percent(m.at(guess, guess), m.column(guess)) + "</td>";
  }
  return out + "<td></td></tr>\n</table></div>\n";
}

std::string confusion_list(const Training& t, const Matrix& m) {
  std::vector<size_t> order;
  for (size_t i = 0; i < m.cells.size(); ++i) {
    if (i / m.classes != i % m.classes && m.cells[i] > 0) order.push_back(i);
  }
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return m.cells[a] > m.cells[b]; });
  std::string out =
      "<table class='losses'><tr><th>class</th><th>taken for</th><th>samples</th>"
      "<th>of the class</th></tr>\n";
  for (size_t i = 0; i < std::min(order.size(), kListed); ++i) {
    size_t label = order[i] / m.classes, guess = order[i] % m.classes;
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       escaped(t.classes[label]), escaped(t.classes[guess]), m.at(label, guess),
                       percent(m.at(label, guess), m.row(label)));
  }
  return out + "</table>\n";
}

}  // namespace

std::string confusion_part(const Training& t) {
  Matrix m(t);
  return m.classes <= kMatrixClasses ? matrix_table(t, m) : confusion_list(t, m);
}

std::string balance_part(const Training& t) {
  int64_t most = 1;
  for (int64_t n : t.training_samples) most = std::max(most, n);
  std::string out = "<div class='bars balance'>\n";
  size_t shown = std::min(t.classes.size(), kListed);
  for (size_t c = 0; c < shown; ++c) {
    int64_t train = t.training_samples[c], validation = t.validation_samples[c];
    out += fmt::format(
        "<div class='bar'><span class='name'>{}</span><span class='track'><i class='compute' "
        "style='width:{:.2f}%'></i></span><span class='time'>{}</span><span "
        "class='share'>+ {}</span></div>\n",
        escaped(t.classes[c]), 100 * share(train, most), train, validation);
  }
  out += "</div>\n";
  if (shown < t.classes.size()) {
    out += fmt::format("<p class='note'>and {} more classes</p>\n", t.classes.size() - shown);
  }
  return out;
}

}  // namespace burin::report
