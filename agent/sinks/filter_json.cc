// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/sinks/filter_sinks.h"
#include "hullmark/filter_report.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

template <typename Text>
void WriteTexts(JsonWriter& json, std::string_view key, const std::vector<Text>& texts) {
  json.Key(key).BeginArray();
  for (const Text& text : texts) json.String(text);
  json.EndArray();
}

void WriteCall(JsonWriter& json, const CallAnswer& call) {
  json.Key(call.call).BeginObject();
  json.Member("number", call.number).Member("answer", call.answer);
  if (!call.cases.empty()) {
    json.Key("cases").BeginArray();
    for (const AnswerCase& one : call.cases) {
      json.BeginObject().Member("answer", one.answer);
      WriteTexts(json, "when", one.when);
      json.EndObject();
    }
    json.EndArray();
  }
  json.EndObject();
}

void WriteAbi(JsonWriter& json, const AbiAnswers& answers) {
  json.Key(NameOf(answers.abi)).BeginObject();
  json.Member("nameless", answers.nameless).Key("calls").BeginObject();
  for (const CallAnswer& call : answers.calls) WriteCall(json, call);
  json.EndObject().EndObject();
}

void WriteSet(JsonWriter& json, const FilterSet& set) {
  json.BeginObject().Key("tasks").BeginArray();
  for (const FilterSet::Task& task : set.tasks) {
    json.BeginObject()
        .Member("pid", std::to_underlying(task.pid))
        .Member("tid", std::to_underlying(task.tid))
        .EndObject();
  }
  json.EndArray();
  if (!set.unknown.empty()) {
    json.Member("unknown", set.unknown).EndObject();
    return;
  }
  json.Key("programs").BeginArray();
  for (const std::size_t instructions : set.programs) json.Unsigned(instructions);
  json.EndArray().Member("kernel_agrees", set.noted);
  json.Key("abis").BeginObject();
  for (const AbiAnswers& answers : set.abis) WriteAbi(json, answers);
  json.EndObject().Key("distance").BeginObject();
  WriteTexts(json, "beyond_default", set.distance.beyond);
  WriteTexts(json, "within_default", set.distance.within);
  json.EndObject().EndObject();
}

}  // namespace

void WriteFilterJson(const FilterReport& report, const ByteSink& sink) {
  JsonWriter json(sink, 1);
  json.BeginObject().Member("schema", kFilterSchema);
  json.Member("container", report.name).Member("id", report.id);
  json.Key("machine");
  if (report.machine) {
    json.String(NameOf(*report.machine));
  } else {
    json.Null();
  }
  json.Member("unfiltered_tasks", std::uint64_t{report.unfiltered});
  json.Member("strict_tasks", std::uint64_t{report.strict});
  json.Key("filters").BeginArray();
  for (const FilterSet& set : report.sets) WriteSet(json, set);
  json.EndArray().Key("findings").BeginArray();
  for (const FilterFinding& finding : report.findings) {
    json.BeginObject().Member("id", finding.id).Member("status", NameOf(finding.status));
    WriteTexts(json, "evidence", finding.evidence);
    json.EndObject();
  }
  json.EndArray().Key("problems").BeginArray();
  for (const VantageProblem& problem : report.problems) {
    json.BeginObject().Member("id", problem.id).Member("text", problem.text);
    json.Member("remedy", problem.remedy).EndObject();
  }
  json.EndArray().EndObject();
  json.Finish();
}

}  // namespace hullmark
