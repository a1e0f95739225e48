// SPDX-License-Identifier: Apache-2.0
#include "checks/filter_calls.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/filters.h"
#include "checks/verdicts.h"
#include "hullmark/call_groups.h"
#include "hullmark/check.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/severity.h"
#include "hullmark/syscalls.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostNamed = 8;  // Calls in a line of evidence.

// Calls that were found, named for evidence as far as it is wanted.
class Found {
 public:
  explicit Found(bool wanted) : wanted_(wanted) {}

  void Add(std::string_view name) {
    ++count_;
    if (!wanted_ || count_ > kMostNamed) return;
    text_ += text_.empty() ? "" : ", ";
    text_ += name;
  }
  void Add(Abi abi, Abi native, std::string_view name) {
    if (!wanted_ || abi == native) return Add(name);
    Add(std::string(name) + " (" + std::string(NameOf(abi)) + ")");
  }

  bool empty() const { return count_ == 0; }
  std::string Text() const {
    if (count_ <= kMostNamed) return text_;
    return text_ + " and " + std::to_string(count_ - kMostNamed) + " more";
  }

 private:
  bool wanted_;
  std::size_t count_ = 0;
  std::string text_;
};

// A fail that `permitted` proves, else an unknown that `untold` does, else a pass.
Verdict Conclude(const Found& permitted, const Found& untold, EvidenceOut out) {
  if (!permitted.empty())
    return Fail(out, "", [&] { return "filters permit " + permitted.Text(); });
  if (untold.empty()) return Pass();
  Prove(out, "", [&] { return "filters may permit " + untold.Text(); });
  return {.outcome = Outcome::kUnknown};
}

// ---- SCP-003 ----

class DangerSearch {
 public:
  DangerSearch(const TaskFilters& filters, bool wanted)
      : filters_(filters), permitted_(wanted), untold_(wanted) {}

  // `usable`: whether the task has what the calls need.
  void Add(const CallGroup& group, const Fact<bool>& usable) {
    for (const CallUse& use : group.calls) {
      for (const Abi abi : AbisOf(filters_.machine)) Add(use, abi, usable.has_value());
    }
  }

  Verdict Close(EvidenceOut out) const { return Conclude(permitted_, untold_, out); }

 private:
  void Add(const CallUse& use, Abi abi, bool usable) {
    const std::optional<std::uint32_t> number = NumberOf(abi, use.call);
    if (!number) return;
    const Permission permission = PermissionOf(filters_.rules.At(abi, *number), use);
    if (!permission.permits && !permission.untold) return;
    (permission.permits && usable ? permitted_ : untold_).Add(abi, filters_.native(), use.text);
  }

  const TaskFilters& filters_;
  Found permitted_, untold_;
};

// ---- SCP-004 ----

// What a family's calls come to on the native architecture.
struct FamilyLook {
  Found denied, permitted;
  bool untold = false;
};

void LookAt(const TaskFilters& filters, const std::vector<CallUse>& uses, bool denial_counts,
            FamilyLook& look) {
  for (const CallUse& use : uses) {
    const std::optional<std::uint32_t> number = NumberOf(filters.native(), use.call);
    if (!number) continue;
    const Permission permission = PermissionOf(filters.rules.At(filters.native(), *number), use);
    look.untold = look.untold || permission.untold;
    if (permission.permits) look.permitted.Add(use.text);
    if (denial_counts && permission == Permission{.denies = true}) look.denied.Add(use.text);
  }
}

Verdict JudgeFamily(const TaskView& view, const TaskFilters& filters, const CallFamily& family,
                    EvidenceOut out) {
  FamilyLook look = {.denied = Found(out != nullptr), .permitted = Found(out != nullptr)};
  LookAt(filters, family.calls, true, look);
  LookAt(filters, family.newer, false, look);
  if (family.io_uring && PermitsRing(view, filters)) look.permitted.Add("io_uring");
  if (!look.denied.empty() && !look.permitted.empty()) {
    return Fail(out, "", [&] {
      return family.name + ": " + look.denied.Text() + " denied, " + look.permitted.Text() +
             " permitted";
    });
  }
  // What cannot be told may be the denial, or the way round it.
  if (look.untold) return Unknown(out, "", family.name + ": cannot be told");
  return Pass();
}

// ---- SCP-005 ----

// "clock_settime64" does what "clock_settime" does; "" where nothing is to be taken off.
std::string_view WithoutWidth(std::string_view call) {
  for (const std::string_view width : {"_time64", "64", "32"}) {
    if (call.ends_with(width)) return call.substr(0, call.size() - width.size());
  }
  return {};
}

std::optional<std::uint32_t> NativeNumber(Abi native, std::string_view call) {
  if (const auto number = NumberOf(native, call)) return number;
  return NumberOf(native, WithoutWidth(call));
}

// Whether `foreign` lets more through than `native`; nullopt where that cannot be told.
std::optional<bool> IsWeaker(const CallRules& foreign, const CallRules& native) {
  const Permission there = PermissionOf(foreign);
  const Permission here = PermissionOf(native);
  const bool none_here = here == Permission{.denies = true};
  const bool all_there = there == Permission{.permits = true};
  if ((none_here && there.permits) || (here.denies && all_there)) return true;
  const bool none_there = there == Permission{.denies = true};
  const bool all_here = here == Permission{.permits = true};
  constexpr Permission kSome = {.permits = true, .denies = true};
  if (none_there || all_here || (here == kSome && there == kSome)) return false;
  const bool certain = std::ranges::all_of(native, &CallRule::certain);
  if (certain && native == foreign) return false;  // A supervisor sees both.
  return std::nullopt;
}

void CompareCalls(const TaskFilters& filters, Abi abi, Found& weaker, Found& untold) {
  for (const std::string_view call : Calls()) {
    const std::optional<std::uint32_t> number = NumberOf(abi, call);
    const std::optional<std::uint32_t> native = NativeNumber(filters.native(), call);
    if (!number || !native) continue;
    const std::optional<bool> is_weaker =
        IsWeaker(filters.rules.At(abi, *number), filters.rules.At(filters.native(), *native));
    if (is_weaker == false) continue;
    (is_weaker ? weaker : untold).Add(call);
  }
}

}  // namespace

Verdict PermitsNoneOf(const TaskView& view, const TaskFilters& filters,
                      const std::vector<CallGroup>& groups, Severity least, EvidenceOut out) {
  if (groups.empty()) return NotApplicable("the benchmark names no call");
  DangerSearch search(filters, out != nullptr);
  for (const CallGroup& group : groups) {
    if (group.level < least || IsSwitchedOff(view.snapshot.host, group.off)) continue;
    const Fact<bool> usable = HasNeeded(view, filters, group.needs);
    if (!usable || *usable) search.Add(group, usable);
  }
  return search.Close(out);
}

Verdict LeavesNoneBeside(const TaskView& view, const TaskFilters& filters,
                         const std::vector<CallFamily>& families, Severity least, EvidenceOut out) {
  if (families.empty()) return NotApplicable("the benchmark names no family");
  Verdict verdict = Pass();
  for (const CallFamily& family : families) {
    if (family.level < least) continue;
    const Fact<bool> usable = HasNeeded(view, filters, family.needs);
    if (usable && !*usable) continue;
    const Verdict one = JudgeFamily(view, filters, family, out);
    const bool counts = one.outcome != Outcome::kFail || usable.has_value();
    verdict = Worse(verdict, counts ? one : Verdict{.outcome = Outcome::kUnknown});
  }
  return verdict;
}

Verdict IsAsStrictEverywhere(const TaskFilters& filters, EvidenceOut out) {
  Verdict verdict = Pass();
  for (const Abi abi : AbisOf(filters.machine)) {
    if (abi == filters.native()) continue;
    Found weaker(out != nullptr);
    Found untold(out != nullptr);
    CompareCalls(filters, abi, weaker, untold);
    const auto where = [&](const Found& found, std::string_view what) {
      return std::string(NameOf(abi)) + std::string(what) + found.Text();
    };
    if (!weaker.empty()) {
      verdict =
          Worse(verdict, Fail(out, "", [&] { return where(weaker, " permits what is denied: "); }));
    } else if (!untold.empty()) {
      Prove(out, "", [&] { return where(untold, ", cannot be told: "); });
      verdict = Worse(verdict, {.outcome = Outcome::kUnknown});
    }
  }
  return verdict;
}

Verdict DeniesNumbers(const TaskFilters& filters, const std::vector<std::int64_t>& numbers,
                      EvidenceOut out) {
  if (numbers.empty()) return NotApplicable("the benchmark names no number");
  Found permitted(out != nullptr);
  Found untold(out != nullptr);
  for (const std::int64_t number : numbers) {
    // A call has no other number: what the benchmark meant is not known.
    const Permission permission =
        std::in_range<std::uint32_t>(number)
            ? PermissionOf(filters.rules.At(filters.native(), static_cast<std::uint32_t>(number)))
            : Permission{.untold = true};
    const std::string name = out != nullptr ? "number " + std::to_string(number) : "";
    if (permission.permits) {
      permitted.Add(name);
    } else if (permission.untold) {
      untold.Add(name);
    }
  }
  return Conclude(permitted, untold, out);
}

}  // namespace hullmark
