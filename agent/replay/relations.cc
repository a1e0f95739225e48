// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/relations.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "agent/base/keyed_hash.h"
#include "agent/replay/digest_writer.h"
#include "hullmark/facts.h"
#include "hullmark/ids.h"
#include "hullmark/namespace_users.h"
#include "hullmark/snapshot.h"

namespace hullmark {
namespace {

class Relating {
 public:
  Relating(const Snapshot& snapshot, HashKey key, const RowDigests& rows)
      : snapshot_(snapshot), key_(key), rows_(rows), users_(snapshot) {}

  Relations Run() &&;

 private:
  // Namespaces of the task before: nearly always those of the next one too.
  using Met = std::optional<Namespaces>;

  void NameAll();
  std::uint64_t SelfOf(std::size_t at, const std::vector<std::uint64_t>& names) const;
  std::uint64_t KinOf(const Container& container, std::uint64_t self) const;
  bool IsHosts(NamespaceKind kind, NamespaceInode inode) const;
  std::uint64_t UsersOf(NamespaceKind kind, NamespaceInode inode);
  void AddTask(const Task& task, Met& met, DigestWriter& digest);
  std::uint64_t NeighboursOf(const Container& container);
  std::uint64_t UnreadOf() const;

  const Snapshot& snapshot_;
  HashKey key_;
  const RowDigests& rows_;
  NamespaceUsers users_;
  Relations relations_;
  std::vector<std::uint64_t> kin_;  // By container: what its neighbours go by.
  std::array<std::unordered_map<std::uint32_t, std::uint64_t>, kNamespaceKinds> groups_;
};

std::uint64_t Relating::SelfOf(std::size_t at, const std::vector<std::uint64_t>& names) const {
  DigestWriter digest(key_, rows_);
  // A cycle of parents would be a broken snapshot; the walk ends all the same.
  for (std::size_t step = 0; step <= names.size(); ++step) {
    digest.Write(names[at]);
    const auto parent = snapshot_.containers[at].parent;
    if (!parent) break;
    at = *parent;
  }
  return digest.Finish();
}

// Two of one name, which no host has, are told apart by their order.
void Relating::NameAll() {
  std::vector<std::uint64_t> names;
  std::unordered_map<std::uint64_t, std::uint64_t> count;
  for (const Container& container : snapshot_.containers) {
    DigestWriter digest(key_, rows_);
    digest.Write(container.id);
    if (container.init) {
      const Process& init = snapshot_.At(*container.init);
      digest.Write(init.pid);
      digest.Write(init.stat.start);
    }
    const std::uint64_t of_all = digest.Finish();
    digest.Write(count[of_all]++);
    names.push_back(digest.Finish());
  }
  for (std::size_t at = 0; at < names.size(); ++at) {
    relations_.selves.push_back(SelfOf(at, names));
    kin_.push_back(KinOf(snapshot_.containers[at], relations_.selves.back()));
  }
}

std::uint64_t Relating::KinOf(const Container& container, std::uint64_t self) const {
  DigestWriter digest(key_, rows_);
  digest.Write(self);
  digest.Write(container.id);
  digest.Write(container.name);
  digest.Write(container.container_class);
  digest.Write(container.pod);
  return digest.Finish();
}

bool Relating::IsHosts(NamespaceKind kind, NamespaceInode inode) const {
  const Vantage& vantage = snapshot_.vantage;
  const auto& host = snapshot_.host.namespaces[std::to_underlying(kind)];
  return vantage.initial_pid_namespace && vantage.initial_user_namespace && host &&
         host->inode == inode;
}

std::uint64_t Relating::UsersOf(NamespaceKind kind, NamespaceInode inode) {
  auto& groups = groups_[std::to_underlying(kind)];
  const auto [group, added] = groups.try_emplace(std::to_underlying(inode), 0);
  if (added) {
    DigestWriter digest(key_, rows_);
    for (const NamespaceUsers::User& user : users_.Of(kind, inode)) {
      digest.Write(kin_[user.container]);
    }
    group->second = digest.Finish();
  }
  return group->second;
}

void Relating::AddTask(const Task& task, Met& met, DigestWriter& digest) {
  if (met == task.namespaces) return;
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto kind = static_cast<NamespaceKind>(at);
    const auto inode = task.namespaces[kind];
    if (inode && !IsHosts(kind, *inode)) digest.Write(UsersOf(kind, *inode));
  }
  met = task.namespaces;
}

std::uint64_t Relating::NeighboursOf(const Container& container) {
  DigestWriter digest(key_, rows_);
  Met met;
  const Process* const init = RepresentativeOf(snapshot_, container);
  if (init != nullptr) AddTask(init->leader, met, digest);
  for (const Member& member : container.members) {
    AddTask(snapshot_.At(member.process).leader, met, digest);
    for (const Thread& thread : RecordedThreads(snapshot_, member.process)) {
      AddTask(thread.task, met, digest);
    }
  }
  return digest.Finish();
}

std::uint64_t Relating::UnreadOf() const {
  DigestWriter digest(key_, rows_);
  for (std::size_t at = 0; at < kNamespaceKinds; ++at) {
    const auto unread = users_.Unread(static_cast<NamespaceKind>(at));
    digest.Write(unread.size());
    for (const std::uint32_t container : unread) digest.Write(kin_[container]);
  }
  return digest.Finish();
}

Relations Relating::Run() && {
  NameAll();
  for (const Container& container : snapshot_.containers) {
    relations_.neighbours.push_back(NeighboursOf(container));
  }
  relations_.unread = UnreadOf();
  return std::move(relations_);
}

}  // namespace

Relations RelationsOf(const Snapshot& snapshot, HashKey key, const RowDigests& rows) {
  return Relating(snapshot, key, rows).Run();
}

}  // namespace hullmark
