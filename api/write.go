package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/danielgtaylor/huma/v2"

	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/idempotency"
)

const maxIdemKey = 200

// call is what a request carries besides its body.
type call struct {
	route     string // pattern, for logs and keys
	path      string // as called
	requestID string
	key       string // Idempotency-Key, or empty
	bodyHash  string
	principal string
	address   string // of the client
	secure    bool   // came by https
}

func addressOf(ctx context.Context) *call { return ctx.Value(callKey{}).(*call) }

// read takes the idempotency key. The path is part of what is hashed: the same key on another unit is another request.
func (k *call) read(hc huma.Context, who caller, body []byte) error {
	k.principal = fmt.Sprint("user/", who.User)
	k.key = hc.Header(headerIdemKey)
	if k.key == "" {
		return nil
	}
	if len(k.key) > maxIdemKey || !plain(k.key) {
		return fault.New(fault.Invalid, "idempotency_key", "an Idempotency-Key has at most %d bytes of text", maxIdemKey)
	}
	u := hc.URL()
	sum := sha256.New()
	fmt.Fprintf(sum, "%s?%s\n", k.path, u.RawQuery)
	sum.Write(body)
	k.bodyHash = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// write runs a verb and makes its answer. With an Idempotency-Key the answer is made inside the verb's transaction and committed with it: render reads through
// db.From and depends on nothing that verb returns.
func write[T any](ctx context.Context, s *Server, verb func(context.Context) error, render func(context.Context) (T, error)) (*out[T], error) {
	k := ctx.Value(callKey{}).(*call)
	if k.key == "" {
		if err := verb(ctx); err != nil {
			return nil, err
		}
		return reply(render(ctx))
	}
	answer, err := s.idem.Do(ctx, idempotency.Key{Principal: k.principal, Route: k.route, Key: k.key, BodyHash: k.bodyHash}, verb, func(ctx context.Context) ([]byte, error) {
		v, err := render(ctx)
		if err != nil {
			return nil, err
		}
		return json.Marshal(v)
	})
	if err != nil {
		return nil, err
	}
	o := &out[T]{}
	if err := json.Unmarshal(answer, &o.Body); err != nil {
		return nil, fmt.Errorf("stored answer of %s: %w", k.route, err)
	}
	return o, nil
}
