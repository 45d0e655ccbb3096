#include "libs/base/testing.h"
#include "libs/s3/policy.h"
#include "services/operator/key_reconciler.h"

namespace pbfs::operators {
namespace {

Result<std::string> NoBucket(const std::string& name) { return NotFoundError("no PBFSBucket " + name); }

// Whether a key of this spec may do `action` with the bucket, or with an object of it.
bool May(const Json& spec, const std::string& action, const std::string& resource,
         const std::map<std::string, std::string>& keys = {}) {
  const Result<std::string> policy = PolicyOf(spec, NoBucket);
  EXPECT_OK(policy);
  s3::AccessRequest request{"app", "s3:" + action, "arn:aws:s3:::" + resource, keys};
  return s3::Policy::ParseUser(*policy)->Evaluate(request) == s3::Decision::kAllowed;
}

Json Grant(const char* access, const char* prefix = "") {
  Json grant = {{"bucketName", "bbb"}, {"access", Json::array({access})}};
  if (*prefix != '\0') grant["prefix"] = prefix;
  return {{"grants", Json::array({grant})}};
}

TEST(KeyPolicyTest, EachWordAllowsWhatItSaysAndNothingElse) {
  const char* const words[] = {"Read", "Write", "List", "Delete", "Admin"};
  const struct {
    const char *action, *resource, *words;  // words whose first letters are there
  } cases[] = {
      {"GetObject", "bbb/k", "RA"},
      {"GetObjectVersion", "bbb/k", "RA"},
      {"PutObject", "bbb/k", "WA"},
      {"AbortMultipartUpload", "bbb/k", "WA"},
      {"ListMultipartUploadParts", "bbb/k", "WA"},
      {"ListBucket", "bbb", "LA"},
      {"ListBucketVersions", "bbb", "LA"},
      {"DeleteObject", "bbb/k", "DA"},
      {"DeleteObjectVersion", "bbb/k", "DA"},
      {"PutBucketPolicy", "bbb", "A"},
      {"DeleteBucket", "bbb", "A"},
      {"GetObject", "other/k", ""},
      {"GetObject", "bbbb/k", ""},
      {"ListBucket", "bbbb", ""},
      {"CreateBucket", "new", ""},
  };
  for (const auto& c : cases)
    for (const char* word : words)
      EXPECT_EQ(May(Grant(word), c.action, c.resource), std::string(c.words).find(*word) != std::string::npos)
          << word << " " << c.action << " " << c.resource;
}

TEST(KeyPolicyTest, AGrantOfAPrefixReachesNothingElse) {
  EXPECT_TRUE(May(Grant("Read", "mine/"), "GetObject", "bbb/mine/k"));
  EXPECT_FALSE(May(Grant("Read", "mine/"), "GetObject", "bbb/theirs/k"));
  EXPECT_TRUE(May(Grant("Delete", "mine/"), "DeleteObject", "bbb/mine/k"));
  EXPECT_FALSE(May(Grant("Delete", "mine/"), "DeleteObject", "bbb/theirs/k"));
  for (const char* list : {"ListBucket", "ListBucketVersions", "ListBucketMultipartUploads"}) {
    SCOPED_TRACE(list);
    EXPECT_TRUE(May(Grant("List", "mine/"), list, "bbb", {{"s3:prefix", "mine/2026"}}));
    EXPECT_FALSE(May(Grant("List", "mine/"), list, "bbb", {{"s3:prefix", "theirs/"}}));
    EXPECT_FALSE(May(Grant("List", "mine/"), list, "bbb"));
  }
  // Where the bucket is, is no secret of a prefix: clients ask that before anything else.
  for (const char* word : {"Read", "Write", "List"}) EXPECT_TRUE(May(Grant(word, "mine/"), "GetBucketLocation", "bbb"));
  // With a prefix, even Admin is that of the prefix: the bucket's own settings are others' too.
  EXPECT_TRUE(May(Grant("Admin", "mine/"), "PutObjectTagging", "bbb/mine/k"));
  EXPECT_FALSE(May(Grant("Admin", "mine/"), "GetObject", "bbb/theirs/k"));
  EXPECT_TRUE(May(Grant("Admin", "mine/"), "ListBucket", "bbb", {{"s3:prefix", "mine/"}}));
  EXPECT_FALSE(May(Grant("Admin", "mine/"), "ListBucket", "bbb", {{"s3:prefix", "theirs/"}}));
  EXPECT_FALSE(May(Grant("Admin", "mine/"), "PutBucketPolicy", "bbb"));
  EXPECT_FALSE(May(Grant("Admin", "mine/"), "DeleteBucket", "bbb"));
}

TEST(KeyPolicyTest, WhatAPolicyWouldTakeForAnythingIsRefused) {
  for (const char* prefix : {"a*b/", "a?b/", "${aws:username}/"})
    EXPECT_CODE(PolicyOf(Grant("Read", prefix), NoBucket), kInvalidArgument);
  Json every = Grant("Admin");
  every["grants"][0]["bucketName"] = "*";
  EXPECT_CODE(PolicyOf(every, NoBucket), kInvalidArgument);
}

TEST(KeyPolicyTest, WithoutAnythingSaidEverythingIsDenied) {
  EXPECT_FALSE(May(Json::object(), "GetObject", "bbb/k"));
  EXPECT_FALSE(May(Json::object(), "ListAllMyBuckets", ""));
  EXPECT_TRUE(May({{"createBuckets", true}}, "CreateBucket", "new"));
  EXPECT_FALSE(May({{"createBuckets", true}}, "GetObject", "bbb/k"));
}

TEST(KeyPolicyTest, BucketsAreNamedByTheirObjects) {
  const Json spec = {{"grants", Json::array({{{"bucketRef", {{"name", "mine"}}}, {"access", Json::array({"Read"})}}})}};
  EXPECT_CODE(PolicyOf(spec, NoBucket), kNotFound);
  const auto policy = PolicyOf(spec, [](const std::string&) { return Result<std::string>("photos"); });
  EXPECT_THAT(*policy, testing::HasSubstr("arn:aws:s3:::photos/*"));
  EXPECT_CODE(PolicyOf({{"policy", "{"}}, NoBucket), kInvalidArgument);
}

}  // namespace
}  // namespace pbfs::operators
