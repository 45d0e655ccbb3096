// Steps by aws-sdk-go-v2; see sdk.py.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

var ctx = context.Background()

func client() *s3.Client {
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		panic(err)
	}
	return s3.NewFromConfig(settings, func(o *s3.Options) {
		o.BaseEndpoint = aws.String(os.Getenv("S3_URL"))
		o.UsePathStyle = true
	})
}

func put(c *s3.Client, bucket, key, name string, parts bool) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	input := &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: file}
	if parts {
		_, err = manager.NewUploader(c, func(u *manager.Uploader) { u.PartSize = 5 << 20 }).Upload(ctx, input)
	} else {
		_, err = c.PutObject(ctx, input)
	}
	return err
}

func get(c *s3.Client, bucket, key, name string, bytes *string) error {
	answer, err := c.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key, Range: bytes})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(file, answer.Body)
	return err
}

func list(c *s3.Client, bucket, prefix, delimiter, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	defer file.Close()
	input := &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}
	if delimiter != "" {
		input.Delimiter = &delimiter
	}
	pages := s3.NewListObjectsV2Paginator(c, input)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, item := range page.Contents {
			fmt.Fprintf(file, "K\t%s\n", *item.Key)
		}
		for _, item := range page.CommonPrefixes {
			fmt.Fprintf(file, "P\t%s\n", *item.Prefix)
		}
	}
	return nil
}

func deleteMany(c *s3.Client, bucket string, keys []string) error {
	objects := []types.ObjectIdentifier{}
	for _, key := range keys {
		objects = append(objects, types.ObjectIdentifier{Key: aws.String(key)})
	}
	answer, err := c.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: objects}})
	if err == nil && len(answer.Errors) > 0 {
		err = fmt.Errorf("%s: %s", *answer.Errors[0].Key, *answer.Errors[0].Code)
	}
	return err
}

func presign(c *s3.Client, step, bucket, key string) (string, error) {
	signer := s3.NewPresignClient(c)
	if step == "presign" {
		request, err := signer.PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return "", err
		}
		return request.URL, nil
	}
	request, err := signer.PresignPutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return "", err
	}
	return request.URL, nil
}

func do(c *s3.Client, step string, f []string) (value string, err error) {
	bucket := f[0]
	switch step {
	case "make":
		_, err = c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket})
	case "put", "multipart":
		err = put(c, bucket, f[1], f[2], step == "multipart")
	case "get":
		err = get(c, bucket, f[1], f[2], nil)
	case "range":
		err = get(c, bucket, f[1], f[4], aws.String("bytes="+f[2]+"-"+f[3]))
	case "list":
		err = list(c, bucket, f[1], f[2], f[3])
	case "copy":
		source := strings.ReplaceAll(url.PathEscape(bucket+"/"+f[1]), "+", "%2B")
		_, err = c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &bucket, Key: &f[2], CopySource: &source})
	case "presign", "presign_put":
		value, err = presign(c, step, bucket, f[1])
	case "delete":
		_, err = c.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &bucket, Key: &f[1]})
	case "delete_many":
		err = deleteMany(c, bucket, f[1:])
	case "remove":
		_, err = c.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &bucket})
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
