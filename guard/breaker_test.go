// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/guard"
)

// breaking is a Guard whose upstream is down and whose breaker is open.
func breaking(t *testing.T) *asker {
	t.Helper()
	a := newAsker(guard.Options{})
	a.set(guard.Outage(errDown, 0), 0)
	for i := range 5 {
		a.wantState(t, guard.Closed)
		wantError(t, a.do(t.Context(), "client", "key "+strconv.Itoa(i)), errDown)
	}
	a.wantState(t, guard.Open)
	return a
}

func (a *asker) wantState(t *testing.T, want guard.BreakerState) {
	t.Helper()
	s := a.guard.Status()
	if s.Breaker != want || (s.OpenFor > 0) != (want == guard.Open) {
		t.Fatalf("expected the breaker to be %s, got %+v", want, s)
	}
}

// waitOut waits until the breaker is half-open, and gives how long that was.
func (a *asker) waitOut(t *testing.T) time.Duration {
	t.Helper()
	a.wantState(t, guard.Open)
	pause := a.guard.Status().OpenFor
	pass(pause - time.Nanosecond)
	wantError(t, a.do(t.Context(), "client", "meanwhile"), guard.ErrOpen)
	pass(time.Nanosecond)
	a.wantState(t, guard.HalfOpen)
	return pause
}

func TestTheBreakerOpensForEverLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := breaking(t)
		for i, longest := range []time.Duration{1, 2, 4, 8, 16, 30, 30, 30} {
			longest *= time.Second
			calls := a.made()
			if pause := a.waitOut(t); pause < longest/2 || pause > longest {
				t.Errorf("expected pause %d to be about %s, got %s", i, longest, pause)
			}
			a.want(t, calls)
			wantError(t, a.do(t.Context(), "client", "key"), errDown)
			a.want(t, calls+1)
		}
		if s := a.guard.Status(); s.Refused != (guard.Refused{Open: 8}) || s.Clients != 0 {
			t.Errorf("expected 8 calls not to be made and nobody to pay, got %+v", s)
		}
	})
}

func TestAnAnswerClosesTheBreaker(t *testing.T) {
	for name, answer := range map[string]error{"a good one": nil, "a refusal": errUnknown} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := breaking(t)
				a.waitOut(t)
				a.set(answer, 0)
				wantError(t, a.do(t.Context(), "client", "key"), answer)
				a.wantState(t, guard.Closed)
				a.set(guard.Outage(errDown, 0), 0)
				for i := range 5 {
					wantError(t, a.do(t.Context(), "client", "later "+strconv.Itoa(i)), errDown)
				}
				if pause := a.waitOut(t); pause > time.Second {
					t.Errorf("expected a first pause, got %s", pause)
				}
			})
		})
	}
}

func TestOnlyOutagesInARowOpenTheBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		for i := range 100 {
			a.set(guard.Outage(errDown, 0), 0)
			if i%5 == 4 {
				a.set(nil, 0)
			}
			if err := a.do(t.Context(), "client", strconv.Itoa(i)); errors.Is(err, guard.ErrOpen) {
				t.Fatal(err)
			}
		}
		a.want(t, 100)
	})
}

func TestOneCallAtATimeFindsOutWhetherTheUpstreamIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := breaking(t)
		a.waitOut(t)
		a.set(nil, time.Second)
		calls := a.made()
		probe, joined := a.begin(t.Context(), "client", "key"), a.begin(t.Context(), "another", "key")
		wantError(t, a.do(t.Context(), "client", "other"), guard.ErrOpen)
		a.wantState(t, guard.HalfOpen)
		if !a.guard.Status().Probing {
			t.Error("expected the status to tell of the call under way")
		}
		wantError(t, <-probe, nil)
		wantError(t, <-joined, nil)
		if a.guard.Status().Probing {
			t.Error("expected the call to have ended")
		}
		a.want(t, calls+1)
		a.wantState(t, guard.Closed)
	})
}

func TestAProbeThatPanicsLeavesItToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := breaking(t)
		a.waitOut(t)
		a.set((*refusal)(nil), 0)
		wantError(t, a.do(t.Context(), "client", "key"), guard.ErrUnavailable)
		a.wantState(t, guard.HalfOpen)
		a.set(nil, 0)
		wantError(t, a.do(t.Context(), "client", "key"), nil)
		a.wantState(t, guard.Closed)
	})
}

func TestTheUpstreamIsLeftAloneForAsLongAsItAsks(t *testing.T) {
	for name, test := range map[string]struct{ asked, want time.Duration }{
		"some seconds":  {7 * time.Second, 7 * time.Second},
		"half a second": {time.Second / 2, time.Second / 2},
		"a day":         {24 * time.Hour, time.Minute},
		"for ever":      {1<<63 - 1, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker(guard.Options{})
				a.set(guard.Outage(errDown, test.asked), 0)
				wantError(t, a.do(t.Context(), "client", "key"), errDown)
				if pause := a.waitOut(t); pause != test.want {
					t.Errorf("expected %s, got %s", test.want, pause)
				}
				a.want(t, 1)
			})
		})
	}
}

func TestAPauseThatIsNoneDoesNotOpenTheBreaker(t *testing.T) {
	a := newAsker(guard.Options{})
	for _, pause := range []time.Duration{0, -time.Second, -1 << 63} {
		a.set(guard.Outage(errDown, pause), 0)
		wantError(t, a.do(t.Context(), "client", "key"), errDown)
		a.wantState(t, guard.Closed)
	}
}

// Calls that were under way when the breaker opened neither close it nor open
// it once more, but the longest pause that one of them is asked for counts.
func TestCallsOfBeforeTheOpeningAreOldNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		ends := make([]<-chan error, 5)
		for i, answer := range []error{
			nil, errUnknown, guard.Outage(errDown, 0), guard.Outage(errDown, 20*time.Second), guard.Outage(errDown, 3*time.Second),
		} {
			a.set(answer, time.Duration(1+i)*time.Second)
			ends[i] = a.begin(t.Context(), "client", strconv.Itoa(i))
		}
		a.set(guard.Outage(errDown, 10*time.Second), 0)
		wantError(t, a.do(t.Context(), "client", "key"), errDown)
		for _, end := range ends {
			<-end
		}
		synctest.Wait()
		if pause := a.waitOut(t); pause != 19*time.Second {
			t.Errorf("expected the rest of the longest pause, got %s", pause)
		}
	})
}

// An upstream that fails must not be asked by all those who waited for a turn
// before it did.
func TestCallsThatWaitedAreNotMadeOnceTheBreakerIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{Concurrent: 5})
		a.set(guard.Outage(errDown, 0), time.Second)
		ends := make([]<-chan error, 0, 100)
		for i := range 100 {
			ends = append(ends, a.begin(t.Context(), address(i), strconv.Itoa(i)))
		}
		for i, end := range ends {
			// Until the fifth of the first has ended, others take the turns of
			// those before it.
			if err := <-end; !errors.Is(err, errDown) && !errors.Is(err, guard.ErrOpen) {
				t.Errorf("expected call %d to end with an outage, got %v", i, err)
			}
		}
		if calls := a.made(); calls > 9 {
			t.Errorf("expected no more calls than were under way when the breaker opened, got %d", calls)
		}
		if s := a.guard.Status(); s.Clients != 0 || s.InFlight != 0 || s.Waiting != 0 {
			t.Errorf("expected all to be over and nobody to have paid, got %+v", s)
		}
	})
}

func TestRememberedAnswersAreGivenThroughAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		wantError(t, a.do(t.Context(), "client", "good"), nil)
		a.set(errUnknown, 0)
		wantError(t, a.do(t.Context(), "client", "bad"), errUnknown)
		a.set(guard.Outage(errDown, time.Minute), 0)
		wantError(t, a.do(t.Context(), "client", "new"), errDown)
		wantError(t, a.do(t.Context(), "client", "good"), nil)
		wantError(t, a.do(t.Context(), "client", "bad"), errUnknown)
		pass(10 * time.Second)
		wantError(t, a.do(t.Context(), "client", "bad"), guard.ErrOpen)
		pass(50*time.Second - time.Nanosecond)
		wantError(t, a.do(t.Context(), "client", "good"), nil)
		pass(time.Nanosecond)
		wantError(t, a.do(t.Context(), "client", "good"), errDown)
	})
}
