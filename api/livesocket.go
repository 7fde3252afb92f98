package api

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"

	"github.com/backdock/backdock/api/live"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/fault"
	"github.com/backdock/backdock/internal/id"
)

const (
	liveMessage   = 4 << 10
	liveQueue     = 512
	closeLoggedIn = 4401 // the session is over: log in again
)

// viewer is one browser on /ws/live.
type viewer struct {
	s     *Server
	sk    *socket
	token string
	who   caller
	sight sight
	sub   *live.Subscriber
}

// Send and SendWait make a socket a live.Sink.
func (sk *socket) Send(frame []byte) bool     { return sk.send(frame) }
func (sk *socket) SendWait(frame []byte) bool { return sk.sendWait(frame) }

func (s *Server) liveHandler() fiber.Handler {
	return s.sockets.handler(socketKind{name: "live", readLimit: liveMessage, queue: liveQueue}, func(c *fiber.Ctx) (any, error) {
		token := c.Cookies(cookieName)
		who, err := s.identify(c.UserContext(), token, loggedIn)
		if err != nil {
			return nil, err
		}
		return &viewer{s: s, token: token, who: who, sight: sightOf(who.Principal)}, nil
	}, func(ctx context.Context, sk *socket, who any) {
		v := who.(*viewer)
		v.sk = sk
		v.serve(ctx)
	})
}

// serve takes the first resume, then obeys further ones: another warehouse, board on or off.
func (v *viewer) serve(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var recheck sync.WaitGroup
	defer recheck.Wait()
	defer cancel()
	recheck.Go(func() { v.recheck(ctx) })
	for {
		b, err := v.sk.read()
		if err != nil {
			break
		}
		if err := v.resume(ctx, b); err != nil {
			f := fault.Of(err)
			if f.Kind == fault.Internal && ctx.Err() == nil {
				v.s.logger.Error("live", "error", err)
				v.sk.close(websocket.CloseInternalServerErr, "internal")
			}
			v.sk.close(websocket.ClosePolicyViolation, f.Code)
			break
		}
	}
	if v.sub != nil {
		v.sub.Leave()
	}
}

func (v *viewer) resume(ctx context.Context, b []byte) error {
	var m live.Resume
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil || m.Op != "resume" || m.Since < 0 || d.More() || !plain(m.Warehouse) {
		return fault.New(fault.Invalid, "malformed", "want {\"op\":\"resume\",\"since\":N,…}")
	}
	var board id.Warehouse
	if m.Board {
		scope := v.who.Principal.Scope(seesBoard.roles...)
		w, err := v.s.report.WarehouseNamed(ctx, scope, m.Warehouse)
		if err == nil {
			err = boardOf(w, scope)
		}
		if err != nil {
			return err
		}
		board = w.ID
	}
	if v.sub == nil {
		sub, err := v.s.hub.Subscribe(ctx, v.sk, func(e event.Event) bool { return v.sight.sees(e) }, m.Since)
		if err != nil {
			return err
		}
		v.sub = sub
	}
	v.sub.Watch(board)
	return nil
}

// recheck reads the session again now and then: a user who was locked out or lost a grant stops seeing, without waiting for the socket to end.
func (v *viewer) recheck(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(v.s.o.Recheck):
		}
		who, err := v.s.identify(ctx, v.token, loggedIn)
		if fault.IsKind(err, fault.Unauthenticated) {
			v.sk.close(closeLoggedIn, "not_logged_in")
			return
		}
		if err == nil && !slices.Equal(who.Grants, v.who.Grants) {
			v.sk.close(websocket.CloseServiceRestart, "grants_changed") // the client comes back and sees what it may see now
			return
		}
	}
}
