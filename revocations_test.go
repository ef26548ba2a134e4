// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

func TestRevocationsEndAndAreBounded(t *testing.T) {
	r, now := new(revocations), time.Now()
	r.allow(5 * time.Second)
	r.allow(time.Second)
	claims := &verifier.Claims{SessionID: "sess_1", UserID: "user_1"}
	if r.has(claims, now) {
		t.Error("expected nobody to be revoked")
	}
	until, err := r.revoke("user_1", now, now)
	if err != nil || until != now.Add(65*time.Second) {
		t.Errorf("got %s, %v", until.Sub(now), err)
	}
	if !r.has(claims, until.Add(-time.Nanosecond)) || r.has(claims, until) || r.count(until) != 0 {
		t.Error("expected it to end when no token is left")
	}
	for n := range maxRevocations - 1 {
		if _, err := r.revoke(fmt.Sprint("sess_", n), now, now); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.revoke("sess_more", now, now); !errors.Is(err, errTooManyRevoked) {
		t.Errorf("expected a limit, got %v", err)
	}
	if _, err := r.revoke("user_1", now, now); err != nil {
		t.Errorf("expected who is revoked to be revoked for longer, got %v", err)
	}
	if _, err := r.revoke("sess_more", until, until); err != nil || r.number.Load() != 1 {
		t.Errorf("expected room once they have ended, got %d, %v", r.number.Load(), err)
	}
}
