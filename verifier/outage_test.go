// SPDX-License-Identifier: Apache-2.0

package verifier_test

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

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func TestKeysServeThroughAnOutageUpToMaxStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(time.Hour)
		wantKey(t, remote)
		server.set(nil, errDown, 0)
		for range 60 {
			pass(time.Minute)
			wantAtOnce(t, func() { wantKey(t, remote) })
		}
		pass(time.Nanosecond)
		wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
		server.set(jwks(jwkOf(instanceKey, nil)), nil, 0)
		pass(time.Minute)
		wantKey(t, remote)
	})
}

func TestMaxStaleIsADayUnlessSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(nil, errDown, 0)
		pass(verifier.DefaultKeysMaxStale)
		wantKey(t, remote)
		pass(time.Nanosecond)
		wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
	})
}

// Requests arrive by the thousand during an outage; each asking again would
// be a second outage for the key server.
func TestRefreshesThatFailAreSpacedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(nil, errDown, 0)
		pass(refreshAge)
		for range 600 { // ten minutes
			for range 10 {
				wantKey(t, remote)
			}
			pass(time.Second)
		}
		if got := server.fetches.Load(); got < 15 || got > 25 {
			t.Errorf("expected about two fetches a minute, got %d in ten", got)
		}
	})
}

func TestAFirstFetchThatFailsIsTriedAgainEverMoreSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		server.set(nil, errDown, 0)
		remote := server.remote(0)
		wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
		wantAtOnce(t, func() {
			for range 1000 {
				wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
			}
		})
		server.wantFetches(t, 1)
		for range 600 { // ten minutes
			wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
			pass(time.Second)
		}
		if got := server.fetches.Load(); got < 20 || got > 60 {
			t.Errorf("expected the fetches to be spaced out by up to 30 s, got %d in ten minutes", got)
		}
		server.set(jwks(jwkOf(instanceKey, nil)), nil, 0)
		pass(30 * time.Second)
		wantKey(t, remote)
		// All is forgotten: a new failure begins with a short pause.
		server.set(nil, errDown, 0)
		pass(verifier.DefaultKeysMaxStale + 1)
		wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
		server.set(jwks(jwkOf(instanceKey, nil)), nil, 0)
		pass(250 * time.Millisecond)
		wantKey(t, remote)
	})
}

func TestManyWhoFailTogetherCountAsOneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		server.set(nil, errDown, time.Second)
		remote := server.remote(0)
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() { wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad) })
		}
		group.Wait()
		server.wantFetches(t, 1)
		server.set(jwks(jwkOf(instanceKey, nil)), nil, 0)
		pass(250 * time.Millisecond)
		wantKey(t, remote)
	})
}

// What a key server answers when it is broken is no reason to forget the keys.
func TestAnAnswerThatIsNoKeySetIsAnOutage(t *testing.T) {
	for name, body := range map[string][]byte{
		"HTML": []byte("<html>502</html>"), "an empty set": jwks(), "nothing": nil,
		"a small key": jwks(jwkOf(newKey(1024), nil)),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newKeyServer()
				remote := server.remote(0)
				wantKey(t, remote)
				server.set(body, nil, 0)
				pass(refreshAge)
				wantKey(t, remote)
				synctest.Wait()
				wantKey(t, remote)
				server.wantFetches(t, 2)

				wantUnavailable(t, server.remote(0), verifier.ReasonJWKRemoteFailedToLoad)
			})
		})
	}
}

func TestAFetchThatGivesNothingIsAnOutage(t *testing.T) {
	remote := must(verifier.NewRemoteKeys(verifier.RemoteOptions{
		Fetch: func(context.Context) (*verifier.KeyDocument, error) { return nil, nil },
	}))
	wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
}

func TestARefusedSecretKeyKeepsItsReasonAndRemedy(t *testing.T) {
	refusal := &verifier.Error{Reason: verifier.ReasonSecretKeyInvalid, Message: "Clerk refused the secret key", Remedy: "copy it anew"}
	remote := must(verifier.NewRemoteKeys(verifier.RemoteOptions{
		Fetch: func(context.Context) (*verifier.KeyDocument, error) { return nil, refusal },
	}))
	for range 2 { // once from the fetch, once from memory
		wantUnavailable(t, remote, verifier.ReasonSecretKeyInvalid)
	}
	_, err := remote.Key(context.Background(), kid)
	var got *verifier.Error
	if !errors.As(err, &got) || got.Remedy != "copy it anew" {
		t.Errorf("expected the remedy to be kept, got %#v", err)
	}
}

// Somebody who closes the tab must not take the keys from all who wait.
func TestACallerWhoGivesUpDoesNotEndTheFetch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		server.set(server.body, nil, 2*time.Second)
		remote := server.remote(0)
		impatient, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		var group sync.WaitGroup
		group.Go(func() {
			_, err := remote.Key(impatient, kid)
			if !errors.Is(err, verifier.ErrKeysUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("expected the caller's own end, got %v", err)
			}
		})
		synctest.Wait()
		group.Go(func() { wantKey(t, remote) })
		group.Wait()
		server.wantFetches(t, 1)
		// Nor does giving up count as a failure of the server's.
		wantAtOnce(t, func() { wantKey(t, remote) })
	})
}

func TestACallerWhoGivesUpOnAnUnknownKeyLearnsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(server.body, nil, time.Second)
		gone, cancel := context.WithCancel(context.Background())
		cancel()
		_, err := remote.Key(gone, "ins_2")
		if !errors.Is(err, verifier.ErrKeysUnavailable) {
			t.Errorf("expected that it is not said whether the key exists, got %v", err)
		}
		pass(time.Second)
		server.wantFetches(t, 2)
	})
}

// When keys rotate, everybody comes with the new one at once, and only one of
// them begins the fetch.
func TestAllWhoNameANewKeyWaitForTheFetchThatBringsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(jwks(jwkOf(instanceKey, members{"kid": "ins_2"})), nil, time.Second)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if _, err := remote.Key(context.Background(), "ins_2"); err != nil {
					t.Errorf("expected the new key, got %v", err)
				}
			})
		}
		group.Wait()
		server.wantFetches(t, 2)
	})
}

func TestAFetchThatHangsIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		server.set(server.body, nil, time.Hour)
		remote := server.remote(0)
		before := time.Now()
		wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
		if took := time.Since(before); took != 10*time.Second {
			t.Errorf("expected the fetch to be given up after 10 s, got %s", took)
		}
	})
}

func TestRunKeepsTheKeysFreshUntilItsContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { remote.Run(ctx); close(ended) }()
		pass(time.Second)
		server.wantFetches(t, 1)
		for range 12 {
			pass(5 * time.Minute)
			wantAtOnce(t, func() { wantKey(t, remote) })
		}
		server.wantFetches(t, 1+60/4)
		cancel()
		<-ended
		pass(time.Hour)
		server.wantFetches(t, 1+60/4)
	})
}

// A fetch that an unknown key caused just before must not let Run sleep until
// the keys are old.
func TestRunCountsFromTheLastFetchWhoeverCausedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go remote.Run(ctx)
		pass(3 * time.Minute)
		_, _ = remote.Key(ctx, "ins_2")
		server.wantFetches(t, 2)
		pass(4*time.Minute - time.Second)
		server.wantFetches(t, 2)
		pass(time.Second)
		server.wantFetches(t, 3)
	})
}

func TestRunKeepsUpWithAShortMaxStale(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(time.Minute)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go remote.Run(ctx)
		pass(time.Second)
		server.set(server.body, nil, time.Second)
		for range 600 {
			wantAtOnce(t, func() { wantKey(t, remote) })
			pass(time.Second)
		}
	})
}

func TestRunTriesAgainAfterAFailureWithoutDelayingRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		server.set(nil, errDown, 0)
		remote := server.remote(0)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		go remote.Run(ctx)
		pass(5 * time.Minute)
		if got := server.fetches.Load(); got < 10 || got > 40 {
			t.Errorf("expected the fetches to be spaced out, got %d in five minutes", got)
		}
		// The background's failures are none of a request's: it asks at once.
		server.set(jwks(jwkOf(instanceKey, nil)), nil, 0)
		wantAtOnce(t, func() { wantKey(t, remote) })
	})
}

func TestRunEndsEvenWhileAFetchHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		server.set(server.body, nil, time.Hour)
		remote := server.remote(0)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { remote.Run(ctx); close(ended) }()
		pass(time.Second)
		cancel()
		wantAtOnce(t, func() { <-ended })
		pass(10 * time.Second) // the fetch's own deadline
	})
}

func TestFailuresAreLogged(t *testing.T) {
	var log bytes.Buffer
	remote := must(verifier.NewRemoteKeys(verifier.RemoteOptions{
		Fetch: func(context.Context) (*verifier.KeyDocument, error) { return nil, errDown },
		Log:   slog.New(slog.NewTextHandler(&log, nil)),
	}))
	wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
	if !strings.Contains(log.String(), "connection refused") {
		t.Errorf("expected the failure in the log, got %q", log.String())
	}
}
