// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// Options says what a Guard allows. Zero values are good ones.
type Options struct {
	// Now tells the time; time.Now when nil.
	Now func() time.Time
	// Concurrent is how many calls may be under way at once; 64 when zero.
	Concurrent int
	// Waiting is how many calls may wait for that; 256 when zero.
	Waiting int
	// Timeout bounds a call, from when it is under way; ten seconds when zero.
	Timeout time.Duration
	// MaxAge bounds how long a good answer lives; a minute when zero.
	MaxAge time.Duration
	// NegativeAge is how long a refusal lives; ten seconds when zero.
	NegativeAge time.Duration
}

// Guard bounds the calls to one upstream, whatever they ask. It is safe for
// concurrent use, and needs no closing.
type Guard struct {
	options Options
	limit   *limit
	breaker breaker
	budget  *budget
}

// New makes a Guard.
func New(o Options) *Guard {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Concurrent = cmp.Or(max(0, o.Concurrent), 64)
	o.Waiting = cmp.Or(max(0, o.Waiting), 256)
	o.Timeout = cmp.Or(max(0, o.Timeout), 10*time.Second)
	o.MaxAge = cmp.Or(max(0, o.MaxAge), time.Minute)
	o.NegativeAge = cmp.Or(max(0, o.NegativeAge), 10*time.Second)
	return &Guard{options: o, limit: newLimit(o.Concurrent, o.Waiting), budget: newBudget()}
}

// admit decides at once whether a call may be made or wait for its turn, and
// takes a place and the price of a failure for it.
func (g *Guard) admit(client string) (*account, error) {
	now := g.options.Now()
	if err := g.breaker.check(now); err != nil {
		return nil, err
	}
	payer, err := g.budget.take(client, now)
	if err != nil {
		return nil, err
	}
	if err := g.limit.enter(); err != nil {
		g.budget.giveBack(payer, now)
		return nil, err
	}
	return payer, nil
}

// run waits for the turn of a call that was admitted, and makes it.
func (g *Guard) run(payer *account, c *crowd, call func(context.Context) error) error {
	defer g.limit.leave()
	if !g.limit.begin(c.deserted) {
		g.budget.giveBack(payer, g.options.Now())
		return errDeserted
	}
	defer g.limit.end()
	generation, err := g.depart(c)
	if err != nil {
		g.budget.giveBack(payer, g.options.Now())
		return err
	}
	return g.perform(payer, generation, call)
}

// depart asks once more, after the wait, whether the call is to be made.
func (g *Guard) depart(c *crowd) (generation uint64, err error) {
	if !c.depart() {
		return 0, errDeserted
	}
	return g.breaker.begin(g.options.Now())
}

// perform makes a call, which belongs to no request: one that gives up must not
// take the answer from all the others. It settles however the call ends.
func (g *Guard) perform(payer *account, generation uint64, call func(context.Context) error) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), g.options.Timeout)
	defer cancel()
	err = errNoReturn
	defer func() {
		if value := recover(); value != nil {
			err = panicked(value)
		}
		g.settle(payer, generation, err)
	}()
	return classify(ctx, call(ctx))
}

// classify makes an outage of an error that is one because time ran out. Taken
// for a refusal, it would be remembered against a good credential.
func classify(ctx context.Context, err error) error {
	switch {
	case err == nil, errors.Is(err, ErrUnavailable):
		return err
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Outage(err, 0)
	}
	return err
}

// settle lets the breaker know how a call ended, and returns its price unless
// the client is to blame.
func (g *Guard) settle(payer *account, generation uint64, err error) {
	var (
		now  = g.options.Now()
		end  = answered
		hold time.Duration
	)
	if _, panicked := errors.AsType[*PanicError](err); panicked {
		end = unknown
	} else if errors.Is(err, ErrUnavailable) {
		end = failed
	}
	if outage, ok := errors.AsType[*unavailableError](err); ok {
		hold = outage.retryAfter
	}
	g.breaker.end(now, generation, end, hold)
	if err == nil || end == failed {
		g.budget.giveBack(payer, now)
	}
}
