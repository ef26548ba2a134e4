// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// watch is an Observer that keeps what it is told.
type watch struct {
	mu       sync.Mutex
	outcomes []verifier.Outcome
	checks   int
}

func (w *watch) VerificationEnded(o verifier.Outcome) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.outcomes = append(w.outcomes, o)
}

func (w *watch) SignatureChecked(time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.checks++
}

// noKeys is a source that cannot be reached.
type noKeys struct{}

func (noKeys) Key(context.Context, string) (*verifier.Key, error) {
	return nil, verifier.KeysUnavailable(verifier.ReasonJWKRemoteFailedToLoad, "", errors.New("down"))
}

func TestAnObserverIsToldHowVerificationsEnd(t *testing.T) {
	expired := sign(header(members{"kid": kid}), session(members{"exp": noon.Add(-time.Hour).Unix()}))
	for name, test := range map[string]struct {
		keys   verifier.KeySource
		tokens []string
		want   []verifier.Outcome
		checks int
	}{
		"good, twice":  {keys(), []string{good(), good()}, []verifier.Outcome{verifier.Verified, verifier.Cached}, 1},
		"expired":      {keys(), []string{expired}, []verifier.Outcome{verifier.Refused}, 1},
		"without keys": {noKeys{}, []string{good()}, []verifier.Outcome{verifier.Undecided}, 0},
		"no token":     {keys(), []string{"a.b.c"}, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			seen := new(watch)
			v := must(verifier.New(verifier.Options{
				Keys: test.keys, CacheBytes: 1 << 20, Observer: seen, Now: func() time.Time { return noon },
			}))
			defer v.Close()
			for _, token := range test.tokens {
				_, _ = v.Verify(t.Context(), token, demands)
			}
			if !slices.Equal(seen.outcomes, test.want) || seen.checks != test.checks {
				t.Errorf("expected %v and %d checks, got %v and %d", test.want, test.checks, seen.outcomes, seen.checks)
			}
		})
	}
}

func TestTheCacheTellsHowFullItIs(t *testing.T) {
	// Enough for one or two tokens in each generation of each shard.
	v, _, _ := remembering(t, keys(), 2*16*(4<<10))
	if got := v.CacheStatus(); got != (verifier.CacheStatus{}) {
		t.Errorf("expected nothing in it, got %+v", got)
	}
	const tokens = 300
	for i := range tokens {
		token := sign(header(members{"kid": kid}), session(members{"jti": i}))
		for range 3 {
			must(v.Verify(t.Context(), token, demands))
		}
	}
	status := v.CacheStatus()
	if status.Tokens == 0 || status.Bytes < status.Tokens<<10 || status.Evicted == 0 || uint64(status.Tokens)+status.Evicted != tokens {
		t.Errorf("expected each of %d tokens to be there or evicted, got %+v", tokens, status)
	}
	v.Close()
	if got := v.CacheStatus(); got.Tokens != 0 || got.Bytes != 0 || got.Evicted != status.Evicted {
		t.Errorf("expected nothing in it, and no eviction more, got %+v", got)
	}
}

func TestFetchesTellWhatMadeThemBegin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		var got []verifier.Trigger
		failed := 0
		r := must(verifier.NewRemoteKeys(verifier.RemoteOptions{Fetch: server.fetch, Observe: func(trigger verifier.Trigger, err error) {
			got = append(got, trigger)
			if err != nil {
				failed++
			}
		}}))
		wantKey(t, r)
		pass(doubtPause)
		_, _ = r.Key(t.Context(), "ins_other")
		pass(refreshAge + time.Second)
		server.set(nil, errors.New("down"), 0)
		wantKey(t, r)
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		go r.Run(ctx)
		pass(time.Second)
		cancel()
		synctest.Wait()
		want := []verifier.Trigger{verifier.TriggerMissing, verifier.TriggerToken, verifier.TriggerAge, verifier.TriggerSchedule}
		if got = slices.Compact(got); !slices.Equal(got, want) || failed < 2 {
			t.Errorf("expected %v, got %v with %d failures", want, got, failed)
		}
	})
}

func TestKeysTellTheDifferenceOfClocks(t *testing.T) {
	for name, test := range map[string]struct{ ahead, least, most time.Duration }{
		"the same": {0, 0, 0},
		"behind":   {time.Minute, -time.Minute, -59 * time.Second},
		"ahead":    {-time.Minute, 59 * time.Second, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newKeyServer()
				server.ahead = test.ahead
				r := server.remote(0)
				wantKey(t, r)
				if got := r.Status().ClockSkew; got < test.least || got > test.most {
					t.Errorf("expected %s to %s, got %s", test.least, test.most, got)
				}
			})
		})
	}
}
