// SPDX-License-Identifier: Apache-2.0

package guard

import "time"

// cache remembers answers until a moment that each has. Entries are of the
// young generation or of the old one. One that is used while it is old is young
// again; when the young ones are full, or have been there for as long as any
// entry lives, they become the old ones, and the old ones are forgotten. Who
// uses it holds a lock.
type cache[T any] struct {
	young, old map[digest]entry[T]
	limit      int           // of each generation
	lifetime   time.Duration // of an entry, at most
	turned     time.Time
}

type entry[T any] struct {
	value T
	until time.Time
}

func newCache[T any](size int, lifetime time.Duration) *cache[T] {
	return &cache[T]{
		young: make(map[digest]entry[T]), old: make(map[digest]entry[T]),
		limit: max(1, size/2), lifetime: lifetime,
	}
}

func (c *cache[T]) get(id digest, now time.Time) (value T, known bool) {
	e, young := c.young[id]
	if !young {
		e = c.old[id]
	}
	if !now.Before(e.until) {
		return value, false
	}
	if !young {
		c.add(id, e, now)
	}
	return e.value, true
}

// put remembers a value for a while, which is cut to the cache's lifetime.
func (c *cache[T]) put(id digest, value T, age time.Duration, now time.Time) {
	if age > 0 {
		c.add(id, entry[T]{value, now.Add(min(age, c.lifetime))}, now)
	}
}

func (c *cache[T]) add(id digest, e entry[T], now time.Time) {
	if _, known := c.young[id]; !known && len(c.young) >= c.limit || now.Sub(c.turned) >= c.lifetime {
		c.old, c.young, c.turned = c.young, make(map[digest]entry[T]), now
	}
	c.young[id] = e
}
