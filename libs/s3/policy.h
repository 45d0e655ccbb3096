#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/result.h"

/// Access policies: of a bucket (who may do what with it) and of a user (what the user may do).
///
/// Understood: Version, Id, Statement; in it Sid, Effect, Principal (of a bucket's only), Action, Resource, Condition with
/// the operators String*, Numeric*, Date*, Bool, IpAddress, Null, their negations and ...IfExists. Whatever else stands in a
/// policy is refused when it is put (NotPrincipal, NotAction, NotResource, ForAllValues:, policy variables ${...}, unknown
/// operators and condition keys): nothing that could restrict access is ever skipped.
namespace pbfs::s3 {

inline constexpr size_t kMaxPolicyBytes = 20 * 1024;

/// A request, as policies see it.
struct AccessRequest {
  std::string user;      // empty: anonymous
  std::string action;    // "s3:GetObject"
  std::string resource;  // "arn:aws:s3:::bucket" or "arn:aws:s3:::bucket/key"
  /// Condition keys of this request in lower case, "s3:existingobjecttag/" with the tag's key as it is; a key that the
  /// request has no value of is not there. Dates as ISO 8601, booleans as true and false.
  std::map<std::string, std::string> keys;
};

enum class Decision {
  kDenied,   // a statement forbids it
  kAllowed,  // a statement allows it and none forbids it
  kSilent,   // no statement speaks of it
};
/// Of two policies that both apply: forbidden by one is forbidden, else allowed by one is allowed.
Decision Join(Decision a, Decision b);

class Policy {
 public:
  /// Resources must be those of `bucket`. A principal is "*", a user's name, or an ARN that ends in `:user/name`.
  /// Errors: MalformedPolicy, and says what is wrong.
  static Result<Policy> ParseBucket(std::string_view json, std::string_view bucket);
  /// Errors: MalformedPolicy.
  static Result<Policy> ParseUser(std::string_view json);

  Decision Evaluate(const AccessRequest& request) const;
  /// A statement allows something to everybody, whoever and wherever they are: a network that is wider than a /8 of IPv4 or a /32 of
  /// IPv6 is everywhere.
  bool IsPublic() const;

  enum class Operator {
    kStringEquals,
    kStringEqualsIgnoreCase,
    kStringLike,
    kNumericEquals,
    kNumericLess,
    kNumericLessEquals,
    kNumericGreater,
    kNumericGreaterEquals,
    kDateEquals,
    kDateLess,
    kDateLessEquals,
    kDateGreater,
    kDateGreaterEquals,
    kBool,
    kIpAddress,
    kNull,
  };

 private:
  friend class PolicyParser;
  struct Condition {
    Operator op = Operator::kStringEquals;
    bool negated = false;    // Not...: none of the values may match
    bool if_exists = false;  // holds without the key
    std::string key;         // as in AccessRequest::keys
    std::vector<std::string> values;
  };
  struct Statement {
    bool allow = false;
    std::vector<std::string> principals;  // "*", names of users
    std::vector<std::string> actions;     // lower case
    std::vector<std::string> resources;
    std::vector<Condition> conditions;
  };
  static bool Holds(const Condition& condition, const AccessRequest& request);
  bool Matches(const Statement& statement, const AccessRequest& request) const;

  bool has_principals_ = false;
  std::vector<Statement> statements_;
};

}  // namespace pbfs::s3
