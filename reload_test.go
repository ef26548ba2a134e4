// SPDX-License-Identifier: Apache-2.0

package caddyclerk_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	caddyclerk "github.com/caddy-clerk/caddy-clerk"
	"github.com/caddy-clerk/caddy-clerk/emulator"
)

// load asks a site for a page over and over, in as many goroutines as given.
type load struct {
	answered atomic.Int64
	wrong    atomic.Pointer[string]
	stop     chan struct{}
	workers  sync.WaitGroup
}

func startLoad(s *site, workers int, headers ...string) *load {
	l := &load{stop: make(chan struct{})}
	for range workers {
		l.workers.Go(func() {
			for {
				select {
				case <-l.stop:
					return
				default:
					l.ask(s, headers)
				}
			}
		})
	}
	return l
}

// ask sends one request, and anew if it found a listener that was going.
func (l *load) ask(s *site, headers []string) {
	for range 20 {
		status, err := askFor(s, headers)
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
			continue
		case err != nil:
			l.note(err.Error())
		case status != http.StatusOK:
			l.note(fmt.Sprint("status ", status))
		}
		l.answered.Add(1)
		return
	}
	l.note("the connection was closed each time")
}

func askFor(s *site, headers []string) (int, error) {
	req, err := http.NewRequest(http.MethodGet, s.url, nil)
	if err != nil {
		return 0, err
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Add(headers[i], headers[i+1])
	}
	resp, err := s.client.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func (l *load) note(wrong string) { l.wrong.CompareAndSwap(nil, &wrong) }

// end tells how many requests were answered, and what went wrong first.
func (l *load) end(t *testing.T) {
	t.Helper()
	close(l.stop)
	l.workers.Wait()
	if wrong := l.wrong.Load(); wrong != nil {
		t.Errorf("expected every request to be let in, got %s", *wrong)
	}
	if l.answered.Load() == 0 {
		t.Error("expected requests to come in meanwhile")
	}
}

// TestReloadsUnderLoad is a small one of what `go run ./bench -reloads 1000`
// measures: every other configuration is bad, and Clerk is gone, so that
// whatever a reload threw away would be missed.
func TestReloadsUnderLoad(t *testing.T) {
	c := startClerk(t, emulator.Options{})
	gate := "clerk_auth {\n" + c.settings() + "\n}\n"
	s := serve(t, "", gate+"respond `0`")
	token := c.bearer(t, "alice", "")
	s.get("/", token...).expect(t, http.StatusOK)
	c.server.Close()
	alive := caddyclerk.PooledInstances()
	if len(alive) != 1 {
		t.Fatalf("expected one instance, got %d", len(alive))
	}

	load := startLoad(s, 2, token...)
	var warm int
	for n := range 30 {
		if n == 10 {
			warm = runtime.NumGoroutine()
		}
		if err := s.load("", gate+"clerk_auth /x {\n"+c.settings()+"\nclock_skew 1h\n}"); err == nil {
			t.Fatal("expected a bad configuration to be refused")
		}
		if err := s.load("", fmt.Sprintf("%srespond `%d`", gate, n+1)); err != nil {
			t.Fatal(err)
		}
		if !maps.Equal(alive, caddyclerk.PooledInstances()) {
			t.Fatal("expected the instance to stay the same, with its keys and the tokens that it remembers")
		}
	}
	load.end(t)
	if got := s.get("/", token...); got.body != "30" {
		t.Errorf("expected the last configuration to answer, got %q", got.body)
	}
	// A goroutine that each of the forty reloads left behind would show.
	await(t, "no goroutines to be left behind by reloads", func() bool { return runtime.NumGoroutine() < warm+20 })
}
