// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/guard"
)

var (
	errUnknown = errors.New("the token is unknown")
	errDown    = errors.New("connection refused")
)

// upstream answers as it is told, and keeps count.
type upstream struct {
	mu                 sync.Mutex
	err                error
	delay              time.Duration
	calls, now, atOnce int
}

func (u *upstream) set(err error, delay time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.err, u.delay = err, delay
}

func (u *upstream) made() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.calls
}

func (u *upstream) want(t *testing.T, calls int) {
	t.Helper()
	if got := u.made(); got != calls {
		t.Fatalf("expected %d calls, got %d", calls, got)
	}
}

// begin notes that a call has begun, and tells what is to become of it.
func (u *upstream) begin() (delay time.Duration, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.calls++
	u.now++
	u.atOnce = max(u.atOnce, u.now)
	return u.delay, u.err
}

func (u *upstream) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.now--
}

// ask is a call. Its good answers are good for age.
func (u *upstream) ask(age time.Duration) func(context.Context) (string, time.Duration, error) {
	return func(ctx context.Context) (string, time.Duration, error) {
		delay, err := u.begin()
		defer u.end()
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return "", 0, ctx.Err()
		}
		return "yes", age, err
	}
}

// asker asks an upstream through a Memo.
type asker struct {
	*upstream
	guard *guard.Guard
	memo  *guard.Memo[string]
}

func newAsker(o guard.Options) *asker {
	g := guard.New(o)
	return &asker{upstream: new(upstream), guard: g, memo: guard.NewMemo[string](g, 1000)}
}

// do asks for a minute's answer.
func (a *asker) do(ctx context.Context, client, key string) error {
	_, err := a.memo.Do(ctx, client, []string{key}, a.ask(time.Minute))
	return err
}

// begin asks, and gives what to receive the error from.
func (a *asker) begin(ctx context.Context, client, key string) <-chan error {
	end := make(chan error, 1)
	go func() { end <- a.do(ctx, client, key) }()
	synctest.Wait()
	return end
}

// address is that of the n-th client.
func address(n int) string { return "client " + strconv.Itoa(n) }

// pass lets time go by, and what is due then happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func wantError(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("expected %v, got %v", want, got)
	}
	if unavailable := errors.Is(got, guard.ErrUnavailable); unavailable != (want != nil && want != errUnknown) {
		t.Fatalf("expected only what is no answer to be unavailable, got %v", got)
	}
}
