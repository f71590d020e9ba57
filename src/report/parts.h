// The parts of the page of a profile, each a piece of HTML or SVG; report/page.cpp puts them
// together.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report/report.h"

namespace burin::report {

// Text for element contents and attribute values.
std::string escaped(std::string_view text);
// Text inside a JSON string.
std::string json_escaped(std::string_view text);

std::string base64(std::span<const uint8_t> bytes);

// What every page is made of. Titles and texts of section() are HTML.
std::string document(const std::string& title, const std::string& style, const std::string& body);
std::string section(const std::string& title, const std::string& what, const std::string& body);
std::string figure(const std::string& value, const std::string& what);
std::string facts_table(const std::string& title,
                        const std::vector<std::pair<std::string, std::string>>& facts);

// The class that colours what is bound so: "compute", "l2", "l3" or "memory".
std::string_view class_of(driver::Bound bound);
// What a tooltip tells of a kernel, in lines.
std::string tooltip(const Subject& subject, size_t step);

std::string summary_part(const Subject& subject);   // the figures at first look
std::string timeline_part(const Subject& subject);  // a bar per kernel in the order they run
std::string roofline_part(const Subject& subject);  // an <svg>
std::string losses_part(const Subject& subject);    // a table, the most lost time first
std::string arena_part(const Subject& subject);     // an <svg>
std::string facts_part(const Subject& subject);     // machine, network, compiling

std::string_view page_style();  // CSS of the page and of its pictures

}  // namespace burin::report
