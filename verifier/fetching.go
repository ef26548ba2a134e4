// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// KeyDocument is what a key server answered.
type KeyDocument struct {
	// Body is the JSON Web Key Set.
	Body []byte
	// Date is the server's clock, zero when it did not say.
	Date time.Time
}

// FetchKeys gets the key set of an instance. It must bound what it reads. It
// is given a context with a deadline, and is never called twice at once. A
// server that asks to be left alone for a while is reported by RetryLater.
type FetchKeys func(ctx context.Context) (*KeyDocument, error)

// RetryLater wraps the failure of a fetch after which the key server is to be
// left alone for a while (RFC 9110, section 10.2.3).
func RetryLater(cause error, pause time.Duration) error {
	return &holdError{cause, pause}
}

type holdError struct {
	cause error
	pause time.Duration
}

func (e *holdError) Error() string {
	return fmt.Sprintf("%v; it asks to be left alone for %s", e.cause, e.pause)
}

func (e *holdError) Unwrap() error { return e.cause }

// Trigger is what made RemoteKeys fetch the key set.
type Trigger string

// The triggers. TriggerAge is a request that found the keys old, TriggerMissing
// one that found none, TriggerToken a token that names an unknown key or does
// not match the known one, TriggerRefresh a call of Refresh,
// TriggerExpiry one of IsUnreachable.
const (
	TriggerSchedule Trigger = "schedule"
	TriggerAge      Trigger = "age"
	TriggerMissing  Trigger = "missing"
	TriggerToken    Trigger = "token"
	TriggerRefresh  Trigger = "refresh"
	TriggerExpiry   Trigger = "expiry"
)

// flight is a fetch that any number of callers wait for.
type flight struct {
	done chan struct{}
	err  error // set before done is closed
}

// wait waits for the fetch to end, or for the caller to give up.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-f.done:
		return f.err
	}
}

// fetchFirst fetches while a caller waits, because there are no keys at all.
// After a failure the next attempts are spaced out, and callers in between
// get the last answer at once.
func (r *RemoteKeys) fetchFirst(ctx context.Context) error {
	r.mu.Lock()
	if r.failure != nil && r.now().Before(r.retryAt) {
		defer r.mu.Unlock()
		return unavailable(r.failure)
	}
	r.mu.Unlock()

	err := r.begin(TriggerMissing).wait(ctx)
	if ctx.Err() != nil && err != nil {
		return unavailable(err)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.failures, r.retryAt = 0, time.Time{}
		return nil
	}
	if !r.now().Before(r.retryAt) {
		r.failures++
		r.retryAt = r.now().Add(backoff(r.failures))
	}
	return unavailable(err)
}

// refreshSoon fetches in the background, at most once in a while.
func (r *RemoteKeys) refreshSoon(trigger Trigger) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now().Before(r.refreshAt) {
		return
	}
	r.refreshAt = r.now().Add(longestBackoff)
	r.beginLocked(trigger)
}

// fetchInDoubt gives the fetch to wait for because of a token that the known
// keys do not fit: the one under way, whatever began it, or a new one if it is
// time for that. Without either it gives what the last fetch failed with.
func (r *RemoteKeys) fetchInDoubt() (*flight, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil && r.now().Sub(r.doubtAt) >= doubtPause {
		r.doubtAt = r.now()
		return r.beginLocked(TriggerToken), nil
	}
	return r.current, r.failure
}

var errCrowd = errors.New("too many wait for the key server to be asked about unknown keys")

// waitInDoubt waits for a fetch because of a token that the known keys do not
// fit. Anybody can send those, so not all of a crowd are let wait.
func (r *RemoteKeys) waitInDoubt(ctx context.Context, f *flight) error {
	defer r.doubters.Add(-1)
	if r.doubters.Add(1) > maxDoubters {
		return errCrowd
	}
	return f.wait(ctx)
}

// begin gives the fetch under way, a new one if there is none.
func (r *RemoteKeys) begin(trigger Trigger) *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.beginLocked(trigger)
}

// beginLocked is begin for who holds the lock. The fetch belongs to no request:
// one that gives up must not take the keys from all the others. While the key
// server wants to be left alone, the last fetch's end is that of the next.
func (r *RemoteKeys) beginLocked(trigger Trigger) *flight {
	if r.current != nil {
		return r.current
	}
	f := &flight{done: make(chan struct{})}
	if r.now().Before(r.heldUntil) {
		f.err = r.failure
		close(f.done)
		return f
	}
	r.current = f
	go r.fly(f, trigger)
	return f
}

// hold is how long the key server still wants to be left alone.
func (r *RemoteKeys) hold() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.heldUntil.Sub(r.now())
}

func (r *RemoteKeys) fly(f *flight, trigger Trigger) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	body, err := r.load(ctx)
	fetched := r.known.Load()
	r.ended(err)
	r.observe(trigger, err)
	f.err = err
	close(f.done)

	if err == nil {
		r.save(body, fetched.at)
	}
}

// ended notes how a fetch ended. It logs a failure, at once and then once a
// minute, and that fetching works again. A key server that works now and then
// makes no more lines than one that never does.
func (r *RemoteKeys) ended(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Whoever comes from now on needs a fetch of their own.
	r.current = nil
	r.failure = err
	if later, ok := errors.AsType[*holdError](err); ok {
		r.heldUntil = r.now().Add(min(later.pause, longestHold))
	}
	switch {
	case err == nil && r.warned:
		r.warned = false
		r.log.Info("fetching the verification keys works again")
	case err != nil && r.fetchWarning.isDue(r.now()):
		r.warned = true
		r.log.Warn("fetching the verification keys failed", "error", err, "consequence", r.consequence())
	}
}

// consequence says what a failed fetch means for those who are signed in.
func (r *RemoteKeys) consequence() string {
	now := r.now()
	known := r.usable(now)
	if known == nil {
		return "there are no keys, and no token can be verified"
	}
	left := r.maxStale - now.Sub(known.at)
	return fmt.Sprintf("the keys that are known serve for another %s at most", left.Round(time.Second))
}

// load fetches the key set and puts it to use.
func (r *RemoteKeys) load(ctx context.Context) ([]byte, error) {
	asked := r.now()
	document, err := r.fetch(ctx)
	if err != nil {
		return nil, err
	}
	if document == nil {
		return nil, errors.New("the key server answered nothing")
	}
	keys, err := ParseJWKS(document.Body)
	if err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	if before := r.known.Load(); before != nil {
		keys.keep(before.keys)
	}
	now := r.now()
	r.known.Store(&fetchedKeys{keys: keys, at: now})
	r.compareClocks(document.Date, asked, now)
	return document.Body, nil
}

// compareClocks warns, once until it is over, that the key server's clock
// differs from this machine's. Where one of several servers is wrong, that ends
// and begins anew all the time, and is logged once a minute at most.
//
// A date is of whole seconds, cut off, and was written at some moment between
// question and answer, so only what neither explains is a difference.
func (r *RemoteKeys) compareClocks(date, asked, answered time.Time) {
	if date.IsZero() {
		return
	}
	ahead, behind := asked.Sub(date.Add(time.Second)), date.Sub(answered)
	skew := max(ahead, behind)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skew = max(ahead, 0) - max(behind, 0)
	if before := r.skewed; skew <= tolerableSkew || before {
		r.skewed = skew > tolerableSkew
		return
	}
	if r.skewed = r.clockWarning.isDue(answered); !r.skewed {
		return
	}
	direction := "ahead of"
	if behind > ahead {
		direction = "behind"
	}
	r.log.Warn("this machine's clock is "+direction+" the key server's; tokens may be taken for expired, or for not yet valid; "+
		"synchronize it, with NTP for instance", "difference", skew.Round(time.Second))
}

func (r *RemoteKeys) clockSkew() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.skew
}

// backoff doubles with every failure, up to a limit, and is spread out so
// that many servers do not return to a recovering one at the same moment.
func backoff(failures int) time.Duration {
	pause := longestBackoff
	if failures < 8 {
		pause = min(longestBackoff, firstBackoff<<(failures-1))
	}
	return pause/2 + rand.N(pause/2) //nolint:gosec // It spreads out retries, and guards nothing.
}

// unavailable keeps the reason of an error that has one, such as a refused
// secret key.
func unavailable(cause error) error {
	if refusal, ok := errors.AsType[*Error](cause); ok {
		return KeysUnavailable(refusal.Reason, refusal.Remedy, cause)
	}
	return KeysUnavailable(ReasonJWKRemoteFailedToLoad, "check that this machine can reach the key server", cause)
}
