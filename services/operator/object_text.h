#pragma once

#include <string>

#include "libs/kube/kube_json.h"
#include "libs/kube/object_ref.h"
#include "services/operator/json.h"

/// What objects of Kubernetes have in common, read without trusting their shape. Pure.
namespace pbfs::operators {

/// metadata.name, namespace, uid and so on; empty where it is not there.
std::string MetaText(const Json& object, const char* field);
int64_t GenerationOf(const Json& object);
bool IsBeingDeleted(const Json& object);
std::string LabelOf(const Json& object, const char* label);
std::string AnnotationOf(const Json& object, const char* annotation);

/// Whether `status.conditions` says so. Of what others report: a Job, for instance.
bool HasCondition(const Json& object, const char* type);

/// `text`, or as much of its beginning as `most` bytes hold: of UTF-8, no character is cut in two.
std::string Shortened(const std::string& text, size_t most);
/// "a=1,b=2" of {"a": "1", "b": "2"}: a selection of objects by their labels.
std::string SelectionOf(const Json& labels);

/// The kind that the object names. Null where PBFS knows none such.
const kube::Kind* KindOf(const Json& object);

/// Whether everything that `intent` says is so in `live`, which may say more: servers fill in defaults. Lists are as long, and
/// their elements in the same places.
bool Covers(const Json& live, const Json& intent);

/// "2026-01-31T12:00:00Z".
std::string TimeText(int64_t now_micros);
/// Seconds since 1970 of such a text, or of any other time as RFC 3339 has it, rounded down; 0 of anything else.
int64_t SecondsOfTime(const std::string& text);

/// A Secret's or ConfigMap's values. What is no base64 is left out.
StringMap SecretValues(const Json& secret);
Json EncodeSecretValues(const StringMap& values);

}  // namespace pbfs::operators
