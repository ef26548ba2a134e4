// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"
)

// RetryPolicy says how often a call is made again that Clerk could not answer:
// that nothing came back from, or an HTTP status 429, 500, 502, 503 or 504.
// Only calls whose method is idempotent (RFC 9110, section 9.2.2) are made
// again. The zero RetryPolicy is to make none again.
type RetryPolicy struct {
	// Attempts is how often a call is made at most, the first time included.
	Attempts int
	// Pause is about how long to wait before the second attempt. It doubles from
	// attempt to attempt up to MaxPause, and half of it is left to chance, so that
	// many clients do not come back at once. It is added to what Retry-After asks
	// for.
	Pause, MaxPause time.Duration
	// Budget bounds the time from the first attempt to the beginning of the last.
	// An attempt that would begin later, or after the end of the caller's context,
	// is not waited for.
	Budget time.Duration
}

// DefaultRetryPolicy is what a Client uses when nothing else is said.
func DefaultRetryPolicy() RetryPolicy {
	return RetryPolicy{Attempts: 3, Pause: 250 * time.Millisecond, MaxPause: 5 * time.Second, Budget: 30 * time.Second}
}

// retryable lists the answers that another attempt may better.
var retryable = map[int]bool{
	http.StatusTooManyRequests:     true,
	http.StatusInternalServerError: true,
	http.StatusBadGateway:          true,
	http.StatusServiceUnavailable:  true,
	http.StatusGatewayTimeout:      true,
}

// idempotent lists the methods that may be used twice for once.
var idempotent = map[string]bool{
	http.MethodGet:    true,
	http.MethodPut:    true,
	http.MethodDelete: true,
}

// next gives the pause before another attempt after so many, the first of which
// began at a moment, and whether there is to be one.
func (p *RetryPolicy) next(ctx context.Context, attempts int, began time.Time, err error) (time.Duration, bool) {
	if attempts >= p.Attempts || ctx.Err() != nil {
		return 0, false
	}
	var asked time.Duration
	if answer, ok := errors.AsType[*Error](err); ok {
		if !retryable[answer.StatusCode] {
			return 0, false
		}
		asked = answer.RetryAfter
	} else if !errors.Is(err, ErrUnreachable) || errors.Is(err, errTooLarge) {
		return 0, false
	}
	pause := asked + p.backoff(attempts)
	at := time.Now().Add(pause)
	if at.After(began.Add(p.Budget)) {
		return 0, false
	}
	if deadline, ok := ctx.Deadline(); ok && at.After(deadline) {
		return 0, false
	}
	return pause, true
}

// backoff gives the pause after so many attempts.
func (p *RetryPolicy) backoff(attempts int) time.Duration {
	pause := p.MaxPause
	// What is shifted too far has become 0, or less.
	if doubled := p.Pause << (attempts - 1); doubled > 0 {
		pause = min(pause, doubled)
	}
	if pause <= 1 {
		return max(pause, 0)
	}
	return pause/2 + rand.N(pause/2) //nolint:gosec // It spreads load, and need not be secret.
}
