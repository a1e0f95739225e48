// SPDX-License-Identifier: Apache-2.0
#include "agent/benchmark/load.h"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "agent/benchmark/call_params.h"
#include "hullmark/benchmark.h"
#include "hullmark/call_groups.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/seccomp.h"
#include "hullmark/severity.h"
#include "tests/unit/benchmark/rows.h"

namespace hullmark {
namespace {

std::string SmallText() {
  std::ifstream file(HULLMARK_SOURCE "/tests/fuzz/corpus/benchmark_fuzz/small.yaml");
  return {std::istreambuf_iterator<char>(file), {}};
}

Result<Benchmark> Load(std::string_view text) { return LoadBenchmark(text, "small.yaml", kRows); }

TEST(LoadBenchmark, ReadsItsHead) {
  const Result<Benchmark> small = Load(SmallText());
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_EQ(small->id, "small");
  EXPECT_EQ(small->title, "A small benchmark");
  EXPECT_EQ(small->version, "1.0");
  EXPECT_EQ(small->scoring.half_life, 50);
  EXPECT_EQ(small->scoring.unknown_permille, 500);
  EXPECT_EQ(small->scoring.provisional_permille, 800);
  EXPECT_EQ(small->scoring.grade_bounds, (std::array{7, 20, 50, 100}));
}

TEST(LoadBenchmark, HashesTheBytes) {
  const std::string text = SmallText();
  const Result<Benchmark> one = Load(text);
  const Result<Benchmark> other = Load(text + "# a comment\n");
  ASSERT_TRUE(one);
  ASSERT_TRUE(other);
  EXPECT_EQ(one->sha256, "b18165dc41913ec63e265aa686feb898e8c3b7517b7bf274e3e4947552dc02a3");
  EXPECT_NE(one->sha256, other->sha256);
}

TEST(LoadBenchmark, ReadsAControl) {
  const Result<Benchmark> small = Load(SmallText());
  ASSERT_TRUE(small);
  ASSERT_EQ(small->controls.size(), 3U);
  const Control& first = small->controls[0];
  EXPECT_EQ(first.id, "PRC-001");
  EXPECT_EQ(first.check, kRows.data());
  EXPECT_EQ(first.severity, Severity::kHigh);
  EXPECT_EQ(first.weight, 25);
  EXPECT_EQ(first.rationale, "Words of two lines.");
  EXPECT_EQ(first.refs.cis_docker, std::vector<std::string>{"5.4"});
  EXPECT_EQ(first.refs.pss, "baseline");
  EXPECT_EQ(first.refs.attack, std::vector<std::string>{"T1611"});
  EXPECT_EQ(first.remediation.kubernetes, "k");
  EXPECT_EQ(first.remediation.host, "");
  const Escalation escalation = first.escalation.value_or(Escalation{});
  EXPECT_EQ(escalation.with, "CTR-001");
  EXPECT_TRUE(escalation.on_unknown);
  EXPECT_EQ(escalation.price, (Price{.severity = Severity::kCritical, .weight = 125}));
  EXPECT_EQ(small->controls[1].explains, std::vector<std::string>{"PRC-001"});
  EXPECT_FALSE(small->controls[1].escalation);
  EXPECT_EQ(small->controls[2].remediation.host, "sysctl");
}

TEST(LoadBenchmark, TypesParameters) {
  const Result<Benchmark> small = Load(SmallText());
  ASSERT_TRUE(small);
  const Params& params = small->controls[0].params;
  ASSERT_EQ(params.values().size(), kOfEachType.size());
  EXPECT_TRUE(params.Bool(0));
  EXPECT_EQ(params.Integer(1), -3);
  EXPECT_EQ(params.Fraction(2), 0.25);
  EXPECT_EQ(params.Caps(3), (CapSet{Cap::kChown, Cap::kNetRaw}));
  EXPECT_EQ(params.Strings(4), (std::vector<std::string>{"one", "2"}));
  EXPECT_EQ(params.Integers(5), (std::vector<std::int64_t>{0, 10250}));
  ASSERT_EQ(params.Globs(6).size(), 1U);
  EXPECT_TRUE(params.Globs(6)[0].Matches("/run/docker.sock"));
  EXPECT_EQ(small->controls[2].params.Strings(0), std::vector<std::string>{"4.18"});
  ASSERT_EQ(params.MountRules(7).size(), 2U);
  EXPECT_EQ(params.MountRules(7)[0].path.pattern(), "/lib/modules");
  EXPECT_TRUE(params.MountRules(7)[0].read_only);
  EXPECT_FALSE(params.MountRules(7)[1].read_only);
  EXPECT_TRUE(small->controls[1].params.values().empty());
}

TEST(LoadBenchmark, ReadsDeviceRules) {
  const Result<Benchmark> small = Load(SmallText());
  ASSERT_TRUE(small);
  const std::vector<DeviceRule> expected = {
      {.type = 'c', .major = 1, .minor = 3, .read = true, .write = true, .make = true},
      {.type = 'c', .major = 136, .minor = {}, .read = true, .write = true},
      {.type = 'a', .major = {}, .minor = {}, .read = true, .write = true, .make = true},
  };
  EXPECT_EQ(small->controls[0].params.Devices(8), expected);
}

TEST(LoadBenchmark, ReadsGroupsOfCalls) {
  const Result<Benchmark> small = Load(SmallText());
  ASSERT_TRUE(small);
  const Params& params = small->controls[0].params;
  EXPECT_EQ(params.Level(9), Severity::kHigh);
  const std::vector<CallGroup>& groups = params.CallGroups(10);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].name, "modules");
  EXPECT_EQ(groups[0].reason, "code");
  EXPECT_EQ(groups[0].level, Severity::kCritical);
  EXPECT_EQ(groups[0].needs.any, CapSet{Cap::kSysModule});
  EXPECT_FALSE(groups[0].needs.user_namespace);
  ASSERT_EQ(groups[0].off.size(), 1U);
  EXPECT_EQ(groups[0].off[0].setting, "kernel/modules_disabled");
  EXPECT_EQ(groups[0].off[0].value, 1);
  EXPECT_TRUE(groups[1].needs.user_namespace);
  ASSERT_EQ(groups[1].calls.size(), 3U);
  EXPECT_EQ(groups[1].calls[0].call, "clone");
  const std::vector<CallFamily>& families = params.CallFamilies(11);
  ASSERT_EQ(families.size(), 1U);
  EXPECT_TRUE(families[0].io_uring);
  EXPECT_EQ(families[0].calls.size(), 2U);
  EXPECT_EQ(families[0].newer[0].text, "fchmodat2");
}

TEST(ParseCallUse, KnowsCalls) {
  EXPECT_EQ(ParseCallUse("mount")->call, "mount");
  EXPECT_TRUE(ParseCallUse("mount")->when.empty());
  EXPECT_TRUE(ParseCallUse("socketcall").has_value()) << "of i386";
  EXPECT_FALSE(ParseCallUse("").has_value());
  EXPECT_FALSE(ParseCallUse("monut").has_value());
  EXPECT_FALSE(ParseCallUse("Mount").has_value());
}

TEST(ParseCallUse, ReadsConditions) {
  using Tests = std::vector<std::vector<WordTest>>;
  const WordTest bits = {
      .word = LowWord(2), .relation = WordTest::Relation::kNotEqual, .mask = 0x7e};
  EXPECT_EQ(ParseCallUse("clone arg2 & 0x7e")->when, (Tests{{bits}}));
  const WordTest one = {.word = LowWord(0), .value = 38};
  const WordTest other = {.word = LowWord(0), .value = 40};
  EXPECT_EQ(ParseCallUse("socket arg0 = 38, 0x28")->when, (Tests{{one}, {other}}));
  EXPECT_EQ(ParseCallUse("socket arg0 != 38, 40")->when, (Tests{{Opposite(one), Opposite(other)}}));
}

TEST(ParseCallUse, RefusesOtherConditions) {
  for (const char* const text :
       {"clone arg6 & 1", "clone arg & 1", "clone arg0", "clone arg0 &", "clone arg0 & 1, 2",
        "clone arg0 < 5", "clone arg0 = x", "clone arg0 = 1,", "clone arg0 = 4294967296",
        "clone arg0 = -1", "clone argument0 = 1", "clone  "}) {
    EXPECT_FALSE(ParseCallUse(text).has_value()) << text;
  }
}

TEST(LoadBenchmark, ReadsCisItems) {
  const Result<Benchmark> small = Load(SmallText());
  ASSERT_TRUE(small);
  ASSERT_EQ(small->cis_docker.size(), 3U);
  EXPECT_EQ(small->cis_docker[1].item, "4.10");
  EXPECT_EQ(small->cis_docker[1].manual, "Ask them.");
  EXPECT_TRUE(small->cis_docker[1].controls.empty());
  EXPECT_EQ(small->cis_docker[2].controls, (std::vector<std::string>{"PRC-001", "CTR-001"}));
  EXPECT_EQ(small->cis_docker[2].manual, "");
  EXPECT_TRUE(small->cis_docker[2].against.empty());
}

TEST(LoadBenchmark, ReadsWhatSpeaksAgainstAnItem) {
  std::string text = SmallText();
  constexpr std::string_view kManual = "manual: Ask them.";
  text.insert(text.find(kManual), "against: [HST-001, CTR-001]\n    ");
  const Result<Benchmark> small = Load(text);
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_EQ(small->cis_docker[1].against, (std::vector<std::string>{"HST-001", "CTR-001"}));
  EXPECT_TRUE(small->cis_docker[1].controls.empty());
}

// One change to small.yaml and what it is answered with.
struct Mistake {
  std::string_view from, to, message;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.message; }

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, AreNamedWithTheirLine) {
  std::string text = SmallText();
  const std::size_t at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, GetParam().from.size(), GetParam().to);
  const Result<Benchmark> broken = Load(text);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(broken.error().message, "small.yaml:" + std::string(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Head, Mistakes,
    testing::Values(
        Mistake{"calls: [init_module]", "calls: [init_modul]",
                "38: PRC-001: 'init_modul' is no system call"},
        Mistake{"calls: [init_module]", "calls: []", "38: PRC-001: 'calls' is empty"},
        Mistake{"level: critical", "level: worst", "34: PRC-001: 'worst' is no severity"},
        Mistake{"modules_disabled = 1", "modules_disabled",
                "37: PRC-001: 'kernel/modules_disabled' is no setting (kernel/name = 1)"},
        Mistake{"needs: [SYS_MODULE]", "needs: [MODULE]", "36: PRC-001: 'MODULE' is no capability"},
        Mistake{"io_uring: true", "ring: true", "42: PRC-001: unknown key 'ring'"},
        Mistake{"id: small\n", "", "2: 'id' is missing"},
        Mistake{"id: small", "id: ''", "2: 'id' must be text"},
        Mistake{"id: small", "id:", "2: 'id' must be text"},
        Mistake{"id: small", "name: x\nid: small", "2: unknown key 'name'"},
        Mistake{"id: small", "id: small\nid: small", "3: key 'id' repeated"},
        Mistake{"\"1.0\"", "1.0", "4: 'version' must be text: put 1.0 in quotes"},
        Mistake{"title: A small benchmark", "title: Yes",
                "3: 'title' must be text: put Yes in quotes"},
        Mistake{"title: A small benchmark", "title: [A]", "3: 'title' must be text"},
        Mistake{"half_life: 50", "half_life: 0",
                "6: 'half_life' must be a whole number from 1 to 2147483"},
        Mistake{"unknown: 0.5", "unknown: .nan", "7: 'unknown' must be a number from 0 to 1"},
        Mistake{"unknown: 0.5", "unknown: nan", "7: 'unknown' must be a number from 0 to 1"},
        Mistake{"unknown: 0.5", "unknown: 1.5", "7: 'unknown' must be a number from 0 to 1"},
        Mistake{"unknown: 0.5", "unknown: \"0.5\"", "7: 'unknown' must be a number from 0 to 1"},
        Mistake{"B: 20", "B: 7", "9: 'B' must be a whole number from 8 to 2147483"},
        Mistake{", D: 100", "", "9: 'D' is missing"},
        Mistake{"D: 100", "D: 100, E: 1", "9: unknown key 'E'"},
        Mistake{"controls:\n  - id: PRC-001", "controls: {}\nrest:\n  - id: PRC-001",
                "10: 'controls' must be a list"}));

INSTANTIATE_TEST_SUITE_P(
    Controls, Mistakes,
    testing::Values(
        Mistake{"id: PRC-001", "id: PRC-002", "11: no check is called 'PRC-002'"},
        Mistake{"    title: First\n", "", "11: PRC-001: 'title' is missing"},
        Mistake{"title: First", "title: \" \"", "12: PRC-001: 'title' must be text"},
        Mistake{"severity: high", "severity: severe", "14: PRC-001: 'severe' is no severity"},
        Mistake{"severity: high", "severity: critical",
                "15: PRC-001: a critical control must weigh more than 100, the most for a D"},
        Mistake{"D: 100", "D: 125",
                "44: PRC-001: a critical control must weigh more than 125, the most for a D"},
        Mistake{"weight: 25", "weight: -1",
                "15: PRC-001: 'weight' must be a whole number from 0 to 10000"},
        Mistake{"weight: 25", "weight: 10001",
                "15: PRC-001: 'weight' must be a whole number from 0 to 10000"},
        Mistake{"weight: 25", "weight: 25.0",
                "15: PRC-001: 'weight' must be a whole number from 0 to 10000"},
        Mistake{"pss: baseline", "pss: privileged",
                "20: PRC-001: 'pss' must be baseline, restricted or none"},
        Mistake{"nist: [\"3.4.3\"]", "nist: [3.4]",
                "20: PRC-001: an item must be text: put 3.4 in quotes"},
        Mistake{"nist: [\"3.4.3\"]", "nist: [a, a]", "20: PRC-001: 'a' repeated"},
        Mistake{", systemd: s}", "}", "43: PRC-001: 'systemd' is missing"},
        Mistake{"{host: \"sysctl\"}", "{docker: d}", "64: HST-001: 'host' is missing"},
        Mistake{"{host: \"sysctl\"}", "{host: h, docker: d}", "64: HST-001: unknown key 'docker'"},
        Mistake{"with: CTR-001", "with: CTR-009", "44: PRC-001: no control is called 'CTR-009'"},
        Mistake{"with: CTR-001", "with: PRC-001", "44: PRC-001: names itself"},
        Mistake{"with: CTR-001", "with: HST-001",
                "44: PRC-001: 'HST-001' is judged apart: one is of the host, one not"},
        Mistake{"on: [fail, unknown]", "on: [pass]",
                "44: PRC-001: 'on' must be [fail] or [fail, unknown]"},
        Mistake{"severity: critical, weight: 125", "severity: high, weight: 25",
                "44: PRC-001: 'escalate' must raise the weight"},
        Mistake{"explains: [PRC-001]", "explains: [PRC-009]",
                "54: CTR-001: no control is called 'PRC-009'"},
        Mistake{"explains: [PRC-001]", "extra: 1", "54: CTR-001: unknown key 'extra'"}));

INSTANTIATE_TEST_SUITE_P(
    Parameters, Mistakes,
    testing::Values(
        Mistake{"      flag: true\n", "", "21: PRC-001: 'flag' is missing"},
        Mistake{"flag: true", "flag: yes", "22: PRC-001: 'flag' must be true or false"},
        Mistake{"flag: true", "flag: \"true\"", "22: PRC-001: 'flag' must be true or false"},
        Mistake{"flag: true", "flag: true\n      other: 1", "23: PRC-001: unknown key 'other'"},
        Mistake{"{least: [\"4.18\"]}", "{least: [], a: 1}", "63: HST-001: unknown key 'a'"},
        Mistake{"[\"4.18\"]", "[\"4.\"]", "63: HST-001: '4.' is no version like 4.18"},
        Mistake{"[\"4.18\"]", "[\"4.18\", newest]",
                "63: HST-001: 'newest' is no version like 4.18"},
        Mistake{"count: -3", "count: 99999999999999999999",
                "23: PRC-001: 'count' must be a whole number from -9223372036854775807 to "
                "9223372036854775807"},
        Mistake{"part: 0.25", "part: -0.25", "24: PRC-001: 'part' must be a number from 0 to 1"},
        Mistake{"[CHOWN,", "[CHOWN, CAP_CHOWN,", "25: PRC-001: 'CAP_CHOWN' repeated"},
        Mistake{"[CHOWN,", "[chown,", "25: PRC-001: 'chown' is no capability"},
        Mistake{"[one, ", "[true, ", "26: PRC-001: an item must be text: put true in quotes"},
        Mistake{"[one, ", "[ones, ", "26: PRC-001: 'ones' is none of one, 2 or three"},
        Mistake{"words: [one, \"2\"]", "words: one", "26: PRC-001: 'words' must be a list"},
        Mistake{"/run/*.sock", "run/*.sock", "28: PRC-001: 'run/*.sock' is no absolute path"},
        Mistake{"/lib/modules ro", "lib ro", "29: PRC-001: 'lib' is no absolute path"},
        Mistake{"c 1:3", "c 1", "30: PRC-001: 'c 1' is no device rule (c 1:3 rwm)"},
        Mistake{"c 1:3", "d 1:3", "30: PRC-001: 'd 1:3' is no device rule (c 1:3 rwm)"},
        Mistake{"c 1:3", "c 1:3 x", "30: PRC-001: 'c 1:3 x' is no device rule (c 1:3 rwm)"},
        Mistake{"c 1:3", "c 1:", "30: PRC-001: 'c 1:' is no device rule (c 1:3 rwm)"},
        Mistake{"c 1:3", "c 1:3 ", "30: PRC-001: 'c 1:3 ' is no device rule (c 1:3 rwm)"}));

INSTANTIATE_TEST_SUITE_P(
    CisItems, Mistakes,
    testing::Values(
        Mistake{"item: \"5.4\"", "item: \"5.4.\"", "72: item '5.4.': is no number like 5.10"},
        Mistake{"item: \"5.4\"", "item: \"5\"", "72: item '5': is no number like 5.10"},
        Mistake{"item: \"5.4\"", "item: \"4.9\"", "72: item '4.9': out of order"},
        Mistake{"item: \"5.4\"", "item: \"4.10\"", "72: item '4.10': out of order"},
        Mistake{"item: \"5.4\"", "item: 5.4", "72: 'item' must be text: put 5.4 in quotes"},
        Mistake{"item: \"5.4\"", "item: \"5.5\"", "20: PRC-001: 'cis_docker' has no item '5.4'"},
        Mistake{"controls: [HST-001]", "controls: [HST-002]",
                "68: 1.2.1: no control is called 'HST-002'"},
        Mistake{"controls: [HST-001]", "controls: []",
                "68: item '1.2.1': 'controls' is empty: say in 'manual' why"},
        Mistake{"manual: Ask them.", "controls: [HST-001]\n    manual: Ask them.",
                "69: item '4.10': needs either 'controls' or 'manual'"},
        Mistake{"    manual: Ask them.\n", "",
                "69: item '4.10': needs either 'controls' or 'manual'"},
        Mistake{"manual: Ask them.", "against: [HST-001]",
                "69: item '4.10': needs either 'controls' or 'manual'"},
        Mistake{"manual: Ask them.", "against: [HST-009]\n    manual: Ask them.",
                "71: 4.10: no control is called 'HST-009'"},
        Mistake{"manual: Ask them.", "against: []\n    manual: Ask them.",
                "71: item '4.10': 'against' is empty: leave it out"},
        Mistake{"controls: [HST-001]", "controls: [HST-001]\n    against: [HST-001]",
                "69: item '1.2.1': 'HST-001' decides the item already"}));

TEST(LoadBenchmark, MissesAControlWithoutEntry) {
  std::string text = SmallText();
  const std::size_t from = text.find("  - id: HST-001");
  text.erase(from, text.find("cis_docker:\n") - from);
  const Result<Benchmark> broken = Load(text);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message, "small.yaml:10: HST-001 is missing");
}

TEST(LoadBenchmark, MissesParametersThatACheckHas) {
  std::string text = SmallText();
  const std::size_t from = text.find("    params:\n");
  text.erase(from, text.find("    remediation:", from) - from);
  const Result<Benchmark> broken = Load(text);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message, "small.yaml:11: PRC-001: 'params' is missing");
}

TEST(LoadBenchmark, RefusesARepeatedEntry) {
  std::string text = SmallText();
  const std::size_t from = text.find("  - id: CTR-001");
  const std::size_t end = text.find("  - id: HST-001");
  text.insert(end, text.substr(from, end - from));
  const Result<Benchmark> broken = Load(text);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().message, "small.yaml:55: CTR-001: repeated");
}

TEST(LoadBenchmark, NeverTakesAPartForTheWhole) {
  const std::string text = SmallText();
  for (std::size_t size = 0; size < text.size() - 2; ++size) {
    EXPECT_FALSE(Load(std::string_view(text).substr(0, size))) << "cut after " << size;
  }
}

}  // namespace
}  // namespace hullmark
