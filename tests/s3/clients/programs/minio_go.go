// Steps by minio-go; see sdk.py.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

var ctx = context.Background()

func client() *minio.Client {
	at, err := url.Parse(os.Getenv("S3_URL"))
	if err != nil {
		panic(err)
	}
	options := &minio.Options{Creds: credentials.NewEnvAWS(), Secure: at.Scheme == "https", BucketLookup: minio.BucketLookupPath}
	if name := os.Getenv("SSL_CERT_FILE"); options.Secure && name != "" {
		pem, err := os.ReadFile(name)
		if err != nil {
			panic(err)
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(pem)
		options.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	}
	c, err := minio.New(at.Host, options)
	if err != nil {
		panic(err)
	}
	return c
}

func put(c *minio.Client, bucket, key, name string, parts bool) error {
	options := minio.PutObjectOptions{DisableMultipart: !parts}
	if parts {
		options.PartSize = 5 << 20
	}
	_, err := c.FPutObject(ctx, bucket, key, name, options)
	return err
}

func getRange(c *minio.Client, bucket, key, first, last, name string) error {
	options := minio.GetObjectOptions{}
	from, _ := strconv.ParseInt(first, 10, 64)
	to, _ := strconv.ParseInt(last, 10, 64)
	if err := options.SetRange(from, to); err != nil {
		return err
	}
	object, err := c.GetObject(ctx, bucket, key, options)
	if err != nil {
		return err
	}
	defer object.Close()
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(file, object)
	return err
}

func list(c *minio.Client, bucket, prefix, delimiter, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	for item := range c.ListObjects(ctx, bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: delimiter == ""}) {
		if item.Err != nil {
			return item.Err
		}
		kind := "K"
		if strings.HasSuffix(item.Key, "/") {
			kind = "P"
		}
		fmt.Fprintf(file, "%s\t%s\n", kind, item.Key)
	}
	return nil
}

func deleteMany(c *minio.Client, bucket string, keys []string) error {
	objects := make(chan minio.ObjectInfo, len(keys))
	for _, key := range keys {
		objects <- minio.ObjectInfo{Key: key}
	}
	close(objects)
	var first error
	for failed := range c.RemoveObjects(ctx, bucket, objects, minio.RemoveObjectsOptions{}) {
		if first == nil {
			first = failed.Err
		}
	}
	return first
}

func presign(c *minio.Client, step, bucket, key string) (string, error) {
	method := http.MethodGet
	if step == "presign_put" {
		method = http.MethodPut
	}
	signed, err := c.Presign(ctx, method, bucket, key, 10*time.Minute, nil)
	if err != nil {
		return "", err
	}
	return signed.String(), nil
}

func do(c *minio.Client, step string, f []string) (value string, err error) {
	bucket := f[0]
	switch step {
	case "make":
		err = c.MakeBucket(ctx, bucket, minio.MakeBucketOptions{})
	case "put", "multipart":
		err = put(c, bucket, f[1], f[2], step == "multipart")
	case "get":
		err = c.FGetObject(ctx, bucket, f[1], f[2], minio.GetObjectOptions{})
	case "range":
		err = getRange(c, bucket, f[1], f[2], f[3], f[4])
	case "list":
		err = list(c, bucket, f[1], f[2], f[3])
	case "copy":
		_, err = c.CopyObject(ctx, minio.CopyDestOptions{Bucket: bucket, Object: f[2]}, minio.CopySrcOptions{Bucket: bucket, Object: f[1]})
	case "presign", "presign_put":
		value, err = presign(c, step, bucket, f[1])
	case "delete":
		err = c.RemoveObject(ctx, bucket, f[1], minio.RemoveObjectOptions{})
	case "delete_many":
		err = deleteMany(c, bucket, f[1:])
	case "remove":
		err = c.RemoveBucket(ctx, bucket)
	default:
		err = fmt.Errorf("no step %s", step)
	}
	return value, err
}

func main() {
	c := client()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		value, err := do(c, fields[0], fields[1:])
		if err != nil {
			fmt.Printf("error\t%s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Printf("ok\t%s\n", value)
		}
	}
}
