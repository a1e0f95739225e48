// SPDX-License-Identifier: Apache-2.0
#include "hullmark/glob.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hullmark {
namespace {

// The contract, word by word, from the end of both.
class Naive {
 public:
  Naive(std::string_view pattern, std::string_view text)
      : pattern_(pattern),
        text_(text),
        matches_(pattern.size() + 2, std::vector<bool>(text.size() + 1, false)) {}

  bool Matches() {
    matches_[pattern_.size()][text_.size()] = true;
    for (std::size_t p = pattern_.size(); p-- > 0;) {
      for (std::size_t t = text_.size() + 1; t-- > 0;) matches_[p][t] = MatchesFrom(p, t);
    }
    return matches_[0][0];
  }

 private:
  // Does the pattern from `p` match the text from `t`? What follows either is known.
  bool MatchesFrom(std::size_t p, std::size_t t) const {
    const bool more = t < text_.size();
    const bool in_component = more && text_[t] != '/';
    if (pattern_.substr(p).starts_with("**")) {
      return matches_[p + 2][t] || (more && matches_[p][t + 1]);
    }
    if (pattern_[p] == '*') return matches_[p + 1][t] || (in_component && matches_[p][t + 1]);
    if (pattern_[p] == '?') return in_component && matches_[p + 1][t + 1];
    return more && pattern_[p] == text_[t] && matches_[p + 1][t + 1];
  }

  std::string_view pattern_, text_;
  std::vector<std::vector<bool>> matches_;
};

std::string Joined(const std::vector<std::string>& pieces) {
  std::string text;
  for (const auto& piece : pieces) text += piece;
  return text;
}

// Few letters, so that random patterns match random texts now and then.
rc::Gen<std::string> AnyPattern() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(
                          rc::gen::element<std::string>("a", "b", "/", "?", "*", "*", "**")),
                      Joined);
}
rc::Gen<std::string> AnyPath() {
  return rc::gen::container<std::string>(rc::gen::element('a', 'b', '/'));
}

bool Matches(std::string_view pattern, std::string_view text) {
  return Glob(pattern).Matches(text);
}

TEST(GlobTest, AStarStaysInItsComponent) {
  EXPECT_TRUE(Matches("/run/user/*/bus", "/run/user/1000/bus"));
  EXPECT_TRUE(Matches("/run/*", "/run/"));
  EXPECT_FALSE(Matches("/run/*/bus", "/run/user/1000/bus"));
  EXPECT_FALSE(Matches("/run/*", "/run/a/b"));
  EXPECT_TRUE(Matches("*", "name"));
  EXPECT_TRUE(Matches("*", ""));
}

TEST(GlobTest, TwoStarsCrossComponents) {
  EXPECT_TRUE(Matches("/var/lib/**", "/var/lib/a/b/c"));
  EXPECT_TRUE(Matches("/**/x", "/a/b/x"));
  EXPECT_FALSE(Matches("/**/x", "/x")) << "the slashes around it are letters";
  EXPECT_TRUE(Matches("**", ""));
  EXPECT_FALSE(Matches("/var/lib/**", "/var/lib"));
}

TEST(GlobTest, AQuestionMarkIsOneByteButASlash) {
  EXPECT_TRUE(Matches("/dev/sd?", "/dev/sda"));
  EXPECT_FALSE(Matches("/dev/sd?", "/dev/sd"));
  EXPECT_FALSE(Matches("/dev/sd?", "/dev/sd/"));
  EXPECT_FALSE(Matches("/dev/sd?", "/dev/sdaa"));
}

TEST(GlobTest, TheWholeTextMatches) {
  EXPECT_TRUE(Matches("web", "web"));
  EXPECT_FALSE(Matches("web", "web-1"));
  EXPECT_FALSE(Matches("web", "my-web"));
  EXPECT_TRUE(Matches("", ""));
  EXPECT_FALSE(Matches("", "a"));
  EXPECT_FALSE(Glob().Matches("")) << "no pattern matches nothing";
}

TEST(GlobTest, BracesAreAlternatives) {
  for (const char* const text : {"/run/a.sock", "/run/bc.sock", "/run/.sock"}) {
    EXPECT_TRUE(Matches("/run/{a,bc,}.sock", text)) << text;
  }
  EXPECT_FALSE(Matches("/run/{a,bc,}.sock", "/run/b.sock"));
  EXPECT_TRUE(Matches("{a,b}{c,d}", "bc"));
  EXPECT_FALSE(Matches("{a,b}{c,d}", "ab"));
  EXPECT_TRUE(Matches("{*.a,b/*}", "b/x"));
}

TEST(GlobTest, ABraceWithoutAPartnerIsALetter) {
  EXPECT_TRUE(Matches("a{b", "a{b"));
  EXPECT_TRUE(Matches("a}b", "a}b"));
  EXPECT_TRUE(Matches("}{a,b}", "}b"));
  EXPECT_FALSE(Matches("a{b,c", "ab"));
}

TEST(GlobTest, AlternativesAreBounded) {
  EXPECT_TRUE(Matches("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "bbbbbb")) << "64 of them";
  EXPECT_TRUE(Matches("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "aaaaaaa"));
  EXPECT_FALSE(Matches("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "bbbbbbb")) << "the 128th";
}

TEST(GlobTest, ANameIsTheEndOfSomePath) {
  EXPECT_TRUE(Glob("/usr/bin/a").MatchesName("a"));
  EXPECT_FALSE(Glob("/usr/bin/a").MatchesName("bin"));
  EXPECT_TRUE(Glob("/usr/bin/a*").MatchesName("abc"));
  EXPECT_TRUE(Glob("/usr/{bin/a,sbin/b}").MatchesName("b"));
  EXPECT_FALSE(Glob("/usr/{bin/a,sbin/b}").MatchesName("c"));
  EXPECT_TRUE(Glob("/opt/**").MatchesName("c"));
  EXPECT_TRUE(Glob("/opt/x**c").MatchesName("abc")) << "as in /opt/x/abc";
  EXPECT_FALSE(Glob("/opt/x**c").MatchesName("abd"));
  EXPECT_TRUE(Glob("a").MatchesName("a"));
  EXPECT_FALSE(Glob().MatchesName(""));
}

// Where a path matches, so does its last part.
RC_GTEST_PROP(GlobProperty, NoPathMatchesWhoseNameDoesNot, ()) {
  const auto pattern = *AnyPattern();
  const auto path = *AnyPath();
  const auto name = path.substr(path.rfind('/') + 1);
  if (Matches(pattern, path)) RC_ASSERT(Glob(pattern).MatchesName(name));
}

TEST(GlobTest, PatternsAreComparedAsWritten) {
  EXPECT_EQ(Glob("{a,b}").pattern(), "{a,b}");
  EXPECT_EQ(Glob("{a,b}"), Glob("{a,b}"));
  EXPECT_NE(Glob("{a,b}"), Glob("{b,a}"));
}

// Matchers that retry every star take years for these.
TEST(GlobTest, HostilePatternsTakeNoLonger) {
  const std::string text(20'000, 'a');
  std::string stars;
  for (int i = 0; i < 200; ++i) stars += "*a";
  EXPECT_FALSE(Matches(stars + "*b", text));
  std::string both;
  for (int i = 0; i < 50; ++i) both += "**a*a";
  EXPECT_FALSE(Matches(both + "b", text.substr(0, 2'000)));
}

RC_GTEST_PROP(GlobProperty, AgreesWithTheContract, ()) {
  const auto pattern = *AnyPattern();
  const auto text = *AnyPath();
  RC_ASSERT(Matches(pattern, text) == Naive(pattern, text).Matches());
}

RC_GTEST_PROP(GlobProperty, MatchesWhatWasMadeOfIt, ()) {
  std::string pattern;
  std::string text;
  for (const auto& piece : *rc::gen::container<std::vector<std::string>>(
           rc::gen::element<std::string>("a", "b", "/", "?", "*", "**"))) {
    pattern += piece;
    if (piece == "?") {
      text += *rc::gen::element('a', 'b');
    } else if (piece == "*") {
      text += *rc::gen::container<std::string>(rc::gen::element('a', 'b'));
    } else if (piece == "**") {
      text += *AnyPath();
    } else {
      text += piece;
    }
  }
  // A star after a star may stand for what the two of them mean together.
  RC_ASSERT(Matches(pattern, text));
}

RC_GTEST_PROP(GlobProperty, BracesAreTheSumOfTheirAlternatives, ()) {
  const auto before = *AnyPattern();
  const auto after = *AnyPattern();
  const auto group = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(AnyPattern()));
  const auto text = *AnyPath();
  RC_PRE(group.size() <= 64);
  std::string pattern = before + "{";
  bool any = false;
  for (const auto& one : group) {
    pattern.append(one).append(",");
    const std::string alone = std::string(before).append(one).append(after);
    any = any || Naive(alone, text).Matches();
  }
  pattern.back() = '}';
  RC_ASSERT(Matches(pattern + after, text) == any);
}

}  // namespace
}  // namespace hullmark
