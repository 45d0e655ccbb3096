#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>

/// The kinds of objects that PBFS reads or writes in Kubernetes. A kind that the operator is to use gets a row here.
namespace pbfs::kube {

/// A kind of object, as bodies (`apiVersion`, `kind`) and paths (group, version, plural) name it. A value; its texts
/// are literals.
struct Kind {
  std::string_view group;  // empty: the core group
  std::string_view version;
  std::string_view name;  // "StatefulSet"
  std::string_view plural;
  bool namespaced = true;

  /// "apps/v1"; "v1" of the core group.
  std::string ApiVersion() const {
    return group.empty() ? std::string(version) : std::string(group) + "/" + std::string(version);
  }
  friend auto operator<=>(const Kind&, const Kind&) = default;
};

namespace kinds {

inline constexpr Kind kPbfsCluster{"pbfs.dev", "v1alpha1", "PBFSCluster", "pbfsclusters"};
inline constexpr Kind kPbfsBucket{"pbfs.dev", "v1alpha1", "PBFSBucket", "pbfsbuckets"};
inline constexpr Kind kPbfsAccessKey{"pbfs.dev", "v1alpha1", "PBFSAccessKey", "pbfsaccesskeys"};
inline constexpr Kind kPbfsSiteReplication{"pbfs.dev", "v1alpha1", "PBFSSiteReplication", "pbfssitereplications"};

inline constexpr Kind kConfigMap{"", "v1", "ConfigMap", "configmaps"};
inline constexpr Kind kEndpoints{"", "v1", "Endpoints", "endpoints"};
inline constexpr Kind kNamespace{"", "v1", "Namespace", "namespaces", false};
inline constexpr Kind kNode{"", "v1", "Node", "nodes", false};
inline constexpr Kind kPersistentVolume{"", "v1", "PersistentVolume", "persistentvolumes", false};
inline constexpr Kind kPersistentVolumeClaim{"", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"};
inline constexpr Kind kPod{"", "v1", "Pod", "pods"};
inline constexpr Kind kResourceQuota{"", "v1", "ResourceQuota", "resourcequotas"};
inline constexpr Kind kSecret{"", "v1", "Secret", "secrets"};
inline constexpr Kind kService{"", "v1", "Service", "services"};
inline constexpr Kind kServiceAccount{"", "v1", "ServiceAccount", "serviceaccounts"};

inline constexpr Kind kStatefulSet{"apps", "v1", "StatefulSet", "statefulsets"};
inline constexpr Kind kJob{"batch", "v1", "Job", "jobs"};
inline constexpr Kind kCronJob{"batch", "v1", "CronJob", "cronjobs"};
inline constexpr Kind kLease{"coordination.k8s.io", "v1", "Lease", "leases"};
inline constexpr Kind kEvent{"events.k8s.io", "v1", "Event", "events"};
inline constexpr Kind kNetworkPolicy{"networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"};
inline constexpr Kind kPodDisruptionBudget{"policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"};
inline constexpr Kind kRole{"rbac.authorization.k8s.io", "v1", "Role", "roles"};
inline constexpr Kind kRoleBinding{"rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings"};

// Of others; a server need not serve them.
inline constexpr Kind kServiceMonitor{"monitoring.coreos.com", "v1", "ServiceMonitor", "servicemonitors"};
inline constexpr Kind kPrometheusRule{"monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules"};
inline constexpr Kind kPostgresCluster{"postgresql.cnpg.io", "v1", "Cluster", "clusters"};
inline constexpr Kind kScheduledBackup{"postgresql.cnpg.io", "v1", "ScheduledBackup", "scheduledbackups"};
inline constexpr Kind kCertificate{"cert-manager.io", "v1", "Certificate", "certificates"};

inline constexpr std::array kAll{
    kPbfsCluster,
    kPbfsBucket,
    kPbfsAccessKey,
    kPbfsSiteReplication,
    kConfigMap,
    kEndpoints,
    kNamespace,
    kNode,
    kPod,
    kResourceQuota,
    kSecret,
    kService,
    kServiceAccount,
    kStatefulSet,
    kJob,
    kCronJob,
    kLease,
    kEvent,
    kNetworkPolicy,
    kPodDisruptionBudget,
    kRole,
    kRoleBinding,
    kServiceMonitor,
    kPrometheusRule,
    kPostgresCluster,
    kScheduledBackup,
    kCertificate,
    kPersistentVolume,
    kPersistentVolumeClaim,
};

}  // namespace kinds
}  // namespace pbfs::kube
