// SPDX-License-Identifier: Apache-2.0
// bench_life MILLISECONDS: a process that lives so long and does nothing. Linked statically, so
// that its exec costs little.
#include <unistd.h>

#include <cstdlib>

int main(int count, char** arguments) {
  const auto lifetime = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 0;
  if (lifetime != 0) usleep(static_cast<useconds_t>(lifetime) * 1'000);
  _exit(0);
}
