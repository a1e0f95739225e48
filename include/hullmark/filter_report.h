// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"

namespace hullmark {

// What the filters of some tasks come to, for people and programs. Texts are ours but for names.

// Of a call whose arguments matter: what is answered if they meet any of `when`; the last one has
// none, and holds otherwise.
struct AnswerCase {
  std::string answer{};             // "allow", "errno 38"
  std::vector<std::string> when{};  // "arg0 & 0x7e020000 = 0x0 and arg1 != 0x5"

  friend bool operator==(const AnswerCase&, const AnswerCase&) = default;
};

struct CallAnswer {
  std::string_view call;
  std::uint32_t number = 0;
  std::string answer{};             // As above, or "conditional", or "unknown".
  std::vector<AnswerCase> cases{};  // Of a conditional one.
};

struct AbiAnswers {
  Abi abi = Abi::kX86_64;
  std::vector<CallAnswer> calls{};  // Ascending by call.
  std::string nameless{};           // Of numbers that no call has.
};

// How far filters are from the default profile of docker, on the machine's own ABI.
struct ProfileDistance {
  std::vector<std::string_view> beyond{};  // Permitted, at least in part; the default refuses them.
  std::vector<std::string_view> within{};  // Refused; the default permits them.
};

// Tasks that have the same filters.
struct FilterSet {
  struct Task {
    Pid pid{}, tid{};
  };

  std::vector<Task> tasks{};
  std::vector<std::size_t> programs{};  // Instructions of each, the newest first.
  bool noted = false;                   // The kernel's own notes tell the same.
  std::string unknown{};                // Why nothing is known; "": the following is.
  std::vector<AbiAnswers> abis{};       // The native one first.
  ProfileDistance distance{};
};

struct FilterFinding {
  std::string id{}, title{};
  Status status = Status::kUnknown;
  std::vector<std::string> evidence{};
};

struct FilterReport {
  std::string name{}, id{};  // Of the container; "" where a process is in none.
  std::optional<Machine> machine{};
  std::size_t unfiltered = 0, strict = 0;  // Tasks without a filter, and in strict mode.
  std::vector<FilterSet> sets{};
  std::vector<FilterFinding> findings{};  // Of the container: what is said of filters.
  std::vector<VantageProblem> problems{};
};

}  // namespace hullmark
