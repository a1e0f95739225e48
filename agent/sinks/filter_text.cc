// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/encode/json_writer.h"
#include "agent/sinks/filter_sinks.h"
#include "agent/sinks/page.h"
#include "hullmark/filter_report.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

constexpr std::size_t kIndent = 16;
constexpr std::size_t kMostTasks = 8;

void AddWord(std::string& words, std::string_view word) {
  if (!words.empty()) words += ' ';
  words += word;
}

std::string Tasks(const FilterSet& set) {
  std::string text;
  for (const FilterSet::Task& task : set.tasks) {
    if (&task - set.tasks.data() == kMostTasks) {
      return text + " and " + std::to_string(set.tasks.size() - kMostTasks) + " more";
    }
    AddWord(text, std::to_string(std::to_underlying(task.pid)));
    if (task.tid != task.pid) text += "/" + std::to_string(std::to_underlying(task.tid));
  }
  return text;
}

void WriteCases(Page& page, const CallAnswer& call) {
  std::string text;
  for (const AnswerCase& one : call.cases) {
    if (one.when.empty()) {
      text += "; else " + one.answer;
      continue;
    }
    if (!text.empty()) text += "; ";
    text += one.answer + " where ";
    for (std::size_t at = 0; at < one.when.size(); ++at) {
      text += (at == 0 ? "" : ", or ") + one.when[at];
    }
  }
  page.Paragraph({.text = call.call, .indent = kIndent}, text);
}

// Calls of the native ABI, by what becomes of them.
void WriteCalls(Page& page, const AbiAnswers& answers) {
  std::map<std::string_view, std::pair<std::size_t, std::string>> by_answer;
  for (const CallAnswer& call : answers.calls) {
    auto& [count, words] = by_answer[call.answer];
    ++count;
    AddWord(words, call.call);
  }
  for (const auto& [answer, calls] : by_answer) {
    const std::string label = std::string(answer) + " " + std::to_string(calls.first);
    if (answer != "conditional") page.Paragraph({.text = label, .indent = kIndent}, calls.second);
  }
  page.Paragraph({.text = "no call", .indent = kIndent},
                 "numbers that no call has: " + answers.nameless);
  if (!by_answer.contains("conditional")) return;
  page.Blank();
  page.Paragraph({}, "By their arguments:");
  for (const CallAnswer& call : answers.calls) {
    if (call.answer == "conditional") WriteCases(page, call);
  }
}

// The rest of the ABIs, as far as they answer otherwise.
void WriteForeign(Page& page, const AbiAnswers& native, const AbiAnswers& foreign) {
  std::map<std::string, std::vector<std::string_view>> different;
  std::size_t shared = 0;
  for (const CallAnswer& call : foreign.calls) {
    const auto same = std::ranges::lower_bound(native.calls, call.call, {}, &CallAnswer::call);
    if (same == native.calls.end() || same->call != call.call) continue;
    ++shared;
    if (same->answer != call.answer) different[call.answer].push_back(call.call);
  }
  if (different.empty()) {
    return page.Paragraph({.text = NameOf(foreign.abi), .indent = kIndent},
                          "each call as on " + std::string(NameOf(native.abi)));
  }
  for (const auto& [answer, calls] : different) {
    std::string words;
    for (const std::string_view call : calls) AddWord(words, call);
    const std::string most = calls.size() == shared ? " for every call" : " for most calls";
    page.Paragraph({.text = NameOf(foreign.abi), .indent = kIndent},
                   answer + (2 * calls.size() > shared ? most : ": " + words));
  }
}

void WriteDistance(Page& page, const ProfileDistance& distance) {
  page.Blank();
  page.Paragraph({}, "Beside docker's default profile for a container with these capabilities:");
  const auto write = [&](std::string_view label, const std::vector<std::string_view>& calls) {
    std::string words;
    for (const std::string_view call : calls) AddWord(words, call);
    page.Paragraph({.text = label, .indent = kIndent}, words.empty() ? "nothing" : words);
  };
  write("permits more", distance.beyond);
  write("refuses more", distance.within);
}

void WriteSet(Page& page, const FilterSet& set) {
  page.Blank();
  std::string text = "Tasks " + Tasks(set);
  if (!set.unknown.empty()) return page.Paragraph({}, text + ": unknown: " + set.unknown);
  text += ": " + std::to_string(set.programs.size()) +
          (set.programs.size() == 1 ? " filter of " : " filters of ");
  for (std::size_t at = 0; at < set.programs.size(); ++at) {
    text += (at == 0 ? "" : ", ") + std::to_string(set.programs[at]);
  }
  text += set.noted ? " instructions; the kernel's own notes tell the same."
                    : " instructions; this kernel has no notes of its own.";
  page.Paragraph({}, text);
  WriteCalls(page, set.abis.front());
  page.Blank();
  for (const AbiAnswers& foreign : set.abis) {
    if (foreign.abi != set.abis.front().abi) WriteForeign(page, set.abis.front(), foreign);
  }
  WriteDistance(page, set.distance);
}

}  // namespace

void WriteFilterText(const FilterReport& report, int columns, const ByteSink& sink) {
  Page page(sink, columns, false);
  page.Paragraph({}, report.name.empty() ? "No container" : report.name);
  const auto count = [&](std::size_t tasks, std::string_view what) {
    if (tasks > 0) page.Paragraph({}, std::to_string(tasks) + std::string(what));
  };
  count(report.unfiltered, " tasks without any filter: they may call everything.");
  count(report.strict, " tasks in strict mode: read, write and leave.");
  for (const FilterSet& set : report.sets) WriteSet(page, set);
  for (const FilterFinding& finding : report.findings) {
    if (&finding == report.findings.data()) page.Blank();
    page.Paragraph({.text = NameOf(finding.status), .indent = kIndent},
                   finding.id + " " + finding.title);
    for (const std::string& line : finding.evidence) {
      page.Paragraph({.text = "", .indent = kIndent}, line);
    }
  }
  for (const VantageProblem& problem : report.problems) {
    if (&problem == report.problems.data()) page.Blank();
    page.Paragraph({.text = "problem", .indent = kIndent}, problem.text + ": " + problem.remedy);
  }
  page.Finish();
}

}  // namespace hullmark
