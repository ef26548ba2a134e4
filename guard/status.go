// SPDX-License-Identifier: Apache-2.0

package guard

import "time"

// BreakerState is whether the upstream is asked.
type BreakerState string

// The states of the breaker. Half-open, it lets one call at a time pass to see
// whether the upstream is back.
const (
	Closed   BreakerState = "closed"
	Open     BreakerState = "open"
	HalfOpen BreakerState = "half-open"
)

// Status is how a Guard is at one moment.
type Status struct {
	Breaker BreakerState
	// OpenFor is how long the breaker stays open; zero when it is not.
	OpenFor time.Duration
	// Probing tells that the one call of a half-open breaker is under way. Until
	// it has ended, no other is made.
	Probing bool
	// InFlight are the calls under way, Waiting those that wait for their turn.
	InFlight, Waiting int
	// Clients are the addresses that are remembered for their failures.
	Clients int
	// Refused are the calls that were not made, since the Guard was made.
	Refused Refused
}

// Refused counts, by their errors, the calls that were not made. Callers that
// waited for the same call count once.
type Refused struct {
	Busy, Open, Budget uint64
}

// Status tells how the Guard is. Its parts are read one after another, so they
// may differ by what happens in between.
func (g *Guard) Status() Status {
	var s Status
	g.breaker.tell(&s, g.options.Now())
	s.Clients, s.Refused.Budget = g.budget.state()
	s.Refused.Busy = g.limit.refused.Load()
	s.InFlight = len(g.limit.slots)
	s.Waiting = max(0, len(g.limit.places)-s.InFlight)
	return s
}
