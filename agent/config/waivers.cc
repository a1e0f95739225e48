// SPDX-License-Identifier: Apache-2.0
#include "agent/config/waivers.h"

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/yaml_tree.h"
#include "agent/config/units.h"
#include "agent/config/values.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

Glob ReadControlPattern(const YamlNode* node, FieldReader& reading) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-*?{},";
  const std::string text = ReadText(node, reading);
  if (node != nullptr && text.find_first_not_of(kAllowed) != std::string::npos) {
    reading.Complain(node->line, Quoted(text) + " is no control or pattern of controls (CAP-*)");
  }
  return Glob(text);
}

Timestamp ReadEnd(const YamlNode* node, FieldReader& reading) {
  if (node == nullptr) return {};
  const bool scalar = node->kind == YamlKind::kPlain || node->kind == YamlKind::kQuoted;
  const auto end = scalar ? ParseEnd(node->text) : std::nullopt;
  if (!end) {
    reading.Complain(node->line, Quoted(node->key) +
                                     " must be a date like 2026-12-31 or a time like "
                                     "2026-12-31T12:00:00Z");
  }
  return end.value_or(Timestamp{});
}

Waiver ReadWaiver(const YamlNode& node, std::string_view name, FieldReader& reading) {
  Fields fields(&node, reading);
  Waiver waiver;
  waiver.control = ReadControlPattern(fields.Take("control"), reading);
  const YamlNode* select = fields.Take("select");
  if (select != nullptr) waiver.select = ReadSelector(select, reading);
  waiver.reason = ReadText(fields.Take("reason"), reading);
  waiver.owner = ReadText(fields.Take("owner"), reading);
  waiver.expires = ReadEnd(fields.Take("expires"), reading);
  if (const YamlNode* ticket = fields.TakeOptional("ticket")) {
    waiver.ticket = ReadText(ticket, reading);
  }
  if (const YamlNode* allow = fields.TakeOptional("allow_critical")) {
    waiver.allow_critical = ReadBool(allow, reading);
  }
  waiver.source = std::string(name) + ":" + std::to_string(node.line);
  fields.RefuseOthers();
  return waiver;
}

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): swapped, the first line already fails.
Result<std::vector<Waiver>> LoadWaivers(std::string_view text, std::string_view name) {
  FieldReader reading(name);
  const std::expected<YamlNode, YamlProblem> root = ParseYaml(text);
  if (!root) reading.Complain(root.error().line, root.error().what);
  Fields fields(root ? &*root : nullptr, reading);
  std::vector<Waiver> waivers;
  for (const YamlNode& item : ReadItems(fields.Take("waivers"), reading)) {
    if (reading.problem()) break;
    waivers.push_back(ReadWaiver(item, name, reading));
  }
  fields.RefuseOthers();
  const std::optional<Error>& problem = reading.problem();
  if (problem) return std::unexpected(*problem);
  return waivers;
}

}  // namespace hullmark
