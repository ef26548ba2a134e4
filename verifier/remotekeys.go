// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"context"
	"errors"
	"log/slog"
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
	// doubtPause is the least time between two fetches that are made because
	// of what a token says: anybody can send those.
	doubtPause = time.Minute
	// maxDoubters is how many may wait for such a fetch at once. While the key
	// server hangs, all who wait hold on to memory here.
	maxDoubters    = 1024
	fetchTimeout   = 10 * time.Second
	firstBackoff   = 250 * time.Millisecond
	longestBackoff = 30 * time.Second
	// longestHold is how long a key server is left alone at most when it asks
	// for it. A mistake there, or in a proxy before it, must not become an
	// outage here.
	longestHold = 10 * time.Minute
	// tolerableSkew is the difference of clocks that nobody is told about.
	tolerableSkew = 2 * time.Second
)

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
	// Log gets a line when fetching fails, when it works again, and when the key
	// server's clock differs from Now; nil for none.
	Log *slog.Logger
	// Observe is told of each fetch that ended, what made it begin and what it
	// failed with, nil for success; nil for nobody.
	Observe func(Trigger, error)
	// Now is the clock; time.Now when nil.
	Now func() time.Time
}

// RemoteKeys is a KeySource that fetches a JSON Web Key Set and keeps it.
//
// Nobody whose token fits the known keys ever waits for a fetch: old keys
// serve while new ones are fetched, and go on serving through an outage for
// MaxStale. Fetches never overlap. Tokens that name an unknown key, or whose
// signature does not match, cause at most one a minute, and wait for it.
type RemoteKeys struct {
	fetch    FetchKeys
	maxStale time.Duration
	store    KeyStore
	log      *slog.Logger
	observe  func(Trigger, error)
	now      func() time.Time

	saving sync.Mutex // guards what was saved last
	// The key set that was saved, and when it was fetched.
	savedBody []byte
	savedAt   time.Time

	known atomic.Pointer[fetchedKeys]
	// doubters counts those who wait because of what their token says.
	doubters atomic.Int64

	mu sync.Mutex // guards what follows
	// current is the fetch under way, nil while there is none.
	current *flight
	// failure is what the last fetch ended with, nil when all is well.
	failure error
	// failures counts fetches in a row that failed while somebody waited for
	// them; retryAt is when the next such fetch may begin.
	failures int
	retryAt  time.Time
	// heldUntil is when the key server wants to be asked again.
	heldUntil time.Time
	// doubtAt is when a token last caused a fetch, refreshAt when the next
	// refresh may be tried.
	doubtAt   time.Time
	refreshAt time.Time
	// When a failure was last logged, of each kind.
	fetchWarning, clockWarning, readWarning, saveWarning warning
	// warned tells that a failure to fetch was logged, and skewed that a
	// difference of clocks was; false once it is over.
	warned, skewed bool
	// skew is the last difference of clocks, positive when this machine's is
	// ahead.
	skew time.Duration
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
	r := &RemoteKeys{fetch: o.Fetch, maxStale: o.MaxStale, store: o.Store, log: o.Log, observe: o.Observe, now: o.Now}
	if r.maxStale <= 0 {
		r.maxStale = DefaultKeysMaxStale
	}
	if r.log == nil {
		r.log = slog.New(slog.DiscardHandler)
	}
	if r.observe == nil {
		r.observe = func(Trigger, error) {}
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r, nil
}

// Key implements KeySource.
func (r *RemoteKeys) Key(ctx context.Context, id string) (*Key, error) {
	now := r.now()
	known := r.usable(now)
	if known == nil {
		if err := r.fetchFirst(ctx); err != nil {
			return nil, err
		}
		if known = r.usable(r.now()); known == nil {
			return nil, unavailable(errors.New("the key set is older than may be used"))
		}
		return known.keys.Key(ctx, id)
	}
	if !known.isFresh(now, refreshAfter) {
		r.refreshSoon(TriggerAge)
	}
	key, err := known.keys.Key(ctx, id)
	if err == nil {
		return key, nil
	}
	fetch, failure := r.fetchInDoubt()
	if fetch != nil {
		failure = r.waitInDoubt(ctx, fetch)
	}
	if failure != nil {
		// Whether there is such a key cannot be said.
		return nil, unavailable(failure)
	}
	return r.known.Load().keys.Key(ctx, id)
}

// Replacement implements ReplacingKeySource.
func (r *RemoteKeys) Replacement(ctx context.Context, key *Key) *Key {
	if newer := r.other(ctx, key); newer != nil {
		return newer
	}
	fetch, _ := r.fetchInDoubt()
	if fetch == nil || r.waitInDoubt(ctx, fetch) != nil {
		return nil
	}
	return r.other(ctx, key)
}

// other gives the key that is now known by the ID of a key, if it is another.
func (r *RemoteKeys) other(ctx context.Context, key *Key) *Key {
	known := r.usable(r.now())
	if known == nil {
		return nil
	}
	newer, err := known.keys.Key(ctx, key.ID)
	if err != nil || newer == key {
		return nil
	}
	return newer
}

// Run keeps the keys fresh until ctx ends, so that no request ever finds them
// old or missing. It begins after a moment: where many servers start at once
// they should not all ask at once, and the key server may be starting, too.
func (r *RemoteKeys) Run(ctx context.Context) {
	r.restore(ctx)
	pause, failures := backoff(1), 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		period := min(refreshAfter, r.maxStale) * 4 / 5
		if known := r.usable(r.now()); known != nil && known.isFresh(r.now(), period) {
			pause = period - r.now().Sub(known.at)
		} else if r.begin(TriggerSchedule).wait(ctx) == nil {
			pause, failures = period, 0
		} else {
			failures++
			pause = max(backoff(failures), r.hold())
			// Another process may have saved some meanwhile.
			r.restore(ctx)
		}
	}
}

// usable gives the keys unless they are too old to be trusted.
func (r *RemoteKeys) usable(now time.Time) *fetchedKeys {
	known := r.known.Load()
	if known == nil || now.Sub(known.at) > r.maxStale {
		return nil
	}
	return known
}

// KeysStatus is how RemoteKeys are doing.
type KeysStatus struct {
	// FetchedAt is when the keys that serve were fetched, zero when none do.
	FetchedAt time.Time
	// Stale tells that they are older than they should be.
	Stale bool
	// ClockSkew is how much this machine's clock is ahead of the key server's, as
	// the last fetch found it; negative when it is behind. What the time that the
	// answer took explains is no difference.
	ClockSkew time.Duration
}

// Status tells how the keys are doing.
func (r *RemoteKeys) Status() KeysStatus {
	now := r.now()
	status := KeysStatus{ClockSkew: r.clockSkew()}
	if known := r.usable(now); known != nil {
		status.FetchedAt, status.Stale = known.at, now.Sub(known.at) > refreshAfter
	}
	return status
}

// KeyIDs gives those of the keys that serve, none when there are no keys.
func (r *RemoteKeys) KeyIDs() []string {
	if known := r.usable(r.now()); known != nil {
		return known.keys.ids()
	}
	return nil
}

// Failure is what the last fetch ended with; nil when all is well, and before
// the first.
func (r *RemoteKeys) Failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failure
}

// Refresh fetches the keys and waits for the end of it. A fetch that is under
// way counts, and a key server that wants to be left alone is.
func (r *RemoteKeys) Refresh(ctx context.Context) error { return r.begin(TriggerRefresh).wait(ctx) }

// IsUnreachable tells whether the last fetch failed for another reason than that
// the key server refused it. Being asked has that looked into in the background,
// twice a minute at most, so that neither the beginning of an outage nor its end
// waits for the next fetch that is due.
func (r *RemoteKeys) IsUnreachable() bool {
	failure := r.Failure()
	r.refreshSoon(TriggerExpiry)
	_, refused := errors.AsType[*Error](failure)
	return failure != nil && !refused
}
