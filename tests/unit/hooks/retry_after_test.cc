// SPDX-License-Identifier: Apache-2.0
#include "agent/hooks/retry_after.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/hooks/hosts.h"

namespace hullmark {
namespace {

using std::chrono::seconds;

constexpr std::int64_t kNow = 784'111'777;  // Sun, 06 Nov 1994 08:49:37 GMT

TEST(RetryAfter, Seconds) {
  EXPECT_EQ(ParseRetryAfter("0", kNow), seconds(0));
  EXPECT_EQ(ParseRetryAfter("120", kNow), seconds(120));
  EXPECT_EQ(ParseRetryAfter("3601", kNow), seconds(3'600));
  EXPECT_EQ(ParseRetryAfter(std::string(1000, '9'), kNow), seconds(3'600));
}

TEST(RetryAfter, Dates) {
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:50:07 GMT", kNow), seconds(30));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", kNow), seconds(0));
  EXPECT_EQ(ParseRetryAfter("Thu, 01 Jan 1970 00:00:00 GMT", kNow), seconds(0));
  EXPECT_EQ(ParseRetryAfter("Fri, 31 Dec 9999 23:59:59 GMT", kNow), seconds(3'600));
}

TEST(RetryAfter, NothingElse) {
  for (const std::string_view text :
       {"", "-1", "+1", "1.5", " 1", "1 ", "soon", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 19 4 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"}) {
    EXPECT_FALSE(ParseRetryAfter(text, kNow)) << text;
  }
}

TEST(Hosts, NamesHaveTheirAddressesInOrder) {
  const HostsTable table = ParseHosts(
      "# comment\n"
      "127.0.0.1\tlocalhost\n"
      "::1 LocalHost ip6-localhost # more\r\n"
      "10.0.0.1   am.example am\n"
      "10.0.0.300 wrong\n"
      "name only\n"
      "\n"
      "10.0.0.2 am");
  EXPECT_EQ(table, (HostsTable{{"localhost", {"127.0.0.1", "::1"}},
                               {"ip6-localhost", {"::1"}},
                               {"am.example", {"10.0.0.1"}},
                               {"am", {"10.0.0.1", "10.0.0.2"}}}));
  EXPECT_EQ(HostKey("Am.Example"), "am.example");
}

TEST(Hosts, AreBounded) {
  std::string text;
  for (int number = 0; number < 200'000; ++number)
    text += "10.0.0.1 a" + std::to_string(number) + "\n";
  EXPECT_EQ(ParseHosts(text).size(), 100'000);
}

}  // namespace
}  // namespace hullmark
