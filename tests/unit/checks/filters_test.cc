// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "checks/table.h"
#include "hullmark/call_groups.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/severity.h"
#include "hullmark/snapshot.h"
#include "hullmark/syscalls.h"
#include "tests/unit/checks/builder.h"
#include "tests/unit/checks/say.h"

// The controls on what filters answer: SCP-003 to SCP-006.
namespace hullmark::testing {
namespace {

constexpr std::uint32_t kAllow = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kDeny = SECCOMP_RET_ERRNO | 1;

CallRules Always(std::uint32_t answer) { return {{.answer = answer}}; }

const WordTest kNewUser = {
    .word = LowWord(0), .relation = WordTest::Relation::kNotEqual, .mask = 0x10000000};

CallUse Use(const std::string& call) { return {.text = call, .call = call}; }
const CallUse kCloneNewUser = {
    .text = "clone arg0 & 0x10000000", .call = "clone", .when = {{kNewUser}}};

// `otherwise`, but for one call on one ABI.
Answers But(Answers otherwise, Abi abi, std::string call, CallRules rules) {
  return [=](Abi of, std::uint32_t number) {
    return of == abi && CallOf(of, number) == call ? rules : otherwise(of, number);
  };
}
Answers But(Answers otherwise, std::string call, CallRules rules) {
  return But(std::move(otherwise), Abi::kX86_64, std::move(call), std::move(rules));
}

const Answers kAllowAll = [](Abi, std::uint32_t) { return Always(kAllow); };
const Answers kDenyAll = [](Abi, std::uint32_t) { return Always(kDeny); };
const Answers kUnknownToUs = [](Abi, std::uint32_t) { return UnknownRules(); };

std::string SayOf(std::string_view id, const Scene& scene, const Params& params) {
  return Say(Judge(SeccompChecks(), id, scene, params));
}

Scene Answering(const Answers& answers) {
  Scene scene;
  scene.SetAnswers(answers);
  return scene;
}

const Params kProbes = Of({std::vector<std::int64_t>{1000, 4095}});
const Params kNothing = Of({});

Params Groups(std::vector<CallGroup> groups) { return Of({Severity::kHigh, std::move(groups)}); }
Params Families(std::vector<CallFamily> families) {
  return Of({Severity::kLow, std::move(families)});
}

const Params kKeys =
    Groups({{.name = "keyrings", .level = Severity::kHigh, .calls = {Use("keyctl")}}});
const Params kModes = Families({{.name = "change a file's mode",
                                 .level = Severity::kMedium,
                                 .calls = {Use("chmod"), Use("fchmod")},
                                 .newer = {Use("fchmodat2")}}});

// ---- what they have in common ----

const std::vector<std::pair<std::string_view, Params>> kAll = {
    {"SCP-003", kKeys}, {"SCP-004", kModes}, {"SCP-005", kNothing}, {"SCP-006", kProbes}};

TEST(FilterControls, HaveNothingToSayWithoutAFilter) {
  Scene scene = Answering(kAllowAll);
  for (const auto& [id, params] : kAll) {
    scene.status().seccomp = SeccompMode::kOff;
    EXPECT_EQ(SayOf(id, scene, params), "n/a") << id;
    scene.status().seccomp = SeccompMode::kStrict;
    EXPECT_EQ(SayOf(id, scene, params), "pass") << id;
  }
}

TEST(FilterControls, AreUnknownWhereNobodyReadTheFilters) {
  for (const auto& [id, params] : kAll) {
    Scene scene;
    scene.task().filters = Missing(ErrorCode::kDenied, 1);
    EXPECT_EQ(SayOf(id, scene, params), "unknown") << id;
    EXPECT_EQ(Proof(SeccompChecks(), id, scene, params),
              std::vector<std::string>{": seccomp filters: permission denied"});
    scene = Scene();
    scene.snapshot.seccomp_filters.front().rules = Missing(ErrorCode::kMalformed);
    EXPECT_EQ(SayOf(id, scene, params), "unknown") << id;
    scene = Scene();
    scene.snapshot.host.machine = {};
    EXPECT_EQ(SayOf(id, scene, params), "unknown") << id;
    scene = Scene();
    scene.status().seccomp = {};
    EXPECT_EQ(SayOf(id, scene, params), "unknown") << id;
    EXPECT_EQ(SayOf(id, Answering(kUnknownToUs), params), "unknown") << id;
  }
}

TEST(FilterControls, PassAnAllowListOfTheNativeArchitecture) {
  for (const auto& [id, params] : kAll) EXPECT_EQ(SayOf(id, Scene(), params), "pass") << id;
}

// ---- SCP-003 ----

TEST(DangerousCalls, FailWherePermitted) {
  const Scene scene = Answering(But(kDenyAll, "keyctl", Always(kAllow)));
  EXPECT_EQ(SayOf("SCP-003", scene, kKeys), "fail");
  EXPECT_EQ(Proof(SeccompChecks(), "SCP-003", scene, kKeys),
            std::vector<std::string>{": filters permit keyctl"});
  EXPECT_EQ(SayOf("SCP-003", Answering(But(kDenyAll, "keyctl", Always(SECCOMP_RET_LOG))), kKeys),
            "fail");
  EXPECT_EQ(
      SayOf("SCP-003", Answering(But(kDenyAll, "keyctl", Always(SECCOMP_RET_USER_NOTIF))), kKeys),
      "unknown")
      << "a supervisor decides";
}

TEST(DangerousCalls, FailOnOtherArchitecturesToo) {
  const Scene scene = Answering(But(kDenyAll, Abi::kI386, "keyctl", Always(kAllow)));
  EXPECT_EQ(Proof(SeccompChecks(), "SCP-003", scene, kKeys),
            std::vector<std::string>{": filters permit keyctl (i386)"});
}

TEST(DangerousCalls, CountFromALevel) {
  const Scene scene = Answering(kAllowAll);
  const CallGroup low = {.name = "names", .level = Severity::kLow, .calls = {Use("sethostname")}};
  EXPECT_EQ(SayOf("SCP-003", scene, Of({Severity::kMedium, std::vector{low}})), "pass");
  EXPECT_EQ(SayOf("SCP-003", scene, Of({Severity::kLow, std::vector{low}})), "fail");
  EXPECT_EQ(SayOf("SCP-003", scene, Of({Severity::kLow, std::vector<CallGroup>{}})), "n/a");
}

TEST(DangerousCalls, AreLookedAtByTheirArguments) {
  const Params params =
      Groups({{.name = "user namespaces", .level = Severity::kCritical, .calls = {kCloneNewUser}}});
  const CallRules without_flag = {{.when = {Opposite(kNewUser)}, .answer = kAllow},
                                  {.when = {kNewUser}, .answer = kDeny}};
  EXPECT_EQ(SayOf("SCP-003", Answering(But(kDenyAll, "clone", without_flag)), params), "pass");
  EXPECT_EQ(SayOf("SCP-003", Answering(But(kDenyAll, "clone", Always(kAllow))), params), "fail");
  CallRules unsure = without_flag;
  unsure[0].when.clear();
  unsure[0].certain = false;
  EXPECT_EQ(SayOf("SCP-003", Answering(But(kDenyAll, "clone", unsure)), params), "unknown");
}

TEST(DangerousCalls, AreNoneWhereTheKernelHasSwitchedThemOff) {
  const Params params = Groups({{.name = "io_uring",
                                 .level = Severity::kHigh,
                                 .off = {{.setting = "kernel/io_uring_disabled", .value = 2}},
                                 .calls = {Use("io_uring_setup")}}});
  Scene scene = Answering(kAllowAll);
  EXPECT_EQ(SayOf("SCP-003", scene, params), "fail") << "not read";
  scene.snapshot.host.sysctls = {{.name = "kernel/io_uring_disabled", .value = "1"}};
  EXPECT_EQ(SayOf("SCP-003", scene, params), "fail");
  scene.snapshot.host.sysctls = {{.name = "kernel/io_uring_disabled", .value = "2"}};
  EXPECT_EQ(SayOf("SCP-003", scene, params), "pass");
}

class NeededCapability : public ::testing::Test {
 protected:
  // A root process of the host's user namespace.
  NeededCapability() {
    scene_.SetAnswers(But(kDenyAll, "init_module", Always(kAllow)));
    scene_.UseHost(NamespaceKind::kUser);
    scene_.status().bounding = scene_.status().permitted = CapSet{Cap::kSysModule};
    scene_.status().no_new_privs = false;
  }

  std::string Say() const { return SayOf("SCP-003", scene_, Groups({group_})); }

  Scene scene_;
  CallGroup group_ = {.name = "kernel modules",
                      .level = Severity::kCritical,
                      .needs = {.any = {Cap::kSysModule, Cap::kSysAdmin}},
                      .calls = {Use("init_module")}};
};

TEST_F(NeededCapability, IsHeldOrCanBeHad) {
  EXPECT_EQ(Say(), "fail");
  scene_.status().permitted = {};
  EXPECT_EQ(Say(), "fail") << "a program may give it";
  scene_.status().no_new_privs = true;
  EXPECT_EQ(Say(), "pass");
  scene_.status().permitted = CapSet{Cap::kSysAdmin};
  EXPECT_EQ(Say(), "fail") << "another one will do";
  scene_.status().no_new_privs = {};
  scene_.status().permitted = {};
  EXPECT_EQ(Say(), "fail") << "not known to be held back";
  scene_.status().bounding = {};
  EXPECT_EQ(Say(), "pass");
}

TEST_F(NeededCapability, CountsInTheFirstUserNamespace) {
  scene_.UseMaps({}, {});
  EXPECT_EQ(Say(), "pass");
  group_.needs.user_namespace = true;
  EXPECT_EQ(Say(), "fail");
  group_.needs.user_namespace = false;
  scene_.task().namespaces.Set(NamespaceKind::kUser, Missing(ErrorCode::kDenied));
  EXPECT_EQ(Say(), "unknown");
}

TEST_F(NeededCapability, MayBeHadInANewUserNamespace) {
  scene_.status().bounding = scene_.status().permitted = {};
  group_.needs.user_namespace = true;
  EXPECT_EQ(Say(), "pass");
  const Answers with_module = But(kDenyAll, "init_module", Always(kAllow));
  scene_.SetAnswers(But(with_module, "unshare", Always(kAllow)));
  EXPECT_EQ(Say(), "fail");
  scene_.snapshot.host.sysctls = {{.name = "user/max_user_namespaces", .value = "0"}};
  EXPECT_EQ(Say(), "pass");
  scene_.snapshot.host.sysctls.clear();
  scene_.SetAnswers(But(with_module, "clone3", Always(kAllow)));
  EXPECT_EQ(Say(), "fail") << "its flags lie where no filter sees them";
  const CallRules without_flag = {{.when = {Opposite(kNewUser)}, .answer = kAllow},
                                  {.when = {kNewUser}, .answer = kDeny}};
  scene_.SetAnswers(But(with_module, "clone", without_flag));
  EXPECT_EQ(Say(), "pass");
}

// ---- SCP-004 ----

TEST(Siblings, FailWhereOneIsDeniedAndOneIsNot) {
  const Scene scene = Answering(But(kAllowAll, "chmod", Always(kDeny)));
  EXPECT_EQ(SayOf("SCP-004", scene, kModes), "fail");
  EXPECT_EQ(Proof(SeccompChecks(), "SCP-004", scene, kModes),
            std::vector<std::string>{
                ": change a file's mode: chmod denied, fchmod, fchmodat2 permitted"});
  EXPECT_EQ(SayOf("SCP-004", Answering(kAllowAll), kModes), "pass");
  EXPECT_EQ(SayOf("SCP-004", Answering(kDenyAll), kModes), "pass");
}

TEST(Siblings, ThatAreNewerMayBeMissing) {
  EXPECT_EQ(SayOf("SCP-004", Answering(But(kAllowAll, "fchmodat2", Always(kDeny))), kModes),
            "pass");
  EXPECT_EQ(SayOf("SCP-004", Answering(But(kDenyAll, "fchmodat2", Always(kAllow))), kModes),
            "fail");
}

TEST(Siblings, AreDeniedOnlyIfNoArgumentsHelp) {
  const CallRules some = {{.when = {kNewUser}, .answer = kAllow},
                          {.when = {Opposite(kNewUser)}, .answer = kDeny}};
  EXPECT_EQ(SayOf("SCP-004", Answering(But(kAllowAll, "chmod", some)), kModes), "pass");
  EXPECT_EQ(SayOf("SCP-004", Answering(But(kDenyAll, "chmod", some)), kModes), "fail");
}

TEST(Siblings, IncludeTheRing) {
  CallFamily removal = {
      .name = "remove a name", .level = Severity::kLow, .io_uring = true, .calls = {Use("unlink")}};
  Answers answers = But(kDenyAll, "io_uring_setup", Always(kAllow));
  EXPECT_EQ(SayOf("SCP-004", Answering(answers), Families({removal})), "pass")
      << "it cannot be entered";
  answers = But(answers, "io_uring_enter", Always(kAllow));
  Scene scene = Answering(answers);
  EXPECT_EQ(Proof(SeccompChecks(), "SCP-004", scene, Families({removal})),
            std::vector<std::string>{": remove a name: unlink denied, io_uring permitted"});
  scene.snapshot.host.sysctls = {{.name = "kernel/io_uring_disabled", .value = "2"}};
  EXPECT_EQ(SayOf("SCP-004", scene, Families({removal})), "pass");
  removal.io_uring = false;
  EXPECT_EQ(SayOf("SCP-004", Answering(answers), Families({removal})), "pass");
}

TEST(Siblings, MatterToWhoCouldUseThem) {
  CallFamily clocks = {.name = "set the clock",
                       .level = Severity::kMedium,
                       .needs = {.any = {Cap::kSysTime}},
                       .calls = {Use("settimeofday"), Use("adjtimex")}};
  Scene scene = Answering(But(kDenyAll, "adjtimex", Always(kAllow)));
  EXPECT_EQ(SayOf("SCP-004", scene, Families({clocks})), "pass");
  scene.UseHost(NamespaceKind::kUser);
  scene.status().permitted = CapSet{Cap::kSysTime};
  EXPECT_EQ(SayOf("SCP-004", scene, Families({clocks})), "fail");
  scene.task().namespaces.Set(NamespaceKind::kUser, Missing(ErrorCode::kDenied));
  EXPECT_EQ(SayOf("SCP-004", scene, Families({clocks})), "unknown");
  clocks.level = Severity::kInfo;
  EXPECT_EQ(SayOf("SCP-004", scene, Families({clocks})), "pass") << "below the level";
}

TEST(Siblings, AreUnknownWhereTheDenialIs) {
  EXPECT_EQ(SayOf("SCP-004", Answering(But(kAllowAll, "chmod", UnknownRules())), kModes),
            "unknown");
  EXPECT_EQ(SayOf("SCP-004", Answering(kAllowAll), Families({})), "n/a");
}

// ---- SCP-005 ----

TEST(ForeignCalls, FailWhereTheNativeOneIsDenied) {
  const Scene scene =
      Answering(But(But(kAllowAll, "mount", Always(kDeny)), Abi::kX32, "mount", Always(kDeny)));
  EXPECT_EQ(SayOf("SCP-005", scene, kNothing), "fail");
  EXPECT_EQ(Proof(SeccompChecks(), "SCP-005", scene, kNothing),
            std::vector<std::string>{": i386 permits what is denied: mount"});
  EXPECT_EQ(SayOf("SCP-005", Answering(kAllowAll), kNothing), "pass") << "nothing is held anywhere";
  EXPECT_EQ(SayOf("SCP-005", Answering(kDenyAll), kNothing), "pass");
}

TEST(ForeignCalls, AreKnownByOtherNames) {
  const Scene scene = Answering(But(kDenyAll, Abi::kI386, "setuid32", Always(kAllow)));
  EXPECT_EQ(Proof(SeccompChecks(), "SCP-005", scene, kNothing),
            std::vector<std::string>{": i386 permits what is denied: setuid32"});
}

TEST(ForeignCalls, MayNotLookAtFewerArguments) {
  const CallRules some = {{.when = {kNewUser}, .answer = kDeny},
                          {.when = {Opposite(kNewUser)}, .answer = kAllow}};
  const Answers native = But(kDenyAll, "clone", some);
  EXPECT_EQ(SayOf("SCP-005", Answering(But(native, Abi::kI386, "clone", Always(kAllow))), kNothing),
            "fail");
  EXPECT_EQ(SayOf("SCP-005", Answering(But(native, Abi::kI386, "clone", some)), kNothing), "pass");
}

TEST(ForeignCalls, MayBeLeftToTheSameSupervisor) {
  const auto supervised = Always(SECCOMP_RET_USER_NOTIF);
  const Answers native = But(kDenyAll, "mount", supervised);
  EXPECT_EQ(SayOf("SCP-005", Answering(But(native, Abi::kI386, "mount", supervised)), kNothing),
            "pass");
  EXPECT_EQ(SayOf("SCP-005", Answering(But(native, Abi::kI386, "mount", Always(kAllow))), kNothing),
            "unknown");
}

// ---- SCP-006 ----

TEST(UnknownCalls, FailWherePermitted) {
  const Scene scene = Answering(kAllowAll);
  EXPECT_EQ(SayOf("SCP-006", scene, kProbes), "fail");
  EXPECT_EQ(Proof(SeccompChecks(), "SCP-006", scene, kProbes),
            std::vector<std::string>{": filters permit number 1000, number 4095"});
  EXPECT_EQ(SayOf("SCP-006", Answering(kDenyAll), kProbes), "pass");
  EXPECT_EQ(SayOf("SCP-006", Answering(kDenyAll), Of({std::vector<std::int64_t>{-1}})), "unknown");
  EXPECT_EQ(SayOf("SCP-006", scene, Of({std::vector<std::int64_t>{}})), "n/a");
}

}  // namespace
}  // namespace hullmark::testing
