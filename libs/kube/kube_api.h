#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/kube/object_ref.h"

namespace pbfs::kube {

/// The name under which the operator owns fields (`metadata.managedFields[].manager`). Changing it would leave every
/// field that it ever set to a manager that is gone.
inline constexpr std::string_view kFieldManager = "pbfs-operator";

/// Objects as they were at one moment, and that moment.
struct ObjectList {
  std::vector<Json> items;
  std::string version;  // from where to watch on
};

/// One change of a watched selection.
struct WatchEvent {
  enum class Type { kAdded, kModified, kDeleted, kBookmark };
  Type type = Type::kAdded;
  Json object;          // of kDeleted: its last state; of kBookmark: nothing but a version
  std::string version;  // metadata.resourceVersion, never empty: from where to watch on
};

/// What an apply does about fields that another manager set to another value.
enum class OnConflict {
  kRefuse,  // changes nothing
  kTake,    // sets and owns them
};

struct DeleteOptions {
  /// What becomes of the objects that name this one as their owner.
  enum class Dependents {
    kLater,   // are deleted after it ("Background")
    kBefore,  // are deleted before it, which stays until then ("Foreground")
    kOrphan,  // stay
  };
  std::string uid;      // only the object with this uid; empty: whatever has the name
  std::string version;  // only as it was at this version; empty: at any
  Dependents dependents = Dependents::kLater;
  /// A pod goes at once, whether its node answers or not: its processes may live on there. Other kinds do not care.
  bool at_once = false;
};

/// Detail of errors that says more than the code: one of the three below.
inline constexpr std::string_view kCause = "cause";
inline constexpr std::string_view kFieldConflict = "FieldManagerConflict";
inline constexpr std::string_view kSpaceEnding = "NamespaceTerminating";
inline constexpr std::string_view kTooLarge = "RequestEntityTooLarge";
/// Detail of RESOURCE_EXHAUSTED and UNAVAILABLE: for how many milliseconds the server wishes to be left alone.
inline constexpr std::string_view kRetryAfterMs = "retry-after-ms";

/// The objects of a Kubernetes API server, as JSON, as one field manager sees and writes them. It knows the rules that
/// all kinds share, and of no kind what it means. Nothing is cached: every read shows what is committed when it begins,
/// so a read after a write of anybody sees it. Nothing is repeated: that is the caller's, who knows what is idempotent.
///
/// An object that comes back has `apiVersion`, `kind` and `metadata` with `name`, `namespace` (where its kind has one),
/// `uid` and `resourceVersion`, and no `managedFields` (half of the bytes, and of use to the server only). Rules:
///   uid              says which object this is; who deletes and creates by the same name makes another one
///   resourceVersion  another after each change, of status too; compare for equality only
///   generation       one more for each change outside `metadata` and `status`, and when deletion begins; only kinds
///                    that count it (custom resources, workloads) have one
///   finalizers       while there is one, a deleted object stays, with `deletionTimestamp`; no further one can be added
///                    then; it goes with the last
///   status           is written by ApplyStatus only; what Create and Apply say of it is dropped (kinds with a status
///                    apart: all custom resources of pbfs.dev and all workloads)
///
/// Errors of every call. Those that say "server" pass; for the others somebody must act, or the caller is wrong:
///   UNAVAILABLE          the server: no connection, overloaded or broken. Detail kRetryAfterMs if it says so
///   DEADLINE_EXCEEDED    context.deadline came. After this and UNAVAILABLE a write may have happened: read, or repeat
///                        what is idempotent
///   CANCELLED            the context was cancelled; as DEADLINE_EXCEEDED
///   RESOURCE_EXHAUSTED   the server asks for patience. Detail kRetryAfterMs
///   UNIMPLEMENTED        the server does not serve this kind (its definition is not installed); ask again in minutes
///   NOT_FOUND            there is no such object, or no such namespace to create it in
///   ALREADY_EXISTS       there is one of this name
///   ABORTED              it is not the uid or version that was asked for: read again, decide again
///   FAILED_PRECONDITION  detail kCause: kFieldConflict, the message naming fields and managers; kSpaceEnding: its
///                        namespace is being deleted, and takes no new objects
///   PERMISSION_DENIED    the account may not; the message names verb and resource
///   UNAUTHENTICATED      the account's token is refused, read anew as well
///   INVALID_ARGUMENT     the server, or the port, refuses the request as it is. Detail kCause kTooLarge if that is why
///
/// Threads: any method from any thread at once. Blocking; bounded by context.deadline, and an implementation's own limit
/// for each call. Implementations: MemoryKube, KubeObjects; the contract of all is kube_contract.h.
class KubeApi {
 public:
  virtual ~KubeApi() = default;

  /// Errors: NOT_FOUND.
  virtual Result<Json> Get(const Context& context, const ObjectRef& ref) = 0;

  /// All objects of the selection, in any order. Errors: RESOURCE_EXHAUSTED also for over 20 000 objects or 256 MiB.
  virtual Result<ObjectList> List(const Context& context, const Selection& selection) = 0;

  /// Makes `object`, of kind `kind`, which names itself in `metadata`. For what is made once and never written again
  /// (keys, identities): its fields belong to its making, and not to later applies. Repeated after an error in doubt it
  /// answers ALREADY_EXISTS: read, and compare. Returns the object as it is now.
  virtual Result<Json> Create(const Context& context, const Kind& kind, const Json& object) = 0;

  /// Server-side apply: makes the object if it is not there; else sets the fields that `intent` names, and removes those
  /// that this manager's last apply named and this one does not, unless another manager named them as well. An intent
  /// is whole, always: a field that is left out is given up. Idempotent; one that changes nothing writes nothing: same
  /// version, no event. Lists that have no keys to the server are one field.
  ///
  /// `intent` may also name what must be there, in metadata: `resourceVersion`, the version (ABORTED if it is another);
  /// `uid`, the object (ABORTED if there is none; INVALID_ARGUMENT if it is another). Without a uid an object that is
  /// gone is made again, whatever version was named.
  /// Returns the object as it is now. Errors: FAILED_PRECONDITION kFieldConflict under OnConflict::kRefuse.
  virtual Result<Json> Apply(const Context& context, const Kind& kind, const Json& intent, OnConflict on_conflict) = 0;

  /// The same for the status: sets the fields of `status.status`, removes those that the last one named, takes what
  /// another manager holds. Of `metadata` it reads name and namespace, and what must be there, as in Apply; nothing but
  /// status changes. Returns the object as it is now. Errors: NOT_FOUND, since a status makes no object.
  virtual Result<Json> ApplyStatus(const Context& context, const Kind& kind, const Json& status) = 0;

  /// Begins the deletion; without finalizers it is also its end. A repeat while finalizers hold it is harmless.
  /// Errors: NOT_FOUND (which may be the success of an earlier try); ABORTED another uid or version.
  virtual Status Delete(const Context& context, const ObjectRef& ref, const DeleteOptions& options) = 0;

  /// Tells every change of the selection after `version` (of a list or an event), in order and once, by calls of
  /// `on_event` on this thread, until `timeout` has passed, which is OK: watch on from the last version that was told.
  /// An object whose labels begin or cease to fit is added or deleted, to who watches. Bookmarks come too: keep their
  /// version. Errors: OUT_OF_RANGE `version` is too old, list again; UNAVAILABLE the watch broke, list again.
  virtual Status Watch(const Context& context, const Selection& selection, const std::string& version, Duration timeout,
                       const std::function<void(const WatchEvent&)>& on_event) = 0;
};

}  // namespace pbfs::kube
