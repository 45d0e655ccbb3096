#include "libs/s3/documents.h"

#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

constexpr int64_t kTime = 1767323045678;
const std::string kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
const std::string kNamespace = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
const std::string kDate = "2026-01-02T03:04:05.678Z";

std::string Root(const std::string& name, const std::string& inside) {
  return kHead + "<" + name + kNamespace + ">" + inside + "</" + name + ">";
}

ListedObject Object(std::string key) {
  ListedObject object;
  object.key = std::move(key);
  object.last_modified_ms = kTime;
  object.etag = "abc";
  object.size = 5;
  return object;
}

TEST(Documents, ListBuckets) {
  ListBucketsResult result{{"id", "name"}, {{"b1", kTime, ""}, {"b2", kTime, "eu-west-1"}}, "b", "token"};
  EXPECT_EQ(ToXml(result), Root("ListAllMyBucketsResult",
                                "<Owner><ID>id</ID><DisplayName>name</DisplayName></Owner><Buckets><Bucket><Name>b1"
                                "</Name><CreationDate>" +
                                    kDate + "</CreationDate></Bucket><Bucket><Name>b2</Name><CreationDate>" + kDate +
                                    "</CreationDate><BucketRegion>eu-west-1</BucketRegion></Bucket></Buckets>"
                                    "<Prefix>b</Prefix><ContinuationToken>token</ContinuationToken>"));
}

TEST(Documents, ListObjects) {
  ListObjectsResult result;
  result.bucket = "b";
  result.prefix = "p/";
  result.delimiter = "/";
  result.max_keys = 2;
  result.truncated = true;
  result.objects = {Object("p/a<\x01")};
  result.common_prefixes = {"p/b/"};
  result.marker = "m";
  result.next_marker = "p/b/";
  const std::string object = "<LastModified>" + kDate +
                             "</LastModified><ETag>\"abc\"</ETag><Size>5</Size><StorageClass>"
                             "STANDARD</StorageClass></Contents>";
  EXPECT_EQ(ToXml(result),
            Root("ListBucketResult",
                 "<Name>b</Name><Prefix>p/</Prefix><Marker>m</Marker><NextMarker>p/b/</NextMarker><MaxKeys>2"
                 "</MaxKeys><Delimiter>/</Delimiter><IsTruncated>true</IsTruncated><Contents><Key>p/a&lt;&#01;"
                 "</Key>" +
                     object + "<CommonPrefixes><Prefix>p/b/</Prefix></CommonPrefixes>"));
  result.url_encoding = true;
  result.delimiter = "+";
  EXPECT_EQ(ToXml(result),
            Root("ListBucketResult",
                 "<Name>b</Name><Prefix>p/</Prefix><Marker>m</Marker><NextMarker>p/b/</NextMarker><MaxKeys>2"
                 "</MaxKeys><Delimiter>%2B</Delimiter><EncodingType>url</EncodingType><IsTruncated>true"
                 "</IsTruncated><Contents><Key>p/a%3C%01</Key>" +
                     object + "<CommonPrefixes><Prefix>p/b/</Prefix></CommonPrefixes>"));
}

TEST(Documents, ListObjectsV2) {
  ListObjectsV2Result result;
  result.bucket = "b";
  result.objects = {Object("k")};
  result.objects[0].owner = Owner{"id", ""};
  result.objects[0].checksum = ShownChecksum{ChecksumAlgorithm::kCrc32, ChecksumType::kComposite, "x"};
  result.common_prefixes = {"p/", "q/"};
  result.continuation_token = "t1";
  result.next_continuation_token = "t2";
  result.start_after = "a";
  EXPECT_EQ(
      ToXml(result),
      Root("ListBucketResult",
           "<Name>b</Name><Prefix/><StartAfter>a</StartAfter><ContinuationToken>t1</ContinuationToken>"
           "<NextContinuationToken>t2</NextContinuationToken><KeyCount>3</KeyCount><MaxKeys>1000</MaxKeys>"
           "<IsTruncated>false</IsTruncated><Contents><Key>k</Key><LastModified>" +
               kDate +
               "</LastModified><ETag>\"abc\"</ETag><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>COMPOSITE"
               "</ChecksumType><Size>5</Size><Owner><ID>id</ID></Owner><StorageClass>STANDARD</StorageClass></Contents>"
               "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>q/</Prefix>"
               "</CommonPrefixes>"));
}

TEST(Documents, ListVersions) {
  ListVersionsResult result;
  result.bucket = "b";
  result.objects = {Object("k"), Object("k")};
  result.objects[0].version_id = "2";
  result.objects[0].is_latest = true;
  result.objects[0].delete_marker = true;
  result.objects[1].version_id = "null";
  result.next_key_marker = "k";
  result.next_version_id_marker = "null";
  EXPECT_EQ(
      ToXml(result),
      Root("ListVersionsResult",
           "<Name>b</Name><Prefix/><KeyMarker/><VersionIdMarker/><NextKeyMarker>k</NextKeyMarker>"
           "<NextVersionIdMarker>null</NextVersionIdMarker><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>"
           "<DeleteMarker><Key>k</Key><VersionId>2</VersionId><IsLatest>true</IsLatest><LastModified>" +
               kDate + "</LastModified></DeleteMarker><Version><Key>k</Key><VersionId>null</VersionId><IsLatest>false" +
               "</IsLatest><LastModified>" + kDate +
               "</LastModified><ETag>\"abc\"</ETag><Size>5</Size><StorageClass>STANDARD</StorageClass></Version>"));
}

TEST(Documents, WhatXmlCannotCarryIsReferenced) {
  ListObjectsV2Result result;
  result.objects = {Object("a\x1f\xEF\xBF\xBE\xEF\xBF\xBF\r\xF0\x9F\x98\x80")};
  EXPECT_THAT(ToXml(result), testing::HasSubstr("<Key>a&#31;&#xFFFE;&#xFFFF;&#13;\xF0\x9F\x98\x80</Key>"));
}

TEST(Documents, SmallResults) {
  EXPECT_EQ(LocationXml("eu-west-1"), Root("LocationConstraint", "eu-west-1"));
  EXPECT_EQ(LocationXml("us-east-1"), kHead + "<LocationConstraint" + kNamespace + "/>");
  const ShownChecksum checksum{ChecksumAlgorithm::kCrc64Nvme, ChecksumType::kFullObject, "c2="};
  const std::string stamp = "<LastModified>" + kDate + "</LastModified><ETag>\"e\"</ETag>";
  EXPECT_EQ(ToXml(CopyResult{false, kTime, "e", checksum}),
            Root("CopyObjectResult",
                 stamp + "<ChecksumCRC64NVME>c2=</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>"));
  EXPECT_EQ(ToXml(CopyResult{true, kTime, "e", {}}), Root("CopyPartResult", stamp));
  EXPECT_EQ(ToXml(PatchResult{kTime, "e"}), Root("PatchObjectResult", "<Object>" + stamp + "</Object>"));
  EXPECT_EQ(ToXml(PostResult{"http://x/b/k", "b", "k", "e"}),
            kHead +
                "<PostResponse><Location>http://x/b/k</Location><Bucket>b</Bucket><Key>k</Key><ETag>\"e\"</ETag></"
                "PostResponse>");
  EXPECT_EQ(ToXml(InitiateResult{"b", "k", "u"}),
            Root("InitiateMultipartUploadResult", "<Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId>"));
  EXPECT_EQ(ToXml(CompleteResult{"l", "b", "k", "e-2", checksum}),
            Root("CompleteMultipartUploadResult",
                 "<Location>l</Location><Bucket>b</Bucket><Key>k</Key><ETag>\"e-2\"</ETag>"
                 "<ChecksumCRC64NVME>c2=</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT"
                 "</ChecksumType>"));
  EXPECT_EQ(TagsXml({{"k", "v"}}), Root("Tagging", "<TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet>"));
  EXPECT_EQ(VersioningXml(Versioning::kSuspended), Root("VersioningConfiguration", "<Status>Suspended</Status>"));
  EXPECT_EQ(VersioningXml(Versioning::kNever), kHead + "<VersioningConfiguration" + kNamespace + "/>");
}

TEST(Documents, DeleteResults) {
  DeleteResult result;
  result.deleted = {{"a", "", false, ""}, {"b", "", true, "3"}};
  result.errors = {{"c", "1", "AccessDenied", "Access Denied"}};
  EXPECT_EQ(ToXml(result), Root("DeleteResult",
                                "<Deleted><Key>a</Key></Deleted><Deleted><Key>b</Key><DeleteMarker>true"
                                "</DeleteMarker><DeleteMarkerVersionId>3</DeleteMarkerVersionId></Deleted>"
                                "<Error><Key>c</Key><VersionId>1</VersionId><Code>AccessDenied</Code><Message>"
                                "Access Denied</Message></Error>"));
}

TEST(Documents, MultipartLists) {
  ListPartsResult parts;
  parts.bucket = "b";
  parts.key = "k";
  parts.upload_id = "u";
  parts.owner = {"id", ""};
  parts.next_marker = 1;
  parts.parts = {{1, kTime, "e", 5, ShownChecksum{ChecksumAlgorithm::kSha1, ChecksumType::kComposite, "x="}}};
  const std::string owners =
      "<Initiator><ID>id</ID></Initiator><Owner><ID>id</ID></Owner><StorageClass>STANDARD</StorageClass>";
  EXPECT_EQ(
      ToXml(parts),
      Root("ListPartsResult",
           "<Bucket>b</Bucket><Key>k</Key><UploadId>u</UploadId>" + owners +
               "<PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>1</NextPartNumberMarker>"
               "<MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated><Part><PartNumber>1"
               "</PartNumber><LastModified>" +
               kDate + "</LastModified><ETag>\"e\"</ETag><Size>5</Size><ChecksumSHA1>x=" + "</ChecksumSHA1></Part>"));
  ListUploadsResult uploads;
  uploads.bucket = "b";
  uploads.url_encoding = true;
  uploads.uploads = {{"k k", "u", {"id", ""}, "STANDARD", kTime, {}}};
  EXPECT_EQ(ToXml(uploads), Root("ListMultipartUploadsResult",
                                 "<Bucket>b</Bucket><KeyMarker/><UploadIdMarker/><Prefix/><MaxUploads>1000"
                                 "</MaxUploads><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>"
                                 "<Upload><Key>k%20k</Key><UploadId>u</UploadId>" +
                                     owners + "<Initiated>" + kDate + "</Initiated></Upload>"));
}

TEST(Documents, ObjectAttributesShowWhatWasAskedFor) {
  ObjectAttributes result;
  EXPECT_EQ(ToXml(result), kHead + "<GetObjectAttributesResponse" + kNamespace + "/>");
  result.etag = "e";
  result.size = 0;
  result.storage_class = "STANDARD";
  result.parts.emplace();
  result.parts->total = 1;
  result.parts->parts = {{1, 5, {}}};
  EXPECT_EQ(ToXml(result),
            Root("GetObjectAttributesResponse",
                 "<ETag>e</ETag><ObjectParts><PartsCount>1</PartsCount><PartNumberMarker>0</PartNumberMarker>"
                 "<NextPartNumberMarker>0</NextPartNumberMarker><MaxParts>1000</MaxParts><IsTruncated>false</"
                 "IsTruncated><Part>"
                 "<PartNumber>1</PartNumber><Size>5</Size></Part></ObjectParts><StorageClass>STANDARD</StorageClass>"
                 "<ObjectSize>0</ObjectSize>"));
}

// ---- requests ----

TEST(Documents, DeleteRequests) {
  ASSERT_OK_AND_ASSIGN(
      const DeleteRequest request,
      ParseDelete(kHead + "<!-- c --><x:Delete xmlns:x=\"y\"><x:Quiet> true </x:Quiet><x:Object><x:Key>a&amp;&#x1;"
                          "<![CDATA[<b>]]></x:Key><x:VersionId>v</x:VersionId></x:Object><Object><Key> </Key>"
                          "<ETag>\"e\"</ETag></Object><Other/></x:Delete>"));
  EXPECT_TRUE(request.quiet);
  ASSERT_EQ(request.objects.size(), 2);
  EXPECT_EQ(request.objects[0].key, "a&\x01<b>");
  EXPECT_EQ(request.objects[0].version_id, "v");
  EXPECT_EQ(request.objects[1].key, " ");
  EXPECT_EQ(request.objects[1].etag, "e");
}

TEST(Documents, DeleteRequestsAreLimited) {
  const auto request = [](int keys) {
    std::string body = "<Delete>";
    for (int i = 0; i < keys; ++i) body += "<Object><Key>k</Key></Object>";
    return body + "</Delete>";
  };
  EXPECT_OK(ParseDelete(request(1000)));
  EXPECT_S3(ParseDelete(request(1001)), "MalformedXML");
  EXPECT_S3(ParseDelete(request(0)), "MalformedXML");
}

TEST(Documents, HostileDocumentsAreRefused) {
  const std::string inside = "<Object><Key>k</Key></Object>";
  const std::string bad[] = {
      "",
      "x",
      "<Delete>" + inside,
      "<Delete>" + inside + "</Deleted>",
      "<Erase>" + inside + "</Erase>",
      "<Delete><Object/></Delete>",
      "<Delete><Object><Key/></Object></Delete>",
      "<!DOCTYPE Delete><Delete>" + inside + "</Delete>",
      "<Delete>" + inside + "</Delete><Delete>" + inside + "</Delete>",
      "<Delete><Object><Key>&nothing;</Key></Object></Delete>",
      "<!DOCTYPE Delete [<!ENTITY a \"b\">]><Delete>" + inside + "</Delete>",
      "<Delete><Object><Key>k\xFF</Key></Object></Delete>",
      "<Delete><Object><Key>k&#0;</Key></Object></Delete>",
      "<Delete><Object><Key>k&#x000;x</Key></Object></Delete>",
      "<Delete><Object><Key>k&#xD800;</Key></Object></Delete>",
      std::string("<Delete><Object><Key>k\0x</Key></Object></Delete>", 48),
      "<Delete>" + inside + "</Delete>" + std::string(kMaxDocumentBytes, ' '),
      "<Delete>" + inside + "</Delete>x",
      "x<Delete>" + inside + "</Delete>",
      "<Delete>" + inside + "</Delete><![CDATA[x]]>",
      "<Delete><Quiet>true</Quiet>" + inside + "<Quiet>false</Quiet></Delete>",
      "<Delete><Object><Key>k</Key><Key>l</Key></Object></Delete>",
      "<Delete><Object><Key>k</Key><x:Key xmlns:x=\"y\">l</x:Key></Object></Delete>",
  };
  for (const std::string& body : bad) EXPECT_S3(ParseDelete(body), "MalformedXML") << body.substr(0, 100);
}

// In time that grows with their length only: 2 MiB of references, each of which may stand in a section that began anywhere before.
TEST(Documents, ManyReferencesAreRead) {
  std::string text;
  while (text.size() < kMaxDocumentBytes - 100) text += "&amp;";
  EXPECT_OK(ParseDelete("<Delete><Object><Key>" + text + "</Key></Object></Delete>"));
  EXPECT_S3(ParseDelete("<Delete><Object><Key>" + text + "&a;</Key></Object></Delete>"), "MalformedXML");
  EXPECT_EQ(ParseDelete("<Delete><Object><Key><![CDATA[&a;]]></Key></Object></Delete>")->objects[0].key, "&a;");
}

TEST(Documents, NestingIsLimited) {
  const auto nested = [](int depth) {
    std::string body = "<Delete><Object><Key>k</Key></Object>";
    for (int i = 1; i < depth; ++i) body += "<a>";
    for (int i = 1; i < depth; ++i) body += "</a>";
    return body + "</Delete>";
  };
  EXPECT_OK(ParseDelete(nested(16)));
  EXPECT_S3(ParseDelete(nested(17)), "MalformedXML");
  EXPECT_S3(ParseDelete(nested(100'000)), "MalformedXML");
}

TEST(Documents, CompleteRequests) {
  const auto parts = [](std::string inside) {
    return ParseComplete("<CompleteMultipartUpload xmlns=\"x\">" + inside + "</CompleteMultipartUpload>");
  };
  ASSERT_OK_AND_ASSIGN(const auto good,
                       parts("<Part><PartNumber>2</PartNumber><ETag>\"a\"</ETag><ChecksumCRC32>x=</ChecksumCRC32>"
                             "</Part><Part><ETag>b</ETag><PartNumber> 10000 </PartNumber></Part>"));
  ASSERT_EQ(good.size(), 2);
  EXPECT_EQ(good[0].number, 2);
  EXPECT_EQ(good[0].etag, "a");
  EXPECT_EQ(good[0].checksum, std::pair(ChecksumAlgorithm::kCrc32, std::string("x=")));
  EXPECT_EQ(good[1].number, 10000);
  EXPECT_EQ(good[1].etag, "b");
  const auto part = [](std::string number) {
    return "<Part><PartNumber>" + number + "</PartNumber><ETag>e</ETag></Part>";
  };
  EXPECT_S3(parts(""), "MalformedXML");
  EXPECT_S3(parts("<Part><PartNumber>1</PartNumber></Part>"), "MalformedXML");
  EXPECT_S3(parts(part("x")), "MalformedXML");
  EXPECT_S3(parts(part("-1")), "MalformedXML");
  EXPECT_S3(parts(part("0")), "InvalidArgument");
  EXPECT_S3(parts(part("10001")), "InvalidArgument");
  EXPECT_S3(parts(part("2") + part("1")), "InvalidPartOrder");
  EXPECT_S3(parts(part("2") + part("2")), "InvalidPartOrder");
  EXPECT_S3(
      parts(
          "<Part><PartNumber>1</PartNumber><ETag>e</ETag><ChecksumCRC32>x</ChecksumCRC32><ChecksumSHA1>y</ChecksumSHA1>"
          "</Part>"),
      "MalformedXML");
}

TEST(Documents, Configurations) {
  EXPECT_EQ(*ParseCreateBucket(""), "");
  EXPECT_EQ(*ParseCreateBucket("<CreateBucketConfiguration/>"), "");
  EXPECT_EQ(*ParseCreateBucket(
                "<CreateBucketConfiguration><LocationConstraint>eu</LocationConstraint></CreateBucketConfiguration>"),
            "eu");
  EXPECT_S3(ParseCreateBucket("<Other/>"), "MalformedXML");
  EXPECT_THAT(*ParseTags(TagsXml({{"a b", "1"}, {"c", ""}})),
              testing::ElementsAre(testing::Pair("a b", "1"), testing::Pair("c", "")));
  EXPECT_TRUE(ParseTags("<Tagging><TagSet/></Tagging>")->empty());
  EXPECT_S3(ParseTags("<Tagging/>"), "MalformedXML");
  EXPECT_S3(ParseTags("<Tagging><TagSet><Tag><Key>k</Key></Tag></TagSet></Tagging>"), "MalformedXML");
  EXPECT_EQ(*ParseVersioning(VersioningXml(Versioning::kEnabled)), Versioning::kEnabled);
  EXPECT_EQ(*ParseVersioning(VersioningXml(Versioning::kSuspended)), Versioning::kSuspended);
  EXPECT_S3(ParseVersioning(VersioningXml(Versioning::kNever)), "MalformedXML");
  EXPECT_S3(ParseVersioning("<VersioningConfiguration><Status>On</Status></VersioningConfiguration>"), "MalformedXML");
  EXPECT_S3(ParseVersioning("<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>"
                            "</VersioningConfiguration>"),
            "NotImplemented");
}

}  // namespace
}  // namespace pbfs::s3
