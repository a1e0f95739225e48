// SPDX-License-Identifier: Apache-2.0
#include "agent/evaluate/compare.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "agent/evaluate/workload.h"
#include "hullmark/check.h"
#include "hullmark/comparison.h"
#include "hullmark/event.h"
#include "hullmark/posture.h"
#include "hullmark/report.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

constexpr std::string_view kId = "a10123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd";

PostureFinding Said(Status status, Severity severity = Severity::kHigh) {
  return {.control = 0, .status = status, .severity = severity, .proof = "seen"};
}

PostureContainer Docker(std::string name, std::string id, Status status = Status::kPass) {
  PostureContainer container;
  container.id = std::move(id);
  container.name = std::move(name);
  container.image = "registry:5000/team/web:1";
  container.runtime = Runtime::kDocker;
  container.claimed = true;
  container.subject.findings = {Said(status)};
  return container;
}

PostureContainer Pod(std::string pod, std::string id, Status status = Status::kPass) {
  PostureContainer container = Docker("app", std::move(id), status);
  container.runtime = Runtime::kContainerd;
  container.name_space = "shop";
  container.pod = std::move(pod);
  container.pod_container = "app";
  return container;
}

Posture Look(std::vector<PostureContainer> containers) {
  Posture look;
  look.controls = {{.id = "CAP-001", .title = "No SYS_ADMIN"}};
  look.classes = {ContainerClass::kContainer};
  look.containers = std::move(containers);
  return look;
}

// Of the containers of after: who each was, whether it is new, and what changed.
using Told = std::vector<std::tuple<int, bool, std::vector<EventKind>>>;
Told Tell(const Comparison& looks) {
  Told told;
  for (const SubjectChange& change : looks.containers) {
    std::vector<EventKind> kinds;
    for (const ControlChange& each : change.controls) kinds.push_back(each.kind);
    told.emplace_back(change.before ? static_cast<int>(*change.before) : -1, change.added, kinds);
  }
  return told;
}

EventKind Appeared() { return EventKind::kViolationAppeared; }

TEST(CompareTest, AStepOfAControlHasTheNameOfItsEvent) {
  using Kinds = std::vector<EventKind>;
  const auto step = [](PostureFinding from, PostureFinding to) {
    Posture before = Look({Docker("web", "1")});
    Posture after = before;
    before.containers[0].subject.findings = {std::move(from)};
    after.containers[0].subject.findings = {std::move(to)};
    return std::get<2>(Tell(Compare(before, after))[0]);
  };
  const auto pass = Said(Status::kPass);
  const auto fail = Said(Status::kFail);
  const auto unknown = Said(Status::kUnknown);
  for (const Status quiet :
       {Status::kPass, Status::kNotApplicable, Status::kWaived, Status::kManual}) {
    EXPECT_EQ(step(Said(quiet), fail), Kinds{EventKind::kViolationAppeared}) << NameOf(quiet);
    EXPECT_EQ(step(fail, Said(quiet)), Kinds{EventKind::kViolationResolved}) << NameOf(quiet);
    EXPECT_EQ(step(pass, Said(quiet)), Kinds{}) << NameOf(quiet);
  }
  EXPECT_EQ(step(unknown, fail), Kinds{EventKind::kViolationAppeared});
  EXPECT_EQ(step(fail, unknown), Kinds{EventKind::kControlUnknown}) << "hiding is not mending";
  EXPECT_EQ(step(pass, unknown), Kinds{EventKind::kControlUnknown});
  EXPECT_EQ(step(unknown, pass), Kinds{});
  EXPECT_EQ(step(fail, fail), Kinds{});
  EXPECT_EQ(step(fail, Said(Status::kFail, Severity::kCritical)),
            Kinds{EventKind::kViolationChanged});
}

TEST(CompareTest, AControlThatWasNotJudgedIsNewWhereItFails) {
  Posture before = Look({Docker("web", "1"), Docker("api", "2")});
  const Posture after =
      Look({Docker("web", "1", Status::kFail), Docker("api", "2", Status::kUnknown)});
  for (PostureContainer& container : before.containers) container.subject.findings.clear();
  EXPECT_EQ(Tell(Compare(before, after)), (Told{{0, false, {Appeared()}}, {1, false, {}}}));
  EXPECT_EQ(Tell(Compare(after, before)),
            (Told{{0, false, {EventKind::kViolationResolved}}, {1, false, {}}}));
}

TEST(CompareTest, ControlsAreTheSameByIdNotByPlace) {
  const Posture before = Look({Docker("web", "1", Status::kFail)});
  Posture after = before;
  after.controls.insert(after.controls.begin(), {.id = "AAA-001", .title = "first"});
  after.containers[0].subject.findings[0].control = 1;
  EXPECT_EQ(Tell(Compare(before, after)), (Told{{0, false, {}}}));
}

TEST(CompareTest, AContainerThatWasMadeAnewIsTheSame) {
  const auto same = [](PostureContainer before, PostureContainer after) {
    return std::get<0>(Tell(Compare(Look({std::move(before)}), Look({std::move(after)})))[0]) == 0;
  };
  EXPECT_TRUE(same(Docker("web", "1"), Docker("web", "2"))) << "by name";
  EXPECT_TRUE(same(Docker("web", "1"), Docker("shop", "1"))) << "by id, renamed";
  EXPECT_FALSE(same(Docker("web", "1"), Docker("shop", "2")));
  EXPECT_TRUE(same(Pod("web-5d9c7f8b6d-x2x7k", "1"), Pod("web-6c8d9f7b5d-4mdhs", "2")));
  EXPECT_TRUE(same(Pod("proxy-x2x7k", "1"), Pod("proxy-4mdhs", "2")));
  EXPECT_FALSE(same(Pod("db-0", "1"), Pod("db-1", "2")));
  EXPECT_TRUE(same(Docker("adoring_wing", "1"), Docker("bold_hopper3", "2"))) << "by image";
  auto updated = Docker("bold_hopper", "2");
  updated.image = "registry:5000/team/web@sha256:00";
  EXPECT_TRUE(same(Docker("adoring_wing", "1"), updated)) << "whatever its tag";
  updated.image = "registry:5000/team/api:1";
  EXPECT_FALSE(same(Docker("adoring_wing", "1"), updated));
}

// Who runs an image that was accepted under another name is not accepted with it.
TEST(CompareTest, ANameThatSomebodyGaveIsNotMadeUp) {
  const auto found = Tell(Compare(
      Look({Docker("dind_builder", "1", Status::kFail)}),
      Look({Docker("dind_builder", "1", Status::kFail), Docker("evil_twin", "2", Status::kFail)})));
  EXPECT_EQ(found, (Told{{0, false, {}}, {-1, true, {Appeared()}}}));
}

// An id that nobody's claim confirms is the name of a cgroup that a user may have made.
TEST(CompareTest, ARootContainersIdIsNotAUsers) {
  auto taken = Docker("", "1", Status::kFail);
  taken.claimed = false;
  taken.cgroup = "/user.slice/user-1000.slice/user@1000.service/x.scope";
  const auto found =
      Tell(Compare(Look({Docker("web", "1", Status::kFail)}), Look({std::move(taken)})));
  EXPECT_EQ(std::get<2>(found[0]), std::vector{Appeared()});
}

TEST(CompareTest, ANamelessContainerIsKnownByItsCgroup) {
  PostureContainer before;
  before.id = kId;
  before.cgroup = "/docker/" + std::string(kId);
  PostureContainer after = before;
  after.id[0] = 'b';
  after.cgroup = "/docker/" + after.id;
  EXPECT_EQ(WorkloadKeyOf(before), WorkloadKeyOf(after));
  after.cgroup = "/lxc.payload.web";
  EXPECT_NE(WorkloadKeyOf(before), WorkloadKeyOf(after));
}

// A rootless user who calls a container as root's, or another's, is called does not get its record.
TEST(CompareTest, AUsersWordIsWorthHisOwnSlice) {
  const auto of_user = [](int uid, std::string id) {
    auto container = Docker("web", std::move(id), Status::kFail);
    container.claimed_by_user = true;
    container.cgroup = "/user.slice/user-" + std::to_string(uid) + ".slice/user@.service/x.scope";
    return container;
  };
  const auto found = [](PostureContainer before, PostureContainer after) {
    return std::get<2>(Tell(Compare(Look({std::move(before)}), Look({std::move(after)})))[0]);
  };
  EXPECT_EQ(found(of_user(1000, "1"), of_user(1000, "2")), std::vector<EventKind>{});
  EXPECT_EQ(found(of_user(1000, "1"), of_user(1001, "2")), std::vector{Appeared()});
  EXPECT_EQ(found(of_user(1000, "1"), of_user(1001, "1")), std::vector{Appeared()}) << "nor by id";
  EXPECT_EQ(found(Docker("web", "1", Status::kFail), of_user(1000, "1")), std::vector{Appeared()});
}

TEST(CompareTest, OneMoreOfAWorkloadIsComparedWithItsKind) {
  const Posture before = Look({Pod("web-5d9c7f8b6d-x2x7k", "1", Status::kFail)});
  const Posture after = Look({Pod("web-5d9c7f8b6d-x2x7k", "1", Status::kFail),
                              Pod("web-5d9c7f8b6d-4mdhs", "2", Status::kFail)});
  EXPECT_EQ(Tell(Compare(before, after)), (Told{{0, false, {}}, {0, true, {}}}));
}

TEST(CompareTest, ANewContainersViolationsAreNew) {
  EXPECT_EQ(Tell(Compare(Look({}), Look({Docker("web", "1", Status::kFail)}))),
            (Told{{-1, true, {Appeared()}}}));
}

TEST(CompareTest, WhatIsNotAskedForIsNotGone) {
  const Posture before = Look({Docker("web", "1", Status::kFail)});
  const Comparison gone = Compare(before, Look({}));
  EXPECT_EQ(Tell(gone), (Told{{0, false, {EventKind::kViolationResolved}}}));
  EXPECT_FALSE(gone.containers[0].after);
  Posture narrow = Look({});
  narrow.select = {"api*"};
  EXPECT_EQ(Compare(before, narrow).left_out, 1);
  EXPECT_EQ(Tell(Compare(before, narrow)), Told{});
  narrow.select = {"we*"};
  EXPECT_EQ(Compare(before, narrow).left_out, 0);
  narrow = Look({});
  narrow.classes = {ContainerClass::kVm};
  EXPECT_EQ(Compare(before, narrow).left_out, 1);
}

TEST(CompareTest, TheHostIsCompared) {
  Posture before = Look({});
  Posture after = Look({});
  before.machine.findings = {Said(Status::kPass)};
  after.machine.findings = {Said(Status::kFail)};
  const Comparison looks = Compare(before, after);
  ASSERT_EQ(looks.host.controls.size(), 1);
  EXPECT_TRUE(IsNewViolation(looks, looks.host, looks.host.controls[0]));
}

TEST(CompareTest, OnlyAWorseSeverityIsANewViolation) {
  const Posture low = Look({Docker("web", "1", Status::kFail)});
  Posture high = low;
  high.containers[0].subject.findings[0].severity = Severity::kCritical;
  const Comparison worse = Compare(low, high);
  EXPECT_TRUE(IsNewViolation(worse, worse.containers[0], worse.containers[0].controls[0]));
  const Comparison better = Compare(high, low);
  EXPECT_FALSE(IsNewViolation(better, better.containers[0], better.containers[0].controls[0]));
}

}  // namespace
}  // namespace hullmark
