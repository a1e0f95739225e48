// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zconf.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "agent/base/file.h"
#include "agent/gateway/documents.h"
#include "agent/gateway/layout.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr std::size_t kPiece = std::size_t{1} << 16;

std::uint64_t Continue(std::uint64_t sum, std::string_view bytes) {
  return crc32_z(sum, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

// Two bodies of one length and one checksum are taken for the same by a client that has the older.
std::uint64_t Hash(std::uint64_t sum, std::uint64_t length) { return sum << 32 | (length & ~0U); }

template <typename Record>
std::string_view BytesOf(const Record& record) {
  return {reinterpret_cast<const char*>(&record), sizeof record};
}

}  // namespace

struct DocumentsWriter::Entry {
  std::string path;
  DocumentsEntry record;
};

// One deflate state for all documents of a set: making one clears 256 KiB.
struct DocumentsWriter::Deflater {
  z_stream stream = {};
  std::string bytes;
  bool usable = false;

  Deflater() {
    constexpr int kFast = 1;  // Half the time of the default, a third more bytes.
    constexpr int kGzipFormat = 16;
    constexpr int kDefaultMemory = 8;
    usable = deflateInit2(&stream, kFast, Z_DEFLATED, MAX_WBITS + kGzipFormat, kDefaultMemory,
                          Z_DEFAULT_STRATEGY) == Z_OK;
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream); }

  void Restart() {
    bytes.clear();
    usable = usable && deflateReset(&stream) == Z_OK;
  }

  void Take(std::string_view text, int flush) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    std::array<char, kPiece> out;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = kPiece;
      if (!usable || deflate(&stream, flush) == Z_STREAM_ERROR) {
        usable = false;
        return;
      }
      bytes.append(out.data(), kPiece - stream.avail_out);
    } while (stream.avail_out == 0);
  }
};

DocumentsWriter::DocumentsWriter()
    : file_(memfd_create("hullmark-documents", MFD_CLOEXEC | MFD_ALLOW_SEALING)),
      deflater_(std::make_unique<Deflater>()) {
  if (!file_) error_number_ = errno;
  Append(BytesOf(DocumentsHeader{}));
}

DocumentsWriter::~DocumentsWriter() = default;

void DocumentsWriter::Append(std::string_view bytes) {
  while (!bytes.empty() && error_number_ == 0) {
    const ssize_t written = write(file_.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      error_number_ = errno;
      return;
    }
    size_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void DocumentsWriter::Add(std::string path, DocumentType type, Compression compression,
                          const RenderBody& render) {
  Entry entry{.path = std::move(path), .record = {}};
  entry.record.type = std::to_underlying(type);
  entry.record.plain_offset = last_begin_ = size_;
  std::uint64_t sum = crc32_z(0, nullptr, 0);
  const bool zipped = compression == Compression::kGzip;
  if (zipped) deflater_->Restart();
  std::string piece;
  const auto flush = [&] {
    sum = Continue(sum, piece);
    if (zipped) deflater_->Take(piece, Z_NO_FLUSH);
    Append(piece);
    piece.clear();
  };
  render([&](std::string_view bytes) {
    piece += bytes;
    if (piece.size() >= kPiece) flush();
  });
  flush();
  last_end_ = size_;
  entry.record.plain_length = last_end_ - last_begin_;
  entry.record.hash = Hash(sum, entry.record.plain_length);
  if (entry.record.plain_length == 0) return;
  if (zipped) AddGzip(entry);
  entries_.push_back(std::move(entry));
}

// A gzip that saves nothing is none.
void DocumentsWriter::AddGzip(Entry& entry) {
  deflater_->Take({}, Z_FINISH);
  if (!deflater_->usable || deflater_->bytes.size() >= entry.record.plain_length) return;
  entry.record.gzip_offset = size_;
  entry.record.gzip_length = deflater_->bytes.size();
  Append(deflater_->bytes);
}

void DocumentsWriter::AddPart(std::string path, DocumentType type, std::uint64_t begin,
                              std::uint64_t end) {
  if (begin >= end || end > last_end_ - last_begin_) return;
  Entry entry{.path = std::move(path), .record = {}};
  entry.record.type = std::to_underlying(type);
  entry.record.plain_offset = last_begin_ + begin;
  entry.record.plain_length = end - begin;
  entry.record.hash = HashOf(last_begin_ + begin, last_begin_ + end);
  entries_.push_back(std::move(entry));
}

std::uint64_t DocumentsWriter::HashOf(std::uint64_t begin, std::uint64_t end) {
  std::array<char, kPiece> piece;
  std::uint64_t sum = crc32_z(0, nullptr, 0);
  for (std::uint64_t at = begin; at < end && error_number_ == 0;) {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, end - at));
    const ssize_t got = pread(file_.get(), piece.data(), wanted, static_cast<off_t>(at));
    if (got <= 0) {
      error_number_ = got < 0 ? errno : EIO;
      break;
    }
    sum = Continue(sum, {piece.data(), static_cast<std::size_t>(got)});
    at += static_cast<std::uint64_t>(got);
  }
  return Hash(sum, end - begin);
}

// Of several documents with one path the first is kept. Returns where the entries begin.
std::uint64_t DocumentsWriter::LayOutIndex() {
  std::ranges::stable_sort(entries_, {}, &Entry::path);
  const auto repeated = std::ranges::unique(entries_, {}, &Entry::path);
  entries_.erase(repeated.begin(), repeated.end());
  std::string paths;
  for (Entry& entry : entries_) {
    entry.record.path_offset = size_ + paths.size();
    entry.record.path_length = entry.path.size();
    paths += entry.path;
  }
  Append(paths);
  const std::uint64_t index = size_;
  std::string records;
  for (const Entry& entry : entries_) records += BytesOf(entry.record);
  Append(records);
  return index;
}

Result<Fd> DocumentsWriter::Seal(const Publication& publication) {
  const std::uint64_t index = LayOutIndex();
  const DocumentsHeader header{.size = size_,
                               .index_offset = index,
                               .entries = entries_.size(),
                               .sequence = publication.sequence,
                               .made_at = publication.made_at.count(),
                               .fresh_for = publication.fresh_for.count(),
                               .last_event = publication.last_event,
                               .life = publication.life,
                               .inherited_event = publication.inherited_event};
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  if (error_number_ == 0 &&
      (pwrite(file_.get(), &header, sizeof header, 0) != ssize_t{sizeof header} ||
       fcntl(file_.get(), F_ADD_SEALS, kSeals) != 0)) {
    error_number_ = errno;
  }
  if (error_number_ != 0) {
    return Fail(CodeOfErrno(error_number_),
                std::string("documents to publish: ") + std::strerror(error_number_));
  }
  return std::move(file_);
}

}  // namespace hullmark
