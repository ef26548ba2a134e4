// SPDX-License-Identifier: Apache-2.0

package legacy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// InterstitialPages gives the HTML of the interstitial page. Clerk's Backend
// API has one for each instance, and a PageCache remembers it.
type InterstitialPages interface {
	Interstitial(ctx context.Context) ([]byte, error)
}

// MaxPageSize is the size in bytes of the largest page that is kept.
const MaxPageSize = 1 << 20

const (
	pageLifetime = time.Hour
	// pagePause is between a failed fetch and the next: strangers can cause
	// them.
	pagePause    = 10 * time.Second
	fetchTimeout = 10 * time.Second
)

// PageCacheOptions says how a PageCache works.
type PageCacheOptions struct {
	// Source is where the page comes from. It must bound what it reads. It is
	// given a context with a deadline, and is never called twice at once.
	// Required.
	Source InterstitialPages
	// Now is the clock; time.Now when nil.
	Now func() time.Time
	// Log gets what an operator should know; nil for nothing.
	Log *slog.Logger
}

// PageCache keeps the interstitial page for an hour, and for as long after as
// no newer one can be fetched. It is safe for concurrent use.
type PageCache struct {
	source InterstitialPages
	now    func() time.Time
	log    *slog.Logger

	mu      sync.Mutex // guards what follows
	page    []byte     // nil before the first
	failure error      // of the last fetch
	nextAt  time.Time
	current *pageFetch // nil when none is under way
}

// pageFetch is a fetch that any number of callers wait for. It belongs to no
// request: one that gives up must not take the page from all the others.
type pageFetch struct {
	done chan struct{}
}

// NewPageCache makes a PageCache. It fetches nothing yet.
func NewPageCache(o PageCacheOptions) (*PageCache, error) {
	if o.Source == nil {
		return nil, errors.New("a cache needs a source of interstitial pages")
	}
	c := &PageCache{source: o.Source, now: o.Now, log: o.Log}
	if c.now == nil {
		c.now = time.Now
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

// Interstitial implements InterstitialPages. The page may be shared with other
// callers and must not be changed. A page that is there is given at once, and a
// newer one fetched in the background when it is time; only the first is
// waited for.
func (c *PageCache) Interstitial(ctx context.Context) ([]byte, error) {
	page, fetch, failure := c.look()
	if page != nil {
		return page, nil
	}
	if fetch == nil {
		return nil, failure
	}
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting for the interstitial page: %w", ctx.Err())
	case <-fetch.done:
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.page == nil {
		return nil, c.failure
	}
	return c.page, nil
}

// look gives what there is, and begins a fetch if it is time for one.
func (c *PageCache) look() (page []byte, fetch *pageFetch, failure error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil && !c.now().Before(c.nextAt) {
		c.current = &pageFetch{done: make(chan struct{})}
		go c.refresh(c.current)
	}
	return c.page, c.current, c.failure
}

func (c *PageCache) refresh(fetch *pageFetch) {
	defer close(fetch.done)
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	page, err := c.fetch(ctx)

	c.mu.Lock()
	defer c.mu.Unlock()
	c.current = nil
	if err != nil {
		if c.failure == nil {
			c.log.Warn("fetching the interstitial page failed; it is tried again", "error", err, "old_page", c.page != nil)
		}
		c.failure, c.nextAt = err, c.now().Add(pagePause)
		return
	}
	if c.failure != nil {
		c.log.Info("fetching the interstitial page works again")
	}
	c.page, c.failure, c.nextAt = page, nil, c.now().Add(pageLifetime)
}

func (c *PageCache) fetch(ctx context.Context) ([]byte, error) {
	page, err := c.source.Interstitial(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("fetching the interstitial page: %w", err)
	case len(page) == 0:
		return nil, errors.New("fetching the interstitial page: expected HTML, got nothing")
	case len(page) > MaxPageSize:
		return nil, fmt.Errorf("fetching the interstitial page: expected at most %d bytes, got %d", MaxPageSize, len(page))
	}
	return page, nil
}
