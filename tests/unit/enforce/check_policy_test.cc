// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/check_policy.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/glob.h"
#include "hullmark/policy.h"
#include "tests/unit/enforce/scene.h"

namespace hullmark {
namespace {

std::string WhatIsWrong(const Policy& policy, Scope scope, Enforceable enforceable) {
  World world;
  world.AddControl(scope, kHighPrice, {}).enforceable = enforceable;
  const auto checked = CheckPolicy(policy, world.benchmark);
  return checked ? "" : checked.error().message;
}

TEST(CheckPolicyTest, NeverBindsWhatCannotBeTakenLightly) {
  for (const ActionKind kind : {ActionKind::kFreeze, ActionKind::kKillProcess, ActionKind::kKill}) {
    const Policy policy = PolicyOf({{.kind = ActionKind::kNotify}, {.kind = kind}});
    EXPECT_EQ(WhatIsWrong(policy, Scope::kProcess, Enforceable::kNever),
              "c:1: rule 'r': C-0 is never reason enough to freeze or kill");
    EXPECT_EQ(WhatIsWrong(policy, Scope::kProcess, Enforceable::kAllowed), "");
  }
  for (const ActionKind kind : {ActionKind::kNotify, ActionKind::kThrottle}) {
    EXPECT_EQ(WhatIsWrong(PolicyOf({{.kind = kind}}), Scope::kProcess, Enforceable::kNever), "");
  }
}

TEST(CheckPolicyTest, ConditionalNeedsASelector) {
  Policy policy = PolicyOf({{.kind = ActionKind::kKill}});
  EXPECT_EQ(WhatIsWrong(policy, Scope::kProcess, Enforceable::kConditional),
            "c:1: rule 'r': C-0 is reason enough to freeze or kill only in a rule with a 'select'");
  policy.rules[0].select.name = {Glob("*")};
  EXPECT_EQ(WhatIsWrong(policy, Scope::kProcess, Enforceable::kConditional), "");
}

TEST(CheckPolicyTest, ARuleMeansSomething) {
  Policy policy = PolicyOf({{.kind = ActionKind::kNotify}});
  policy.rules[0].controls = {Glob("C-*"), Glob("D-*")};
  EXPECT_EQ(WhatIsWrong(policy, Scope::kProcess, Enforceable::kNever),
            "c:1: rule 'r': no control is called D-*");
  policy.rules[0].controls = {Glob("C-*")};
  EXPECT_EQ(WhatIsWrong(policy, Scope::kHost, Enforceable::kAllowed),
            "c:1: rule 'r': C-0 is a control of the host: there is no container to act upon");
}

TEST(CheckPolicyTest, AProcessIsKilledForWhatAProcessDoes) {
  const Policy policy = PolicyOf({{.kind = ActionKind::kKillProcess}});
  EXPECT_EQ(WhatIsWrong(policy, Scope::kContainer, Enforceable::kAllowed),
            "c:1: rule 'r': C-0 is a control of whole containers: kill_process needs one of "
            "processes");
}

TEST(CheckPolicyTest, TheKernelJudgesFewControls) {
  const Policy policy = PolicyOf({{.kind = ActionKind::kKillAtExec}});
  EXPECT_EQ(WhatIsWrong(policy, Scope::kProcess, Enforceable::kAllowed),
            "c:1: rule 'r': C-0 cannot be judged by the kernel alone: kill_at_exec takes only what "
            "follows from capabilities, ids and the program's file");
}

}  // namespace
}  // namespace hullmark
