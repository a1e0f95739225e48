// SPDX-License-Identifier: Apache-2.0
#include "agent/gateway/documents.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/layout.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr int kNeededSeals = F_SEAL_SHRINK | F_SEAL_WRITE;  // Without them a mapping can change.

std::unexpected<Error> Refuse(std::string_view what) {
  return Fail(ErrorCode::kMalformed, "published documents: " + std::string(what));
}

// Records are copied out: nothing says that they lie aligned.
template <typename Record>
Record RecordAt(const std::byte* bytes, std::uint64_t offset) {
  Record record;
  std::memcpy(&record, bytes + offset, sizeof record);
  return record;
}

}  // namespace

// As many digits as an id may have, so that paths are in the order of ids.
std::string EventPath(std::uint64_t id) {
  constexpr std::size_t kDigits = 20;
  const std::string digits = std::to_string(id);
  return std::string(kEventsPath) + "/" + std::string(kDigits - digits.size(), '0') + digits;
}

std::string_view ContentTypeOf(DocumentType type) {
  switch (type) {
    case DocumentType::kJson:
      return "application/json";
    case DocumentType::kMetrics:
      return "text/plain; version=0.0.4; charset=utf-8";
    case DocumentType::kHtml:
      return "text/html; charset=utf-8";
    case DocumentType::kEvents:
      return "text/event-stream";
  }
  assert(false);
  return "";
}

Result<std::shared_ptr<const Documents>> Documents::Open(Fd file, std::size_t most) {
  const int seals = fcntl(file.get(), F_GET_SEALS);
  if (seals < 0 || (seals & kNeededSeals) != kNeededSeals) return Refuse("not sealed");
  // The C library's fstat(3) names a path, "", and the gateway may name none.
  const off_t end = lseek(file.get(), 0, SEEK_END);
  if (end < 0) return Refuse(std::strerror(errno));
  const auto size = static_cast<std::size_t>(end);
  if (size > most) return Fail(ErrorCode::kTruncated, "published documents: too large");
  if (size < sizeof(DocumentsHeader)) return Refuse("no header");
  void* const bytes = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (bytes == MAP_FAILED) return Refuse(std::strerror(errno));
  std::shared_ptr<Documents> set(
      new Documents(std::move(file), static_cast<const std::byte*>(bytes), size));
  if (!set->ReadHeader()) return Refuse("the header is wrong");
  if (!set->CheckEntries()) return Refuse("the index is wrong");
  return set;
}

Documents::~Documents() { munmap(const_cast<std::byte*>(bytes_), size_); }

bool Documents::ReadHeader() {
  const auto header = RecordAt<DocumentsHeader>(bytes_, 0);
  if (header.magic != kDocumentsMagic || header.size != size_) return false;
  if (header.index_offset < sizeof header || header.index_offset > size_) return false;
  const std::uint64_t room = (size_ - header.index_offset) / sizeof(DocumentsEntry);
  if (header.entries > room || header.made_at < 0 || header.fresh_for < 0) return false;
  index_ = header.index_offset;
  entries_ = static_cast<std::size_t>(header.entries);
  publication_ = {.sequence = header.sequence,
                  .made_at = std::chrono::nanoseconds(header.made_at),
                  .fresh_for = std::chrono::nanoseconds(header.fresh_for),
                  .last_event = header.last_event,
                  .life = header.life,
                  .inherited_event = header.inherited_event};
  return true;
}

// Bytes between the header and the index; nullopt for anything that is not wholly there.
std::optional<std::string_view> Documents::Slice(std::uint64_t offset, std::uint64_t length) const {
  if (offset < sizeof(DocumentsHeader) || offset > index_ || length > index_ - offset) {
    return std::nullopt;
  }
  return std::string_view(reinterpret_cast<const char*>(bytes_) + offset, length);
}

bool Documents::CheckEntries() const {
  std::string_view before;
  for (std::size_t at = 0; at < entries_; ++at) {
    const auto entry = RecordAt<DocumentsEntry>(bytes_, index_ + at * sizeof(DocumentsEntry));
    const auto path = Slice(entry.path_offset, entry.path_length);
    if (!path || path->empty() || path->front() != '/' || *path <= before) return false;
    if (entry.plain_length == 0 || !Slice(entry.plain_offset, entry.plain_length)) return false;
    const bool zipped = entry.gzip_offset != 0 || entry.gzip_length != 0;
    if (zipped && (entry.gzip_length == 0 || !Slice(entry.gzip_offset, entry.gzip_length))) {
      return false;
    }
    if (entry.type >= kDocumentTypes) return false;
    before = *path;
  }
  return true;
}

std::string_view Documents::PathAt(std::size_t at) const {
  const auto entry = RecordAt<DocumentsEntry>(bytes_, index_ + at * sizeof(DocumentsEntry));
  return Slice(entry.path_offset, entry.path_length).value_or("");
}

Document Documents::DocumentAt(std::size_t at) const {
  const auto entry = RecordAt<DocumentsEntry>(bytes_, index_ + at * sizeof(DocumentsEntry));
  Document found{.type = static_cast<DocumentType>(entry.type),
                 .plain = Slice(entry.plain_offset, entry.plain_length).value_or(""),
                 .hash = entry.hash};
  if (entry.gzip_length != 0) found.gzip = Slice(entry.gzip_offset, entry.gzip_length).value_or("");
  return found;
}

std::size_t Documents::LowerBound(std::string_view path) const {
  std::size_t begin = 0;
  std::size_t end = entries_;
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (PathAt(middle) < path) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

std::optional<Document> Documents::Find(std::string_view path) const {
  const std::size_t at = LowerBound(path);
  if (at == entries_ || PathAt(at) != path) return std::nullopt;
  return DocumentAt(at);
}

std::optional<Document> Documents::FindBeginning(std::string_view path) const {
  const std::size_t at = LowerBound(path);
  if (at == entries_ || !PathAt(at).starts_with(path)) return std::nullopt;
  if (at + 1 < entries_ && PathAt(at + 1).starts_with(path)) return std::nullopt;
  return DocumentAt(at);
}

std::optional<std::uint64_t> Documents::FirstEventAfter(std::uint64_t after) const {
  if (after == UINT64_MAX) return std::nullopt;
  const std::size_t at = LowerBound(EventPath(after + 1));
  if (at == entries_) return std::nullopt;
  const std::string_view path = PathAt(at);
  const std::size_t digits = kEventsPath.size() + 1;
  if (path.size() <= digits || !path.starts_with(kEventsPath)) return std::nullopt;
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(path.data() + digits, path.data() + path.size(), id);
  if (error != std::errc{} || end != path.data() + path.size()) return std::nullopt;
  return id;
}

std::string_view Documents::EventsAfter(std::uint64_t after) const {
  const auto first = FirstEventAfter(after);
  const auto all = Find(kEventsPath);
  const auto from = first ? Find(EventPath(*first)) : std::nullopt;
  if (!all || !from) return "";
  const std::uint64_t begin = OffsetOf(from->plain);
  const std::uint64_t end = OffsetOf(all->plain) + all->plain.size();
  if (begin < OffsetOf(all->plain) || begin >= end) return "";  // Not as the inspector makes them.
  return {from->plain.data(), static_cast<std::size_t>(end - begin)};
}

}  // namespace hullmark
