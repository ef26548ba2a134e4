// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Memo remembers what the upstream answered to one kind of question. It is
// safe for concurrent use. Values are given to all who ask, so nobody may
// change one.
type Memo[V any] struct {
	guard *Guard

	mu       sync.Mutex // guards what follows
	good     *cache[V]
	refusals *cache[error]
	flights  map[digest]*flight[V]
}

// NewMemo makes a Memo of a Guard's that remembers at most size good answers
// and, apart from them, at most size refusals; two at least.
func NewMemo[V any](g *Guard, size int) *Memo[V] {
	return &Memo[V]{
		guard:    g,
		good:     newCache[V](size, g.options.MaxAge),
		refusals: newCache[error](size, g.options.NegativeAge),
		flights:  make(map[digest]*flight[V]),
	}
}

// Do gives what is remembered under a key, or else makes a call. Callers that
// come with the same key meanwhile wait for that same call.
//
// The client, see Client, is whose budget a refusal is charged to. It is that
// of the caller who began the call; those who joined pay nothing. The key must
// hold everything that the answer depends on.
//
// The call gives its answer and for how long that may be remembered, zero for
// not at all. An error made by Outage means that there is no answer; every
// other one but that of a context is a definite refusal, which is remembered,
// and given again as the very same value. The call gets a context of its own,
// must return when that ends, and must not use the Guard.
//
// An error wraps ErrUnavailable when there is no answer: with ErrBusy, ErrOpen
// or ErrBudget the call was not made, with the error of ctx the caller gave up,
// with a PanicError or anything else the call failed. RetryAfter says when to
// come again.
func (m *Memo[V]) Do(
	ctx context.Context, client string, key []string,
	call func(ctx context.Context) (V, time.Duration, error),
) (V, error) {
	id := digestOf(key...)
	m.mu.Lock()
	if value, known, err := m.recall(id); known {
		m.mu.Unlock()
		return value, err
	}
	f, err := m.board(ctx, client, id, call)
	m.mu.Unlock()
	if err != nil {
		var none V
		return none, err
	}
	return f.wait(ctx)
}

// recall gives what is remembered. The caller holds the lock.
func (m *Memo[V]) recall(id digest) (value V, known bool, err error) {
	now := m.guard.options.Now()
	if value, known = m.good.get(id, now); known {
		return value, true, nil
	}
	err, known = m.refusals.get(id, now)
	return value, known, err
}

// board gives the flight to wait for: the one under way, or a new one if it is
// admitted. The caller holds the lock.
func (m *Memo[V]) board(
	ctx context.Context, client string, id digest,
	call func(ctx context.Context) (V, time.Duration, error),
) (*flight[V], error) {
	if ctx.Err() != nil {
		return nil, gaveUp(ctx.Err())
	}
	if f := m.flights[id]; f != nil && f.join() {
		return f, nil
	}
	payer, err := m.guard.admit(client)
	if err != nil {
		return nil, err
	}
	f := newFlight[V]()
	m.flights[id] = f
	go m.fly(id, f, payer, call)
	return f, nil
}

func (m *Memo[V]) fly(
	id digest, f *flight[V], payer *account,
	call func(ctx context.Context) (V, time.Duration, error),
) {
	defer m.land(id, f)
	f.err = m.guard.run(payer, f.crowd, func(ctx context.Context) error {
		value, age, err := call(ctx)
		if err == nil {
			f.value, f.age = value, age
		}
		return err
	})
}

// land remembers the answer before the flight is over, so that no second call
// fits in between.
func (m *Memo[V]) land(id digest, f *flight[V]) {
	defer close(f.done)
	now := m.guard.options.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	// A flight that everybody left has been replaced, if somebody came again.
	if m.flights[id] == f {
		delete(m.flights, id)
	}
	switch {
	case f.err == nil:
		m.good.put(id, f.value, f.age, now)
	case !errors.Is(f.err, ErrUnavailable):
		m.refusals.put(id, f.err, m.guard.options.NegativeAge, now)
	}
}
