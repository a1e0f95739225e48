// SPDX-License-Identifier: Apache-2.0
#include "agent/seccomp/profile.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/seccomp/profile_rules.h"
#include "hullmark/seccomp.h"
#include "hullmark/seccomp_profile.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

constexpr std::uint32_t kRefused = SECCOMP_RET_ERRNO | EPERM;
constexpr std::uint32_t kNameless = 4095;  // No kernel has such a call.
constexpr std::size_t kMostNamed = 8;

// What is answered whatever the arguments; nullopt: that depends, or is not known.
std::optional<std::uint32_t> OnlyAnswer(const CallRules& rules) {
  if (rules.size() != 1 || !rules.front().certain || !rules.front().when.empty()) {
    return std::nullopt;
  }
  return rules.front().answer;
}

bool IsDenial(std::uint32_t answer) {
  const FilterAction action = ActionOf(answer);
  return action == FilterAction::kErrno || action == FilterAction::kTrap ||
         action == FilterAction::kKillThread || action == FilterAction::kKillProcess;
}

bool IsRefusal(const CallRules& rules) {
  const auto answer = OnlyAnswer(rules);
  return answer && IsDenial(*answer);
}

bool IsKill(const CallRules& rules) {
  const auto answer = OnlyAnswer(rules);
  return answer && (ActionOf(*answer) == FilterAction::kKillThread ||
                    ActionOf(*answer) == FilterAction::kKillProcess);
}

// "a, b and 7 more"
std::string Listed(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::size_t at = 0; at < std::min(names.size(), kMostNamed); ++at) {
    if (at > 0) text += ", ";
    text += names[at];
  }
  if (names.size() > kMostNamed) {
    text += " and " + std::to_string(names.size() - kMostNamed) + " more";
  }
  return text;
}

class Writing {
 public:
  Writing(const FilterRules& rules, Machine machine) : rules_(rules), machine_(machine) {}

  SeccompProfile Run(const std::set<std::string_view>* only) &&;

 private:
  Abi native() const { return AbisOf(machine_).front(); }
  bool IsMeant(std::string_view call) const { return only_ == nullptr || only_->contains(call); }
  std::uint32_t ChooseDefault() const;
  bool IsClosed(Abi abi) const;
  std::vector<std::string_view> DifferentOn(Abi abi) const;
  void ChooseAbis();
  std::optional<std::vector<ProfileRule>> RulesFor(std::string_view call) const;
  void AddCalls();
  void Note(const std::vector<std::string_view>& calls, std::string_view what);

  const FilterRules& rules_;
  Machine machine_;
  const std::set<std::string_view>* only_ = nullptr;
  SeccompProfile profile_;
};

// What calls without a name get, where that is a denial the most usual one of those with a name:
// runtimes have their own answer to numbers past those that they know.
std::uint32_t Writing::ChooseDefault() const {
  const auto nameless = OnlyAnswer(rules_.At(native(), kNameless));
  if (only_ != nullptr) return kRefused;
  if (nameless && !IsDenial(*nameless)) return *nameless;
  std::map<std::uint32_t, std::size_t> usual;
  for (const std::string_view call : Calls()) {
    const auto number = NumberOf(native(), call);
    const auto answer = number ? OnlyAnswer(rules_.At(native(), *number)) : std::nullopt;
    if (answer && IsDenial(*answer)) ++usual[*answer];
  }
  const auto most = std::ranges::max_element(usual, {}, [](const auto& one) { return one.second; });
  return most == usual.end() ? nameless.value_or(kRefused) : most->first;
}

// Whether every call by this ABI is the caller's last.
bool Writing::IsClosed(Abi abi) const {
  return std::ranges::all_of(Calls(), [&](std::string_view call) {
    const auto number = NumberOf(abi, call);
    return !number || IsKill(rules_.At(abi, *number));
  });
}

// As libseccomp takes them: of arguments of x32 it looks at the lower half.
ArgumentWidth WidthOf(Abi abi) {
  return abi == Abi::kX86_64 || abi == Abi::kAarch64 ? ArgumentWidth::k64 : ArgumentWidth::k32;
}

bool LooksAtUpperHalves(const CallRules& rules) {
  return std::ranges::any_of(rules, [](const CallRule& rule) {
    return std::ranges::any_of(rule.when, [](const WordTest& it) { return it.word % 2 != 0; });
  });
}

// Calls that a rule for all ABIs does not fit.
std::vector<std::string_view> Writing::DifferentOn(Abi abi) const {
  std::vector<std::string_view> different;
  for (const std::string_view call : Calls()) {
    const auto own = NumberOf(abi, call);
    const auto number = NumberOf(native(), call);
    if (!own || !number || !IsMeant(call)) continue;
    auto here = ProfileRulesOf(rules_.At(native(), *number), profile_.default_answer);
    const auto there = ProfileRulesOf(rules_.At(abi, *own), profile_.default_answer, WidthOf(abi));
    // A refusal is one, whatever the error: runtimes have their own for calls they do not know.
    if (IsRefusal(rules_.At(native(), *number)) && IsRefusal(rules_.At(abi, *own))) continue;
    if (here && WidthOf(abi) == ArgumentWidth::k32) here = Narrow(*std::move(here));
    const bool unlike = abi == Abi::kX32 && LooksAtUpperHalves(rules_.At(abi, *own));
    if (here != there || unlike) different.push_back(call);
  }
  return different;
}

void Writing::ChooseAbis() {
  profile_.abis = {native()};
  for (const Abi abi : AbisOf(machine_)) {
    if (abi == native() || IsClosed(abi)) continue;
    const auto different = DifferentOn(abi);
    if (different.empty()) {
      profile_.abis.push_back(abi);
    } else {
      Note(different, std::string(NameOf(abi)) +
                          " is left out, so it is closed: the filter is not the same there for");
    }
  }
}

void Writing::Note(const std::vector<std::string_view>& calls, std::string_view what) {
  if (!calls.empty()) profile_.departures.push_back(std::string(what) + " " + Listed(calls));
}

// On the first ABI that has the call; nullopt: no profile can say so.
std::optional<std::vector<ProfileRule>> Writing::RulesFor(std::string_view call) const {
  for (const Abi abi : profile_.abis) {
    const auto number = NumberOf(abi, call);
    if (!number) continue;
    return ProfileRulesOf(rules_.At(abi, *number), profile_.default_answer, WidthOf(abi));
  }
  return std::vector<ProfileRule>{};
}

void Writing::AddCalls() {
  std::map<ProfileRule, std::vector<std::string_view>> entries;
  std::vector<std::string_view> untold;
  for (const std::string_view call : Calls()) {
    if (!IsMeant(call)) continue;
    const auto rules = RulesFor(call);
    if (!rules) untold.push_back(call);
    for (const ProfileRule& rule : rules.value_or(std::vector<ProfileRule>{})) {
      entries[rule].push_back(call);
    }
  }
  for (auto& [rule, calls] : entries) {
    profile_.entries.push_back({.rule = rule, .calls = std::move(calls)});
  }
  Note(untold, "as all others, because no profile can say what the filter does:");
}

SeccompProfile Writing::Run(const std::set<std::string_view>* only) && {
  only_ = only;
  profile_.default_answer = ChooseDefault();
  ChooseAbis();
  AddCalls();
  const auto nameless = OnlyAnswer(rules_.At(native(), kNameless));
  if (only == nullptr && (!nameless || IsDenial(*nameless) != IsDenial(profile_.default_answer))) {
    profile_.departures.emplace_back("numbers that no call has are answered otherwise");
  }
  return std::move(profile_);
}

}  // namespace

SeccompProfile ProfileOf(const FilterRules& rules, Machine machine) {
  return Writing(rules, machine).Run(nullptr);
}

SeccompProfile ProfileOfOnly(const FilterRules& rules, Machine machine,
                             const std::set<std::string_view>& calls) {
  return Writing(rules, machine).Run(&calls);
}

}  // namespace hullmark
