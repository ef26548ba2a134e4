// SPDX-License-Identifier: Apache-2.0

package guard

import "sync/atomic"

// limit is how many calls may be under way, and how many may wait for that.
type limit struct {
	places  chan struct{} // one in it for each call that waits or is under way
	slots   chan struct{} // one in it for each call that is under way
	refused atomic.Uint64
}

func newLimit(concurrent, waiting int) *limit {
	return &limit{places: make(chan struct{}, concurrent+waiting), slots: make(chan struct{}, concurrent)}
}

// enter takes a place, to be given back by leave, or refuses at once.
func (l *limit) enter() error {
	select {
	case l.places <- struct{}{}:
		return nil
	default:
		l.refused.Add(1)
		return ErrBusy
	}
}

func (l *limit) leave() { <-l.places }

// begin waits for a slot, to be given back by end, until nobody wants it any
// more. Those that wait are served in their order.
func (l *limit) begin(deserted <-chan struct{}) bool {
	select {
	case l.slots <- struct{}{}:
		return true
	case <-deserted:
		return false
	}
}

func (l *limit) end() { <-l.slots }
