package s3

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options say what the bucket is called and who may use it.
type Options struct {
	Bucket, Region, Key, Secret string
	Now                         func() time.Time
}

// Server is a bucket; it is an http.Handler, by path-style addresses.
type Server struct {
	o Options

	mu      sync.Mutex
	objects map[string]object
	busy    int // answers 503 SlowDown so often
	refused map[string]int
}

type object struct {
	data []byte
	at   time.Time
	tag  string
}

// New makes an empty bucket.
func New(o Options) *Server {
	return &Server{o: o, objects: map[string]object{}, refused: map[string]int{}}
}

// Busy makes the next n requests fail as an overloaded store does.
func (s *Server) Busy(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy = n
}

// Refused counts the refusals so far, by code.
func (s *Server) Refused() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.refused)
}

// Keys lists what is in the bucket.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.objects))
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	err := s.serve(w, r)
	if err == nil {
		return
	}
	f, ok := errors.AsType[refusal](err)
	if !ok {
		f = refusal{http.StatusInternalServerError, "InternalError"}
	}
	s.mu.Lock()
	s.refused[f.code]++
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(f.status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", f.code, f.code)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) error {
	by, err := s.verify(r)
	if err != nil {
		return err
	}
	b, err := body(r, by)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy > 0 {
		s.busy--
		return refusal{http.StatusServiceUnavailable, "SlowDown"}
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case bucket != s.o.Bucket:
		return refusal{http.StatusNotFound, "NoSuchBucket"}
	case key == "":
		return s.onBucket(w, r)
	case r.Method == http.MethodPut:
		sum := md5.Sum(b)
		o := object{data: b, at: s.o.Now().UTC(), tag: `"` + hex.EncodeToString(sum[:]) + `"`}
		s.objects[key] = o
		w.Header().Set("ETag", o.tag)
		return nil
	case r.Method == http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return s.get(w, r, key)
}

// get answers GET and HEAD, with ranges, by the standard library.
func (s *Server) get(w http.ResponseWriter, r *http.Request, key string) error {
	o, ok := s.objects[key]
	if !ok {
		return refusal{http.StatusNotFound, "NoSuchKey"}
	}
	w.Header().Set("ETag", o.tag)
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", o.at, strings.NewReader(string(o.data)))
	return nil
}

type listing struct {
	XMLName               xml.Name `xml:"ListBucketResult"`
	Name                  string
	Prefix                string
	KeyCount              int
	IsTruncated           bool
	NextContinuationToken string `xml:",omitempty"`
	Contents              []listed
}

type listed struct {
	Key          string
	LastModified string
	ETag         string
	Size         int
}

// pageMost keeps pages small, so that whoever lists has to turn them.
const pageMost = 3

func (s *Server) onBucket(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodHead:
		return nil
	case q.Has("location"):
		_, err := fmt.Fprintf(w, "<LocationConstraint>%s</LocationConstraint>", s.o.Region)
		return err
	case q.Get("list-type") != "2":
		return refusal{http.StatusNotImplemented, "NotImplemented"}
	}
	out := listing{Name: s.o.Bucket, Prefix: q.Get("prefix")}
	most := pageMost
	if n, err := strconv.Atoi(q.Get("max-keys")); err == nil {
		most = min(most, n)
	}
	for _, key := range slices.Sorted(maps.Keys(s.objects)) {
		if !strings.HasPrefix(key, out.Prefix) || key <= q.Get("continuation-token") {
			continue
		}
		if len(out.Contents) == most {
			out.IsTruncated, out.NextContinuationToken = true, out.Contents[most-1].Key
			break
		}
		o := s.objects[key]
		out.Contents = append(out.Contents, listed{key, o.at.Format("2006-01-02T15:04:05.000Z"), o.tag, len(o.data)})
	}
	out.KeyCount = len(out.Contents)
	w.Header().Set("Content-Type", "application/xml")
	return xml.NewEncoder(w).Encode(out)
}
