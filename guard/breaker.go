// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// outagesToOpen is how many outages in a row are no accident any more.
	outagesToOpen = 5
	firstPause    = time.Second
	longestPause  = 30 * time.Second
)

// outcome is what the end of a call says of the upstream.
type outcome int

const (
	answered outcome = iota // A refusal is an answer, too.
	failed
	unknown // The call did not come so far.
)

// breaker leaves an upstream alone that fails. Open, it lets nothing pass for a
// while, and then one call at a time, until one is answered.
type breaker struct {
	mu       sync.Mutex // guards what follows
	outages  int        // in a row
	openings int        // in a row, with no answer in between
	// generation counts the openings ever. What a call that began before the
	// last one finds is old news: it neither closes nor opens.
	generation uint64
	until      time.Time // zero when closed
	probing    bool
	refused    uint64
}

// check refuses a call that could not begin now, before it waits for its turn.
func (b *breaker) check(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.refuse(now)
}

// begin lets a call pass, which tells end the generation that it got.
func (b *breaker) begin(now time.Time) (generation uint64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.refuse(now); err != nil {
		return 0, err
	}
	b.probing = !b.until.IsZero()
	return b.generation, nil
}

// refuse is check for who holds the lock.
func (b *breaker) refuse(now time.Time) error {
	pause := b.until.Sub(now)
	switch {
	case b.until.IsZero():
		return nil
	case pause > 0:
	case b.probing:
		pause = firstPause
	default:
		return nil
	}
	b.refused++
	return &unavailableError{cause: ErrOpen, retryAfter: pause}
}

// end notes how a call ended, and for how long the upstream wants to be left
// alone, zero for not at all.
func (b *breaker) end(now time.Time, generation uint64, o outcome, hold time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case hold > 0 && b.until.After(now):
		// The calls that were under way together are asked together.
		b.until = later(b.until, now.Add(hold))
	case hold > 0:
		b.open(now.Add(hold))
	case generation != b.generation:
	case o == unknown:
		b.probing = false
	case o == answered:
		b.outages, b.openings, b.until, b.probing = 0, 0, time.Time{}, false
	default:
		b.outages++
		if b.probing || b.outages >= outagesToOpen {
			b.open(now.Add(pauseAfter(b.openings)))
		}
	}
}

// open begins a pause. The caller holds the lock.
func (b *breaker) open(until time.Time) {
	b.outages, b.probing, b.until = 0, false, until
	b.openings++
	b.generation++
}

// tell gives what refuse would do, with the rest of the pause.
func (b *breaker) tell(s *Status, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.Breaker, s.Probing, s.Refused.Open = HalfOpen, b.probing, b.refused
	switch pause := b.until.Sub(now); {
	case b.until.IsZero():
		s.Breaker = Closed
	case pause > 0:
		s.Breaker, s.OpenFor = Open, pause
	}
}

// pauseAfter doubles with every opening, up to a limit, and is spread out so
// that many servers do not return to a recovering upstream at the same moment.
func pauseAfter(openings int) time.Duration {
	pause := longestPause
	if openings < 5 {
		pause = firstPause << openings
	}
	return pause/2 + rand.N(pause/2) //nolint:gosec // It spreads out retries, and guards nothing.
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
