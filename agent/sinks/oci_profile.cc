// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string_view>
#include <utility>

#include "agent/encode/json_writer.h"
#include "agent/sinks/filter_sinks.h"
#include "hullmark/seccomp.h"
#include "hullmark/seccomp_profile.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

using Operator = ProfileArgument::Operator;

std::string_view NameOfAction(FilterAction action) {
  switch (action) {
    case FilterAction::kKillProcess:
      return "SCMP_ACT_KILL_PROCESS";
    case FilterAction::kKillThread:
      return "SCMP_ACT_KILL_THREAD";
    case FilterAction::kTrap:
      return "SCMP_ACT_TRAP";
    case FilterAction::kErrno:
      return "SCMP_ACT_ERRNO";
    case FilterAction::kNotify:
      return "SCMP_ACT_NOTIFY";
    case FilterAction::kTrace:
      return "SCMP_ACT_TRACE";
    case FilterAction::kLog:
      return "SCMP_ACT_LOG";
    case FilterAction::kAllow:
      return "SCMP_ACT_ALLOW";
  }
  std::unreachable();
}

std::string_view NameOfArchitecture(Abi abi) {
  switch (abi) {
    case Abi::kX86_64:
      return "SCMP_ARCH_X86_64";
    case Abi::kX32:
      return "SCMP_ARCH_X32";
    case Abi::kI386:
      return "SCMP_ARCH_X86";
    case Abi::kAarch64:
      return "SCMP_ARCH_AARCH64";
    case Abi::kArm:
      return "SCMP_ARCH_ARM";
  }
  std::unreachable();
}

// The action, and the number that goes with it.
void WriteAnswer(JsonWriter& json, std::uint32_t answer, std::string_view action,
                 std::string_view number) {
  constexpr std::uint32_t kData = 0xffff;
  const FilterAction what = ActionOf(answer);
  json.Member(action, NameOfAction(what));
  if (what == FilterAction::kErrno || what == FilterAction::kTrace) {
    json.Member(number, answer & kData);
  }
}

std::string_view NameOfOperator(Operator is) {
  switch (is) {
    case Operator::kEqual:
      return "SCMP_CMP_EQ";
    case Operator::kNotEqual:
      return "SCMP_CMP_NE";
    case Operator::kMaskedEqual:
      return "SCMP_CMP_MASKED_EQ";
    case Operator::kAbove:
      return "SCMP_CMP_GT";
    case Operator::kAtMost:
      return "SCMP_CMP_LE";
  }
  std::unreachable();
}

void WriteArgument(JsonWriter& json, const ProfileArgument& argument) {
  json.BeginObject().Member("index", std::uint32_t{argument.index});
  if (argument.is == Operator::kMaskedEqual) {
    json.Member("value", argument.mask).Member("valueTwo", argument.value);
  } else {
    json.Member("value", argument.value);
  }
  json.Member("op", NameOfOperator(argument.is)).EndObject();
}

void WriteEntry(JsonWriter& json, const SeccompProfile::Entry& entry) {
  json.BeginObject().Key("names").BeginArray();
  for (const std::string_view call : entry.calls) json.String(call);
  json.EndArray();
  WriteAnswer(json, entry.rule.answer, "action", "errnoRet");
  if (!entry.rule.when.empty()) {
    json.Key("args").BeginArray();
    for (const ProfileArgument& argument : entry.rule.when) WriteArgument(json, argument);
    json.EndArray();
  }
  json.EndObject();
}

}  // namespace

void WriteOciProfile(const SeccompProfile& profile, const ByteSink& sink) {
  JsonWriter json(sink, 2);
  json.BeginObject();
  WriteAnswer(json, profile.default_answer, "defaultAction", "defaultErrnoRet");
  json.Key("architectures").BeginArray();
  for (const Abi abi : profile.abis) json.String(NameOfArchitecture(abi));
  json.EndArray();
  json.Key("syscalls").BeginArray();
  for (const SeccompProfile::Entry& entry : profile.entries) WriteEntry(json, entry);
  json.EndArray().EndObject();
  json.Finish();
}

}  // namespace hullmark
