// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agent/encode/json_writer.h"

namespace hullmark {

enum class Style : std::uint8_t { kPlain, kBold, kRed, kYellow, kGreen };

// What stands before a paragraph: columns left free for it, and how it looks.
struct Caption {
  std::string_view text = {};
  std::size_t indent = 0;
  Style style = Style::kPlain;
};

// Lines of text for a terminal or a ticket. Every text passes Printable() in here, so that whatever
// a container put into a name neither moves the cursor nor starts a line of its own.
class Page {
 public:
  Page(ByteSink sink, int columns, bool color);
  Page(const Page&) = delete;  // Finish() writes the rest; a copy would write it twice.
  Page& operator=(const Page&) = delete;
  ~Page() = default;

  std::size_t columns() const { return columns_; }
  std::size_t lines() const { return lines_; }  // Written so far.

  void Blank() { EndLine(); }
  void Heading(std::string_view text);

  // The label, blanks up to its indent, then `text` broken at blanks to the width of the page;
  // further lines begin at the indent. A word longer than a line is left whole: paths stay
  // pasteable.
  void Paragraph(const Caption& label, std::string_view text);

  // As Paragraph, a paragraph for each line of `text`. For texts of the benchmark only.
  void Prose(Caption label, std::string_view text);

  // Hands the rest to the sink.
  void Finish();

 private:
  void Append(std::string_view bytes);
  void EndLine();
  void AppendStyled(std::string_view printable, Style style);
  // Where the next word goes, and where a new line begins.
  struct Place {
    std::size_t indent = 0, column = 0;
  };
  void Wrap(std::string_view printable, Place place);

  ByteSink sink_;
  std::string buffer_;
  std::size_t columns_;
  std::size_t lines_ = 0;
  bool color_;
};

// Printable(text), in at most `width` bytes: a longer one loses its middle, since names that were
// made by a program differ at their ends.
std::string Clip(std::string_view text, std::size_t width);

// Clip() followed by blanks up to `width` columns.
std::string Cell(std::string_view text, std::size_t width);

}  // namespace hullmark
