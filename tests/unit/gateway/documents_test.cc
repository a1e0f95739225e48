// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/documents.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>
#include <zconf.h>
#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/file.h"
#include "agent/gateway/layout.h"
#include "hullmark/result.h"
#include "tests/unit/gateway/published.h"

namespace hullmark {
namespace {

std::string Inflated(std::string_view bytes) {
  z_stream stream = {};
  inflateInit2(&stream, MAX_WBITS + 16);
  std::string text(1 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  return text;
}

std::string BytesOf(const Fd& file) {
  std::string bytes(static_cast<std::size_t>(lseek(file.get(), 0, SEEK_END)), '\0');
  EXPECT_EQ(pread(file.get(), bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  return bytes;
}

Fd Sealed(std::string_view bytes, int seals = F_SEAL_SHRINK | F_SEAL_WRITE) {
  Fd file(memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(fcntl(file.get(), F_ADD_SEALS, seals), 0);
  return file;
}

// A good set with one thing changed.
std::string Damaged(
    const std::function<void(DocumentsHeader&, std::vector<DocumentsEntry>&)>& damage) {
  std::string bytes = BytesOf(MakePublished());
  DocumentsHeader header;
  std::memcpy(&header, bytes.data(), sizeof header);
  std::vector<DocumentsEntry> entries(header.entries);
  const std::size_t index = header.index_offset;
  std::memcpy(entries.data(), bytes.data() + index, entries.size() * sizeof(DocumentsEntry));
  damage(header, entries);
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + index, entries.data(), entries.size() * sizeof(DocumentsEntry));
  return bytes;
}

TEST(Documents, AreFoundByPath) {
  const auto documents = Published();
  const auto metrics = documents->Find("/metrics");
  ASSERT_TRUE(metrics);
  EXPECT_EQ(metrics->plain, MetricsText());
  EXPECT_EQ(metrics->type, DocumentType::kMetrics);
  EXPECT_LT(metrics->gzip.size(), metrics->plain.size() / 10);
  EXPECT_EQ(Inflated(metrics->gzip), MetricsText());
  EXPECT_EQ(documents->Find("/")->plain, "<!doctype html>");
  EXPECT_EQ(documents->Find("/")->gzip, "");
  EXPECT_FALSE(documents->Find("/metric"));
  EXPECT_FALSE(documents->Find("/metricss"));
  EXPECT_FALSE(documents->Find(""));
  EXPECT_EQ(documents->publication().sequence, 7);
}

TEST(Documents, PartsLieInTheBodyBeforeThem) {
  const auto documents = Published();
  const auto part = documents->Find("/api/v1/containers/aaaaaaaaaaaabbbb");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->plain, R"({"id":"aaaaaaaaaaaabbbb"})");
  const auto report = documents->Find("/api/v1/report");
  EXPECT_EQ(part->plain.data(), report->plain.data() + 41);
}

TEST(Documents, ABeginningFindsOneOrNone) {
  const auto documents = Published();
  EXPECT_TRUE(documents->FindBeginning("/api/v1/containers/aaaaaaaaaaaab"));
  EXPECT_FALSE(documents->FindBeginning("/api/v1/containers/aaaaaaaaaaaa"));
  EXPECT_FALSE(documents->FindBeginning("/zzz"));
}

TEST(Documents, EqualBodiesHaveEqualHashes) {
  EXPECT_EQ(Published()->Find("/metrics")->hash, Published()->Find("/metrics")->hash);
  EXPECT_NE(Published()->Find("/metrics")->hash, Published()->Find("/api/v1/report")->hash);
  EXPECT_NE(Published()->Find("/api/v1/containers/aaaaaaaaaaaabbbb")->hash,
            Published()->Find("/api/v1/containers/aaaaaaaaaaaaaaaa")->hash);
}

TEST(Documents, TheFirstOfOnePathIsKeptAndNothingEmptyIsAdded) {
  DocumentsWriter writer;
  for (const char* text : {"first", "second"}) {
    writer.Add("/a", DocumentType::kJson, Compression::kGzip,
               [&](const BodySink& sink) { sink(text); });
  }
  writer.Add("/empty", DocumentType::kJson, Compression::kGzip, [](const BodySink&) {});
  const auto documents = Documents::Open(writer.Seal({}).value()).value();
  EXPECT_EQ(documents->Find("/a")->plain, "first");
  EXPECT_EQ(documents->Find("/a")->gzip, "") << "a gzip that is larger than the text";
  EXPECT_FALSE(documents->Find("/empty"));
}

TEST(Documents, BodiesLargerThanAPiece) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + "\n";
  DocumentsWriter writer;
  writer.Add("/large", DocumentType::kJson, Compression::kGzip, [&](const BodySink& sink) {
    for (std::size_t at = 0; at < text.size(); at += 777) {
      sink(std::string_view(text).substr(at, 777));
    }
  });
  const auto documents = Documents::Open(writer.Seal({}).value()).value();
  EXPECT_TRUE(documents->Find("/large")->plain == text);
  EXPECT_TRUE(Inflated(documents->Find("/large")->gzip) == text);
}

TEST(Documents, EventsThatAreStillHeld) {
  const auto held = PublishedEvents(9, 11);
  EXPECT_EQ(held->publication().last_event, 11);
  EXPECT_EQ(held->FirstEventAfter(0), 9) << "those before have been forgotten";
  EXPECT_EQ(held->EventsAfter(0), held->Find(kEventsPath)->plain);
  EXPECT_EQ(held->EventsAfter(10), "id: 11\ndata: {\"id\":11}\n\n");
  for (const std::uint64_t after : {std::uint64_t{11}, UINT64_MAX}) {
    EXPECT_EQ(held->FirstEventAfter(after), std::nullopt);
    EXPECT_EQ(held->EventsAfter(after), "");
  }
  EXPECT_EQ(Published()->FirstEventAfter(0), std::nullopt);
}

TEST(Documents, ASetCannotBeChanged) {
  const Fd file = MakePublished();
  EXPECT_EQ(pwrite(file.get(), "x", 1, 0), -1);
  EXPECT_EQ(ftruncate(file.get(), 0), -1);
  EXPECT_EQ(fcntl(file.get(), F_ADD_SEALS, 0), -1);
}

TEST(Documents, WhatIsNotSealedIsRefused) {
  const std::string good = BytesOf(MakePublished());
  EXPECT_TRUE(Documents::Open(Sealed(good)));
  EXPECT_FALSE(Documents::Open(Sealed(good, F_SEAL_SHRINK)));
  EXPECT_FALSE(Documents::Open(Sealed(good, F_SEAL_WRITE)));
  EXPECT_FALSE(Documents::Open(Fd(open("/dev/null", O_RDONLY | O_CLOEXEC))));
  EXPECT_FALSE(Documents::Open(Sealed(good), good.size() - 1)) << "larger than what is accepted";
}

TEST(Documents, EveryPrefixIsRefused) {
  const std::string good = BytesOf(MakePublished());
  for (std::size_t length = 0; length < good.size(); length += 7) {
    EXPECT_FALSE(Documents::Open(Sealed(good.substr(0, length)))) << length;
  }
}

struct Damage {
  const char* what;
  std::function<void(DocumentsHeader&, std::vector<DocumentsEntry>&)> apply;
};

TEST(Documents, EveryBoundIsChecked) {
  constexpr std::uint64_t kHuge = ~std::uint64_t{0};
  const std::vector<Damage> damages = {
      {"magic", [](auto& header, auto&) { header.magic[0] = 'X'; }},
      {"size", [](auto& header, auto&) { ++header.size; }},
      {"index before the header's end", [](auto& header, auto&) { header.index_offset = 8; }},
      {"index past the end", [](auto& header, auto&) { header.index_offset = header.size + 1; }},
      {"index far away", [](auto& header, auto&) { header.index_offset = kHuge; }},
      {"one entry too many", [](auto& header, auto&) { ++header.entries; }},
      {"entries times size overflows",
       [](auto& header, auto&) { header.entries = kHuge / sizeof(DocumentsEntry) + 2; }},
      {"made before the boot", [](auto& header, auto&) { header.made_at = -1; }},
      {"never fresh", [](auto& header, auto&) { header.fresh_for = -1; }},
      {"path in the header", [](auto&, auto& entries) { entries[1].path_offset = 0; }},
      {"path in the index",
       [](auto& header, auto& entries) { entries[1].path_offset = header.index_offset; }},
      {"path too long", [](auto&, auto& entries) { entries[1].path_length = kHuge; }},
      {"no path", [](auto&, auto& entries) { entries[0].path_length = 0; }},
      {"not a path", [](auto&, auto& entries) { ++entries[1].path_offset; }},
      {"one path twice", [](auto&, auto& entries) { entries[1] = entries[0]; }},
      {"order", [](auto&, auto& entries) { std::swap(entries[1], entries[2]); }},
      {"body in the header", [](auto&, auto& entries) { entries[0].plain_offset = 0; }},
      {"body into the index",
       [](auto& header, auto& entries) {
         entries[0].plain_length = header.index_offset - entries[0].plain_offset + 1;
       }},
      {"body far away", [](auto&, auto& entries) { entries[0].plain_offset = kHuge; }},
      {"body wraps around", [](auto&, auto& entries) { entries[0].plain_length = kHuge; }},
      {"no body", [](auto&, auto& entries) { entries[0].plain_length = 0; }},
      {"gzip without a place", [](auto&, auto& entries) { entries[0].gzip_length = 1; }},
      {"gzip without bytes", [](auto&, auto& entries) { entries[0].gzip_offset = 100; }},
      {"gzip far away",
       [](auto&, auto& entries) {
         entries[0].gzip_offset = kHuge;
         entries[0].gzip_length = 1;
       }},
      {"gzip wraps around",
       [](auto&, auto& entries) {
         entries[0].gzip_offset = 100;
         entries[0].gzip_length = kHuge;
       }},
      {"type", [](auto&, auto& entries) { entries[0].type = kDocumentTypes; }},
  };
  EXPECT_TRUE(Documents::Open(Sealed(Damaged([](auto&, auto&) {}))));
  for (const Damage& damage : damages) {
    const auto opened = Documents::Open(Sealed(Damaged(damage.apply)));
    ASSERT_FALSE(opened) << damage.what;
    EXPECT_EQ(opened.error().code, ErrorCode::kMalformed) << damage.what;
  }
}

}  // namespace
}  // namespace hullmark
