// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "agent/replay/snapshot_json.h"
#include "hullmark/ids.h"
#include "hullmark/limits.h"
#include "hullmark/result.h"
#include "hullmark/snapshot.h"
#include "tests/unit/replay/flat.h"
#include "tests/unit/replay/random_snapshot.h"

namespace hullmark {
namespace {

std::string Written(const Snapshot& snapshot) {
  std::string out;
  WriteSnapshot(snapshot, [&](std::string_view piece) { out += piece; });
  return out;
}

TEST(RoundTrip, EverySnapshotComesBackAsItWas) {
  EXPECT_TRUE(rc::check([](std::uint64_t seed) {
    const Snapshot snapshot = RandomSnapshot(seed, *rc::gen::inRange<std::size_t>(1, 6));
    const std::string document = Written(snapshot);
    const auto again = ReadSnapshot(document);
    if (!again) RC_FAIL(again.error().message);
    RC_ASSERT(Flat(*again) == Flat(snapshot));
    RC_ASSERT(Written(*again) == document);
  }));
}

TEST(RoundTrip, AnEmptySnapshotComesBack) {
  const auto again = ReadSnapshot(Written(Snapshot{}));
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(Flat(*again), Flat(Snapshot{}));
}

// What the text of one name becomes, in the document and when it is read back.
std::pair<std::string, std::string> NameThrough(std::string_view name) {
  Snapshot snapshot;
  snapshot.containers.emplace_back().name = snapshot.strings.Intern(name);
  const std::string document = Written(snapshot);
  const auto begin = document.find("\"name\": ", document.find("\"containers\"")) + 8;
  const auto again = ReadSnapshot(document);
  EXPECT_TRUE(again);
  const auto text = again ? again->Text(again->containers.at(0).name) : std::string_view{};
  return {document.substr(begin, document.find(",\n   \"runtime\"") - begin), std::string(text)};
}

TEST(RoundTrip, TextsThatAreNoUtf8AreWrittenAsBytes) {
  using namespace std::string_view_literals;
  EXPECT_EQ(NameThrough("web").first, "\"web\"");
  const auto [written, read] = NameThrough("a\xff\0"sv);
  EXPECT_NE(written.find("\"bytes\": \"61ff00\""), std::string::npos);
  EXPECT_EQ(read, "a\xff\0"sv);
  EXPECT_EQ(NameThrough("{\"bytes\": \"61\"}").second, "{\"bytes\": \"61\"}");
  EXPECT_EQ(NameThrough("\\xff").second, "\\xff");
}

TEST(RoundTrip, FactsAndLimitsAreReadableInTheDocument) {
  Snapshot snapshot;
  snapshot.host.swap_active = Missing(ErrorCode::kDenied, 13);
  snapshot.host.memory_bytes = std::numeric_limits<std::uint64_t>::max();
  snapshot.memory_files.emplace_back().max = Limit{};
  snapshot.taken_at = Timestamp{std::numeric_limits<std::int64_t>::min()};
  const std::string document = Written(snapshot);
  const auto says = [&](std::string_view text) { return document.find(text) != std::string::npos; };
  EXPECT_TRUE(document.starts_with("{\n \"schema\": \"hullmark.snapshot/1\",\n"));
  EXPECT_TRUE(says("\"swap_active\": {\n   \"error\": \"denied\",\n   \"errno\": 13\n  }"));
  EXPECT_TRUE(says("\"memory_bytes\": 18446744073709551615"));
  EXPECT_TRUE(says("\"max\": null"));
  EXPECT_TRUE(says("\"taken_at\": -9223372036854775808"));
  EXPECT_TRUE(says("\"cgroup_layout\": {\n   \"error\": \"not_read\"\n  }"));
}

}  // namespace
}  // namespace hullmark
