// SPDX-License-Identifier: Apache-2.0

package guard_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddy-clerk/caddy-clerk/guard"
)

// spend asks with ever new keys until the budget is used up, and gives how
// many calls that took.
func (a *asker) spend(t *testing.T, client string) int {
	t.Helper()
	before := a.made()
	for i := range 1000 {
		err := a.do(t.Context(), client, client+strconv.Itoa(before+i))
		if errors.Is(err, guard.ErrBudget) {
			return a.made() - before
		}
		wantError(t, err, errUnknown)
	}
	t.Fatal("expected the budget to be used up")
	return 0
}

func TestRefusalsAreCountedAgainstTheClient(t *testing.T) {
	for name, test := range map[string]struct {
		client string
		budget int
	}{
		"an address":    {"192.0.2.1", 20},
		"no address":    {"", 200},
		"a long string": {string(make([]byte, 1<<20)), 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker(guard.Options{})
				a.set(errUnknown, 0)
				each := time.Minute / time.Duration(test.budget)
				for _, step := range []struct {
					after time.Duration
					calls int
				}{
					{0, test.budget},
					{each - time.Nanosecond, 0},
					{time.Nanosecond, 1},
					{5 * each, 5},
					{time.Minute, test.budget},
					{time.Hour, test.budget},
				} {
					pass(step.after)
					if got := a.spend(t, test.client); got != step.calls {
						t.Fatalf("expected %d calls after %s, got %d", step.calls, step.after, got)
					}
				}
				err := a.do(t.Context(), test.client, "one more")
				wantError(t, err, guard.ErrBudget)
				if got := guard.RetryAfter(err); got != max(time.Second, each) {
					t.Errorf("expected to hear of %s, got %s", each, got)
				}
				wantError(t, a.do(t.Context(), "another", "key"), errUnknown)
				if got := a.guard.Status().Refused; got != (guard.Refused{Budget: 7}) {
					t.Errorf("expected 7 calls not to be made, got %+v", got)
				}
			})
		})
	}
}

func TestOnlyTheClientsOwnFaultsCost(t *testing.T) {
	for name, test := range map[string]struct {
		ask  func(a *asker, key string)
		left int
	}{
		"a good answer": {func(a *asker, key string) { _ = a.do(context.Background(), "client", key) }, 20},
		"an outage": {func(a *asker, key string) {
			a.set(guard.Outage(errDown, 0), 0)
			_ = a.do(context.Background(), "client", key)
		}, 20},
		"an open breaker": {func(a *asker, key string) {
			a.set(guard.Outage(errDown, time.Second), 0)
			_ = a.do(context.Background(), "another", key)
			_ = a.do(context.Background(), "client", key)
		}, 20},
		"a refusal": {func(a *asker, key string) {
			a.set(errUnknown, 0)
			_ = a.do(context.Background(), "client", key)
		}, 16},
		"a remembered refusal": {func(a *asker, _ string) {
			a.set(errUnknown, 0)
			_ = a.do(context.Background(), "client", "the same")
		}, 19},
		"a panic": {func(a *asker, key string) {
			a.set((*refusal)(nil), 0)
			_ = a.do(context.Background(), "client", key)
		}, 16},
		"having joined": {func(a *asker, key string) {
			a.set(errUnknown, time.Nanosecond)
			began, joined := a.begin(context.Background(), "another", key), a.begin(context.Background(), "client", key)
			<-began
			<-joined
		}, 20},
		// Else an attacker would ask, and hang up.
		"having given up": {func(a *asker, key string) {
			a.set(errUnknown, time.Nanosecond)
			ctx, giveUp := context.WithCancel(context.Background())
			end := a.begin(ctx, "client", key)
			giveUp()
			<-end
			pass(time.Nanosecond)
		}, 16},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newAsker(guard.Options{})
				for i := range 4 {
					test.ask(a, "asked "+strconv.Itoa(i))
				}
				if left := a.guard.Status(); (left.Clients > 0) != (test.left < 20) && name != "having joined" {
					t.Errorf("expected only those with failures to be remembered, got %+v", left)
				}
				if name == "an open breaker" {
					pass(time.Second)
				}
				a.set(errUnknown, 0)
				if got := a.spend(t, "client"); got != test.left {
					t.Errorf("expected %d failures to be left, got %d", test.left, got)
				}
			})
		})
	}
}

// Calls made at once must not cause more failures than calls made one by one,
// and must not take all of a Guard's room.
func TestABudgetCountsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAsker(guard.Options{})
		a.set(errUnknown, time.Second)
		for i := range 1000 {
			a.begin(t.Context(), "client", strconv.Itoa(i))
		}
		if s := a.guard.Status(); s.InFlight != 20 || s.Refused != (guard.Refused{Budget: 980}) {
			t.Errorf("expected 20 calls under way, got %+v", s)
		}
		a.set(nil, 0)
		wantError(t, a.do(t.Context(), "another", "key"), nil)
		pass(time.Second)
		a.want(t, 21)
	})
}

func TestGoodClientsAreNotRemembered(t *testing.T) {
	a := newAsker(guard.Options{})
	for i := range 1000 {
		wantError(t, a.do(t.Context(), "client", strconv.Itoa(i)), nil)
	}
	a.want(t, 1000)
	if clients := a.guard.Status().Clients; clients != 0 {
		t.Errorf("expected nobody to be remembered, got %d", clients)
	}
}
