// SPDX-License-Identifier: Apache-2.0
#include "hullmark/selector.h"

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hullmark/facts.h"
#include "hullmark/glob.h"
#include "hullmark/ids.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

std::vector<Glob> Globs(std::initializer_list<std::string_view> patterns) {
  std::vector<Glob> globs;
  for (const std::string_view pattern : patterns) globs.emplace_back(pattern);
  return globs;
}

// A pod's container that claims of `trust` name, owned by uid 1000, with an init of uid 101000.
class SelectorTest : public ::testing::Test {
 protected:
  SelectorTest() {
    ProcStatus status;
    status.uid.real = Uid{101'000};
    Process init;
    init.leader.status = status;
    snapshot_.processes.push_back(init);
    container_.name = Text("web");
    container_.id = Text("0123456789abcdef");
    container_.image = Text("docker.io/library/nginx:1.25");
    container_.runtime = Runtime::kContainerd;
    container_.kubernetes = KubernetesClaims{.name_space = Text("prod"), .pod = Text("web-0")};
    container_.pod = Text("1b4e28ba");
    container_.init = ProcessIndex{0};
    container_.claims = Claims{.trust = Trust::kRoot, .owner = Uid{1000}};
    LieIn("/kubepods.slice/cri-containerd-0123.scope");
  }

  StringId Text(std::string_view text) { return snapshot_.strings.Intern(text); }
  void Label(std::string_view key, std::string_view value) {
    container_.claims->labels.push_back({.key = Text(key), .value = Text(value)});
  }
  void LieIn(std::string_view path) {
    snapshot_.cgroups = {Cgroup{.path = Text(path)}};
    container_.cgroup = CgroupIndex{0};
  }
  bool IsSelected(const Selector& selector, Belief belief = Belief::kRootOnly) const {
    return Selects(selector, snapshot_, container_, belief);
  }

  Snapshot snapshot_;
  Container container_;
};

Selector Except(Selector left_out) {
  return {.except = std::make_shared<const Selector>(std::move(left_out))};
}

TEST_F(SelectorTest, AnEmptyOneSelectsAll) {
  EXPECT_TRUE(IsEmpty({}));
  EXPECT_TRUE(IsSelected({}));
  container_ = {};
  EXPECT_TRUE(IsSelected({}));
}

TEST_F(SelectorTest, EachKeyIsAsked) {
  const std::pair<std::vector<Glob> Selector::*, std::pair<const char*, const char*>> cases[] = {
      {&Selector::name, {"w*", "db"}},
      {&Selector::id, {"0123456789ab", "0123456789"}},
      {&Selector::id, {"0123456789abcdef", "*g"}},
      {&Selector::image, {"docker.io/library/nginx:*", "nginx*"}},
      {&Selector::runtime, {"containerd", "docker"}},
      {&Selector::name_space, {"prod", "kube-*"}},
      {&Selector::pod, {"web-?", "db-0"}},
      {&Selector::pod, {"1b4e28ba", "1b4e"}},
      {&Selector::container_class, {"container", "vm"}},
      {&Selector::cgroup, {"/kubepods.slice/**", "/system.slice/**"}}};
  for (const auto& [key, patterns] : cases) {
    Selector fits;
    (fits.*key) = Globs({patterns.first});
    EXPECT_TRUE(IsSelected(fits)) << patterns.first;
    EXPECT_FALSE(IsEmpty(fits));
    Selector other;
    (other.*key) = Globs({patterns.second});
    EXPECT_FALSE(IsSelected(other)) << patterns.second;
    (other.*key).emplace_back(patterns.first);
    EXPECT_TRUE(IsSelected(other)) << "one of a list will do: " << patterns.first;
  }
}

TEST_F(SelectorTest, AllKeysMustMatch) {
  EXPECT_TRUE(IsSelected({.name = Globs({"web"}), .name_space = Globs({"prod"})}));
  EXPECT_FALSE(IsSelected({.name = Globs({"web"}), .name_space = Globs({"test"})}));
}

TEST_F(SelectorTest, WhatIsNotThereMatchesNoPattern) {
  container_.name = StringId{};
  container_.image.reset();
  container_.kubernetes.reset();
  container_.pod = StringId{};
  for (const auto key :
       {&Selector::name, &Selector::image, &Selector::name_space, &Selector::pod}) {
    Selector any;
    (any.*key) = Globs({"**"});
    EXPECT_FALSE(IsSelected(any, Belief::kAll));
  }
}

TEST_F(SelectorTest, EveryLabelMustMatch) {
  Label("app", "web");
  Label("tier", "");
  EXPECT_TRUE(IsSelected({.labels = {{"app", Glob("w*")}}}));
  EXPECT_TRUE(IsSelected({.labels = {{"app", Glob("web")}, {"tier", Glob("*")}}}))
      << "it has the label, if no value";
  EXPECT_FALSE(IsSelected({.labels = {{"app", Glob("web")}, {"tier", Glob("front")}}}));
  EXPECT_FALSE(IsSelected(Except({.labels = {{"app", Glob("web")}}})));
  EXPECT_FALSE(IsEmpty({.labels = {{"app", Glob("web")}}}));
}

TEST_F(SelectorTest, ALabelThatIsNotThereMatchesNoPattern) {
  Label("app2", "web");
  const Selector any = {.labels = {{"app", Glob("**")}}};
  EXPECT_FALSE(IsSelected(any, Belief::kAll));
  EXPECT_TRUE(IsSelected(Except(any)));
  container_.claims.reset();
  EXPECT_FALSE(IsSelected(any, Belief::kAll));
}

TEST_F(SelectorTest, AUsersLabelExemptsNobody) {
  Label("app", "web");
  container_.claims->trust = Trust::kUser;
  const Selector by_label = {.labels = {{"app", Glob("web")}}};
  EXPECT_TRUE(IsSelected(by_label, Belief::kAll));
  EXPECT_FALSE(IsSelected(by_label));
  EXPECT_TRUE(IsSelected(Except(by_label), Belief::kAll)) << "it takes him out of no view";
  EXPECT_TRUE(IsSelected({.labels = by_label.labels, .uid = Uid{1000}}));
  EXPECT_FALSE(IsSelected({.labels = by_label.labels, .uid = Uid{101'000}}));
}

TEST_F(SelectorTest, LabelsAreAskedForByKey) {
  Selector selector = Except({.labels = {{"tier", Glob("*")}, {"app", Glob("db")}}});
  selector.labels = {{"app", Glob("web")}};
  std::set<std::string> keys = {"old"};
  AddLabelKeys(selector, keys);
  EXPECT_EQ(keys, (std::set<std::string>{"app", "old", "tier"}));
}

TEST_F(SelectorTest, TheUidIsTheInitsOrTheOwnersOfTheClaims) {
  EXPECT_TRUE(IsSelected({.uid = Uid{101'000}}));
  EXPECT_TRUE(IsSelected({.uid = Uid{1000}}));
  EXPECT_FALSE(IsSelected({.uid = Uid{0}}));
  container_.init.reset();
  container_.claims.reset();
  EXPECT_FALSE(IsSelected({.uid = Uid{101'000}})) << "nobody knows";
}

TEST_F(SelectorTest, AUserIsNotBelieved) {
  container_.claims->trust = Trust::kUser;
  const Selector by_name = {.name = Globs({"web"})};
  EXPECT_TRUE(IsSelected(by_name, Belief::kAll));
  EXPECT_FALSE(IsSelected(by_name));
  EXPECT_FALSE(IsSelected({.cgroup = Globs({"**"})}));
  EXPECT_TRUE(IsSelected({.container_class = Globs({"container"})})) << "nobody chose that";
}

TEST_F(SelectorTest, AUserWhoIsNamedIs) {
  container_.claims->trust = Trust::kUser;
  EXPECT_TRUE(IsSelected({.name = Globs({"web"}), .uid = Uid{1000}}));
  EXPECT_FALSE(IsSelected({.name = Globs({"web"}), .uid = Uid{101'000}}))
      << "not whose claim it is";
}

TEST_F(SelectorTest, RootsFileInAUsersDirectoryIsNobodysWord) {
  container_.claims->trust = Trust::kUser;
  container_.claims->owner = Uid{0};
  EXPECT_FALSE(IsSelected({.name = Globs({"web"}), .uid = Uid{0}}));
}

TEST_F(SelectorTest, WithoutAClaimTheCgroupNames) {
  const Selector by_name = {.name = Globs({"web"})};
  container_.claims.reset();
  EXPECT_TRUE(IsSelected(by_name));
  for (const char* const users :
       {"/user.slice/user-1000.slice/user@1000.service/lxc.payload.web", "/user@1000.service/web",
        "/user-1000.slice/session-1.scope/web"}) {
    LieIn(users);
    EXPECT_FALSE(IsSelected(by_name)) << users;
  }
  LieIn("/user-data.slice/web.service");
  EXPECT_TRUE(IsSelected(by_name));
  container_.parent = 0;
  EXPECT_FALSE(IsSelected(by_name)) << "another container's root names it";
  container_.parent.reset();
  container_.cgroup.reset();
  EXPECT_FALSE(IsSelected(by_name)) << "nothing of root's names it";
}

TEST_F(SelectorTest, ExceptLeavesOut) {
  EXPECT_FALSE(IsSelected(Except({.name = Globs({"web"})})));
  EXPECT_TRUE(IsSelected(Except({.name = Globs({"db"})})));
  EXPECT_FALSE(IsEmpty(Except({})));
}

TEST_F(SelectorTest, NobodyExemptsHimself) {
  container_.claims->trust = Trust::kUser;
  const Selector all_but_web = Except({.name = Globs({"web"})});
  EXPECT_TRUE(IsSelected(all_but_web, Belief::kAll)) << "his name takes him out of no view";
  EXPECT_FALSE(IsSelected(all_but_web, Belief::kRootOnly)) << "a waiver leaves him out at his word";
  const Selector twice = Except(Except({.name = Globs({"web"})}));
  EXPECT_TRUE(IsSelected(twice, Belief::kAll));
  EXPECT_FALSE(IsSelected(twice, Belief::kRootOnly));
}

}  // namespace
}  // namespace hullmark
