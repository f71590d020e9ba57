// The frame of every page, and boxes that several of them have.
#include <fmt/format.h>

#include "report/parts.h"

namespace burin::report {

std::string document(const std::string& title, const std::string& style, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
         "<meta name='viewport' content='width=device-width, initial-scale=1'>\n<title>" +
         escaped(title) + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n<main>\n" +
         body + "</main>\n</body>\n</html>\n";
}

std::string section(const std::string& title, const std::string& what, const std::string& body) {
  return fmt::format("<section><h2>{}</h2>\n<p class='what'>{}</p>\n{}</section>\n", title, what,
                     body);
}

std::string figure(const std::string& value, const std::string& what) {
  return fmt::format("<div class='figure'><b>{}</b><span>{}</span></div>\n", escaped(value),
                     escaped(what));
}

std::string facts_table(const std::string& title,
                        const std::vector<std::pair<std::string, std::string>>& facts) {
  std::string out = "<div><h3>" + escaped(title) + "</h3><table class='facts'>\n";
  for (const auto& [name, value] : facts) {
    out += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escaped(name), escaped(value));
  }
  return out + "</table></div>\n";
}

}  // namespace burin::report
