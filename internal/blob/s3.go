package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3Options say where a bucket is. Virtual-hosted and path addresses are both found by the client.
type S3Options struct {
	Endpoint string // host[:port]
	Insecure bool   // http; for a store on the same machine
	Region   string
	Bucket   string
	Prefix   string // in front of every key, as "backdock/"; may be empty
	Key      string
	Secret   string
	// Transport is for tests; nil takes the client's own.
	Transport http.RoundTripper
}

// S3 keeps files in a bucket. One PUT makes an object visible whole or not at all, and its answer is the store's promise that it lasts.
type S3 struct {
	client *minio.Client
	bucket string
	prefix string
}

// NewS3 opens a bucket that exists already and that the key may read, write and list.
func NewS3(ctx context.Context, o S3Options) (*S3, error) {
	c, err := minio.New(o.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(o.Key, o.Secret, ""), Secure: !o.Insecure, Region: o.Region, Transport: o.Transport, MaxRetries: 3})
	if err != nil {
		return nil, fmt.Errorf("evidence bucket: %w", err)
	}
	ok, err := c.BucketExists(ctx, o.Bucket)
	if err == nil && !ok {
		err = errors.New("there is no such bucket")
	}
	if err != nil {
		return nil, fmt.Errorf("evidence bucket %s at %s: %w", o.Bucket, o.Endpoint, err)
	}
	return &S3{client: c, bucket: o.Bucket, prefix: o.Prefix}, nil
}

// Put stores size bytes of r under key, in one request: the parts of an upload are small, and a whole file has at most 5 GiB.
func (s *S3) Put(ctx context.Context, key string, r io.Reader, size int64) error {
	if err := check(key); err != nil {
		return err
	}
	// A reader that can go back is sent again by the client when the store is busy; any other is left to whoever called.
	if _, again := r.(io.Seeker); !again {
		r = io.LimitReader(r, size)
	}
	_, err := s.client.PutObject(ctx, s.bucket, s.prefix+key, r, size, minio.PutObjectOptions{DisableMultipart: true, ContentType: "application/octet-stream"})
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

// Open opens an object; ErrNotFound when there is none. It is read as it is asked for, also from the middle.
func (s *S3) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	if err := check(key); err != nil {
		return nil, err
	}
	// The reader outlives the call: a video is sent after its handler has returned.
	o, err := s.client.GetObject(context.WithoutCancel(ctx), s.bucket, s.prefix+key, minio.GetObjectOptions{})
	if err == nil {
		if _, err = o.Stat(); err != nil {
			o.Close()
		}
	}
	if code := minio.ToErrorResponse(err).Code; err != nil && (code == minio.NoSuchKey || code == "NotFound") {
		return nil, fmt.Errorf("open %s: %w", key, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	return o, nil
}

// Delete removes an object; one that is not there is removed already.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := check(key); err != nil {
		return err
	}
	if err := s.client.RemoveObject(ctx, s.bucket, s.prefix+key, minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// List calls fn for every object of a family.
func (s *S3) List(ctx context.Context, family string, fn func(Info) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing when fn has had enough
	for o := range s.client.ListObjects(ctx, s.bucket, minio.ListObjectsOptions{Prefix: s.prefix + family + "/", Recursive: true}) {
		if o.Err != nil {
			return fmt.Errorf("list %s: %w", family, o.Err)
		}
		key := strings.TrimPrefix(o.Key, s.prefix)
		if check(key) != nil {
			continue
		}
		if err := fn(Info{Key: key, Size: o.Size, Modified: o.LastModified}); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}
