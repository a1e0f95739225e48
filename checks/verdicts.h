// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"

namespace hullmark {

// How a check says what it found. A pass and a "not applicable" cost nothing; every other verdict
// leaves a line of proof in `out` when somebody wants one.

// `note` is a literal that says why a pass is a pass, where that is not obvious.
constexpr Verdict Pass(std::string_view note = {}) {
  return {.outcome = Outcome::kPass, .note = note};
}

// `note` is a literal that says what is missing for the question to make sense.
constexpr Verdict NotApplicable(std::string_view note) {
  return {.outcome = Outcome::kNotApplicable, .note = note};
}

// Adds a line of proof if `out` is wanted. `fact` is the text, or a callable that makes it: only
// then is the text built.
void Prove(EvidenceOut out, std::string_view source, std::string_view fact);
template <std::invocable MakeText>
void Prove(EvidenceOut out, std::string_view source, MakeText&& make_text) {
  if (out != nullptr) Prove(out, source, std::string_view(std::string(make_text())));
}

// A fail at the control's own price, proved by `fact` (text, or a callable that makes it).
template <typename Text>
Verdict Fail(EvidenceOut out, std::string_view source, Text&& fact) {
  Prove(out, source, std::forward<Text>(fact));
  return {.outcome = Outcome::kFail};
}

// Unknown, because the file `source` gave no fact: carries the errno and its name.
Verdict Unknown(EvidenceOut out, std::string_view source, Fault fault);

// Unknown for a reason that is no Fault ("no NoNewPrivs line").
Verdict Unknown(EvidenceOut out, std::string_view source, std::string_view why);

// The worse of two parts of one verdict: fail over unknown over pass over not applicable; among
// equals the first, with its price and note.
constexpr const Verdict& Worse(const Verdict& a, const Verdict& b) {
  return b.outcome > a.outcome ? b : a;
}

// Texts of a container in evidence: at most `most` bytes, then "...". Sinks escape what is left.
std::string Cut(std::string_view text, std::size_t most = 120);

// ---- tasks ----

// The group leader's own task, as opposed to a thread that differs from it.
inline bool IsLeader(const TaskView& view) { return &view.task == &view.process.leader; }

// The capabilities of `set` that this kernel knows: old kernels show bits that mean nothing.
CapSet KnownCaps(const Host& host, CapSet set);

// ---- the host's namespaces ----

// Where we look from is the initial pid and user namespace, so that "the host's" is what we see.
inline bool SeesHost(const Vantage& vantage) {
  return vantage.initial_pid_namespace && vantage.initial_user_namespace;
}

// Whether the task is in the initial namespace of `kind`. Errors: the fault of the task's own link;
// the fault of the reference; kVantage when the observer's own namespaces make "host" undecidable.
Fact<bool> InHostNamespace(const Snapshot& snapshot, const Task& task, NamespaceKind kind);

// As InHostNamespace for kUser: whether capabilities of the task rule the host, or only its own
// user namespace.
Fact<bool> InInitialUserNamespace(const Snapshot& snapshot, const Task& task);

// Whether this kernel was built without namespaces of `kind`; false also where nobody looked.
constexpr bool KernelLacks(const Host& host, NamespaceKind kind) {
  return host.namespace_kinds != 0 && (host.namespace_kinds >> std::to_underlying(kind) & 1) == 0;
}

// "ns/net", and "net:[4026531833]" as readlink(2) gives it.
std::string_view LinkOf(NamespaceKind kind);
std::string ToText(NamespaceKind kind, NamespaceInode inode);

}  // namespace hullmark
