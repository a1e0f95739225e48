// SPDX-License-Identifier: Apache-2.0
#include "checks/expected_programs.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "checks/verdicts.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

// Names that the kernel tells at an exec are cut at this.
constexpr std::size_t kWholeName = 63;

bool IsName(std::string_view program) { return !program.contains('/'); }

// Whether two programs may be one, of which at least one is told by its name alone.
bool MayBeSame(std::string_view a, std::string_view b) {
  a = BaseName(a);
  b = BaseName(b);
  const bool cut = std::min(a.size(), b.size()) == kWholeName;
  return cut ? a.starts_with(b) || b.starts_with(a) : a == b;
}

bool Knows(const Snapshot& snapshot, const LearnedPrograms& learned, std::string_view program) {
  const auto text_of = [&](StringId id) { return snapshot.Text(id); };
  if (std::ranges::binary_search(learned.programs, program, {}, text_of)) return true;
  return std::ranges::any_of(learned.programs, [&](StringId id) {
    const std::string_view known = text_of(id);
    return (IsName(program) || IsName(known)) && MayBeSame(program, known);
  });
}

std::string Count(std::size_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

// "the 4 programs that were seen within 600 s of its start"
std::string Describe(const LearnedPrograms& learned) {
  const std::string seen = "the " + Count(learned.programs.size(), "program") + " seen within " +
                           std::to_string(learned.seconds) + " s of ";
  if (learned.age == 0U) return seen + "its start";
  if (!learned.age) return seen + "the first look at it";
  return seen + "the first look at it, " + std::to_string(*learned.age) + " s after its start";
}

Verdict ByBaseline(std::string_view program, const std::vector<Glob>& baseline, EvidenceOut out) {
  const bool known = std::ranges::any_of(baseline, [&](const Glob& glob) {
    return IsName(program) ? glob.MatchesName(program) : glob.Matches(program);
  });
  if (known) return Pass();
  return Fail(out, "exe", [&] {
    return Cut(program) + " is not in the baseline of " + Count(baseline.size(), "pattern");
  });
}

}  // namespace

Verdict HasBaseline(const Container& container, const std::vector<Glob>& baseline) {
  if (!baseline.empty()) return Pass();
  if (!container.learned)
    return NotApplicable("no baseline: none is declared and none was learned");
  if (!container.learned->complete) return NotApplicable("what it runs is still being learned");
  return Pass();
}

Verdict IsExpected(const TaskView& view, const Executable& executable,
                   const std::vector<Glob>& baseline, EvidenceOut out) {
  const std::string_view program = PathOf(view.snapshot, executable);
  if (program.empty()) return Unknown(out, "exe", "the program has no path");
  if (!baseline.empty()) return ByBaseline(program, baseline, out);
  const LearnedPrograms& learned = *view.container.learned;
  if (Knows(view.snapshot, learned, program)) return Pass();
  if (learned.partial || learned.programs.empty()) {
    return Unknown(out, "exe", "it ran more programs than could be learned");
  }
  return Fail(out, "exe", [&] { return Cut(program) + " is not among " + Describe(learned); });
}

}  // namespace hullmark
