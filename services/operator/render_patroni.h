#pragma once

#include "services/operator/render_object.h"

/// Patroni's configuration for members of managed PostgreSQL. For the renderers. docs/design/operator.md has the reasons.
namespace pbfs::operators {

inline constexpr const char* kPatroniFile = "patroni.yaml";
// What all members agree on; also the beginning of patroni.yaml's bootstrap section, which counts only once.
inline constexpr const char* kPatroniSettingsFile = "settings.json";

/// The members' spec, and the defaults where there is none.
ManagedPostgres ManagedOf(const ClusterIntent& intent);

/// What Patroni keeps in the cluster and each member follows.
Json PatroniSettings(const ClusterIntent& intent);

/// What each member of a shard reads at its start. Nothing in it is a secret or differs from member to member.
Json PatroniConfig(const ClusterIntent& intent, int shard);

}  // namespace pbfs::operators
