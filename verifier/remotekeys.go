// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// The rhythm of RemoteKeys.
const (
	// DefaultKeysMaxStale is how long keys are used after they were last
	// fetched, when they cannot be fetched again.
	DefaultKeysMaxStale = 24 * time.Hour

	// refreshAfter is the age at which keys are fetched again, the five
	// minutes that Clerk's SDK keeps them for.
	refreshAfter = 5 * time.Minute
	// unknownKeyPause is the least time between two fetches that are made
	// because a token names a key that is not known: anybody can send those.
	unknownKeyPause = time.Minute
	fetchTimeout    = 10 * time.Second
	firstBackoff    = 250 * time.Millisecond
	longestBackoff  = 30 * time.Second
)

// KeyDocument is what a key server answered.
type KeyDocument struct {
	// Body is the JSON Web Key Set.
	Body []byte
	// Date is the server's clock, zero when it did not say.
	Date time.Time
}

// FetchKeys gets the key set of an instance. It must bound what it reads. It
// is given a context with a deadline, and is never called twice at once.
type FetchKeys func(ctx context.Context) (*KeyDocument, error)

// RemoteOptions says how RemoteKeys works.
type RemoteOptions struct {
	// Fetch gets the key set. Required.
	Fetch FetchKeys
	// MaxStale is how long keys serve after the last good fetch;
	// DefaultKeysMaxStale when zero.
	MaxStale time.Duration
	// Store keeps the last good key set for the next process; nil for none. It
	// takes Run to restore from it.
	Store KeyStore
	// Log gets a line when fetching fails and when it works again; nil for none.
	Log *slog.Logger
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// RemoteKeys is a KeySource that fetches a JSON Web Key Set and keeps it.
//
// While keys are known, no caller ever waits for a fetch: old keys serve
// while new ones are fetched, and go on serving through an outage for
// MaxStale. Fetches never overlap. A token that names an unknown key causes
// at most one a minute.
type RemoteKeys struct {
	fetch    FetchKeys
	maxStale time.Duration
	store    KeyStore
	log      *slog.Logger
	now      func() time.Time

	// What was saved last; used by the fetch under way alone.
	savedBody []byte
	savedAt   time.Time

	known atomic.Pointer[fetchedKeys]

	mu sync.Mutex // guards what follows
	// current is the fetch under way, nil while there is none.
	current *flight
	// failures counts fetches in a row that failed while somebody waited for
	// them; retryAt is when the next such fetch may begin.
	failures int
	retryAt  time.Time
	// lastError is what the last of them ended with.
	lastError error
	// warnedAt is when a failure was last logged, zero when all is well.
	warnedAt time.Time
	// unknownAt is when an unknown key last caused a fetch, refreshAt when the
	// next refresh may be tried.
	unknownAt time.Time
	refreshAt time.Time
}

// flight is a fetch that any number of callers wait for.
type flight struct {
	done chan struct{}
	err  error // set before done is closed
}

type fetchedKeys struct {
	keys *StaticKeys
	at   time.Time
	// saved tells that another process fetched them. They serve, and this one
	// asks for newer ones all the same.
	saved bool
}

// isFresh tells whether there is no need to fetch anew yet.
func (f *fetchedKeys) isFresh(now time.Time, period time.Duration) bool {
	return !f.saved && now.Sub(f.at) < period
}

// NewRemoteKeys makes a RemoteKeys. It fetches nothing yet.
func NewRemoteKeys(o RemoteOptions) (*RemoteKeys, error) {
	if o.Fetch == nil {
		return nil, errors.New("remote keys need a way to fetch them")
	}
	r := &RemoteKeys{fetch: o.Fetch, maxStale: o.MaxStale, store: o.Store, log: o.Log, now: o.Now}
	if r.maxStale <= 0 {
		r.maxStale = DefaultKeysMaxStale
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r, nil
}

// Key implements KeySource.
func (r *RemoteKeys) Key(ctx context.Context, id string) (*Key, error) {
	known := r.usable()
	if known == nil {
		if err := r.fetchFirst(ctx); err != nil {
			return nil, err
		}
		if known = r.usable(); known == nil {
			return nil, unavailable(errors.New("the key set is older than may be used"))
		}
		return known.keys.Key(ctx, id)
	}
	if !known.isFresh(r.now(), refreshAfter) {
		r.refreshSoon()
	}
	key, err := known.keys.Key(ctx, id)
	if err == nil {
		return key, nil
	}
	fetch := r.fetchUnknown()
	if fetch == nil {
		return nil, err
	}
	if err := fetch.wait(ctx); err != nil {
		return nil, unavailable(err)
	}
	return r.known.Load().keys.Key(ctx, id)
}

// Run keeps the keys fresh until ctx ends, so that no request ever finds them
// old or missing. It begins after a moment: where many servers start at once
// they should not all ask at once, and the key server may be starting, too.
func (r *RemoteKeys) Run(ctx context.Context) {
	r.restore(ctx)
	select {
	case <-ctx.Done():
		return
	case <-time.After(backoff(1)):
	}
	failures := 0
	for {
		pause := min(refreshAfter, r.maxStale) * 4 / 5
		if known := r.usable(); known != nil && known.isFresh(r.now(), pause) {
			pause -= r.now().Sub(known.at)
		} else if r.begin().wait(ctx) == nil {
			failures = 0
		} else {
			failures++
			pause = backoff(failures)
			// Another process may have saved some meanwhile.
			r.restore(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// usable gives the keys unless they are too old to be trusted.
func (r *RemoteKeys) usable() *fetchedKeys {
	known := r.known.Load()
	if known == nil || r.now().Sub(known.at) > r.maxStale {
		return nil
	}
	return known
}

// fetchFirst fetches while a caller waits, because there are no keys at all.
// After a failure the next attempts are spaced out, and callers in between
// get the last answer at once.
func (r *RemoteKeys) fetchFirst(ctx context.Context) error {
	r.mu.Lock()
	if r.now().Before(r.retryAt) {
		err := r.lastError
		r.mu.Unlock()
		return unavailable(err)
	}
	r.mu.Unlock()

	err := r.begin().wait(ctx)
	if ctx.Err() != nil && err != nil {
		return unavailable(err)
	}

	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.failures, r.retryAt, r.lastError = 0, time.Time{}, nil
		return nil
	}
	if !r.now().Before(r.retryAt) {
		r.failures++
		r.retryAt = r.now().Add(backoff(r.failures))
		r.lastError = err
	}
	return unavailable(err)
}

// refreshSoon fetches in the background, at most once in a while.
func (r *RemoteKeys) refreshSoon() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now().Before(r.refreshAt) {
		return
	}
	r.refreshAt = r.now().Add(longestBackoff)
	r.beginLocked()
}

// fetchUnknown gives the fetch to wait for because of a key that is not known:
// the one under way, whatever began it, or a new one if it is time for that.
func (r *RemoteKeys) fetchUnknown() *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil && r.now().Sub(r.unknownAt) >= unknownKeyPause {
		r.unknownAt = r.now()
		r.beginLocked()
	}
	return r.current
}

// begin gives the fetch under way, a new one if there is none.
func (r *RemoteKeys) begin() *flight {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.beginLocked()
}

// beginLocked is begin for who holds the lock. The fetch belongs to no request:
// one that gives up must not take the keys from all the others.
func (r *RemoteKeys) beginLocked() *flight {
	if r.current == nil {
		r.current = &flight{done: make(chan struct{})}
		go r.fly(r.current)
	}
	return r.current
}

func (r *RemoteKeys) fly(f *flight) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	body, err := r.load(ctx)
	r.report(err)
	f.err = err
	close(f.done)

	if err == nil {
		r.save(body, r.known.Load().at)
	}
	r.mu.Lock()
	r.current = nil
	r.mu.Unlock()
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

// report logs that fetching fails, at once and then once a minute, and that it
// works again.
func (r *RemoteKeys) report(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err == nil && !r.warnedAt.IsZero():
		r.warnedAt = time.Time{}
		r.log.Info("fetching the verification keys works again")
	case err != nil && r.now().Sub(r.warnedAt) >= time.Minute:
		r.warnedAt = r.now()
		r.log.Warn("fetching the verification keys failed", "error", err)
	}
}

// load fetches the key set and puts it to use.
func (r *RemoteKeys) load(ctx context.Context) ([]byte, error) {
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
	r.known.Store(&fetchedKeys{keys: keys, at: r.now()})
	return document.Body, nil
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
