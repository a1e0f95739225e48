// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "hullmark/filter_report.h"
#include "hullmark/ids.h"
#include "hullmark/report.h"
#include "hullmark/syscalls.h"

namespace hullmark::testing {

// Of a container with filters that are known and others that are not.
inline FilterReport FilterScene() {
  FilterSet known = {.tasks = {{.pid = Pid{42}, .tid = Pid{42}}, {.pid = Pid{42}, .tid = Pid{43}}},
                     .programs = {12, 7},
                     .noted = true};
  const AnswerCase some = {.answer = "allow", .when = {"arg0 = 0x1", "arg0 = 0x2"}};
  known.abis = {{.abi = Abi::kX86_64,
                 .calls = {{.call = "chmod", .number = 90, .answer = "errno 1"},
                           {.call = "clone",
                            .number = 56,
                            .answer = "conditional",
                            .cases = {some, {.answer = "errno 1"}}},
                           {.call = "mount", .number = 165, .answer = "errno 1"},
                           {.call = "read", .number = 0, .answer = "allow"}},
                 .nameless = "errno 38"},
                {.abi = Abi::kI386,
                 .calls = {{.call = "chmod", .number = 15, .answer = "kill_thread"},
                           {.call = "read", .number = 3, .answer = "kill_thread"}},
                 .nameless = "kill_thread"}};
  known.distance.within = {"chmod"};
  const FilterSet unknown = {.tasks = {{.pid = Pid{50}, .tid = Pid{50}}},
                             .unknown = "the filters: permission denied"};
  return {.name = "web",
          .id = "0123",
          .machine = Machine::kX86_64,
          .unfiltered = 1,
          .sets = {known, unknown},
          .findings = {{.id = "SCP-004",
                        .title = "No call is left open",
                        .status = Status::kFail,
                        .evidence = {"chmod denied, fchmod permitted"}}},
          .problems = {{.id = "seccomp-content", .text = "some", .remedy = "bpf"}}};
}

}  // namespace hullmark::testing
