// SPDX-License-Identifier: Apache-2.0

package legacy

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pageServer is a source of pages in a test's hands. It takes a second.
type pageServer struct {
	mu      sync.Mutex
	page    []byte
	failure error
	hangs   bool
	calls   int
	busy    bool
	crowded bool
}

func (p *pageServer) Interstitial(ctx context.Context) ([]byte, error) {
	p.mu.Lock()
	p.calls++
	p.crowded = p.crowded || p.busy
	p.busy = true
	hangs := p.hangs
	p.mu.Unlock()
	if hangs {
		<-ctx.Done()
	} else {
		pass(time.Second)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy = false
	if hangs {
		return nil, ctx.Err()
	}
	return p.page, p.failure
}

func (p *pageServer) becomes(page string, failure error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.page, p.failure, p.hangs = []byte(page), failure, false
}

func (p *pageServer) expectCalls(t *testing.T, want int) {
	t.Helper()
	synctest.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls != want || p.crowded {
		t.Errorf("%d fetches, want %d; at once: %t", p.calls, want, p.crowded)
	}
}

func newCache(t *testing.T, source InterstitialPages, log *slog.Logger) *PageCache {
	t.Helper()
	c, err := NewPageCache(PageCacheOptions{Source: source, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func expectPage(t *testing.T, c *PageCache, want string) {
	t.Helper()
	page, err := c.Interstitial(t.Context())
	if err != nil || string(page) != want {
		t.Errorf("%q and %v, want %q", page, err, want)
	}
}

func expectNoPage(t *testing.T, c *PageCache, want string) {
	t.Helper()
	page, err := c.Interstitial(t.Context())
	if page != nil || err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%d bytes and %v, want an error with %q", len(page), err, want)
	}
}

func TestAPageIsFetchedOnceAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &pageServer{page: []byte("one")}
		c := newCache(t, server, nil)
		server.expectCalls(t, 0)
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() { expectPage(t, c, "one") })
		}
		group.Wait()
		server.expectCalls(t, 1)

		server.becomes("two", nil)
		pass(pageLifetime - time.Second)
		expectPage(t, c, "one")
		server.expectCalls(t, 1)

		// The old one is given at once, while the new one is fetched.
		pass(time.Second)
		expectPage(t, c, "one")
		expectPage(t, c, "one")
		pass(2 * time.Second)
		expectPage(t, c, "two")
		server.expectCalls(t, 2)
	})
}

func TestAnOldPageOutlivesAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &pageServer{page: []byte("one")}
		var log bytes.Buffer
		c := newCache(t, server, slog.New(slog.NewTextHandler(&log, nil)))
		expectPage(t, c, "one")
		server.becomes("", errors.New("no route to host"))
		for range 3 {
			pass(24 * time.Hour)
			expectPage(t, c, "one")
			pass(2 * time.Second)
			// Within the pause, nobody asks again.
			expectPage(t, c, "one")
		}
		server.expectCalls(t, 4)
		server.becomes("two", nil)
		pass(pagePause)
		expectPage(t, c, "one")
		pass(2 * time.Second)
		expectPage(t, c, "two")
		if lines := strings.Count(log.String(), "\n"); lines != 2 || !strings.Contains(log.String(), "works again") {
			t.Errorf("expected one line about the failure and one about its end, got\n%s", log.String())
		}
	})
}

// everyOther is a source of pages that fails every other time.
type everyOther struct{ calls int }

func (e *everyOther) Interstitial(context.Context) ([]byte, error) {
	if e.calls++; e.calls%2 == 0 {
		return nil, errors.New("no route to host")
	}
	return []byte("one"), nil
}

// TestAServerThatWorksNowAndThenIsNotLoggedOften has somebody ask for the page
// each second, for a day.
func TestAServerThatWorksNowAndThenIsNotLoggedOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		c := newCache(t, new(everyOther), slog.New(slog.NewTextHandler(&log, nil)))
		for range 24 * 60 * 60 {
			_, _ = c.Interstitial(t.Context()) // It fails where it is to.
			pass(time.Second)
		}
		if n := strings.Count(log.String(), "level=WARN"); n < 20 || n > 24 {
			t.Errorf("expected a line with each hour's failure, got %d", n)
		}
	})
}

func TestAFirstPageThatCannotBeHad(t *testing.T) {
	for want, server := range map[string]*pageServer{
		"no route to host":  {failure: errors.New("no route to host")},
		"got nothing":       {page: []byte{}},
		"at most 1048576":   {page: make([]byte, MaxPageSize+1)},
		"deadline exceeded": {hangs: true},
	} {
		t.Run(want, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := newCache(t, server, nil)
				expectNoPage(t, c, want)
				expectNoPage(t, c, want)
				server.expectCalls(t, 1)
				server.becomes(strings.Repeat("x", MaxPageSize), nil)
				pass(pagePause)
				expectPage(t, c, strings.Repeat("x", MaxPageSize))
				server.expectCalls(t, 2)
			})
		})
	}
}

func TestWhoGivesUpDoesNotTakeThePageFromOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &pageServer{page: []byte("one")}
		c := newCache(t, server, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := c.Interstitial(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		expectPage(t, c, "one")
		server.expectCalls(t, 1)
	})
}

func TestACacheNeedsASource(t *testing.T) {
	if _, err := NewPageCache(PageCacheOptions{}); err == nil {
		t.Error("expected an error")
	}
}

// pass lets time go by in a synctest bubble, where nobody waits for it.
func pass(d time.Duration) { <-time.After(d) }
