// Steps by aws-sdk-java v2; see sdk.py.
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

public class AwsSdkJava {
  static final int PART_BYTES = 5 << 20;
  static final URI ENDPOINT = URI.create(System.getenv("S3_URL"));
  static final S3Client s3 = S3Client.builder().endpointOverride(ENDPOINT).forcePathStyle(true).build();
  static final S3Presigner signer = S3Presigner.builder().endpointOverride(ENDPOINT)
      .serviceConfiguration(S3Configuration.builder().pathStyleAccessEnabled(true).build()).build();

  static void multipart(String bucket, String key, String name) throws Exception {
    String id = s3.createMultipartUpload(r -> r.bucket(bucket).key(key)).uploadId();
    List<CompletedPart> parts = new ArrayList<>();
    try (RandomAccessFile file = new RandomAccessFile(name, "r")) {
      while (file.getFilePointer() < file.length()) {
        byte[] bytes = new byte[(int) Math.min(PART_BYTES, file.length() - file.getFilePointer())];
        file.readFully(bytes);
        int number = parts.size() + 1;
        var done = s3.uploadPart(r -> r.bucket(bucket).key(key).uploadId(id).partNumber(number), RequestBody.fromBytes(bytes));
        parts.add(CompletedPart.builder().partNumber(number).eTag(done.eTag()).checksumCRC32(done.checksumCRC32()).build());
      }
    }
    s3.completeMultipartUpload(r -> r.bucket(bucket).key(key).uploadId(id).multipartUpload(m -> m.parts(parts)));
  }

  static void get(String bucket, String key, String range, String name) throws Exception {
    Files.deleteIfExists(Path.of(name));
    s3.getObject(r -> r.bucket(bucket).key(key).range(range), Path.of(name));
  }

  static void list(String bucket, String prefix, String delimiter, String name) throws Exception {
    List<String> lines = new ArrayList<>();
    for (var page : s3.listObjectsV2Paginator(r -> r.bucket(bucket).prefix(prefix).delimiter(delimiter.isEmpty() ? null : delimiter))) {
      page.contents().forEach(item -> lines.add("K\t" + item.key()));
      page.commonPrefixes().forEach(item -> lines.add("P\t" + item.prefix()));
    }
    Files.write(Path.of(name), lines);
  }

  static void deleteMany(String bucket, List<String> keys) {
    var objects = keys.stream().map(key -> ObjectIdentifier.builder().key(key).build()).toList();
    var answer = s3.deleteObjects(r -> r.bucket(bucket).delete(d -> d.objects(objects)));
    if (answer.hasErrors()) throw new IllegalStateException(answer.errors().toString());
  }

  static String presign(String step, String bucket, String key) {
    Duration valid = Duration.ofMinutes(10);
    if (step.equals("presign")) {
      return signer.presignGetObject(p -> p.signatureDuration(valid).getObjectRequest(r -> r.bucket(bucket).key(key))).url().toString();
    }
    return signer.presignPutObject(p -> p.signatureDuration(valid).putObjectRequest(r -> r.bucket(bucket).key(key))).url().toString();
  }

  static String perform(String[] f) throws Exception {
    String step = f[0], bucket = f[1];
    switch (step) {
      case "make" -> s3.createBucket(r -> r.bucket(bucket));
      case "put" -> s3.putObject(r -> r.bucket(bucket).key(f[2]), Path.of(f[3]));
      case "multipart" -> multipart(bucket, f[2], f[3]);
      case "get" -> get(bucket, f[2], null, f[3]);
      case "range" -> get(bucket, f[2], "bytes=" + f[3] + "-" + f[4], f[5]);
      case "list" -> list(bucket, f[2], f[3], f[4]);
      case "copy" -> s3.copyObject(r -> r.sourceBucket(bucket).sourceKey(f[2]).destinationBucket(bucket).destinationKey(f[3]));
      case "presign", "presign_put" -> { return presign(step, bucket, f[2]); }
      case "delete" -> s3.deleteObject(r -> r.bucket(bucket).key(f[2]));
      case "delete_many" -> deleteMany(bucket, Arrays.asList(f).subList(2, f.length));
      case "remove" -> s3.deleteBucket(r -> r.bucket(bucket));
      default -> throw new IllegalArgumentException("no step " + step);
    }
    return "";
  }

  public static void main(String[] arguments) throws Exception {
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      try {
        output.println("ok\t" + perform(line.split("\t", -1)));
      } catch (Exception error) {
        output.println("error\t" + error.toString().replace('\n', ' '));
      }
    }
  }
}
