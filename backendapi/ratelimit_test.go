// SPDX-License-Identifier: Apache-2.0

package backendapi_test

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/backendapi"
)

// counter notes when requests are made.
type counter struct {
	sync.Mutex
	asked []time.Time
}

func (c *counter) Do(*http.Request) (*http.Response, error) {
	c.Lock()
	defer c.Unlock()
	c.asked = append(c.asked, time.Now())
	return nil, errors.New("nobody there")
}

// newKey makes a key of a test's own: the limit of a key is the process's.
func newKey(prefix string) string { return prefix + rand.Text() }

func limited(t *testing.T, key string, doer backendapi.Doer, o backendapi.Options) *backendapi.Client {
	t.Helper()
	o.SecretKey, o.Doer, o.Retry = key, doer, new(backendapi.RetryPolicy)
	c, err := backendapi.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRequestsOfAKeyAreQueued(t *testing.T) {
	for _, test := range []struct {
		name, prefix string
		options      backendapi.Options
		allowed      int // in ten seconds
	}{
		{"development", "sk_test_", backendapi.Options{}, 100},
		{"production", "sk_live_", backendapi.Options{}, 1000},
		{"said", "sk_live_", backendapi.Options{RequestLimit: 7}, 7},
		{"said, on loopback", "sk_test_", backendapi.Options{RequestLimit: 7, APIURL: "http://localhost"}, 7},
		{"loopback", "sk_test_", backendapi.Options{APIURL: "http://[::1]:8080"}, 1 << 20},
		{"none", "sk_test_", backendapi.Options{RequestLimit: -1}, 1 << 20},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				doer, key := new(counter), newKey(test.prefix)
				// Two Clients of a key share its limit.
				clients := []*backendapi.Client{limited(t, key, doer, test.options), limited(t, key, doer, test.options)}
				var all sync.WaitGroup
				for i := range 2500 {
					all.Go(func() {
						_, err := clients[i%2].Interstitial.Get(t.Context(), backendapi.InterstitialParams{})
						wantUnreachable(t, err)
					})
				}
				all.Wait()
				if len(doer.asked) != 2500 {
					t.Fatalf("expected every request to be made, got %d", len(doer.asked))
				}
				for i := test.allowed; i < len(doer.asked); i++ {
					if between := doer.asked[i].Sub(doer.asked[i-test.allowed]); between < 10*time.Second {
						t.Fatalf("expected at most %d requests in ten seconds, got one more in %s", test.allowed, between)
					}
				}
				if took, want := doer.asked[2499].Sub(doer.asked[0]), time.Duration(2499/test.allowed)*10*time.Second; took != want {
					t.Errorf("expected no waiting longer than %s, got %s", want, took)
				}
			})
		})
	}
}

func TestTheKeySetIsNotCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		doer := new(counter)
		c := limited(t, newKey("sk_test_"), doer, backendapi.Options{RequestLimit: 1})
		began := time.Now()
		for range 10 {
			_, _ = c.JWKS.Get(t.Context())
		}
		if !time.Now().Equal(began) {
			t.Errorf("expected no waiting, got %s", time.Since(began))
		}
	})
}

func TestWhoGivesUpWaitingTakesNothingFromTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		doer := new(counter)
		c := limited(t, newKey("sk_test_"), doer, backendapi.Options{RequestLimit: 1})
		ask := func(ctx context.Context) error {
			_, err := c.Interstitial.Get(ctx, backendapi.InterstitialParams{})
			return err
		}
		_ = ask(t.Context())
		began := time.Now()
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*100*time.Millisecond)
				defer cancel()
				if err := ask(ctx); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("expected the caller's end, got %v", err)
				}
			})
		}
		all.Wait()
		_ = ask(t.Context())
		if took := time.Since(began); took != 10*time.Second || len(doer.asked) != 2 {
			t.Errorf("expected the second request after ten seconds, got %d requests after %s", len(doer.asked), took)
		}
	})
}

func TestKeysAreLimitedByThemselves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		doer := new(counter)
		began := time.Now()
		for range 10 {
			c := limited(t, newKey("sk_test_"), doer, backendapi.Options{RequestLimit: 1})
			_, _ = c.Interstitial.Get(t.Context(), backendapi.InterstitialParams{})
		}
		if !time.Now().Equal(began) {
			t.Errorf("expected no waiting, got %s", time.Since(began))
		}
	})
}
