package api_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/backdock/backdock/api"
	"github.com/backdock/backdock/internal/auth"
	"github.com/backdock/backdock/internal/db"
	"github.com/backdock/backdock/internal/event"
	"github.com/backdock/backdock/internal/id"
	"github.com/backdock/backdock/internal/testkit"
)

// contrib recycles a connection's struct when its handler returns: a writer that outlived it would write one merchant's events to another. Many sockets of two
// merchants come and go without a good-bye while events flow; nobody may ever get a frame of the other.
func TestSocketsNeverMixUp(t *testing.T) {
	before := goleak.IgnoreCurrent()
	d := testkit.Open(t, db.SQLite)
	s := newSite(t, d)
	s.user("other", auth.Grant{Role: auth.Merchant, Owner: 2})
	r := s.serve()
	people := []*person{r.login("acme"), r.login("other")}
	stop := make(chan struct{})
	var writing, reading sync.WaitGroup
	writing.Go(func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				return
			default:
			}
			for owner := range 2 {
				e := fact(int64(n), 1, id.Owner(owner+1))
				e.Data = event.Data{"owner": owner}
				s.emit(e)
			}
		}
	})
	var frames [2]int
	var mu sync.Mutex
	for i := range 2 {
		for range 4 {
			reading.Go(func() {
				for range 15 {
					sc := people[i].watch(`{"op":"resume","since":0}`)
					for range 3 {
						f := sc.until("event")
						if f.Event.Data["owner"] != float64(i) {
							t.Errorf("merchant %d got %v", i, f.Event)
						}
						mu.Lock()
						frames[i]++
						mu.Unlock()
					}
					sc.NetConn().Close() // no close frame
				}
			})
		}
	}
	reading.Wait()
	close(stop)
	writing.Wait()
	if frames[0] < 100 || frames[1] < 100 {
		t.Errorf("frames %v", frames)
	}
	r.stop()
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/backdock/backdock/internal/event.(*Log).Run"), goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"), goleak.IgnoreAnyFunction("database/sql.(*DB).connectionOpener"))
}

// A peer that stops answering pings is gone for the server too.
func TestSilentPeersAreCut(t *testing.T) {
	d := testkit.Open(t, db.SQLite)
	s := newSite(t, d)
	r := s.serve(func(d *api.Deps) { d.Options.Ping = 30 * time.Millisecond; d.Options.Grace = 100 * time.Millisecond })
	boss := r.login("boss")
	sc := boss.watch(`{"op":"resume","since":0}`)
	sc.until("hello")
	// Nobody reads now, so nobody answers pings.
	for deadline := time.Now().Add(20 * time.Second); strings.Contains(metricsOf(r), `backdock_sockets{kind="live"} 1`); {
		if time.Now().After(deadline) {
			t.Fatal("the silent peer is still there")
		}
	}
}

// Requests under way, sockets and new arrivals at the moment of shutdown: sockets get 1012, nobody hangs.
func TestShutdownLetsGo(t *testing.T) {
	d := testkit.Open(t, db.SQLite)
	s := newSite(t, d)
	r := s.serve()
	boss := r.login("boss")
	var screens []*screen
	for range 20 {
		sc := boss.watch(`{"op":"resume","since":0}`)
		sc.until("hello")
		screens = append(screens, sc)
	}
	start := time.Now()
	r.stop()
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("shutdown took %v", took)
	}
	for _, sc := range screens {
		if _, err := sc.next(); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
			t.Errorf("%v, want 1012", err)
		}
	}
	if _, err := http.Get(r.url + "/healthz"); err == nil {
		t.Error("still answers")
	}
}
