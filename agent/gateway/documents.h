// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/file.h"
#include "hullmark/result.h"

namespace hullmark {

// What the inspector publishes after a scan: finished bodies and where they lie, in one sealed
// memfd. Whoever has the descriptor can neither change nor shrink it, so that the gateway sends
// slices of a mapping and parses none of them.

enum class DocumentType : std::uint32_t { kJson, kMetrics, kHtml, kEvents };
inline constexpr std::uint32_t kDocumentTypes = 4;

std::string_view ContentTypeOf(DocumentType type);

// Times of CLOCK_BOOTTIME: all processes of a host agree on it, and it counts while it sleeps.
struct Publication {
  std::uint64_t sequence = 0;
  std::chrono::nanoseconds made_at{};
  std::chrono::nanoseconds fresh_for{};  // Past it, the scans have stopped or are late.
  std::uint64_t last_event = 0;          // Id of the newest event there has ever been.
  std::uint64_t life = 0;                // Of the agent's start, see EventId.
  std::uint64_t inherited_event = 0;     // Id of the newest event before it.
};

// The events that a set still holds: one document, what a stream begins with
// and then the events in the order of their ids; each is also a part of its own
// at EventPath().
inline constexpr std::string_view kEventsPath = "/api/v1/events";
std::string EventPath(std::uint64_t id);

using BodySink = std::function<void(std::string_view)>;
using RenderBody = std::function<void(const BodySink&)>;
enum class Compression : std::uint8_t { kNone, kGzip };

// Lays documents into a memfd, body after body. The first failure is kept for Seal().
class DocumentsWriter {
 public:
  DocumentsWriter();
  DocumentsWriter(const DocumentsWriter&) = delete;
  DocumentsWriter& operator=(const DocumentsWriter&) = delete;
  ~DocumentsWriter();

  // What `render` writes becomes the document at `path`, which has not been added before. An empty
  // body is left out: nothing answers there.
  void Add(std::string path, DocumentType type, Compression compression, const RenderBody& render);

  // Bytes [begin, end) of the body that was added last are a document too. It costs no memory.
  void AddPart(std::string path, DocumentType type, std::uint64_t begin, std::uint64_t end);

  // Writes the index and seals. The writer is of no use afterwards.
  Result<Fd> Seal(const Publication& publication);

 private:
  struct Entry;
  struct Deflater;

  void Append(std::string_view bytes);
  void AddGzip(Entry& entry);
  std::uint64_t HashOf(std::uint64_t begin, std::uint64_t end);
  std::uint64_t LayOutIndex();

  Fd file_;
  std::uint64_t size_ = 0;
  std::uint64_t last_begin_ = 0, last_end_ = 0;  // Of the body that was added last.
  int error_number_ = 0;
  std::vector<Entry> entries_;
  std::unique_ptr<Deflater> deflater_;
};

// One document as the gateway sends it. Views are of the mapping.
struct Document {
  DocumentType type = DocumentType::kJson;
  std::string_view plain{};
  std::string_view gzip{};  // "" where there is none.
  std::uint64_t hash = 0;   // Of the plain body.
};

// A published set, mapped for reading. Every offset was checked when it was opened.
class Documents {
 public:
  // Error kMalformed: not sealed, or an index that points outside the file or is not in order;
  // kTruncated: larger than `most` bytes.
  static Result<std::shared_ptr<const Documents>> Open(Fd file,
                                                       std::size_t most = std::size_t{1} << 30);

  Documents(const Documents&) = delete;
  Documents& operator=(const Documents&) = delete;
  ~Documents();

  std::optional<Document> Find(std::string_view path) const;

  // The one document whose path begins with `path`; nullopt when none or several do.
  std::optional<Document> FindBeginning(std::string_view path) const;

  // The events above `after`; "" for none.
  std::string_view EventsAfter(std::uint64_t after) const;
  // The id of the first of them that this set holds; nullopt for none.
  std::optional<std::uint64_t> FirstEventAfter(std::uint64_t after) const;

  const Publication& publication() const { return publication_; }

  // The file, and where a part of a document lies in it: for sendfile(2).
  const Fd& file() const { return file_; }
  std::uint64_t OffsetOf(std::string_view part) const {
    return static_cast<std::uint64_t>(part.data() - reinterpret_cast<const char*>(bytes_));
  }

 private:
  Documents(Fd file, const std::byte* bytes, std::size_t size)
      : file_(std::move(file)), bytes_(bytes), size_(size) {}

  bool ReadHeader();
  bool CheckEntries() const;
  std::string_view PathAt(std::size_t at) const;
  std::optional<std::string_view> Slice(std::uint64_t offset, std::uint64_t length) const;
  Document DocumentAt(std::size_t at) const;
  std::size_t LowerBound(std::string_view path) const;

  Fd file_;
  const std::byte* bytes_;
  std::size_t size_;
  std::uint64_t index_ = 0;  // Offset of the entries.
  std::size_t entries_ = 0;
  Publication publication_;
};

}  // namespace hullmark
