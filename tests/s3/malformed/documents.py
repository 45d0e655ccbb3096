"""XML and JSON documents: bombs, what is no XML or another document, and what is wrong in each of them."""
import json

from suite.harness import md5, tagging
from suite.topic_lifecycles import document as lifecycle
from suite.topic_lifecycles import rule
from suite.topic_multiparts import complete_xml
from suite.topic_origins import document as cors
from suite.topic_origins import rule as origin
from suite.topic_policies import policy, statement

from .table import Site

DEEP = 100_000
BOMB = ('<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi")) + "]>").encode()


def hostile(root: str, inside: bytes) -> dict:
    """What no document may be: `root` and its content are right otherwise."""
    whole = b"<%s>%s</%s>" % (root.encode(), inside, root.encode())
    return {
        "empty": b"", "a word": b"x", "a bracket": b"<", "not closed": whole[:-3], "closed otherwise": whole[:-2] + b"x>", "another document": b"<Something/>", "two documents": whole + whole, "text behind it": whole + b"x",
        "a bomb of entities": BOMB + whole.replace(inside, b"&i;"), "a document type": b"<!DOCTYPE x>" + whole, "an entity from a file": b'<!DOCTYPE r [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + whole.replace(inside, b"&a;"),
        "an entity from elsewhere": b'<!DOCTYPE r SYSTEM "http://127.0.0.1/x.dtd">' + whole, "nested 100,000 deep": b"<a>" * DEEP + b"</a>" * DEEP, "opened 100,000 times": b"<a>" * DEEP, "in its root 100 deep": whole.replace(inside, b"<a>" * 100 + b"</a>" * 100),
        "2 MB of references": whole.replace(inside, b"&amp;" * 400_000 + b"&a;" + inside), "2 MB of sections": whole.replace(inside, b"<![CDATA[&]]>" * 150_000 + b"&a;" + inside), "not UTF-8": whole.replace(inside, b"\xff\xfe" + inside), "NUL": whole.replace(inside, b"\0" + inside), "UTF-16": whole.decode("latin-1").encode("utf-16"),
        "3 MB": whole.replace(inside, inside + b" " * (3 << 20)), "a comment that does not end": b"<!-- " + whole, "a section that does not end": whole.replace(inside, b"<![CDATA[" + inside), "an attribute without quotes": whole.replace(b">", b" a=b>", 1),
        "JSON": b'{"a": 1}', "only white space": b"  \n ",
    }


def delete(*objects: str) -> bytes:
    return ("<Delete>" + "".join(f"<Object>{one}</Object>" for one in objects) + "</Delete>").encode()


def tags(*pairs) -> bytes:
    return ("<Tagging><TagSet>" + "".join(f"<Tag><Key>{key}</Key><Value>{value}</Value></Tag>" for key, value in pairs) + "</TagSet></Tagging>").encode()


DELETES = {"no objects": delete(), "an object without key": delete("<VersionId>1</VersionId>"), "an empty object": delete(""), "1,001 objects": delete(*(f"<Key>{i}</Key>" for i in range(1001))), "two keys in one": delete("<Key>a</Key><Key>b</Key>"), "only Quiet": b"<Delete><Quiet>true</Quiet></Delete>"}
TAGS = {"no set": b"<Tagging/>", "a tag without key": b"<Tagging><TagSet><Tag><Value>1</Value></Tag></TagSet></Tagging>", "a tag without value": b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", "an empty key": tags(("", "1")), "a key twice": tags(("a", "1"), ("a", "2")),
        "a key of 129": tags(("a" * 129, "1")), "a value of 257": tags(("a", "1" * 257)), "51 tags": tags(*((i, i) for i in range(51))), "of aws": tags(("aws:a", "1")), "signs that no tag has": tags(("a{}", "1")), "two sets": b"<Tagging><TagSet/><TagSet/></Tagging>"}
CORS = {"no rules": cors(""), "a rule without origin": cors("<CORSRule><AllowedMethod>GET</AllowedMethod></CORSRule>"), "a rule without method": cors("<CORSRule><AllowedOrigin>*</AllowedOrigin></CORSRule>"), "an unknown method": cors(origin(methods=("FETCH",))), "a method in lower case": cors(origin(methods=("get",))),
        "two stars": cors(origin("https://*.*")), "101 rules": cors(origin() * 101), "an age that is none": cors(origin(more="<MaxAgeSeconds>long</MaxAgeSeconds>")), "a negative age": cors(origin(more="<MaxAgeSeconds>-1</MaxAgeSeconds>")), "an empty rule": cors("<CORSRule/>")}
LIFECYCLES = {"no rules": lifecycle(), "no status": lifecycle(rule().replace("<Status>Enabled</Status>", "")), "an unknown status": lifecycle(rule(status="On")), "no action": lifecycle(rule("")), "0 days": lifecycle(rule("<Expiration><Days>0</Days></Expiration>")), "negative days": lifecycle(rule("<Expiration><Days>-1</Days></Expiration>")),
              "days that are none": lifecycle(rule("<Expiration><Days>few</Days></Expiration>")), "days beyond 64 bits": lifecycle(rule("<Expiration><Days>99999999999999999999</Days></Expiration>")), "a date that is none": lifecycle(rule("<Expiration><Date>soon</Date></Expiration>")), "not at midnight": lifecycle(rule("<Expiration><Date>2099-01-01T12:00:00Z</Date></Expiration>")),
              "days and a date": lifecycle(rule("<Expiration><Days>1</Days><Date>2099-01-01T00:00:00Z</Date></Expiration>")), "an empty expiration": lifecycle(rule("<Expiration/>")), "1,001 rules": lifecycle(*(rule(name=str(i)) for i in range(1001))), "an id twice": lifecycle(rule(), rule()), "an id of 256": lifecycle(rule(name="r" * 256)),
              "a filter of two": lifecycle(rule(filtered="<Filter><Prefix>a</Prefix><Tag><Key>a</Key><Value>1</Value></Tag></Filter>")), "a filter and a prefix": lifecycle(rule(filtered="<Filter/><Prefix/>")), "a size that is none": lifecycle(rule(filtered="<Filter><ObjectSizeGreaterThan>big</ObjectSizeGreaterThan></Filter>"))}
COMPLETES = {"no parts": complete_xml([]), "a part that there is not": complete_xml([(2, '"x"')]), "another ETag": complete_xml([(1, '"' + "0" * 32 + '"')]), "part 0": complete_xml([(0, '"x"')]), "part 10,001": complete_xml([(10_001, '"x"')]), "a negative part": complete_xml([(-1, '"x"')]), "a word for a number": complete_xml([("one", '"x"')]),
             "10,001 parts": complete_xml([(i, "x") for i in range(1, 10_002)]), "a part without number": b"<CompleteMultipartUpload><Part><ETag>x</ETag></Part></CompleteMultipartUpload>", "a part without ETag": b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
             "an empty part": b"<CompleteMultipartUpload><Part/></CompleteMultipartUpload>", "a number beyond 64 bits": complete_xml([("9" * 20, '"x"')])}


def policies(bucket: str) -> dict:
    one = statement(bucket, "s3:GetObject")

    def changed(**values):
        return policy(one | values)

    def lacking(name):
        return policy({key: value for key, value in one.items() if key != name})
    whole = policy(one)
    return {
        "empty": b"", "a word": b"x", "a brace": b"{", "a list": b"[]", "a number": b"1", "null": b"null", "no Statement": b'{"Version": "2012-10-17"}', "no statements": policy(), "a version that there is not": whole.replace(b"2012-10-17", b"2030-01-01"),
        "text behind it": whole + b"x", "a comment": b"/* x */" + whole, "a comma too many": whole.replace(b"}]}", b"},]}"), "a name twice": whole.replace(b'{"Version"', b'{"Version": "2012-10-17", "Version"'), "an unknown element": whole.replace(b'{"Version"', b'{"Colour": "red", "Version"'),
        "nested 100,000 deep": b"[" * DEEP, "objects 10,000 deep": b'{"a":' * 10_000, "not UTF-8": whole.replace(b"s3:Get", b"s3:\xff"), "NUL": whole.replace(b"s3:Get", b"s3:\0"), "21 KB": whole + b" " * (21 << 10), "half a surrogate": whole.replace(b"s3:Get", b"s3:\\ud800"),
        "an unknown effect": changed(Effect="Perhaps"), "an effect in lower case": changed(Effect="allow"), "no effect": lacking("Effect"), "no action": lacking("Action"), "an action that is none": changed(Action="GetObject"), "an action of another service": changed(Action="ec2:RunInstances"), "no actions": changed(Action=[]), "a number for an action": changed(Action=1),
        "no principal": lacking("Principal"), "a principal that is none": changed(Principal=1), "an unknown kind of principal": changed(Principal={"Colour": "red"}), "no resource": lacking("Resource"), "another bucket's resource": changed(Resource="arn:aws:s3:::other/*"), "a resource that is none": changed(Resource="object"), "no resources": changed(Resource=[]),
        "an unknown operator": changed(Condition={"StringAlmost": {"aws:username": "a"}}), "an unknown key": changed(Condition={"StringEquals": {"aws:Colour": "red"}}), "an address that is none": changed(Condition={"IpAddress": {"aws:SourceIp": "here"}}), "a mask too long": changed(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/33"}}),
        "a date that is none": changed(Condition={"DateLessThan": {"aws:CurrentTime": "soon"}}), "a number that is none": changed(Condition={"NumericEquals": {"s3:max-keys": "many"}}), "a condition that is none": changed(Condition="always"), "a condition of a list": changed(Condition=[]), "a truth that is none": changed(Condition={"Bool": {"aws:SecureTransport": "perhaps"}}),
        "XML": b"<Policy/>", "a statement that is none": b'{"Version": "2012-10-17", "Statement": ["x"]}', "an unknown word in a statement": changed(Colour="red"), "infinity": json.dumps({"Version": "2012-10-17", "Statement": [one], "Id": float("inf")}).encode(),
    }


def of(site: Site, kind: str, method: str, path: str, query: str, root: str, inside: bytes, wrong: dict):
    for name, document in (hostile(root, inside) | wrong).items():
        headers = {"Content-MD5": md5(document)}
        yield site.signed(f"{kind}: {name}", method, path, query=query, body=document, headers=headers)


def rows(site: Site):
    bucket = "/" + site.bucket
    yield from of(site, "delete", "POST", bucket, "delete", "Delete", b"<Object><Key>none</Key></Object>", DELETES)
    yield from of(site, "tags", "PUT", site.object, "tagging", "Tagging", b"<TagSet/>", TAGS | {"11 tags": tags(*((i, i) for i in range(11)))})
    yield from of(site, "bucket's tags", "PUT", bucket, "tagging", "Tagging", b"<TagSet/>", TAGS)
    yield from of(site, "CORS", "PUT", bucket, "cors", "CORSConfiguration", origin().encode(), CORS)
    yield from of(site, "lifecycle", "PUT", bucket, "lifecycle", "LifecycleConfiguration", rule().encode(), LIFECYCLES)
    yield from of(site, "complete", "POST", bucket + "/upload", f"uploadId={site.upload}", "CompleteMultipartUpload", b"<Part><PartNumber>9</PartNumber><ETag>x</ETag></Part>", COMPLETES)
    inside = b"<LocationConstraint>us-east-1</LocationConstraint>"
    created = hostile("CreateBucketConfiguration", inside)
    created.pop("empty"), created.pop("only white space")
    for name, document in (created | {"another region": b"<CreateBucketConfiguration><LocationConstraint>eu-west-9</LocationConstraint></CreateBucketConfiguration>"}).items():
        yield site.signed(f"new bucket: {name}", "PUT", bucket + "-new", body=document)
    for name, document in policies(site.bucket).items():
        yield site.of_bucket(f"policy: {name}", "PUT", "policy", body=document)
    one = delete("<Key>none</Key>")
    yield site.of_bucket("delete: no digest", "POST", "delete", body=one)
    yield site.of_bucket("delete: another digest", "POST", "delete", body=one, headers={"Content-MD5": md5(b"x")})
    yield site.of_object("tags: another digest", "PUT", query="tagging", body=tagging({"a": "1"}), headers={"Content-MD5": md5(b"x")})
