// SPDX-License-Identifier: Apache-2.0
#include "agent/enforce/exec_bans.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/covers.h"
#include "agent/bpf/exec_ban.h"
#include "agent/enforce/history.h"
#include "agent/enforce/plan.h"
#include "agent/enforce/protection.h"
#include "hullmark/action.h"
#include "hullmark/benchmark.h"
#include "hullmark/caps.h"
#include "hullmark/check.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/policy.h"
#include "hullmark/report.h"
#include "hullmark/selector.h"
#include "hullmark/snapshot.h"
#include "hullmark/waiver.h"

namespace hullmark {
namespace {

constexpr std::size_t kMostBelow = 64;  // Of a container, beside its own cgroup and its init's.
constexpr const char* kTooMany =
    "the kernel is told of 64 below a container's own at most, and of 4096 in all";
static_assert(kMostBanCgroups == 4096);
constexpr const char* kUnread = "their numbers cannot be read";

// Controls of capabilities that the check itself names; the others name them in their parameters.
struct NamedCaps {
  std::string_view id;
  CapSet caps;
};
constexpr std::array<NamedCaps, 9> kNamed = {{{"CAP-001", {Cap::kSysAdmin}},
                                              {"CAP-002", {Cap::kSysModule}},
                                              {"CAP-003", {Cap::kSysRawio}},
                                              {"CAP-004", {Cap::kDacReadSearch}},
                                              {"CAP-005", {Cap::kSysPtrace}},
                                              {"CAP-006", {Cap::kBpf, Cap::kPerfmon}},
                                              {"CAP-007", {Cap::kNetAdmin}},
                                              {"CAP-008", {Cap::kNetRaw}},
                                              {"CAP-009", {Cap::kMknod}}}};
constexpr std::array<std::string_view, 3> kListed = {"CAP-010", "CAP-011", "CAP-012"};
constexpr std::string_view kOnlyAllowed = "CAP-014";
constexpr std::string_view kRoot = "USR-001";
constexpr std::string_view kEscalation = "PRV-002";
constexpr std::string_view kUnlinked = "RUN-004";

// Who is counted to it still has ended, see cgroups(7).
bool IsRemoved(const Cgroup& cgroup) {
  return cgroup.deleted || (!cgroup.inode && cgroup.inode.error().code == ErrorCode::kNotFound);
}

// The place of a parameter in its check's list.
std::optional<std::size_t> PlaceOf(const Control& control, std::string_view name) {
  if (control.check == nullptr) return std::nullopt;
  const auto specs = control.check->params;
  const auto at = std::ranges::find(specs, name, &ParamSpec::name);
  if (at == specs.end()) return std::nullopt;
  return static_cast<std::size_t>(at - specs.begin());
}

std::optional<CapSet> CapsOf(const Control& control, std::string_view name) {
  const auto at = PlaceOf(control, name);
  return at ? std::optional(control.params.Caps(*at)) : std::nullopt;
}

// Effective, permitted and ambient capabilities that are forbidden.
std::optional<std::array<CapSet, 3>> ForbiddenCaps(const Control& control) {
  const auto named = std::ranges::find(kNamed, control.id, &NamedCaps::id);
  if (named != kNamed.end()) {
    const auto at = PlaceOf(control, "include_permitted");
    if (!at) return std::nullopt;
    return std::array{named->caps, control.params.Bool(*at) ? named->caps : CapSet(), CapSet()};
  }
  if (std::ranges::find(kListed, control.id) != kListed.end()) {
    const auto caps = CapsOf(control, "caps");
    if (!caps) return std::nullopt;
    return std::array{*caps, *caps, CapSet()};
  }
  const auto allowed = control.id == kOnlyAllowed ? CapsOf(control, "allowed") : std::nullopt;
  if (!allowed) return std::nullopt;
  const CapSet others = CapSet(~std::uint64_t{0}) - *allowed;
  return std::array{others, others, others};
}

// Whose id is 0 inside.
std::optional<std::uint32_t> RootOf(const Fact<IdMap>& map) {
  if (!map) return std::nullopt;
  const auto at = std::ranges::find_if(
      *map, [](const IdExtent& extent) { return extent.inside == 0 && extent.count > 0; });
  return at == map->end() ? std::nullopt : std::optional(at->outside);
}

ExecBan OfFlags(unsigned flags) {
  ExecBan ban = {};
  ban.flags = flags;
  return ban;
}

ExecBan EscalationBan(const UserNamespace* init) {
  ExecBan ban = OfFlags(kBansEscalation);
  if (init == nullptr) return ban;
  if (const auto root = RootOf(init->uid_map)) {
    ban.flags |= unsigned{kKnowsInitRoot};
    ban.init_uid = *root;
  }
  if (const auto root = RootOf(init->gid_map)) {
    ban.flags |= unsigned{kKnowsInitRootGroup};
    ban.init_gid = *root;
  }
  return ban;
}

class BanPlanner {
 public:
  BanPlanner(const PlanInput& input, std::span<const Waiver> waivers, const History& history)
      : input_(input),
        waivers_(waivers),
        history_(history),
        protection_(input.snapshot, input.infrastructure, input.self) {}

  ExecBanPlan Make() {
    const bool banned = std::ranges::any_of(input_.policy.rules, BansExecs);
    if (!banned) return {};
    FindTenants();
    for (const ContainerReport& report : input_.report.containers) Look(report.container);
    for (Waiting& one : waiting_) AddBelow(one);
    return std::move(plan_);
  }

 private:
  // Which containers have processes in a cgroup of the v2 hierarchy: of one that is shared nobody
  // could tell whose exec it is.
  void FindTenants() {
    for (std::uint32_t at = 0; at < input_.snapshot.containers.size(); ++at) {
      for (const Member& member : input_.snapshot.containers[at].members) {
        const auto cgroup = UnifiedOf(input_.snapshot.At(member.process));
        if (cgroup) tenants_[*cgroup].insert(at);
      }
    }
  }

  std::optional<CgroupIndex> UnifiedOf(const Process& process) const {
    const Snapshot& snapshot = input_.snapshot;
    if (!process.leader.cgroup) return std::nullopt;
    for (const CgroupIndex at : snapshot.At(*process.leader.cgroup).cgroups) {
      const Cgroup& one = snapshot.At(at);
      const auto& hierarchy = snapshot.hierarchies[static_cast<std::size_t>(one.hierarchy)];
      if (hierarchy.version == CgroupVersion::kV2) return at;
    }
    return std::nullopt;
  }

  // Where the execs of a container are judged, by the numbers of cgroups.
  struct Grounds {
    std::set<std::uint64_t> main{};   // Its own cgroup, and its init's.
    std::set<std::uint64_t> below{};  // Those that only others are in: services, what was attached.
    std::set<std::string> left_out{};  // Why some are not among them.

    bool empty() const { return main.empty() && below.empty(); }
  };

  // Protection says that nobody else is in the container's own cgroup or below.
  Grounds GroundsOf(const Container& container) const {
    Grounds grounds;
    if (!container.cgroup || !container.init) return grounds;
    const Snapshot& snapshot = input_.snapshot;
    const auto own = snapshot.Text(snapshot.At(*container.cgroup).path);
    const auto of_init = UnifiedOf(snapshot.At(*container.init));
    for (const Member& member : container.members) {
      const auto cgroup = UnifiedOf(snapshot.At(member.process));
      if (!cgroup || member.outside_cgroup) continue;
      const Cgroup& one = snapshot.At(*cgroup);
      const auto path = snapshot.Text(one.path);
      if (!one.parent || !Covers(own, path) || IsRemoved(one)) continue;
      if (tenants_.at(*cgroup).size() != 1) {
        grounds.left_out.insert("another container has processes in them");
      } else if (!one.inode) {
        grounds.left_out.insert(kUnread);
      } else {
        (cgroup == of_init || path == own ? grounds.main : grounds.below).insert(*one.inode);
      }
    }
    return grounds;
  }

  // A container whose other cgroups are still to be added.
  struct Waiting {
    std::string name;
    BannedCgroup banned;
    Grounds grounds;
  };

  // Why the kernel could not tell its processes from others; "": it can.
  std::string WhyNot(std::uint32_t at, const Grounds& grounds) const {
    const auto& host = input_.snapshot.host.namespaces;
    const Container& container = input_.snapshot.containers[at];
    const auto& spaces = input_.snapshot.At(*container.init).leader.namespaces;
    const auto& of_host = host[std::to_underlying(NamespaceKind::kMnt)];
    const auto own = spaces[NamespaceKind::kMnt];
    if (!of_host || !own || of_host->inode == *own) return "it has the host's mounts";
    if (!input_.snapshot.vantage.initial_user_namespace) return "not the whole host is seen";
    if (!grounds.empty()) return "";
    return grounds.left_out.contains(kUnread) ? "the numbers of its cgroups cannot be read"
                                              : "it has no cgroup of the v2 hierarchy to itself";
  }

  void Look(std::uint32_t at) {
    const Container& container = input_.snapshot.containers[at];
    const auto life = LifeOf(input_.snapshot, container);
    if (!life || IsWithinGrace(input_, history_, *life)) return;
    std::vector<PlannedBan> bans;
    std::set<std::string_view> controls;
    for (const EnforceMode mode : {EnforceMode::kEnforce, EnforceMode::kDryRun}) {
      for (const Rule& rule : input_.policy.rules) {
        const bool now = BansExecs(rule) && ModeOf(input_.policy, rule) == mode;
        if (now && IsMeant(rule, input_.snapshot, container)) Add(rule, at, *life, controls, bans);
      }
    }
    if (bans.empty()) return;
    Grounds grounds = GroundsOf(container);
    std::string why = protection_.WhyNot(at);
    if (why.empty()) why = WhyNot(at, grounds);
    if (why.empty() && plan_.cgroups.size() + grounds.main.size() > kMostBanCgroups) why = kTooMany;
    const ActionTarget& target = bans.front().action.target;
    std::string name = target.name.empty() ? life->id : target.name;
    if (!why.empty()) {
      plan_.left_out.push_back(name + ": " + why);
      return;
    }
    const BannedCgroup banned{.own = OwnOf(container),
                              .bans = std::make_shared<const std::vector<PlannedBan>>(bans)};
    for (const std::uint64_t cgroup : grounds.main) plan_.cgroups.emplace(cgroup, banned);
    waiting_.push_back({.name = std::move(name), .banned = banned, .grounds = std::move(grounds)});
  }

  // After all the others: a container makes of these as many as it likes.
  void AddBelow(Waiting& one) {
    // A container within that is not known yet may share what is not taken here.
    std::array<std::uint32_t, kBanNamespaces> own = {};
    for (const NamespaceKind kind : {NamespaceKind::kMnt, NamespaceKind::kPid}) {
      own.at(std::to_underlying(kind)) = one.banned.own.at(std::to_underlying(kind));
    }
    std::size_t added = 0;
    for (const std::uint64_t cgroup : one.grounds.below) {
      if (added == kMostBelow || plan_.cgroups.size() >= kMostBanCgroups) {
        one.grounds.left_out.insert(kTooMany);
        break;
      }
      plan_.cgroups.emplace(cgroup, BannedCgroup{.own = own, .bans = one.banned.bans});
      ++added;
    }
    for (const std::string& why : one.grounds.left_out) {
      plan_.left_out.push_back(one.name + ", in some of its cgroups: " + why);
    }
  }

  // The namespaces that tell its processes from those of a runtime on its way in.
  std::array<std::uint32_t, kBanNamespaces> OwnOf(const Container& container) const {
    std::array<std::uint32_t, kBanNamespaces> all = {};
    const auto& host = input_.snapshot.host.namespaces;
    const auto& spaces = input_.snapshot.At(*container.init).leader.namespaces;
    for (std::size_t at = 0; at < all.size(); ++at) {
      const auto own = spaces[static_cast<NamespaceKind>(at)];
      if (own && host[at] && *own != host[at]->inode) all.at(at) = static_cast<std::uint32_t>(*own);
    }
    return all;
  }

  void Add(const Rule& rule, std::uint32_t at, const ContainerLife& life,
           std::set<std::string_view>& controls, std::vector<PlannedBan>& bans) {
    const Snapshot& snapshot = input_.snapshot;
    const Container& container = snapshot.containers[at];
    const bool dry_run = ModeOf(input_.policy, rule) != EnforceMode::kEnforce;
    if (!history_.LedgerOf(dry_run).breaker.empty()) return;
    const auto space = snapshot.At(*container.init).leader.namespaces[NamespaceKind::kUser];
    const UserNamespace* const users = space ? FindUserNamespace(snapshot, *space) : nullptr;
    for (const Control& control : input_.benchmark.controls) {
      if (!GoesBy(rule, control) || !control.disabled.empty() || bans.size() >= kMostExecBans)
        continue;
      auto ban = BanOf(control, snapshot.host, users);
      if (!ban || IsWaived(control, input_, container, waivers_)) continue;
      if (!controls.insert(control.id).second) continue;
      if (!dry_run) ban->flags |= unsigned{kBanEnforced};
      bans.push_back({.ban = *ban,
                      .action = {.at = snapshot.taken_at,
                                 .rule = rule.name,
                                 .step = rule.steps.front(),
                                 .dry_run = dry_run,
                                 .target = TargetOf(snapshot, container, life),
                                 .control = control.id,
                                 .severity = control.severity}});
    }
  }

  const PlanInput& input_;
  std::span<const Waiver> waivers_;
  const History& history_;
  Protection protection_;
  std::map<CgroupIndex, std::set<std::uint32_t>> tenants_;
  std::vector<Waiting> waiting_;
  ExecBanPlan plan_;
};

std::string Has(std::string_view line, CapSet caps) {
  return std::string(line) + " has " + ToText(caps);
}

std::string IdsInWords(std::string_view line, const ExecIds& ids) {
  return std::string(line) + " is " + std::to_string(ids.real) + " " +
         std::to_string(ids.effective) + " " + std::to_string(ids.saved) + " " +
         std::to_string(ids.fs);
}

std::string FactOf(const ExecBan& ban, const ExecFacts& facts) {
  if (const CapSet caps(ban.effective & facts.effective); !caps.empty()) return Has("CapEff", caps);
  if (const CapSet caps(ban.permitted & facts.permitted); !caps.empty()) return Has("CapPrm", caps);
  if (const CapSet caps(ban.ambient & facts.ambient); !caps.empty()) return Has("CapAmb", caps);
  if ((ban.flags & unsigned{kBansUnlinked}) != 0) return "it has no links left";
  if ((ban.flags & unsigned{kBansRoot}) != 0) return "Uid has 0 of its user namespace";
  return IdsInWords("Uid", facts.uid) + ", " + IdsInWords("Gid", facts.gid);
}

}  // namespace

bool IsBannable(const Control& control) {
  return control.check != nullptr && control.check->scope() == Scope::kProcess &&
         BanOf(control, {}, nullptr).has_value();
}

std::optional<ExecBan> BanOf(const Control& control, const Host& host, const UserNamespace* init) {
  if (control.id == kRoot) return OfFlags(kBansRoot);
  if (control.id == kUnlinked) return OfFlags(kBansUnlinked);
  if (control.id == kEscalation) return EscalationBan(init);
  const auto caps = ForbiddenCaps(control);
  if (!caps) return std::nullopt;
  // What this kernel does not have is nobody's, as KnownCaps of the checks says.
  const bool counted = host.last_cap && *host.last_cap >= 0;
  const CapSet known = counted ? CapSet::UpTo(*host.last_cap) : CapSet(~std::uint64_t{0});
  ExecBan ban = {};
  ban.effective = ((*caps)[0] & known).bits();
  ban.permitted = ((*caps)[1] & known).bits();
  ban.ambient = ((*caps)[2] & known).bits();
  return ban;
}

ExecBanPlan PlanExecBans(const PlanInput& input, std::span<const Waiver> waivers,
                         const History& history) {
  return BanPlanner(input, waivers, history).Make();
}

std::string ProofOf(const ExecBan& ban, const BannedExec& exec) {
  return "pid " + std::to_string(exec.tgid) + " executed " + static_cast<const char*>(exec.name) +
         ": " + FactOf(ban, exec.facts);
}

}  // namespace hullmark
