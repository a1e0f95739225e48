// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <expected>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/cli/command.h"
#include "agent/cli/complain.h"
#include "agent/daemon/enforcement.h"
#include "agent/daemon/systemd_limits.h"
#include "agent/encode/text.h"
#include "agent/enforce/action_book.h"
#include "agent/enforce/action_entry.h"
#include "agent/enforce/action_log.h"
#include "agent/enforce/executor.h"
#include "hullmark/action.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/result.h"

namespace hullmark {
namespace {

constexpr const char* kUndoHelp =
    "Takes back throttles and freezes, whether an agent runs or not: every limit is\n"
    "what it was before. What is gone, or was set by somebody else since, stays.\n"
    "\n"
    "Without an action: lists what is in force. After a budget was exceeded the agent\n"
    "does nothing until --reset-breaker.\n"
    "\n"
    "A configuration that cannot be read is said and passed over.\n"
    "\n"
    "Exit status: 0 done; 1 something could not be taken back, or not be written\n"
    "down; 2 usage error, or there is no log where it should be.\n";

struct UndoFlags {
  std::vector<std::uint64_t> ids;
  bool all = false, reset = false;
  std::string state_dir;
};

void Print(std::uint64_t id, const BookedAction& booked, std::string_view what) {
  const ActionTarget& target = booked.action.target;
  std::cout << id << " " << NameOf(booked.action.step.kind) << " of "
            << Printable(target.name.empty() ? target.life.id : target.name) << " by rule "
            << Printable(booked.action.rule) << ": " << Printable(what) << "\n";
}

void List(const ActionLog& log) {
  const std::vector<std::uint64_t> held = log.book().HeldIds();
  for (const std::uint64_t id : held) {
    const BookedAction& booked = log.book().actions().at(id);
    Print(id, booked, booked.outcome ? booked.outcome->text : "whoever began it has died");
  }
  if (held.empty()) std::cout << "nothing is in force\n";
  for (const bool dry_run : {false, true}) {
    const std::string& why = log.book().breaker(dry_run);
    if (why.empty()) continue;
    std::cout << "the breaker is open" << (dry_run ? " (in the dry run)" : "") << ": "
              << Printable(why) << "\n";
  }
}

// The newest first, as they stand upon each other.
Exit TakeBack(ActionLog& log, std::vector<std::uint64_t> ids) {
  std::ranges::sort(ids, std::greater());
  Executor executor({.log = log, .units = LimitsOfSystemd()});
  bool all = true;
  for (const std::uint64_t id : ids) {
    const auto found = log.book().actions().find(id);
    if (found == log.book().actions().end() || !found->second.is_held()) {
      std::cout << id << ": nothing of it is in force\n";
      continue;
    }
    const ActionOutcome outcome = executor.TakeBack(id, "by hand");
    const bool done = outcome.result == ActionResult::kDone;
    all = done && all;
    Print(id, found->second, (done ? "" : "it could not be taken back: ") + outcome.text);
  }
  return all ? Exit::kDone : Exit::kViolation;
}

// Behind an agent that hangs with the log locked, and on a disk that is read-only, what is in force
// is taken back all the same; it is written down when somebody does it again.
Result<ActionLog> OpenLog(const std::string& directory, const Wiring& wiring, bool& peeked) {
  const auto now = [&wiring] { return StampNow(wiring.now()); };
  auto log = ActionLog::Open(directory, Uid{geteuid()}, now);
  if (log) return log;
  auto only_read = ActionLog::Peek(directory, Uid{geteuid()}, now);
  if (!only_read) return log;
  peeked = true;
  Complain(log.error(), Exit::kUsage);
  Complain({.message = "what is taken back now cannot be written down, and an agent that goes on "
                       "may do it again: end it, then run this once more"},
           Exit::kUsage);
  return only_read;
}

Exit Undo(ActionLog& log, const UndoFlags& flags) {
  if (log.damaged() != 0) {
    Complain({.message = std::to_string(log.damaged()) +
                         " lines of the log are damaged; what they said is not known"},
             Exit::kUsage);
  }
  if (flags.reset) {
    const auto turn = log.Begin();
    const auto written = turn ? log.Append({.kind = EntryKind::kBreakerReset})
                              : Result<std::uint64_t>(std::unexpected(turn.error()));
    if (!written) return Complain(written.error(), Exit::kViolation);
    std::cout << "the breaker is closed\n";
  }
  if (flags.all) return TakeBack(log, log.book().HeldIds());
  if (!flags.ids.empty()) return TakeBack(log, flags.ids);
  if (!flags.reset) List(log);
  return Exit::kDone;
}

Exit RunUndo(const UndoFlags& flags, const GlobalOptions& global, const Wiring& wiring) {
  const std::string& directory = flags.state_dir.empty() ? global.site.state_dir : flags.state_dir;
  const bool guessed = flags.state_dir.empty() && global.without_site;
  if (access((directory + "/actions.jsonl").c_str(), F_OK) != 0 && errno == ENOENT) {
    if (guessed) {
      return Complain({.message = "there is no " + directory +
                                  "/actions.jsonl: name the agent's directory by --state-dir"},
                      Exit::kUsage);
    }
    std::cout << "nothing was ever done: there is no " << Printable(directory)
              << "/actions.jsonl\n";
    return Exit::kDone;
  }
  bool peeked = false;
  auto log = OpenLog(directory, wiring, peeked);
  if (!log) return Complain(log.error(), Exit::kUsage);
  const Exit exit = Undo(*log, flags);
  return peeked && exit == Exit::kDone ? Exit::kViolation : exit;
}

}  // namespace

std::function<Exit()> SetupUndo(CLI::App& app, const GlobalOptions& global, const Wiring& wiring) {
  const auto flags = std::make_shared<UndoFlags>();
  auto* const ids = app.add_option("ID", flags->ids, "Actions, as /api/v1/actions numbers them");
  app.add_flag("--all", flags->all, "All that is in force")->excludes(ids);
  app.add_flag("--reset-breaker", flags->reset, "Let the agent act again");
  app.add_option("--state-dir", flags->state_dir, "Where the agent keeps its state")
      ->type_name("DIR");
  app.footer(kUndoHelp);
  return [flags, &global, &wiring] { return RunUndo(*flags, global, wiring); };
}

}  // namespace hullmark
