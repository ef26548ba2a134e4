// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// signedBy is a good token but for who signed it.
func signedBy(alg string, changes members) string {
	signed := encode(toJSON(header(members{"alg": alg}))) + "." + encode(toJSON(session(changes)))
	return signed + "." + encode(rsaSign(attackerKey, alg, signed))
}

// Clerk's key ID is the instance's: a rotation may keep it.
func TestAKeyThatIsReplacedUnderItsIDIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		v, _, _ := remembering(t, server.remote(0), 1<<20)
		before, after := good(), signedBy("RS256", nil)
		if _, err := v.Verify(context.Background(), before, demands); err != nil {
			t.Fatal(err)
		}
		server.set(jwks(jwkOf(attackerKey, nil)), nil, time.Second)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if _, err := v.Verify(context.Background(), after, demands); err != nil {
					t.Errorf("expected the new key to be found, got %v", err)
				}
			})
		}
		group.Wait()
		server.wantFetches(t, 2)
		_, err := v.Verify(context.Background(), before, demands)
		wantReason(t, err, verifier.ReasonTokenInvalidSignature)
		server.wantFetches(t, 2)
	})
}

func TestAFloodOfBadSignaturesCausesOneFetchAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		v, _, _ := remembering(t, server.remote(0), 1<<20)
		forged := signedBy("RS256", nil)
		for minute := range 3 {
			for range 50 {
				_, err := v.Verify(context.Background(), forged, demands)
				wantReason(t, err, verifier.ReasonTokenInvalidSignature)
				if errors.Is(err, verifier.ErrKeysUnavailable) {
					t.Error("expected the token to be at fault")
				}
				// Unknown keys share the allowance.
				_, _ = v.Verify(context.Background(), sign(header(members{"kid": "ins_2"}), session(nil)), demands)
			}
			server.wantFetches(t, int64(2+minute))
			pass(doubtPause)
		}
	})
}

// A forger gains nothing by an outage, nor does he end anybody's session.
func TestABadSignatureDuringAnOutageIsStillOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		v, _, _ := remembering(t, server.remote(0), 1<<20)
		if _, err := v.Verify(context.Background(), good(), demands); err != nil {
			t.Fatal(err)
		}
		server.set(nil, errDown, 0)
		for range 3 {
			_, err := v.Verify(context.Background(), signedBy("RS256", nil), demands)
			wantReason(t, err, verifier.ReasonTokenInvalidSignature)
		}
		if _, err := v.Verify(context.Background(), good(), demands); err != nil {
			t.Errorf("expected the good token to pass, got %v", err)
		}
	})
}

func TestAReplacementMustBeForTheAlgorithm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		v := atNoon(server.remote(0))
		if _, err := v.Verify(context.Background(), good(), demands); err != nil {
			t.Fatal(err)
		}
		server.set(jwks(jwkOf(attackerKey, members{"alg": "RS512"})), nil, 0)
		_, err := v.Verify(context.Background(), signedBy("RS256", nil), demands)
		wantReason(t, err, verifier.ReasonTokenInvalidSignature)
		server.wantFetches(t, 2)
	})
}

// During an outage an unknown key may be one that Clerk has just begun to
// use: whoever comes with it must not be taken for a stranger.
func TestUnknownKeysAreUndecidedForAsLongAsAnOutageLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(nil, errDown, 0)
		for range 100 {
			if _, err := remote.Key(context.Background(), "ins_2"); !errors.Is(err, verifier.ErrKeysUnavailable) {
				t.Fatalf("expected the keys to be unavailable, got %v", err)
			}
			pass(time.Second)
		}
		server.wantFetches(t, 3)
		server.set(jwks(jwkOf(instanceKey, nil)), nil, 0)
		pass(doubtPause)
		_, err := remote.Key(context.Background(), "ins_2")
		wantReason(t, err, verifier.ReasonJWKKidMismatch)
	})
}

// While the key server hangs, whoever waits holds on to memory. Good tokens
// need not wait, and of the others a crowd is turned away.
func TestACrowdDoesNotWaitForAKeyServerThatHangs(t *testing.T) {
	const allowed, crowd = 1024, 1500
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		v, _, _ := remembering(t, server.remote(0), 1<<20)
		genuine, forged := good(), signedBy("RS256", nil)
		stranger := sign(header(members{"kid": "ins_2"}), session(nil))
		if _, err := v.Verify(context.Background(), genuine, demands); err != nil {
			t.Fatal(err)
		}
		server.set(server.body, nil, time.Hour)
		var waiting, refused atomic.Int64
		var group sync.WaitGroup
		for i := range crowd {
			group.Go(func() {
				token, came := forged, time.Now()
				if i%2 == 0 {
					token = stranger
				}
				claims, err := v.Verify(context.Background(), token, demands)
				if claims != nil || err == nil {
					t.Error("expected nobody of the crowd to pass")
				}
				if errors.Is(err, verifier.ErrKeysUnavailable) != (token == stranger) {
					t.Errorf("expected that only unknown keys are undecided, got %v", err)
				}
				if time.Since(came) == 0 {
					refused.Add(1)
				} else {
					waiting.Add(1)
				}
			})
		}
		synctest.Wait()
		wantAtOnce(t, func() {
			if _, err := v.Verify(context.Background(), genuine, demands); err != nil {
				t.Errorf("expected the good token to pass, got %v", err)
			}
		})
		group.Wait()
		if waiting.Load() != allowed || refused.Load() != crowd-allowed {
			t.Errorf("expected %d to wait and the rest not to, got %d and %d", allowed, waiting.Load(), refused.Load())
		}
		server.wantFetches(t, 2)
	})
}

func TestAKeyServerThatAsksToBeLeftAloneIs(t *testing.T) {
	for name, test := range map[string]struct{ asked, kept time.Duration }{
		"for a while": {3 * time.Minute, 3 * time.Minute},
		"for a year":  {365 * 24 * time.Hour, 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newKeyServer()
				server.set(nil, verifier.RetryLater(errDown, test.asked), 0)
				remote := server.remote(0)
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
				go remote.Run(ctx)
				server.set(jwks(jwkOf(instanceKey, nil)), nil, 0)
				for range int(test.kept/time.Second) - 1 {
					pass(time.Second)
					wantUnavailable(t, remote, verifier.ReasonJWKRemoteFailedToLoad)
				}
				server.wantFetches(t, 1)
				pass(2 * time.Second)
				wantKey(t, remote)
				server.wantFetches(t, 2)
			})
		})
	}
}

func TestKnownKeysServeWhileTheServerIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(nil, verifier.RetryLater(errDown, 5*time.Minute), 0)
		pass(refreshAge)
		for range 280 {
			wantKey(t, remote)
			_, _ = remote.Key(context.Background(), "ins_2")
			pass(time.Second)
		}
		server.wantFetches(t, 2)
	})
}

func TestStatusTellsHowOldTheKeysAre(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(time.Hour)
		want := func(want verifier.KeysStatus) {
			t.Helper()
			if got := remote.Status(); got != want {
				t.Errorf("expected %+v, got %+v", want, got)
			}
		}
		want(verifier.KeysStatus{})
		wantKey(t, remote)
		fetched := time.Now()
		server.set(nil, errDown, 0)
		pass(refreshAge)
		want(verifier.KeysStatus{FetchedAt: fetched})
		pass(time.Second)
		want(verifier.KeysStatus{FetchedAt: fetched, Stale: true})
		pass(time.Hour)
		want(verifier.KeysStatus{})
	})
}

func TestADifferenceOfClocksIsWarnedAboutOnce(t *testing.T) {
	for name, test := range map[string]struct {
		ahead time.Duration
		warns string
	}{
		"none":            {0, ""},
		"two seconds":     {2 * time.Second, ""},
		"slow by four":    {4 * time.Second, "clock is behind"},
		"fast by four":    {-4 * time.Second, "clock is ahead of"},
		"fast by an hour": {-time.Hour, "difference=59m"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				server := newKeyServer()
				server.ahead = test.ahead
				remote := must(verifier.NewRemoteKeys(verifier.RemoteOptions{
					Fetch: server.fetch, Log: slog.New(slog.NewTextHandler(&log, nil)),
				}))
				for range 5 {
					wantKey(t, remote)
					pass(refreshAge)
				}
				lines := strings.Count(log.String(), "\n")
				if test.warns == "" && lines > 0 || test.warns != "" && (lines != 1 || !strings.Contains(log.String(), test.warns)) {
					t.Errorf("expected %q once, got %q", test.warns, log.String())
				}
			})
		})
	}
}

// A slow answer was dated before it arrived, which is no difference of clocks.
func TestASlowAnswerIsNoDifferenceOfClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		remote := must(verifier.NewRemoteKeys(verifier.RemoteOptions{
			Fetch: func(context.Context) (*verifier.KeyDocument, error) {
				date := time.Now()
				<-time.After(9 * time.Second)
				return &verifier.KeyDocument{Body: jwks(jwkOf(instanceKey, nil)), Date: date}, nil
			},
			Log: slog.New(slog.NewTextHandler(&log, nil)),
		}))
		wantKey(t, remote)
		if log.Len() > 0 {
			t.Errorf("expected no warning, got %q", log.String())
		}
	})
}
