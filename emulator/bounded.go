// SPDX-License-Identifier: Apache-2.0

package emulator

import "container/list"

// bounded is a map that forgets the entry unused for longest when it is full, so
// that nothing a client does makes it grow. It is not safe for concurrent use.
type bounded[V any] struct {
	limit   int
	entries map[string]*list.Element
	recent  *list.List // of boundedEntry[V], the latest in front
}

type boundedEntry[V any] struct {
	key   string
	value V
}

func newBounded[V any](limit int) *bounded[V] {
	return &bounded[V]{limit: limit, entries: make(map[string]*list.Element), recent: list.New()}
}

func (b *bounded[V]) get(key string) (value V, found bool) {
	element, found := b.entries[key]
	if !found {
		return value, false
	}
	b.recent.MoveToFront(element)
	return element.Value.(boundedEntry[V]).value, true
}

func (b *bounded[V]) put(key string, value V) {
	b.remove(key)
	if len(b.entries) >= b.limit {
		b.remove(b.recent.Back().Value.(boundedEntry[V]).key)
	}
	b.entries[key] = b.recent.PushFront(boundedEntry[V]{key: key, value: value})
}

func (b *bounded[V]) remove(key string) {
	element, found := b.entries[key]
	if !found {
		return
	}
	b.recent.Remove(element)
	delete(b.entries, key)
}
