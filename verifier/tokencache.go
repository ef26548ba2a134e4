// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
)

// DefaultCacheBytes is enough memory to remember some ten thousand of Clerk's
// session tokens.
const DefaultCacheBytes = 32 << 20

// verification is that a token's signature was good.
type verification struct {
	key    *Key
	claims Claims
}

// tokenCache remembers verified tokens by their whole text, so that one that
// differs in a single character is another one. It holds none beyond its
// expiry, and forgets the least used when it is full.
type tokenCache struct {
	entries *otter.Cache[string, *Token]
	now     func() time.Time
}

func newTokenCache(bytes uint64, now func() time.Time) *tokenCache {
	c := &tokenCache{now: now}
	c.entries = otter.Must(&otter.Options[string, *Token]{
		MaximumWeight: bytes,
		Weigher:       weigh,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[string, *Token]) time.Duration {
			return c.remaining(e.Value)
		}),
	})
	return c
}

// overhead is about what an entry takes beside its texts, in bytes.
const overhead = 1 << 10

// weigh gives about what an entry takes, in bytes: the token as the key, its
// payload, and the claims read from it.
func weigh(token string, t *Token) uint32 {
	return uint32(overhead + len(token) + 3*len(t.verified.claims.text)) //nolint:gosec // A token has at most MaxTokenSize bytes.
}

// remaining is how long a token can still be of use, with the largest skew
// that it makes sense to forgive.
func (c *tokenCache) remaining(t *Token) time.Duration {
	const skew = 5 * time.Minute
	// Far off moments would not fit a duration.
	const longest = 24 * time.Hour
	left := (t.facts.expiry.millis - millis(c.now())) / 1000
	return min(longest, time.Duration(min(left, longest.Seconds())*float64(time.Second))+skew)
}

func (c *tokenCache) get(token string) *Token {
	known, _ := c.entries.GetIfPresent(token)
	return known
}

// put remembers a token, but for one that is of no more use: the cache would
// keep an entry that has no time left for ever.
func (c *tokenCache) put(t *Token, known *verification) {
	if !(t.facts.expiry.millis > millis(c.now())) || c.remaining(t) <= 0 {
		return
	}
	// The text may be part of a request's whole header, which must not be kept.
	raw := strings.Clone(t.raw)
	remembered := &Token{raw: raw, facts: t.facts, verified: known}
	// Two strings in one place are compared without being read.
	if remembered.facts.keyID == known.key.ID {
		remembered.facts.keyID = known.key.ID
	}
	c.entries.Set(raw, remembered)
}

func (c *tokenCache) close() {
	c.entries.InvalidateAll()
	c.entries.StopAllGoroutines()
}
