// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

const (
	// sessionLifetime is that of Clerk's session tokens
	// (https://clerk.com/docs/guides/sessions/session-tokens).
	sessionLifetime = time.Minute
	// maxRevocations is how many sessions and users an instance keeps as revoked.
	maxRevocations = 10_000
)

// reasonSessionRevoked is why the token of a session or a user is refused that
// an operator has revoked.
const reasonSessionRevoked verifier.Reason = "session-revoked"

var errTooManyRevoked = errors.New("so many sessions and users are revoked that there is no room for another")

// revocations are the sessions and users whose tokens are refused although they
// are good, until all that were made before have expired.
type revocations struct {
	// number is that of the entries, so that there is nothing to lock as long as
	// nobody is revoked, which is nearly always.
	number atomic.Int64
	// outlive is by how much the gates let tokens outlive their expiry at most.
	outlive atomic.Int64

	mu    sync.RWMutex // guards what follows
	until map[string]time.Time
}

// allow notes that a gate lets tokens pass for some time after their expiry.
func (r *revocations) allow(outlive time.Duration) {
	for {
		known := r.outlive.Load()
		if int64(outlive) <= known || r.outlive.CompareAndSwap(known, int64(outlive)) {
			return
		}
	}
}

// revoke refuses the tokens of a session or of a user, by its ID, and tells
// until when. It may have been revoked a while ago, elsewhere; if a clock there
// is ahead, it counts as revoked now.
func (r *revocations) revoke(id string, at, now time.Time) (time.Time, error) {
	if at.After(now) {
		at = now
	}
	until := at.Add(sessionLifetime + time.Duration(r.outlive.Load()))
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.until) >= maxRevocations {
		r.forgetLocked(now)
	}
	known, isKnown := r.until[id]
	switch {
	case known.After(until):
		return known, nil
	case !until.After(now):
		return until, nil
	case !isKnown && len(r.until) >= maxRevocations:
		return time.Time{}, errTooManyRevoked
	}
	if r.until == nil {
		r.until = make(map[string]time.Time)
	}
	r.until[id] = until
	r.number.Store(int64(len(r.until)))
	return until, nil
}

// forget makes room again: it drops those that have ended.
func (r *revocations) forget(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetLocked(now)
}

func (r *revocations) forgetLocked(now time.Time) {
	for id, until := range r.until {
		if !until.After(now) {
			delete(r.until, id)
		}
	}
	r.number.Store(int64(len(r.until)))
}

// isEmpty tells that nobody is revoked: there is no need to know the time.
func (r *revocations) isEmpty() bool { return r.number.Load() == 0 }

// has tells whether the session or the user of a token is revoked.
func (r *revocations) has(c *verifier.Claims, now time.Time) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.until[c.SessionID].After(now) || r.until[c.UserID].After(now)
}

// count gives how many sessions and users are revoked.
func (r *revocations) count(now time.Time) int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := 0
	for _, until := range r.until {
		if until.After(now) {
			n++
		}
	}
	return n
}

// revokingVerifier is a Verifier that refuses the tokens of who is revoked.
type revokingVerifier struct {
	*verifier.Verifier
	revoked *revocations
}

// VerifyParsed implements authstate.Verifier.
func (v revokingVerifier) VerifyParsed(ctx context.Context, t *verifier.Token, want verifier.Requirements) (*verifier.Claims, error) {
	claims, err := v.Verifier.VerifyParsed(ctx, t, want)
	if err != nil || v.revoked.isEmpty() || !v.revoked.has(claims, time.Now()) {
		return claims, err
	}
	return nil, &verifier.Error{Reason: reasonSessionRevoked, Message: "the session or the user was revoked here", Remedy: "sign in anew"}
}

// Verify is VerifyParsed for a token that was not read yet.
func (v revokingVerifier) Verify(ctx context.Context, token string, want verifier.Requirements) (*verifier.Claims, error) {
	parsed, err := v.Parse(token)
	if err != nil {
		return nil, err
	}
	return v.VerifyParsed(ctx, parsed, want)
}
