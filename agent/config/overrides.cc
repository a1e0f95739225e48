// SPDX-License-Identifier: Apache-2.0
#include "agent/config/overrides.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/params.h"
#include "agent/benchmark/yaml_tree.h"
#include "agent/config/values.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::int64_t kMostPoints = 10000;

// ---- loading ----

std::optional<Placed<std::int32_t>> ReadUnknown(const YamlNode* node, FieldReader& reading) {
  if (node == nullptr) return std::nullopt;
  Fields fields(node, reading);
  const YamlNode* unknown = fields.Take("unknown");
  fields.RefuseOthers();
  if (unknown == nullptr) return std::nullopt;
  const double fraction = ReadFraction(unknown, reading);
  return Placed<std::int32_t>{.value = static_cast<std::int32_t>(std::lround(fraction * 1000)),
                              .line = unknown->line};
}

ControlOverride ReadControlOverride(const YamlNode& node, FieldReader& reading) {
  Fields fields(&node, reading);
  ControlOverride change{.line = node.line};
  change.control = ReadText(fields.Take("id"), reading);
  reading.About(change.control);
  if (const auto* reason = fields.TakeOptional("reason")) change.reason = ReadText(reason, reading);
  if (const auto* off = fields.TakeOptional("disabled")) change.disabled = ReadBool(off, reading);
  if (const auto* severity = fields.TakeOptional("severity")) {
    change.severity = {.value = ReadSeverity(severity, reading), .line = severity->line};
  }
  if (const auto* weight = fields.TakeOptional("weight")) {
    const auto points = static_cast<std::int32_t>(ReadInteger(weight, 0, kMostPoints, reading));
    change.weight = {.value = points, .line = weight->line};
  }
  if (const auto* params = fields.TakeOptional("params")) {
    const Fields mapping(params, reading);
    if (params->children.empty()) reading.Complain(params->line, "'params' is empty: leave it out");
    change.params = params->children;
  }
  fields.RefuseOthers();
  const bool other = change.severity || change.weight || !change.params.empty();
  if (change.disabled && change.reason.empty()) {
    reading.Complain(node.line, "'disabled' wants a 'reason'");
  }
  if (change.disabled && other) {
    reading.Complain(node.line, "is disabled: leave the rest out");
  }
  if (!change.disabled && !other) reading.Complain(node.line, "changes nothing");
  return change;
}

// ---- applying ----

std::string Fraction(std::int32_t permille) {
  std::string digits = std::to_string(1000 + permille % 1000).substr(1);
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  return std::to_string(permille / 1000) + "." + digits;
}

// A value as its file writes it, on one line.
std::string Written(const YamlNode& node) {
  if (node.kind != YamlKind::kSequence) return node.text;
  std::string text;
  for (const YamlNode& item : node.children) text += (text.empty() ? "" : ", ") + item.text;
  return "[" + text + "]";
}

class Applying {
 public:
  Applying(Benchmark& benchmark, const Overrides& overrides, FieldReader& reading)
      : benchmark_(benchmark), overrides_(overrides), reading_(reading) {}

  void Run();

 private:
  void Apply(Control& control, const ControlOverride& change);
  void ApplyParams(Control& control, const ControlOverride& change);
  void RequireReason(const Control& control, const ControlOverride& change);
  void RequireWeight(const Control& control, const ControlOverride& change);
  void Note(int line, const ControlOverride& change, Override note);

  Benchmark& benchmark_;
  const Overrides& overrides_;
  FieldReader& reading_;
};

void Applying::Note(int line, const ControlOverride& change, Override note) {
  note.control = change.control;
  note.reason = change.reason;
  note.source = overrides_.name + ":" + std::to_string(line);
  benchmark_.overrides.push_back(std::move(note));
}

// A parameter can take the point out of a control, so that each counts as lowering it.
void Applying::RequireReason(const Control& control, const ControlOverride& change) {
  if (control.severity != Severity::kCritical || !change.reason.empty()) return;
  const bool milder = change.severity && change.severity->value < Severity::kCritical;
  const bool lighter = change.weight && change.weight->value < control.weight;
  if (!milder && !lighter && change.params.empty()) return;
  reading_.Complain(change.line, "is critical: what lowers it wants a 'reason'");
}

// As in a benchmark: one critical fail must be an F.
void Applying::RequireWeight(const Control& control, const ControlOverride& change) {
  const std::int32_t most_for_d = benchmark_.scoring.grade_bounds.back();
  if (control.severity != Severity::kCritical || control.weight > most_for_d) return;
  reading_.Complain(change.weight ? change.weight->line : change.line,
                    "a critical control must weigh more than " + std::to_string(most_for_d) +
                        ", the most for a D");
}

void Applying::ApplyParams(Control& control, const ControlOverride& change) {
  const auto specs = control.check->params;
  std::vector<ParamValue> values = control.params.values();
  for (const YamlNode& param : change.params) {
    const auto spec = std::ranges::find(specs, param.key, &ParamSpec::name);
    if (spec == specs.end()) {
      return reading_.Complain(param.line, "has no parameter " + Quoted(param.key));
    }
    values[static_cast<std::size_t>(spec - specs.begin())] = ReadParam(param, *spec, reading_);
    Note(param.line, change, {.what = "params." + param.key, .to = Written(param)});
  }
  control.params = Params(std::move(values));
}

void Applying::Apply(Control& control, const ControlOverride& change) {
  RequireReason(control, change);
  if (change.disabled) {
    control.disabled = change.reason;
    return Note(change.line, change, {.what = "disabled", .from = "false", .to = "true"});
  }
  if (const auto& severity = change.severity) {
    Note(severity->line, change,
         {.what = "severity",
          .from = std::string(NameOf(control.severity)),
          .to = std::string(NameOf(severity->value))});
    control.severity = severity->value;
  }
  if (const auto& weight = change.weight) {
    Note(weight->line, change,
         {.what = "weight",
          .from = std::to_string(control.weight),
          .to = std::to_string(weight->value)});
    control.weight = weight->value;
  }
  RequireWeight(control, change);
  ApplyParams(control, change);
}

void Applying::Run() {
  if (const auto& unknown = overrides_.unknown_permille) {
    Note(unknown->line, {},
         {.what = "unknown",
          .from = Fraction(benchmark_.scoring.unknown_permille),
          .to = Fraction(unknown->value)});
    benchmark_.scoring.unknown_permille = unknown->value;
  }
  for (const ControlOverride& change : overrides_.controls) {
    const auto control = std::ranges::find(benchmark_.controls, change.control, &Control::id);
    if (control == benchmark_.controls.end()) {
      return reading_.Complain(change.line, "no control is called " + Quoted(change.control));
    }
    reading_.About(change.control);
    Apply(*control, change);
    reading_.About("");
  }
}

}  // namespace

// NOLINTNEXTLINE(bugprone-easily-swappable-parameters): swapped, the first line already fails.
Result<Overrides> LoadOverrides(std::string_view text, std::string_view name) {
  FieldReader reading(name);
  const std::expected<YamlNode, YamlProblem> root = ParseYaml(text);
  if (!root) reading.Complain(root.error().line, root.error().what);
  Fields fields(root ? &*root : nullptr, reading);
  Overrides overrides{.name = std::string(name)};
  overrides.unknown_permille = ReadUnknown(fields.TakeOptional("scoring"), reading);
  std::set<std::string> ids;
  for (const YamlNode& item : ReadItems(fields.TakeOptional("controls"), reading)) {
    if (reading.problem()) break;
    overrides.controls.push_back(ReadControlOverride(item, reading));
    if (!ids.insert(overrides.controls.back().control).second) {
      reading.Complain(item.line, "repeated");
    }
    reading.About("");
  }
  fields.RefuseOthers();
  const std::optional<Error>& problem = reading.problem();
  if (problem) return std::unexpected(*problem);
  return overrides;
}

Result<Benchmark> ApplyOverrides(Benchmark benchmark, const Overrides& overrides) {
  FieldReader reading(overrides.name);
  Applying(benchmark, overrides, reading).Run();
  const std::optional<Error>& problem = reading.problem();
  if (problem) return std::unexpected(*problem);
  return benchmark;
}

}  // namespace hullmark
