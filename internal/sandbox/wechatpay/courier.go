package wechatpay

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/backdock/backdock/internal/id"
)

// couriers is how many callbacks are on the wire at once.
const couriers = 8

// Run settles refunds and delivers callbacks until ctx ends.
func (s *Server) Run(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		due, soonest := s.tick()
		for _, c := range due {
			wg.Go(func() {
				s.deliver(ctx, c)
				s.nudge()
			})
		}
		wait := time.Hour
		if !soonest.IsZero() {
			wait = max(soonest.Sub(s.clock.Now()), time.Millisecond)
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// tick settles what is due and takes the callbacks that are due, at most as many as there are free couriers. soonest is when to look again.
func (s *Server) tick() (due []Callback, soonest time.Time) {
	now := s.clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.settleDue(now); err != nil {
		s.logger.Error("settle", "err", err)
		return nil, time.Time{}
	}
	earlier := func(t time.Time) {
		if soonest.IsZero() || t.Before(soonest) {
			soonest = t
		}
	}
	for _, r := range s.book.unsettled {
		earlier(r.SettleAt)
	}
	var ready []*Callback
	inFlight := map[string]bool{} // by refund: of one refund the older goes first, unless a rule or a failure says otherwise
	for _, c := range s.book.open {
		switch {
		case s.busy[c.ID]:
			inFlight[c.OutRefundNo] = true
		case c.NextAt.After(now):
			earlier(c.NextAt)
		default:
			ready = append(ready, c)
		}
	}
	slices.SortFunc(ready, func(a, b *Callback) int {
		return cmp.Or(a.CreateTime.Compare(b.CreateTime), strings.Compare(a.ID, b.ID))
	})
	for _, c := range ready {
		if len(s.busy) < couriers && !inFlight[c.OutRefundNo] {
			s.busy[c.ID], inFlight[c.OutRefundNo] = true, true
			due = append(due, *c)
		}
	}
	return due, soonest
}

// deliver makes one delivery of c, which the caller has marked busy, and writes down what came of it.
func (s *Server) deliver(ctx context.Context, c Callback) Callback {
	s.mu.Lock()
	rule, counts := s.book.strike(delivery, target{outRefundNo: c.OutRefundNo, transactionID: s.transactionOfRefund(c.OutRefundNo)})
	s.mu.Unlock()
	// What this callback tells must be on disk: the merchant may ask at once.
	if err := s.durable(); err != nil {
		s.logger.Error("state is not on disk; callback not sent", "err", err)
		s.release(c.ID)
		return c
	}
	var done []Delivery
	if rule != nil && rule.Kind == SigntestCallback {
		done = append(done, s.post(ctx, c, SigntestCallback))
		rule = nil
	}
	var fault Kind
	if rule != nil {
		fault = rule.Kind
	}
	last := s.post(ctx, c, fault)
	return s.delivered(ctx, c.ID, append(done, last), last.Status >= 200 && last.Status < 300, counts)
}

func (s *Server) transactionOfRefund(outRefundNo string) string {
	if r, ok := s.book.refunds[outRefundNo]; ok {
		return r.TransactionID
	}
	return ""
}

func (s *Server) release(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, id)
}

// delivered writes down the deliveries. A delivery cut short by our own end counts as not made: the next start makes it again.
func (s *Server) delivered(ctx context.Context, id string, done []Delivery, ok bool, counts []ruleCounts) Callback {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.busy, id)
	c := *s.book.callbacks[id]
	if ctx.Err() != nil {
		return c
	}
	now := s.clock.Now()
	c.Deliveries = append(c.Deliveries[:len(c.Deliveries):len(c.Deliveries)], done...)
	c.Behind = false
	switch {
	case ok && c.Copies > 0:
		c.Copies--
		c.NextAt = now
	case ok:
		c.State = CallbackDelivered
	case c.Tries >= len(s.cfg.Backoff):
		c.State = CallbackGivenUp
	default:
		c.NextAt = now.Add(s.cfg.Backoff[c.Tries])
		c.Tries++
	}
	if _, err := s.commit(entry{Callback: &c, Fired: counts}); err != nil {
		s.logger.Error("write down a delivery", "err", err)
		return c
	}
	s.letGo(c, now)
	return c
}

// letGo releases the reordered callbacks that waited for a later one to go first.
func (s *Server) letGo(c Callback, now time.Time) {
	for _, held := range s.book.open {
		if held.ID == c.ID || !held.Behind || !held.CreateTime.Before(c.CreateTime) {
			continue
		}
		free := *held
		free.Behind, free.NextAt = false, now
		if _, err := s.commit(entry{Callback: &free}); err != nil {
			s.logger.Error("release a reordered callback", "err", err)
		}
	}
}

// post sends c once. The fault decides with which keys.
func (s *Server) post(ctx context.Context, c Callback, fault Kind) Delivery {
	d := Delivery{At: s.clock.Now(), Fault: fault}
	r, err := s.envelope(ctx, c, fault)
	if err != nil {
		d.Error = err.Error()
		return d
	}
	answer, err := s.client.Do(r)
	if err != nil {
		d.Error = err.Error()
		return d
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<16)) // only the status counts; reading lets the connection be used again
	d.Status = answer.StatusCode
	return d
}

// notification is the vendor's envelope.
type notification struct {
	ID           string               `json:"id"`
	CreateTime   string               `json:"create_time"`
	ResourceType string               `json:"resource_type"`
	EventType    string               `json:"event_type"`
	Summary      string               `json:"summary"`
	Resource     notificationResource `json:"resource"`
}

type notificationResource struct {
	OriginalType   string `json:"original_type"`
	Algorithm      string `json:"algorithm"`
	Ciphertext     string `json:"ciphertext"`
	AssociatedData string `json:"associated_data"`
	Nonce          string `json:"nonce"`
}

// envelope encrypts and signs c.
func (s *Server) envelope(ctx context.Context, c Callback, fault Kind) (*http.Request, error) {
	right, keys := s.keys, s.keys
	if fault == WrongKeyCallback || fault == WrongSignCallback {
		wrong, err := s.wrongKeys()
		if err != nil {
			return nil, err
		}
		keys = wrong
	}
	aesKey, rsaKey := right.APIv3, right.Platform
	switch fault {
	case WrongKeyCallback:
		aesKey = keys.APIv3
	case WrongSignCallback:
		rsaKey = keys.Platform
	}
	nonce := id.Hex(6) // 12 characters
	sealed, err := seal(aesKey, nonce, "refund", c.Resource)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(notification{
		ID: c.ID, CreateTime: vendorTime(c.CreateTime), ResourceType: "encrypt-resource", EventType: c.EventType, Summary: summaryOfEvent(c.EventType),
		Resource: notificationResource{OriginalType: "refund", Algorithm: "AEAD_AES_256_GCM", Ciphertext: sealed, AssociatedData: "refund", Nonce: nonce},
	})
	if err != nil {
		return nil, fmt.Errorf("encode callback: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make callback: %w", err)
	}
	timestamp, headerNonce := strconv.FormatInt(s.clock.Now().Unix(), 10), id.Hex(16)
	signature, err := sign(rsaKey, answerMessage(timestamp, headerNonce, body))
	if err != nil {
		return nil, err
	}
	if fault == SigntestCallback {
		signature = "WECHATPAY/SIGNTEST/" + signature
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", "Mozilla/4.0")
	r.Header.Set("Wechatpay-Timestamp", timestamp)
	r.Header.Set("Wechatpay-Nonce", headerNonce)
	r.Header.Set("Wechatpay-Serial", right.PlatformSerial)
	r.Header.Set("Wechatpay-Signature", signature)
	r.Header.Set("Wechatpay-Signature-Type", scheme)
	return r, nil
}

func summaryOfEvent(event string) string {
	for status, name := range eventOf {
		if name == event {
			return summaryOf[status]
		}
	}
	return ""
}

// wrongKeys are a stranger's: made once, on first need.
func (s *Server) wrongKeys() (*Keys, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stranger != nil {
		return s.stranger, nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("make a stranger's key: %w", err)
	}
	s.stranger = &Keys{Platform: key, APIv3: []byte(id.Hex(16))}
	return s.stranger, nil
}
