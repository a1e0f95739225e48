/* SPDX-License-Identifier: Apache-2.0 */
/* Waits to be killed: without an argument for ten seconds, with "long" for one, with any other not at all. */
#include <signal.h>
#include <unistd.h>
int main(int count, char **arguments) {
  alarm(10);
  if (count > 1 && arguments[1][0] == 'l') sleep(1);
  if (count > 1) return 0;
  for (;;) pause();
}
