// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// The rhythm that RemoteKeys documents.
const (
	refreshAge = 5 * time.Minute
	doubtPause = time.Minute
)

// keyServer is a key server that a test holds in its hand. All of its time is
// that of a synctest bubble.
type keyServer struct {
	mu      sync.Mutex
	body    []byte
	failure error
	delay   time.Duration
	ahead   time.Duration // of this machine's clock
	fetches atomic.Int64
	running atomic.Int64
	overlap atomic.Bool
}

func newKeyServer() *keyServer { return &keyServer{body: jwks(jwkOf(instanceKey, nil))} }

func (s *keyServer) fetch(ctx context.Context) (*verifier.KeyDocument, error) {
	s.fetches.Add(1)
	if s.running.Add(1) > 1 {
		s.overlap.Store(true)
	}
	defer s.running.Add(-1)
	s.mu.Lock()
	delay, body, failure, ahead := s.delay, s.body, s.failure, s.ahead
	s.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if failure != nil {
		return nil, failure
	}
	return &verifier.KeyDocument{Body: body, Date: time.Now().Add(ahead).Truncate(time.Second)}, nil
}

// set changes what the server answers from now on.
func (s *keyServer) set(body []byte, failure error, delay time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.body, s.failure, s.delay = body, failure, delay
}

func (s *keyServer) remote(maxStale time.Duration) *verifier.RemoteKeys {
	return must(verifier.NewRemoteKeys(verifier.RemoteOptions{Fetch: s.fetch, MaxStale: maxStale}))
}

func (s *keyServer) wantFetches(t *testing.T, want int64) {
	t.Helper()
	if got := s.fetches.Load(); got != want {
		t.Fatalf("expected %d fetches, got %d", want, got)
	}
	if s.overlap.Load() {
		t.Fatal("two fetches ran at once")
	}
}

// pass lets the bubble's time go by.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func wantKey(t *testing.T, source verifier.KeySource) {
	t.Helper()
	key, err := source.Key(context.Background(), kid)
	if err != nil || !key.Public.Equal(&instanceKey.PublicKey) {
		t.Fatalf("expected the instance's key, got %v, %v", key, err)
	}
}

func wantUnavailable(t *testing.T, source verifier.KeySource, want verifier.Reason) {
	t.Helper()
	key, err := source.Key(context.Background(), kid)
	if key != nil || !errors.Is(err, verifier.ErrKeysUnavailable) {
		t.Fatalf("expected ErrKeysUnavailable, got %v, %v", key, err)
	}
	wantReason(t, err, want)
}

// wantAtOnce fails when f takes any time at all.
func wantAtOnce(t *testing.T, f func()) {
	t.Helper()
	before := time.Now()
	f()
	if took := time.Since(before); took != 0 {
		t.Errorf("expected nobody to wait, but it took %s", took)
	}
}

var errDown = errors.New("connection refused")

func TestRemoteKeysNeedAFetch(t *testing.T) {
	if _, err := verifier.NewRemoteKeys(verifier.RemoteOptions{}); err == nil {
		t.Error("expected an error")
	}
}

func TestTwoHundredFirstRequestsShareOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		server.set(server.body, nil, time.Second)
		remote := server.remote(0)
		server.wantFetches(t, 0)
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() { wantKey(t, remote) })
		}
		group.Wait()
		server.wantFetches(t, 1)
	})
}

func TestFreshKeysCostNoFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		pass(refreshAge - time.Nanosecond)
		for range 1000 {
			wantKey(t, remote)
		}
		synctest.Wait()
		server.wantFetches(t, 1)
	})
}

func TestOldKeysServeWhileNewOnesAreFetched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(server.body, nil, 9*time.Second)
		pass(refreshAge)
		wantAtOnce(t, func() {
			for range 200 {
				wantKey(t, remote)
			}
		})
		synctest.Wait()
		server.wantFetches(t, 2)
		pass(9 * time.Second)
		wantKey(t, remote)
		pass(refreshAge - 10*time.Second)
		wantKey(t, remote)
		server.wantFetches(t, 2)
	})
}

// A key that Clerk withdrew, for it may have leaked, must stop to sign.
func TestAWithdrawnKeyStopsVerifyingAfterARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(jwks(jwkOf(attackerKey, members{"kid": "ins_new"})), nil, 0)
		pass(refreshAge)
		wantKey(t, remote) // begins the refresh
		synctest.Wait()
		_, err := remote.Key(context.Background(), kid)
		wantReason(t, err, verifier.ReasonJWKKidMismatch)
		if errors.Is(err, verifier.ErrKeysUnavailable) {
			t.Error("expected the token to be at fault, not the server")
		}
		if _, err := remote.Key(context.Background(), "ins_new"); err != nil {
			t.Errorf("expected the new key, got %v", err)
		}
	})
}

// Anybody can send tokens that name unknown keys. Were each worth a fetch,
// the flood would go on to Clerk, which would shut this server out.
func TestAFloodOfUnknownKeysCausesOneFetchAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		flood := func(n int) {
			for i := range n {
				_, err := remote.Key(context.Background(), fmt.Sprintf("ins_evil_%d", i))
				wantReason(t, err, verifier.ReasonJWKKidMismatch)
			}
		}
		flood(10_000)
		server.wantFetches(t, 2)
		pass(doubtPause - time.Nanosecond)
		flood(10_000)
		server.wantFetches(t, 2)
		pass(time.Nanosecond)
		flood(10_000)
		server.wantFetches(t, 3)
		wantKey(t, remote)
	})
}

func TestAFloodFromManyAtOnceCausesOneFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(server.body, nil, time.Second)
		var group sync.WaitGroup
		for i := range 200 {
			group.Go(func() {
				_, err := remote.Key(context.Background(), fmt.Sprintf("ins_evil_%d", i))
				wantReason(t, err, verifier.ReasonJWKKidMismatch)
			})
		}
		synctest.Wait()
		wantAtOnce(t, func() { wantKey(t, remote) })
		group.Wait()
		server.wantFetches(t, 2)
	})
}

func TestANewKeyIsFoundBeforeTheRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(jwks(jwkOf(instanceKey, nil), jwkOf(attackerKey, members{"kid": "ins_new"})), nil, 0)
		if key, err := remote.Key(context.Background(), "ins_new"); err != nil || key.ID != "ins_new" {
			t.Errorf("expected the new key, got %v", err)
		}
		server.wantFetches(t, 2)
	})
}

func TestTheVerifierWorksOnRemoteKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		v := atNoon(server.remote(0))
		for range 10 {
			if _, err := v.Verify(context.Background(), good(), demands); err != nil {
				t.Fatal(err)
			}
		}
		server.wantFetches(t, 1)
	})
}

func TestTheClockCanBeReplaced(t *testing.T) {
	server := newKeyServer()
	now := noon
	remote := must(verifier.NewRemoteKeys(verifier.RemoteOptions{
		Fetch: server.fetch, MaxStale: time.Hour, Now: func() time.Time { return now },
	}))
	wantKey(t, remote)
	server.set(nil, errDown, 0)
	now = noon.Add(time.Hour + 1)
	wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
}
