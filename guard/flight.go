// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// errDeserted ends a call that nobody waits for. Nobody gets it.
var errDeserted = fmt.Errorf("%w: all who asked have given up", ErrUnavailable)

// flight is a call that any number of callers wait for.
type flight[V any] struct {
	*crowd
	done chan struct{}
	// Set before done is closed:
	value V
	age   time.Duration
	err   error
}

func newFlight[V any]() *flight[V] {
	return &flight[V]{
		crowd: &crowd{callers: 1, deserted: make(chan struct{})},
		done:  make(chan struct{}),
		err:   errNoReturn,
	}
}

// wait waits for the call to end, or for the caller to give up.
func (f *flight[V]) wait(ctx context.Context) (value V, err error) {
	select {
	case <-ctx.Done():
		f.leave()
		return value, gaveUp(ctx.Err())
	case <-f.done:
		return f.value, f.err
	}
}

// crowd is those who wait for one call. When all of them give up before it is
// under way, it is not made.
type crowd struct {
	deserted chan struct{} // closed when that happens

	mu       sync.Mutex // guards what follows
	callers  int
	departed bool
}

// join is false when the others gave up before, and the call is not made.
func (c *crowd) join() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.callers == 0 && !c.departed {
		return false
	}
	c.callers++
	return true
}

func (c *crowd) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.callers--
	if c.callers == 0 && !c.departed {
		close(c.deserted)
	}
}

// depart is that the call is made now. It is false when nobody waits.
func (c *crowd) depart() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.departed = c.callers > 0
	return c.departed
}
