// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/benchmark/load.h"
#include "checks/table.h"
#include "hullmark/benchmark.h"
#include "hullmark/check.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

const std::vector<Check>& Checks() {
  static const std::vector<Check> kChecks = AllChecks();
  return kChecks;
}

const Result<Benchmark>& Loaded() {
  static const Result<Benchmark> kLoaded =
      LoadBenchmark(DefaultBenchmarkText(), "default.yaml", Checks());
  return kLoaded;
}

class DefaultBenchmark : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(Loaded()) << Loaded().error().message; }

  static const std::vector<Control>& Controls() { return Loaded()->controls; }

  static const Control& Find(std::string_view id) {
    const auto at = std::ranges::find(Controls(), id, &Control::id);
    EXPECT_NE(at, Controls().end()) << id;
    return *at;
  }

  static int SumOfWeights(std::initializer_list<std::string_view> ids) {
    int sum = 0;
    for (const std::string_view id : ids) sum += Find(id).weight;
    return sum;
  }
};

TEST_F(DefaultBenchmark, IsTheFileInTheSourceTree) {
  std::ifstream file(HULLMARK_SOURCE "/checks/benchmarks/default.yaml");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(DefaultBenchmarkText(), text);
}

TEST_F(DefaultBenchmark, ListsTheChecksInTheirOrder) {
  std::vector<std::string> controls, checks;
  for (const Control& control : Controls()) controls.push_back(control.id);
  for (const Check& check : Checks()) checks.emplace_back(check.id);
  EXPECT_EQ(controls, checks);
}

TEST_F(DefaultBenchmark, WeighsBySeverity) {
  const std::map<Severity, std::pair<int, int>> bands = {{Severity::kInfo, {0, 0}},
                                                         {Severity::kLow, {2, 3}},
                                                         {Severity::kMedium, {4, 6}},
                                                         {Severity::kHigh, {16, 50}},
                                                         {Severity::kCritical, {105, 125}}};
  for (const Control& control : Controls()) {
    const auto [least, most] = bands.at(control.severity);
    EXPECT_GE(control.weight, least) << control.id;
    EXPECT_LE(control.weight, most) << control.id;
  }
}

TEST_F(DefaultBenchmark, PutsTheDefaultContainerInTheMiddle) {
  EXPECT_EQ(SumOfWeights({"CAP-008", "CAP-009", "CAP-014", "PRV-001", "NS-006", "USR-001",
                          "USR-002", "RES-001", "RES-003", "RES-006", "RES-007", "FS-009"}),
            49);
}

TEST_F(DefaultBenchmark, PutsThePrivilegedContainerFarBelow) {
  const int alone = SumOfWeights(
      {"CAP-001", "CAP-002", "CAP-003", "CAP-004", "CAP-005", "CAP-006", "CAP-007", "CAP-008",
       "CAP-009", "CAP-010", "CAP-011", "CAP-012", "CAP-013", "CAP-014", "PRV-001", "SCP-001",
       "LSM-001", "NS-006",  "USR-001", "USR-002", "RES-001", "RES-003", "RES-006", "RES-007",
       "DEV-001", "FS-005",  "FS-006",  "FS-007",  "FS-009",  "RUN-001"});
  const Control& mknod = Find("CAP-009");  // Escalated, because DEV-001 fails too.
  const Escalation escalation = mknod.escalation.value_or(Escalation{});
  EXPECT_EQ(alone - mknod.weight + escalation.price.weight, 894);
}

TEST_F(DefaultBenchmark, EscalatesThree) {
  std::vector<std::string> escalations;
  for (const Control& control : Controls()) {
    if (!control.escalation) continue;
    const Escalation& escalation = *control.escalation;
    escalations.push_back(control.id + " with " + escalation.with +
                          (escalation.on_unknown ? " or unknown: " : ": ") +
                          std::string(NameOf(escalation.price.severity)) + " " +
                          std::to_string(escalation.price.weight));
  }
  EXPECT_EQ(escalations, (std::vector<std::string>{"CAP-005 with NS-001: critical 125",
                                                   "CAP-007 with NS-002: critical 125",
                                                   "CAP-009 with DEV-001 or unknown: high 25"}));
}

TEST_F(DefaultBenchmark, ExplainsWhatPrivilegedCauses) {
  const std::vector<std::string>& explained = Find("RUN-001").explains;
  for (const std::string_view id :
       {"CAP-001", "CAP-013", "SCP-001", "LSM-001", "DEV-001", "FS-006", "FS-007"}) {
    EXPECT_NE(std::ranges::find(explained, id), explained.end()) << id;
  }
  // No limit, user or namespace gets better by dropping --privileged.
  for (const std::string_view id : {"RES-001", "USR-001", "NS-006", "PRV-001", "FS-009"}) {
    EXPECT_EQ(std::ranges::find(explained, id), explained.end()) << id;
  }
}

void ExpectAll(const std::vector<std::string>& texts, const char* pattern, const std::string& id) {
  for (const std::string& text : texts) {
    EXPECT_TRUE(std::regex_match(text, std::regex(pattern))) << id << ": " << text;
  }
}

TEST_F(DefaultBenchmark, HasWellFormedReferences) {
  for (const Control& control : Controls()) {
    ExpectAll({control.id}, "[A-Z]{2,3}-[0-9]{3}", control.id);
    ExpectAll(control.refs.cis_docker, "[1-5](\\.[0-9]+){1,2}", control.id);
    ExpectAll(control.refs.cis_k8s, "(1\\.[0-9]+:)?[1-5](\\.[0-9]+){2}", control.id);
    ExpectAll(control.refs.nist, "[34]\\.[1-6](\\.[1-5])?", control.id);
    ExpectAll(control.refs.attack, "T[0-9]{4}(\\.[0-9]{3})?", control.id);
  }
}

TEST_F(DefaultBenchmark, SaysWhatToDoEverywhere) {
  constexpr const char* kOneLineOfWords = ".{9,}";
  for (const Control& control : Controls()) {
    const Remediation& fix = control.remediation;
    if (control.check->scope() == Scope::kHost) {
      ExpectAll({fix.host}, kOneLineOfWords, control.id);
    } else {
      ExpectAll({fix.docker, fix.podman, fix.compose, fix.kubernetes, fix.systemd}, kOneLineOfWords,
                control.id);
    }
  }
}

TEST_F(DefaultBenchmark, CountsEveryCisItem) {
  std::map<std::string, int> sections;
  for (const CisItem& item : Loaded()->cis_docker) ++sections[item.item.substr(0, 2)];
  EXPECT_EQ(
      sections,
      (std::map<std::string, int>{
          {"1.", 18 + 2}, {"2.", 18}, {"3.", 24}, {"4.", 12}, {"5.", 32}, {"6.", 2}, {"7.", 9}}));
}

// An item's controls, deciding or against, are exactly those that refer to it: the two directions
// cannot drift apart.
TEST_F(DefaultBenchmark, AgreesWithItselfOnCisItems) {
  std::map<std::string, std::vector<std::string>> referring;
  for (const Control& control : Controls()) {
    for (const std::string& item : control.refs.cis_docker) referring[item].push_back(control.id);
  }
  for (const CisItem& item : Loaded()->cis_docker) {
    std::vector<std::string> named = item.controls;
    named.insert(named.end(), item.against.begin(), item.against.end());
    std::ranges::sort(named);
    std::ranges::sort(referring[item.item]);
    EXPECT_EQ(named, referring[item.item]) << item.item;
    referring.erase(item.item);
  }
  EXPECT_TRUE(referring.empty()) << referring.begin()->first;
}

// What containers or the kernel show is no proof of the engine's settings, of its version, of files
// in an image or of commands that have ended.
TEST_F(DefaultBenchmark, LetsNoControlVouchForWhatItDoesNotSee) {
  for (const std::string_view number :
       {"1.1.2", "1.2.1", "1.2.2", "2.1", "2.9", "2.14", "2.17", "4.8", "5.23", "5.24", "5.25"}) {
    const auto item = std::ranges::find(Loaded()->cis_docker, number, &CisItem::item);
    ASSERT_NE(item, Loaded()->cis_docker.end()) << number;
    EXPECT_TRUE(item->controls.empty()) << number;
    EXPECT_FALSE(item->against.empty()) << number;
    EXPECT_FALSE(item->manual.empty()) << number;
  }
}

// Nothing refers to the items of the last sections: a file may end between them.
TEST_F(DefaultBenchmark, NeverLoadsInPart) {
  constexpr std::size_t kStep = 500;
  const std::string_view text = DefaultBenchmarkText();
  const std::size_t end = text.find("  - item: \"6.1\"");
  ASSERT_NE(end, std::string_view::npos);
  for (std::size_t size = 0; size < end; size += kStep) {
    EXPECT_FALSE(LoadBenchmark(text.substr(0, size), "part.yaml", Checks())) << size;
  }
}

}  // namespace
}  // namespace hullmark
