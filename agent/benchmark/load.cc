// SPDX-License-Identifier: Apache-2.0
#include "agent/benchmark/load.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "agent/benchmark/control.h"
#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

std::int32_t ReadPermille(const YamlNode* node, FieldReader& reading) {
  return static_cast<std::int32_t>(std::lround(ReadFraction(node, reading) * 1000));
}

Scoring ReadScoring(const YamlNode* node, FieldReader& reading) {
  constexpr std::array<std::string_view, 4> kGrades = {"A", "B", "C", "D"};
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max() / 1000;  // Milli-points.
  Fields fields(node, reading);
  Scoring scoring;
  scoring.half_life =
      static_cast<std::int32_t>(ReadInteger(fields.Take("half_life"), 1, kMost, reading));
  scoring.unknown_permille = ReadPermille(fields.Take("unknown"), reading);
  scoring.provisional_permille = ReadPermille(fields.Take("provisional_below"), reading);
  Fields grades(fields.Take("grades"), reading);
  std::int64_t least = 0;
  for (std::size_t i = 0; i < kGrades.size(); ++i) {
    const std::int64_t bound = ReadInteger(grades.Take(kGrades[i]), least, kMost, reading);
    scoring.grade_bounds[i] = static_cast<std::int32_t>(bound);
    least = bound + 1;
  }
  grades.RefuseOthers();
  fields.RefuseOthers();
  return scoring;
}

std::vector<Control> ReadControls(const YamlNode* node, std::span<const Check> checks,
                                  const Scoring& scoring, Links& links, FieldReader& reading) {
  std::vector<Control> controls;
  std::set<std::string> ids;
  for (const YamlNode& item : ReadItems(node, reading)) {
    if (reading.problem()) break;
    controls.push_back(ReadControl(item, checks, scoring, links, reading));
    if (!ids.insert(controls.back().id).second) reading.Complain(item.line, "repeated");
    reading.About("");
  }
  for (const Check& check : checks) {
    if (node == nullptr || ids.contains(std::string(check.id))) continue;
    reading.Complain(node->line, std::string(check.id) + " is missing");
  }
  return controls;
}

// "5.10" as {5, 10}; empty when it is not two or three numbers.
std::vector<int> PartsOfItem(std::string_view item) {
  std::vector<int> parts;
  const char* at = item.data();
  const char* const end = item.data() + item.size();
  while (at != end) {
    int part = 0;
    const auto [stop, error] = std::from_chars(at, end, part);
    const bool more = stop != end && *stop == '.' && stop + 1 != end;
    if (error != std::errc{} || part < 0 || (stop != end && !more)) return {};
    parts.push_back(part);
    at = more ? stop + 1 : stop;
  }
  return parts.size() == 2 || parts.size() == 3 ? parts : std::vector<int>{};
}

CisItem ReadCisItem(const YamlNode& node, Links& links, FieldReader& reading) {
  Fields fields(&node, reading);
  CisItem item;
  item.item = ReadText(fields.Take("item"), reading);
  reading.About("item " + Quoted(item.item));
  item.subject = ReadText(fields.Take("subject"), reading);
  const YamlNode* controls = fields.TakeOptional("controls");
  const YamlNode* manual = fields.TakeOptional("manual");
  if ((controls == nullptr) == (manual == nullptr)) {
    reading.Complain(node.line, "needs either 'controls' or 'manual'");
  }
  item.manual = ReadText(manual, reading);
  item.controls = ReadTexts(controls, reading);
  if (controls != nullptr && item.controls.empty()) {
    reading.Complain(controls->line, "'controls' is empty: say in 'manual' why");
  }
  const YamlNode* against = fields.TakeOptional("against");
  item.against = ReadTexts(against, reading);
  if (against != nullptr && item.against.empty()) {
    reading.Complain(against->line, "'against' is empty: leave it out");
  }
  for (const std::string& id : item.controls) {
    links.controls.push_back({.line = controls->line, .from = item.item, .to = id});
  }
  for (const std::string& id : item.against) {
    links.controls.push_back({.line = against->line, .from = item.item, .to = id});
    if (std::ranges::find(item.controls, id) == item.controls.end()) continue;
    reading.Complain(against->line, Quoted(id) + " decides the item already");
  }
  fields.RefuseOthers();
  return item;
}

std::vector<CisItem> ReadCisItems(const YamlNode* node, Links& links, FieldReader& reading) {
  std::vector<CisItem> items;
  std::vector<int> last;
  for (const YamlNode& entry : ReadItems(node, reading)) {
    if (reading.problem()) break;
    items.push_back(ReadCisItem(entry, links, reading));
    std::vector<int> parts = PartsOfItem(items.back().item);
    if (parts.empty()) reading.Complain(entry.line, "is no number like 5.10");
    if (parts <= last) reading.Complain(entry.line, "out of order");
    last = std::move(parts);
    reading.About("");
  }
  return items;
}

// Whether a control is escalated by one that is judged apart from it: of the host, or of
// containers.
bool IsOfTheOtherScope(const Benchmark& benchmark, const Link& link) {
  const auto from = std::ranges::find(benchmark.controls, link.from, &Control::id);
  const auto to = std::ranges::find(benchmark.controls, link.to, &Control::id);
  if (from == benchmark.controls.end() || to == benchmark.controls.end()) return false;
  const auto& escalation = from->escalation;
  if (!escalation || escalation->with != link.to) return false;
  if (from->check == nullptr || to->check == nullptr) return false;
  return (from->check->scope() == Scope::kHost) != (to->check->scope() == Scope::kHost);
}

void RefuseBrokenLinks(const Links& links, const Benchmark& benchmark, FieldReader& reading) {
  for (const Link& link : links.controls) {
    reading.About(link.from);
    if (link.to == link.from) reading.Complain(link.line, "names itself");
    if (std::ranges::find(benchmark.controls, link.to, &Control::id) == benchmark.controls.end()) {
      reading.Complain(link.line, "no control is called " + Quoted(link.to));
    }
    if (IsOfTheOtherScope(benchmark, link)) {
      reading.Complain(link.line,
                       Quoted(link.to) + " is judged apart: one is of the host, one not");
    }
  }
  const std::vector<CisItem>& items = benchmark.cis_docker;
  for (const Link& link : links.cis_items) {
    reading.About(link.from);
    if (std::ranges::find(items, link.to, &CisItem::item) == items.end()) {
      reading.Complain(link.line, "'cis_docker' has no item " + Quoted(link.to));
    }
  }
}

Result<std::string> Sha256(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    return Fail(ErrorCode::kIo, "SHA-256 is not available");
  }
  std::string hex;
  for (const unsigned char byte : std::span(digest).first(length)) {
    hex += kHex[byte >> 4U];
    hex += kHex[byte & 0xfU];
  }
  return hex;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): swapped, the first line already fails.
Result<Benchmark> LoadBenchmark(std::string_view text, std::string_view name,
                                std::span<const Check> checks) {
  FieldReader reading(name);
  const std::expected<YamlNode, YamlProblem> root = ParseYaml(text);
  if (!root) reading.Complain(root.error().line, root.error().what);
  Result<std::string> sha256 = Sha256(text);
  if (!sha256) return std::unexpected(sha256.error());
  Fields fields(root ? &*root : nullptr, reading);
  Links links;
  Benchmark benchmark;
  benchmark.id = ReadText(fields.Take("id"), reading);
  benchmark.title = ReadText(fields.Take("title"), reading);
  benchmark.version = ReadText(fields.Take("version"), reading);
  benchmark.sha256 = *std::move(sha256);
  benchmark.scoring = ReadScoring(fields.Take("scoring"), reading);
  benchmark.controls =
      ReadControls(fields.Take("controls"), checks, benchmark.scoring, links, reading);
  benchmark.cis_docker = ReadCisItems(fields.Take("cis_docker"), links, reading);
  fields.RefuseOthers();
  RefuseBrokenLinks(links, benchmark, reading);
  const std::optional<Error>& problem = reading.problem();
  if (problem) return std::unexpected(*problem);
  return benchmark;
}

}  // namespace hullmark
