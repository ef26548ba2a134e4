// SPDX-License-Identifier: Apache-2.0

package verifier

import (
	"strings"
	"sync"
	"time"
)

// DefaultCacheBytes is enough memory to remember some ten thousand of Clerk's
// session tokens.
const DefaultCacheBytes = 32 << 20

// tokenCache remembers verified tokens by their whole text, so that one that
// differs in a single character is another one.
//
// It is made for what is written about as often as it is read, when strangers
// come, and so keeps no order of use. Entries are of the young generation or of
// the old one. One that is used while it is old is young again; when the young
// ones are full, or have been there for a minute, they become the old ones, and
// the old ones are forgotten. That is where an expired token ends, too.
type tokenCache struct {
	shards [numShards]shard
	now    func() time.Time

	mu     sync.Mutex // guards what follows
	timer  *time.Timer
	closed bool
}

const (
	numShards = 16
	// generationTime is the lifetime of Clerk's session tokens.
	generationTime = time.Minute
)

// shard is the part of the cache that one lock guards.
type shard struct {
	mu         sync.RWMutex
	young, old map[string]*Token
	// The weights are those of the young and of the old; limit is that of each
	// generation.
	weight, oldWeight, limit int
	// evicted counts those that were forgotten because the young ones were full.
	evicted uint64
}

func newTokenCache(bytes uint64, now func() time.Time) *tokenCache {
	c := &tokenCache{now: now}
	for i := range c.shards {
		c.shards[i] = shard{
			young: make(map[string]*Token), old: make(map[string]*Token),
			limit: int(min(bytes, 1<<40) / (2 * numShards)), //nolint:gosec // It is no more than 1<<40.
		}
	}
	c.timer = time.AfterFunc(generationTime, c.age)
	return c
}

// shard gives the part that a token belongs to. The end of a signature is as
// good as random, but for its last character.
func (c *tokenCache) shard(token string) *shard {
	if len(token) < 3 {
		return &c.shards[0]
	}
	return &c.shards[(token[len(token)-2]+7*token[len(token)-3])%numShards]
}

// get gives what is remembered of a token; nil for nothing.
func (c *tokenCache) get(token string) *Token {
	s := c.shard(token)
	known, old := s.get(token)
	if old && !c.isExpired(known) {
		s.put(known)
	}
	return known
}

// put remembers a token, but for one that is of no more use.
func (c *tokenCache) put(t *Token) {
	if c.isExpired(t) {
		return
	}
	// The text may be part of a request's whole header, which must not be kept.
	t.raw = strings.Clone(t.raw)
	c.shard(t.raw).put(t)
}

func (c *tokenCache) isExpired(t *Token) bool { return !(t.facts.expiry.millis > millis(c.now())) }

// age begins a new generation everywhere, and comes again.
func (c *tokenCache) age() {
	for i := range c.shards {
		c.shards[i].mu.Lock()
		c.shards[i].turn()
		c.shards[i].mu.Unlock()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.timer.Reset(generationTime)
	}
}

// close forgets everything. What is put after it stays for as long as the
// cache does.
func (c *tokenCache) close() {
	c.mu.Lock()
	c.closed = true
	c.timer.Stop()
	c.mu.Unlock()
	for range 2 {
		c.age()
	}
}

func (s *shard) get(token string) (known *Token, old bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if known = s.young[token]; known != nil {
		return known, false
	}
	known = s.old[token]
	return known, known != nil
}

func (s *shard) put(t *Token) {
	weight := t.weight()
	if weight > s.limit {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Whatever is young again is old no more, so that none counts twice. What has
	// the same text has the same weight.
	others := len(s.old)
	if delete(s.old, t.raw); len(s.old) < others {
		s.oldWeight -= weight
	}
	if s.weight+weight > s.limit {
		s.evicted += uint64(len(s.old))
		s.turn()
	}
	others = len(s.young)
	if s.young[t.raw] = t; len(s.young) > others {
		s.weight += weight
	}
}

// turn makes the young old, and forgets the old. The caller holds the lock.
func (s *shard) turn() {
	clear(s.old)
	s.young, s.old = s.old, s.young
	s.weight, s.oldWeight = 0, s.weight
}

// overhead is about what a remembered token takes beside its texts, in bytes.
const overhead = 1 << 10

// weight is about what a remembered token takes, in bytes: its text, its
// payload, and the claims read from it.
func (t *Token) weight() int {
	return overhead + len(t.raw) + 3*len(t.verified.text())
}

// CacheStatus is how full a Verifier's memory of tokens is.
type CacheStatus struct {
	// Tokens is how many are remembered, Bytes about what they take.
	Tokens, Bytes int
	// Evicted is how many were forgotten before their time, since there was no
	// more room for them.
	Evicted uint64
}

// CacheStatus tells how full the memory of tokens is. Its parts are read one
// after another, so they may differ by what happens in between.
func (v *Verifier) CacheStatus() CacheStatus {
	var status CacheStatus
	if v.cache == nil {
		return status
	}
	for i := range v.cache.shards {
		v.cache.shards[i].addTo(&status)
	}
	return status
}

func (s *shard) addTo(status *CacheStatus) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	status.Tokens += len(s.young) + len(s.old)
	status.Bytes += s.weight + s.oldWeight
	status.Evicted += s.evicted
}
