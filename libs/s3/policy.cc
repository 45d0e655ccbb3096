#include "libs/s3/policy.h"

#include <algorithm>
#include <array>
#include <optional>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "libs/http/message.h"
#include "libs/s3/dates.h"
#include "libs/s3/errors.h"
#include "libs/s3/strict_json.h"
#include "libs/s3/text.h"

namespace pbfs::s3 {
namespace {

using nlohmann::json;
using enum Policy::Operator;

Status Malformed(std::string message) { return Error(Code::kMalformedPolicy, std::move(message)); }

// ---- operators ----

struct OperatorRow {
  std::string_view name;
  Policy::Operator op;
  bool negated = false;
};
constexpr OperatorRow kOperators[] = {
    {"StringEquals", kStringEquals},
    {"StringNotEquals", kStringEquals, true},
    {"StringEqualsIgnoreCase", kStringEqualsIgnoreCase},
    {"StringNotEqualsIgnoreCase", kStringEqualsIgnoreCase, true},
    {"StringLike", kStringLike},
    {"StringNotLike", kStringLike, true},
    {"NumericEquals", kNumericEquals},
    {"NumericNotEquals", kNumericEquals, true},
    {"NumericLessThan", kNumericLess},
    {"NumericLessThanEquals", kNumericLessEquals},
    {"NumericGreaterThan", kNumericGreater},
    {"NumericGreaterThanEquals", kNumericGreaterEquals},
    {"DateEquals", kDateEquals},
    {"DateNotEquals", kDateEquals, true},
    {"DateLessThan", kDateLess},
    {"DateLessThanEquals", kDateLessEquals},
    {"DateGreaterThan", kDateGreater},
    {"DateGreaterThanEquals", kDateGreaterEquals},
    {"Bool", kBool},
    {"IpAddress", kIpAddress},
    {"NotIpAddress", kIpAddress, true},
    {"Null", kNull},
};

constexpr std::string_view kKeys[] = {"aws:sourceip",    "aws:securetransport", "aws:username",
                                      "aws:currenttime", "s3:prefix",           "s3:delimiter",
                                      "s3:max-keys",     "s3:x-amz-acl",        "s3:versionid"};
constexpr std::string_view kTagKeys[] = {"s3:existingobjecttag/", "s3:requestobjecttag/"};

/// An address in its IPv6 form, which IPv4 is mapped into.
using Address = std::array<uint8_t, 16>;
std::optional<Address> ParseAddress(const std::string& text) {
  Address address{};
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return address;
  address[10] = address[11] = 0xff;
  if (inet_pton(AF_INET, text.c_str(), address.data() + 12) == 1) return address;
  return std::nullopt;
}

struct Network {
  Address address;
  int64_t bits;
};
std::optional<Network> ParseNetwork(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string host(text.substr(0, slash));
  const auto address = ParseAddress(host);
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Network{*address, 128};
  const bool ipv4 = host.find(':') == std::string::npos;
  const auto bits = ParseNumber(text.substr(slash + 1));
  if (!bits || *bits > (ipv4 ? 32 : 128)) return std::nullopt;
  return Network{*address, *bits + (ipv4 ? 96 : 0)};
}

bool InNetwork(const Address& address, const Network& network) {
  for (int64_t bit = 0; bit < network.bits; ++bit) {
    const auto at = static_cast<size_t>(bit / 8);
    if (((address[at] ^ network.address[at]) >> (7 - bit % 8)) & 1) return false;
  }
  return true;
}

/// As S3 has it: more than a /8 of IPv4 or a /32 of IPv6 is everybody.
bool IsVastNetwork(const std::string& value) {
  const Network network = *ParseNetwork(value);
  const Network ipv4{*ParseAddress("0.0.0.0"), 96};
  if (InNetwork(network.address, ipv4)) return network.bits < 96 + 8;
  return network.bits < 32 || InNetwork(ipv4.address, network);
}

/// What an operator orders numbers or dates by; none for text that is none.
std::optional<int64_t> Ordinal(Policy::Operator op, std::string_view text) {
  return op >= kDateEquals && op <= kDateGreaterEquals ? ParseIsoDate(text) : ParseNumber(text);
}

/// `text` can stand in a policy as a value of the operator.
bool IsValue(Policy::Operator op, std::string_view text) {
  switch (op) {
    case kStringEquals:
    case kStringEqualsIgnoreCase:
    case kStringLike: return true;
    case kBool:
    case kNull: return text == "true" || text == "false";
    case kIpAddress: return ParseNetwork(text).has_value();
    default: return Ordinal(op, text).has_value();
  }
}

bool CompareOrdinals(Policy::Operator op, int64_t actual, int64_t wanted) {
  switch (op) {
    case kNumericEquals:
    case kDateEquals: return actual == wanted;
    case kNumericLess:
    case kDateLess: return actual < wanted;
    case kNumericLessEquals:
    case kDateLessEquals: return actual <= wanted;
    case kNumericGreater:
    case kDateGreater: return actual > wanted;
    default: return actual >= wanted;
  }
}

bool MatchesValue(Policy::Operator op, const std::string& actual, const std::string& wanted) {
  switch (op) {
    case kStringEquals:
    case kBool: return actual == wanted;
    case kStringEqualsIgnoreCase: return EqualsIgnoreCase(actual, wanted);
    case kStringLike: return WildcardMatch(wanted, actual);
    case kIpAddress: {
      const auto address = ParseAddress(actual);
      return address && InNetwork(*address, *ParseNetwork(wanted));
    }
    default: {
      const auto ordinal = Ordinal(op, actual);
      return ordinal && CompareOrdinals(op, *ordinal, *Ordinal(op, wanted));
    }
  }
}

// ---- reading JSON ----

/// The texts of a string or a list of strings.
Result<std::vector<std::string>> Texts(const json& value, std::string_view element) {
  const Status wrong = Malformed(fmt::format("{} must be a string or a list of strings", element));
  if (value.is_string()) return std::vector<std::string>{value.get<std::string>()};
  if (!value.is_array() || value.empty()) return wrong;
  std::vector<std::string> texts;
  for (const json& item : value) {
    if (!item.is_string()) return wrong;
    texts.push_back(item.get<std::string>());
  }
  return texts;
}

/// The same, where booleans and numbers are welcome too.
Result<std::vector<std::string>> ConditionValues(const json& value) {
  std::vector<std::string> texts;
  const json list = value.is_array() ? value : json::array({value});
  for (const json& item : list) {
    if (!item.is_string() && !item.is_boolean() && !item.is_number_integer())
      return Malformed("A condition's value is invalid");
    texts.push_back(item.is_string() ? item.get<std::string>() : item.dump());
  }
  if (texts.empty()) return Malformed("A condition needs a value");
  return texts;
}

/// Lower case up to the name of a tag; none if the key is unknown.
std::optional<std::string> ConditionKey(const std::string& key) {
  const std::string lower = LowerCase(key);
  if (std::find(std::begin(kKeys), std::end(kKeys), lower) != std::end(kKeys)) return lower;
  for (const std::string_view prefix : kTagKeys) {
    if (lower.starts_with(prefix) && lower.size() > prefix.size())
      return std::string(prefix) + key.substr(prefix.size());
  }
  return std::nullopt;
}

/// "*", or the user that an ARN or a bare name means.
std::string PrincipalName(const std::string& text) {
  const size_t user = text.find(":user/");
  return user == std::string::npos ? text : text.substr(text.rfind('/') + 1);
}

}  // namespace

/// Turns the JSON into statements.
class PolicyParser {
 public:
  /// `bucket`: whose policy it is; none: a user's.
  explicit PolicyParser(std::optional<std::string> bucket) : bucket_(std::move(bucket)) {}

  Result<Policy> Parse(std::string_view text) {
    if (text.size() > kMaxPolicyBytes) return Malformed("The policy is larger than 20 KiB");
    // Variables would widen or narrow patterns in ways that are not done here.
    if (text.find("${") != std::string_view::npos) return Malformed("Policy variables are not supported");
    const auto parsed = ParseStrictJson(text);
    if (!parsed.ok()) return Malformed(parsed.status().message());
    const json& document = *parsed;
    if (!document.is_object() || !document.contains("Statement")) return Malformed("The policy has no Statement");
    PBFS_RETURN_IF_ERROR(CheckElements(document, {"Version", "Id", "Statement"}));
    PBFS_RETURN_IF_ERROR(CheckVersion(document));
    const json& statements = document["Statement"];
    Policy policy;
    policy.has_principals_ = bucket_.has_value();
    const json list = statements.is_array() ? statements : json::array({statements});
    for (const json& statement : list) {
      PBFS_ASSIGN_OR_RETURN(Policy::Statement read, ParseStatement(statement));
      policy.statements_.push_back(std::move(read));
    }
    if (policy.statements_.empty()) return Malformed("The policy has no Statement");
    return policy;
  }

 private:
  static Status CheckElements(const json& object, std::initializer_list<std::string_view> known) {
    for (const auto& item : object.items()) {
      if (std::find(known.begin(), known.end(), item.key()) == known.end()) {
        return Malformed(fmt::format("The element {} is not supported", item.key()));
      }
    }
    return OkStatus();
  }

  static Status CheckVersion(const json& document) {
    if (!document.contains("Version")) return OkStatus();
    const json& version = document["Version"];
    if (version == "2012-10-17" || version == "2008-10-17") return OkStatus();
    return Malformed("The policy must contain a valid version string");
  }

  Result<Policy::Statement> ParseStatement(const json& object) const {
    if (!object.is_object()) return Malformed("A statement must be an object");
    PBFS_RETURN_IF_ERROR(CheckElements(object, {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}));
    for (const char* const element : {"Effect", "Action", "Resource"}) {
      if (!object.contains(element)) return Malformed(fmt::format("A statement needs {}", element));
    }
    if (object.contains("Principal") != bucket_.has_value()) {
      return Malformed(bucket_ ? "A statement needs Principal" : "A user's policy has no Principal");
    }
    Policy::Statement statement;
    const json& effect = object["Effect"];
    if (effect != "Allow" && effect != "Deny") return Malformed("Effect must be Allow or Deny");
    statement.allow = effect == "Allow";
    if (bucket_) {
      PBFS_ASSIGN_OR_RETURN(statement.principals, ParsePrincipal(object["Principal"]));
    }
    PBFS_ASSIGN_OR_RETURN(statement.actions, ParseActions(object["Action"]));
    PBFS_ASSIGN_OR_RETURN(statement.resources, ParseResources(object["Resource"]));
    if (object.contains("Condition")) {
      PBFS_ASSIGN_OR_RETURN(statement.conditions, ParseConditions(object["Condition"]));
    }
    return statement;
  }

  static Result<std::vector<std::string>> ParsePrincipal(const json& value) {
    if (value == "*") return std::vector<std::string>{"*"};
    if (!value.is_object() || value.size() != 1 || !value.contains("AWS"))
      return Malformed("Invalid principal in policy");
    PBFS_ASSIGN_OR_RETURN(std::vector<std::string> names, Texts(value["AWS"], "Principal"));
    for (std::string& name : names) {
      name = PrincipalName(name);
      const bool wildcard = name.find('*') != std::string::npos && name != "*";
      if (name.empty() || wildcard || name.starts_with("arn:")) return Malformed("Invalid principal in policy");
    }
    return names;
  }

  static Result<std::vector<std::string>> ParseActions(const json& value) {
    PBFS_ASSIGN_OR_RETURN(std::vector<std::string> actions, Texts(value, "Action"));
    for (std::string& action : actions) {
      action = LowerCase(action);
      if (action != "*" && (!action.starts_with("s3:") || action == "s3:"))
        return Malformed("Policy has invalid action");
    }
    return actions;
  }

  Result<std::vector<std::string>> ParseResources(const json& value) const {
    PBFS_ASSIGN_OR_RETURN(std::vector<std::string> resources, Texts(value, "Resource"));
    const std::string arn = "arn:aws:s3:::" + bucket_.value_or("");
    for (const std::string& resource : resources) {
      const bool right = bucket_ ? resource == arn || resource.starts_with(arn + "/") || resource == arn + "*"
                                 : resource == "*" || resource.starts_with(arn);
      if (!right) return Malformed("Policy has invalid resource");
    }
    return resources;
  }

  static Result<std::vector<Policy::Condition>> ParseConditions(const json& object) {
    if (!object.is_object()) return Malformed("Condition must be an object");
    std::vector<Policy::Condition> conditions;
    for (const auto& by_operator : object.items()) {
      if (!by_operator.value().is_object()) return Malformed("An operator of a condition must be an object");
      for (const auto& item : by_operator.value().items()) {
        PBFS_ASSIGN_OR_RETURN(Policy::Condition condition, ParseCondition(by_operator.key(), item.key(), item.value()));
        conditions.push_back(std::move(condition));
      }
    }
    return conditions;
  }

  static Result<Policy::Condition> ParseCondition(std::string_view op, const std::string& key, const json& values) {
    Policy::Condition condition;
    condition.if_exists = op.ends_with("IfExists");
    if (condition.if_exists) op.remove_suffix(8);
    const auto row =
        std::find_if(std::begin(kOperators), std::end(kOperators), [&](const auto& r) { return r.name == op; });
    if (row == std::end(kOperators) || (row->op == kNull && condition.if_exists)) {
      return Malformed(fmt::format("The condition operator {} is not supported", op));
    }
    condition.op = row->op;
    condition.negated = row->negated;
    const auto known = ConditionKey(key);
    if (!known) return Malformed(fmt::format("The condition key {} is not supported", key));
    condition.key = *known;
    PBFS_ASSIGN_OR_RETURN(condition.values, ConditionValues(values));
    for (const std::string& value : condition.values) {
      if (!IsValue(condition.op, value)) return Malformed(fmt::format("A value of {} is invalid", op));
    }
    return condition;
  }

  std::optional<std::string> bucket_;
};

Decision Join(Decision a, Decision b) {
  if (a == Decision::kDenied || b == Decision::kDenied) return Decision::kDenied;
  return a == Decision::kAllowed || b == Decision::kAllowed ? Decision::kAllowed : Decision::kSilent;
}

Result<Policy> Policy::ParseBucket(std::string_view text, std::string_view bucket) {
  return PolicyParser(std::string(bucket)).Parse(text);
}
Result<Policy> Policy::ParseUser(std::string_view text) { return PolicyParser(std::nullopt).Parse(text); }

bool Policy::Holds(const Condition& condition, const AccessRequest& request) {
  const auto found = request.keys.find(condition.key);
  const bool present = found != request.keys.end();
  const auto any = [&](const auto& matches) {
    return std::any_of(condition.values.begin(), condition.values.end(), matches);
  };
  if (condition.op == kNull) return any([&](const std::string& value) { return (value == "true") != present; });
  // Without the key nothing can match, which is all that a negated operator asks.
  if (!present) return condition.if_exists || condition.negated;
  return condition.negated !=
         any([&](const std::string& value) { return MatchesValue(condition.op, found->second, value); });
}

bool Policy::Matches(const Statement& statement, const AccessRequest& request) const {
  const auto matches = [](const std::vector<std::string>& patterns, std::string_view text) {
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const auto& pattern) { return WildcardMatch(pattern, text); });
  };
  const bool who =
      !has_principals_ ||
      std::any_of(statement.principals.begin(), statement.principals.end(), [&](const std::string& principal) {
        return principal == "*" || (!request.user.empty() && principal == request.user);
      });
  return who && matches(statement.actions, LowerCase(request.action)) &&
         matches(statement.resources, request.resource) &&
         std::all_of(statement.conditions.begin(), statement.conditions.end(),
                     [&](const Condition& condition) { return Holds(condition, request); });
}

Decision Policy::Evaluate(const AccessRequest& request) const {
  Decision decision = Decision::kSilent;
  for (const Statement& statement : statements_) {
    if (Matches(statement, request))
      decision = Join(decision, statement.allow ? Decision::kAllowed : Decision::kDenied);
  }
  return decision;
}

bool Policy::IsPublic() const {
  const auto restricts = [](const Condition& condition) {
    if (condition.negated || condition.if_exists) return false;
    if (condition.key == "aws:username") return condition.op == kStringEquals;
    return condition.key == "aws:sourceip" && condition.op == kIpAddress &&
           std::none_of(condition.values.begin(), condition.values.end(), IsVastNetwork);
  };
  return std::any_of(statements_.begin(), statements_.end(), [&](const Statement& statement) {
    const auto& principals = statement.principals;
    return statement.allow && std::find(principals.begin(), principals.end(), "*") != principals.end() &&
           std::none_of(statement.conditions.begin(), statement.conditions.end(), restricts);
  });
}

}  // namespace pbfs::s3
