// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <string>
#include <system_error>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

namespace {

// Gives the target one file, named first: an abort then says which it was.
bool Replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) return false;
  std::cout << path.string() << "\n" << std::flush;  // Before what may abort.
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  return true;
}

}  // namespace

// Runs a fuzz target over every file of the directories given, with any compiler. Fails when one of
// them has no file, since nothing would have been tested.
int main(int count, char** arguments) {
  const auto directories = std::span(arguments, static_cast<std::size_t>(count)).subspan(1);
  for (const char* const directory : directories) {
    int replayed = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
      if (!entry.is_regular_file()) continue;
      if (!Replay(entry.path())) return 1;
      ++replayed;
    }
    if (replayed == 0) {
      std::cerr << directory << ": no file to replay\n";
      return 1;
    }
  }
  return directories.empty() ? 1 : 0;
}
