// SPDX-License-Identifier: Apache-2.0

package verifier_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func TestAnOutageIsFoundOutWhenSomebodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(nil, errDown, time.Second)
		for range 100 {
			if remote.IsUnreachable() {
				t.Fatal("expected nobody to wait for the answer")
			}
		}
		pass(2 * time.Second)
		server.wantFetches(t, 2)
		if !remote.IsUnreachable() || !errors.Is(remote.Failure(), errDown) {
			t.Errorf("expected the outage to be known, got %v", remote.Failure())
		}
		wantKey(t, remote)
		server.set(newKeyServer().body, nil, 0)
		if err := remote.Refresh(context.Background()); err != nil || remote.IsUnreachable() || remote.Failure() != nil {
			t.Errorf("expected it to be over, got %v, %v", err, remote.Failure())
		}
		if ids := remote.KeyIDs(); len(ids) != 1 || ids[0] != kid {
			t.Errorf("expected the key, got %v", ids)
		}
		pass(time.Second)
		server.wantFetches(t, 3)
	})
}

// While keys are fresh, nothing else would have them fetched for minutes.
func TestTheEndOfAnOutageIsFoundOutWhenSomebodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		server := newKeyServer()
		remote := server.remote(0)
		go remote.Run(ctx)
		pass(time.Second)
		server.set(nil, errDown, 0)
		remote.IsUnreachable()
		pass(time.Second)
		if !remote.IsUnreachable() {
			t.Fatalf("expected the outage to be known, got %v", remote.Failure())
		}
		server.set(newKeyServer().body, nil, 0)
		for range 31 {
			remote.IsUnreachable()
			pass(time.Second)
		}
		if remote.IsUnreachable() {
			t.Error("expected its end to be known within half a minute")
		}
		server.wantFetches(t, 3)
	})
}

// A secret key that was revoked is no outage.
func TestARefusalIsNoOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newKeyServer()
		remote := server.remote(0)
		wantKey(t, remote)
		server.set(nil, verifier.KeysUnavailable(verifier.ReasonSecretKeyInvalid, "check it", errDown), 0)
		if err := remote.Refresh(context.Background()); err == nil || remote.IsUnreachable() {
			t.Errorf("expected a refusal, got %v", err)
		}
	})
}
