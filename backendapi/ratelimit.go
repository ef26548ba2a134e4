// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"crypto/sha256"
	"runtime"
	"strings"
	"sync"
	"time"
	"weak"
)

// What Clerk allows a secret key in ten seconds
// (https://clerk.com/docs/guides/how-clerk-works/system-limits). The key set is
// not counted.
const (
	ProductionRequests  = 1000
	DevelopmentRequests = 100

	limitWindow = 10 * time.Second
)

// limiter lets so many requests pass in any ten seconds, and lets the others
// wait, first come, first served.
type limiter struct {
	// turn holds whoever is to pass next.
	turn chan struct{}
	// passed is when the last requests did, as many as may in the window.
	passed []time.Time
	next   int // the oldest of them
}

func newLimiter(requests int) *limiter {
	return &limiter{turn: make(chan struct{}, 1), passed: make([]time.Time, requests)}
}

// wait returns when a request may be made, or with the context's error. Who
// gives up waiting takes nothing from the others. A nil limiter has no limit.
func (l *limiter) wait(ctx context.Context) error {
	if l == nil {
		return ctx.Err()
	}
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-l.turn }()
	if err := sleep(ctx, time.Until(l.passed[l.next].Add(limitWindow))); err != nil {
		return err
	}
	l.passed[l.next] = time.Now()
	l.next = (l.next + 1) % len(l.passed)
	return nil
}

// sleep waits, unless the context ends before.
func sleep(ctx context.Context, pause time.Duration) error {
	if pause <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// limiters are shared by the Clients of a key, as long as there is one.
var limiters = struct {
	sync.Mutex
	of map[limiterKey]weak.Pointer[limiter]
}{of: map[limiterKey]weak.Pointer[limiter]{}}

type limiterKey struct {
	key      [sha256.Size]byte
	requests int
}

// limiterFor gives the limiter of a key. When it is not said how many requests
// are allowed, the kind of key tells, except on loopback: Clerk is not there.
func limiterFor(key string, requests int, loopback bool) *limiter {
	switch {
	case key == "" || requests < 0 || requests == 0 && loopback:
		return nil
	case requests == 0 && strings.HasPrefix(key, "sk_test_"):
		requests = DevelopmentRequests
	case requests == 0:
		requests = ProductionRequests
	}
	id := limiterKey{sha256.Sum256([]byte(key)), requests}
	limiters.Lock()
	defer limiters.Unlock()
	if l := limiters.of[id].Value(); l != nil {
		return l
	}
	l := newLimiter(requests)
	limiters.of[id] = weak.Make(l)
	runtime.AddCleanup(l, forgetLimiter, id)
	return l
}

// forgetLimiter ends the entry of a limiter that is gone, unless another one has
// followed it.
func forgetLimiter(id limiterKey) {
	limiters.Lock()
	defer limiters.Unlock()
	if limiters.of[id].Value() == nil {
		delete(limiters.of, id)
	}
}
