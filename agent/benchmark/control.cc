// SPDX-License-Identifier: Apache-2.0
#include "agent/benchmark/control.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/benchmark/fields.h"
#include "agent/benchmark/params.h"
#include "agent/benchmark/yaml_tree.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"

namespace hullmark {
namespace {

constexpr std::int64_t kMostPoints = 10000;

// `most_for_d` are the points up to which a container gets a D: one critical fail must be an F.
Price ReadPrice(Fields& fields, std::int32_t most_for_d, FieldReader& reading) {
  Price price;
  price.severity = ReadLevel(fields.Take("severity"), reading);
  const YamlNode* weight = fields.Take("weight");
  price.weight = static_cast<std::int32_t>(ReadInteger(weight, 0, kMostPoints, reading));
  if (weight != nullptr && price.severity == Severity::kCritical && price.weight <= most_for_d) {
    reading.Complain(weight->line, "a critical control must weigh more than " +
                                       std::to_string(most_for_d) + ", the most for a D");
  }
  return price;
}

References ReadReferences(const YamlNode* node, FieldReader& reading) {
  Fields fields(node, reading);
  References refs;
  refs.cis_docker = ReadTexts(fields.Take("cis_docker"), reading);
  refs.cis_k8s = ReadTexts(fields.Take("cis_k8s"), reading);
  const YamlNode* pss = fields.Take("pss");
  refs.pss = ReadText(pss, reading);
  if (pss != nullptr && refs.pss != "baseline" && refs.pss != "restricted" && refs.pss != "none") {
    reading.Complain(pss->line, "'pss' must be baseline, restricted or none");
  }
  refs.nist = ReadTexts(fields.Take("nist"), reading);
  refs.attack = ReadTexts(fields.Take("attack"), reading);
  fields.RefuseOthers();
  return refs;
}

Remediation ReadRemediation(const YamlNode* node, Scope scope, FieldReader& reading) {
  Fields fields(node, reading);
  const auto text = [&](std::string_view key) { return ReadText(fields.Take(key), reading); };
  Remediation remediation;
  if (scope == Scope::kHost) {
    remediation.host = text("host");
  } else {
    remediation.docker = text("docker");
    remediation.podman = text("podman");
    remediation.compose = text("compose");
    remediation.kubernetes = text("kubernetes");
    remediation.systemd = text("systemd");
  }
  fields.RefuseOthers();
  return remediation;
}

Escalation ReadEscalation(const YamlNode& node, Price own, std::int32_t most_for_d,
                          FieldReader& reading) {
  Fields fields(&node, reading);
  Escalation escalation;
  escalation.with = ReadText(fields.Take("with"), reading);
  const YamlNode* on = fields.Take("on");
  const std::vector<std::string> outcomes = ReadTexts(on, reading);
  escalation.on_unknown = outcomes == std::vector<std::string>{"fail", "unknown"};
  if (on != nullptr && !escalation.on_unknown && outcomes != std::vector<std::string>{"fail"}) {
    reading.Complain(on->line, "'on' must be [fail] or [fail, unknown]");
  }
  escalation.price = ReadPrice(fields, most_for_d, reading);
  if (escalation.price.weight <= own.weight || escalation.price.severity < own.severity) {
    reading.Complain(node.line, "'escalate' must raise the weight");
  }
  fields.RefuseOthers();
  return escalation;
}

Enforceable ReadEnforceable(const YamlNode& node, FieldReader& reading) {
  constexpr std::array<std::string_view, 3> kWords = {"never", "conditional", "allowed"};
  const auto word = std::ranges::find(kWords, ReadText(&node, reading));
  if (word != kWords.end()) return static_cast<Enforceable>(word - kWords.begin());
  reading.Complain(node.line, "'enforce' must be never, conditional or allowed");
  return Enforceable::kNever;
}

const Check* FindCheck(const YamlNode* id, std::span<const Check> checks, FieldReader& reading) {
  if (id == nullptr) return nullptr;
  const auto row = std::ranges::find(checks, id->text, &Check::id);
  if (row != checks.end()) return &*row;
  reading.Complain(id->line, "no check is called " + Quoted(id->text));
  return nullptr;
}

}  // namespace

Control ReadControl(const YamlNode& node, std::span<const Check> checks, const Scoring& scoring,
                    Links& links, FieldReader& reading) {
  const std::int32_t most_for_d = scoring.grade_bounds.back();
  Fields fields(&node, reading);
  Control control;
  const YamlNode* id = fields.Take("id");
  control.id = ReadText(id, reading);
  control.check = FindCheck(id, checks, reading);
  if (control.check == nullptr) return control;
  reading.About(control.id);
  control.title = ReadText(fields.Take("title"), reading);
  control.category = ReadText(fields.Take("category"), reading);
  const Price price = ReadPrice(fields, most_for_d, reading);
  control.severity = price.severity;
  control.weight = price.weight;
  if (const YamlNode* enforce = fields.TakeOptional("enforce")) {
    control.enforceable = ReadEnforceable(*enforce, reading);
  }
  control.rationale = ReadText(fields.Take("rationale"), reading);
  control.reads = ReadText(fields.Take("reads"), reading);
  const YamlNode* refs = fields.Take("refs");
  control.refs = ReadReferences(refs, reading);
  for (const std::string& item : control.refs.cis_docker) {
    links.cis_items.push_back({.line = refs->line, .from = control.id, .to = item});
  }
  control.params =
      ReadParams(fields.TakeOptional("params"), node.line, control.check->params, reading);
  control.remediation =
      ReadRemediation(fields.Take("remediation"), control.check->scope(), reading);
  if (const YamlNode* escalate = fields.TakeOptional("escalate")) {
    control.escalation = ReadEscalation(*escalate, price, most_for_d, reading);
    links.controls.push_back(
        {.line = escalate->line, .from = control.id, .to = control.escalation->with});
  }
  if (const YamlNode* explains = fields.TakeOptional("explains")) {
    control.explains = ReadTexts(explains, reading);
    for (const std::string& other : control.explains) {
      links.controls.push_back({.line = explains->line, .from = control.id, .to = other});
    }
  }
  fields.RefuseOthers();
  return control;
}

}  // namespace hullmark
