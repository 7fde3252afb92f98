package main

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/backdock/backdock/internal/blob"
	"github.com/backdock/backdock/receiving/evidence"
)

// evidenceFlags say where photos and videos are kept.
type evidenceFlags struct {
	Evidence  string `name:"evidence-store" help:"Where photos and videos are: file:///folder or s3://bucket/prefix?endpoint=https://host&region=…; a folder in the data folder if not given." env:"BACKDOCK_EVIDENCE" placeholder:"URL"`
	EvKey     string `name:"evidence-s3-key" help:"Access key of the bucket; better in a file named by BACKDOCK_EVIDENCE_S3_KEY_FILE." env:"BACKDOCK_EVIDENCE_S3_KEY" placeholder:"KEY"`
	EvSecret  string `name:"evidence-s3-secret" help:"Its secret; better in a file named by BACKDOCK_EVIDENCE_S3_SECRET_FILE." env:"BACKDOCK_EVIDENCE_S3_SECRET" placeholder:"SECRET"`
	EvPhotoMB int64  `name:"evidence-photo-mib" help:"Largest photo." default:"20" env:"BACKDOCK_EVIDENCE_PHOTO_MIB" placeholder:"MIB"`
	EvVideoMB int64  `name:"evidence-video-mib" help:"Largest video." default:"2048" env:"BACKDOCK_EVIDENCE_VIDEO_MIB" placeholder:"MIB"`
}

func (f evidenceFlags) limits() evidence.Limits {
	return evidence.Limits{PhotoBytes: f.EvPhotoMB << 20, VideoBytes: f.EvVideoMB << 20}
}

// open opens the store; data is the folder of everything else.
func (f evidenceFlags) openEvidence(ctx context.Context, data string) (evidence.Store, error) {
	if f.Evidence == "" {
		return blob.NewDisk(filepath.Join(data, "evidence"))
	}
	u, err := url.Parse(f.Evidence)
	if err != nil {
		return nil, fmt.Errorf("evidence store: want file:///folder or s3://bucket/prefix?endpoint=…, not %q", f.Evidence)
	}
	switch u.Scheme {
	case "file":
		return blob.NewDisk(filepath.FromSlash(u.Path))
	case "s3":
		return f.bucket(ctx, u)
	}
	return nil, fmt.Errorf("evidence store: want file:///folder or s3://bucket/prefix?endpoint=…, not %q", f.Evidence)
}

func (f evidenceFlags) bucket(ctx context.Context, u *url.URL) (evidence.Store, error) {
	q := u.Query()
	end, err := url.Parse(q.Get("endpoint"))
	if err != nil || end.Host == "" || end.Scheme != "https" && end.Scheme != "http" {
		return nil, fmt.Errorf("evidence store: s3://bucket needs ?endpoint=https://host")
	}
	if f.EvKey == "" || f.EvSecret == "" {
		return nil, fmt.Errorf("evidence store: a bucket needs BACKDOCK_EVIDENCE_S3_KEY and BACKDOCK_EVIDENCE_S3_SECRET, or files named by …_FILE")
	}
	prefix := strings.Trim(u.Path, "/")
	if prefix != "" {
		prefix += "/"
	}
	return blob.NewS3(ctx, blob.S3Options{Endpoint: end.Host, Insecure: end.Scheme == "http", Region: q.Get("region"), Bucket: u.Host, Prefix: prefix, Key: f.EvKey, Secret: f.EvSecret})
}
